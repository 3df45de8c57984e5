import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ganlab import cli


@pytest.fixture
def ganlab(monkeypatch):
    """`ganlab(*arguments)`: the command in this process; returns the exit code."""

    def call(*arguments: object) -> int:
        monkeypatch.setattr("sys.argv", ["ganlab", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0)

    return call


def images(path) -> np.ndarray:
    with np.load(path) as content:
        assert content["labels"].tolist() == [-1] * len(content["images"])
        return content["images"]


def test_sample_writes_a_grid_and_an_npz(ganlab, finished, tmp_path):
    assert ganlab("sample", finished, "--count", 10, "--out", tmp_path / "g.png", "--npz", tmp_path / "s.npz") == 0
    made = images(tmp_path / "s.npz")
    assert made.shape == (10, 28, 28, 1)
    assert made.dtype == np.uint8
    assert Image.open(tmp_path / "g.png").size == (8 * 30 + 2, 2 * 30 + 2)


def test_default_is_grid_png_here(ganlab, finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ganlab("sample", finished.absolute()) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["grid.png"]


def test_seed_and_weights(ganlab, finished, tmp_path):
    made = []
    for i, options in enumerate([(), (), ("--seed", 1), ("--weights", "raw")]):
        assert ganlab("sample", finished, "--npz", tmp_path / f"{i}.npz", *options) == 0
        made.append(images(tmp_path / f"{i}.npz"))
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])
    assert not np.array_equal(made[0], made[3])


def test_sampling_does_not_disturb_a_run_that_is_still_going(ganlab, finished, tmp_path):
    from ganlab.run import Run

    run = shutil.copytree(finished, tmp_path / "run")
    with Run(run):
        assert ganlab("sample", run, "--checkpoint", run / "checkpoints/last.ckpt", "--out", tmp_path / "g.png") == 0


@pytest.fixture(scope="module")
def conditional(tmp_path_factory):
    """A tiny conditional run, of classes with names."""
    from tests.conftest import ROOT, TINY

    run = tmp_path_factory.mktemp("conditional") / "run"
    names = "+data.class_names=[zero,one,two,three,four,five,six,seven,eight,nine]"
    command = [sys.executable, "train.py", *TINY, "model=conditional", "steps=2", names, f"hydra.run.dir={run}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return run


@pytest.mark.parametrize(
    ("label", "labels"),
    [("8", [8] * 6), ("eight", [8] * 6), ("2-4", [2, 2, 3, 3, 4, 4]), (None, [0, 1, 3, 5, 6, 8])],
)
def test_labels(ganlab, conditional, tmp_path, label, labels):
    asked = ["--label", label] if label else []
    assert ganlab("sample", conditional, "--count", 6, "--npz", tmp_path / "s.npz", *asked) == 0
    with np.load(tmp_path / "s.npz") as content:
        assert content["labels"].tolist() == labels


@pytest.mark.parametrize("label", ["10", "4-2", "eigth", "5-12", "-1"])
def test_no_such_label(ganlab, conditional, tmp_path, label, capfd):
    assert ganlab("sample", conditional, f"--label={label}", "--out", tmp_path / "g.png") == 2
    assert "expected a number or range between 0 and 9, or one of zero, one" in capfd.readouterr().err
    assert not (tmp_path / "g.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["RUN", "--checkpoint", "best"], "There is no checkpoint"),
        (["RUN", "--checkpoint", "nowhere.ckpt"], "There is no checkpoint nowhere.ckpt"),
        (["RUN", "--label", "8"], "not conditional"),
        (["nowhere"], "nowhere is not a run's directory"),
        (["RUN", "--out", "no/such/folder.png"], "no/such/folder.png"),
        (["RUN", "--count", "0"], "--count"),
        (["RUN", "--weights", "best"], "--weights"),
    ],
)
def test_mistakes(ganlab, finished, arguments, message, capfd):
    assert ganlab("sample", *(str(finished) if a == "RUN" else a for a in arguments)) == 2
    error = capfd.readouterr().err
    assert message in error
    assert "Traceback" not in error
