"""Runs for the tests: in this process where possible, because starting one costs seconds."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import OmegaConf

ROOT = Path(__file__).parents[1]
# Small and quick: digits, the small model, a few iterations.
TINY = ["model=vanilla_small", "data=digits", "steps=40", "log.every=10", "eval.every=20", "checkpoint.every=20"]
TINY += ["data.batch_size=16", "trainer.accelerator=cpu", "eval.samples=0"]


@pytest.fixture(autouse=True)
def no_key_and_no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see neither the user's W&B account nor the user's data."""
    for name in ("WANDB_API_KEY", "WANDB_MODE", "GANLAB_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", os.devnull)


@pytest.fixture(autouse=True, scope="session")
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Statistics of real images are computed anew, once for all tests."""
    os.environ["GANLAB_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`train(directory, *overrides)`: what `python train.py` does with them; returns the exit code.

    `-m` belongs into `base`, which comes first.
    """

    def call(directory: Path | str | None, *overrides: str, base: Sequence[str] = TINY) -> int:
        import train as program
        from ganlab.config import run

        where = [f"hydra.run.dir={directory}"] if directory else []
        monkeypatch.setattr(sys, "argv", ["train.py", *base, *overrides, *where])
        try:
            run(program.train)
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return call


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished tiny run. Not to be changed."""
    directory = tmp_path_factory.mktemp("finished") / "run"
    command = [sys.executable, "train.py", *TINY, f"hydra.run.dir={directory}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return directory


def composed(*overrides: str, directory: Path | str = "unused", base: Sequence[str] = TINY):
    """The configuration that `python train.py` with these overrides would get."""
    import ganlab.config  # noqa: F401  (registers the schema)

    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("train", [*base, *overrides], return_hydra_config=True)
    cfg.hydra.runtime.output_dir = str(directory)
    HydraConfig.instance().set_config(cfg)
    OmegaConf.set_struct(cfg, False)
    del cfg["hydra"]
    return cfg


def parts(*overrides: str, directory: Path | str = "unused"):
    """(model, data, trainer with all callbacks) of a configuration, as train.py builds them."""
    from ganlab.callbacks.checkpoint import seed_random

    cfg = composed(*overrides, directory=directory)
    seed_random(cfg.seed)
    data, model = instantiate(cfg.data), instantiate(cfg.model)
    callbacks = [instantiate(callback) for callback in cfg.callbacks.values() if callback]
    return model, data, instantiate(cfg.trainer, callbacks=callbacks, logger=False)
