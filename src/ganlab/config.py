"""The configuration's schema, and the entry point that turns mistakes into messages. Imports no torch."""

import difflib
import functools
import inspect
import logging
import os
import re
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ganlab.data.folders import class_folders
from ganlab.errors import Diverged, Failed, Interrupted, UserError


@dataclass
class Log:
    every: int = MISSING


@dataclass
class Eval:
    every: int | None = None
    samples: int = MISSING


@dataclass
class Checkpoint:
    every: int = MISSING
    minutes: float = MISSING
    monitor: str | None = None
    mode: str = MISSING


@dataclass
class Train:
    """The top-level keys and their types; conf/train.yaml has their values and meanings.

    With it Hydra refuses unknown keys everywhere, also in an experiment's file. Keys beside a `_target_` are checked
    against what it calls, by `check_keys`.
    """

    steps: int = MISSING
    milestones: list[int] = MISSING
    seed: int = MISSING
    resume: bool = MISSING
    sweep: str = MISSING
    log: Log = field(default_factory=Log)
    eval: Eval = field(default_factory=Eval)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    schedule: Any = MISSING
    ema: Any = MISSING
    loss: Any = MISSING
    metrics: Any = MISSING
    stop: Any = MISSING
    model: Any = MISSING
    data: Any = MISSING
    callbacks: Any = MISSING
    logger: Any = MISSING
    trainer: Any = MISSING


CONF = Path(__file__).parents[2] / "conf"  # of the clone that is installed with pip install -e
failed_cells: list[str] = []  # directories, in a sweep
verbose = os.environ.get("HYDRA_FULL_ERROR") == "1"

# What the configuration can compute: a folder's classes, how many something has, and one of two values.
OmegaConf.register_new_resolver("class_folders", lambda root: class_folders(Path(root)))
OmegaConf.register_new_resolver("len", len)
OmegaConf.register_new_resolver("if", lambda condition, yes, no: yes if condition else no)
ConfigStore.instance().store(name="schema", node=Train)


def resolve(cfg: DictConfig) -> dict[str, Any]:
    """The configuration as plain values, interpolations resolved and keys checked.

    Raises:
        UserError: a key is not in the schema (+key=1), or not a parameter of the `_target_` beside it.
    """
    for path, node in {"": Train, "log.": Log, "eval.": Eval, "checkpoint.": Checkpoint}.items():
        for key in set(OmegaConf.select(cfg, path[:-1]) if path else cfg) - {f.name for f in fields(node)}:
            raise UserError(unknown_key(f"{path}{key}"))
    if cfg.seed < 0:
        raise UserError(f"seed={cfg.seed}: expected an integer of at least 0.")
    config = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    check_keys(cast(dict[str, Any], config))
    return cast(dict[str, Any], config)


def composed(*overrides: str) -> DictConfig:
    """The configuration of train.py under these overrides, for use outside of it."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", list(overrides))


def choices(group: str) -> list[str]:
    """The names of a group's files, sorted."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def composed_texts(cfg: DictConfig) -> dict[str, str]:
    """What Hydra composed, as it would write it to the folder .hydra: text by file name."""
    hydra = HydraConfig.get()
    return {
        "config.yaml": OmegaConf.to_yaml(cfg),
        "hydra.yaml": OmegaConf.to_yaml(OmegaConf.create({"hydra": hydra})),
        "overrides.yaml": OmegaConf.to_yaml(hydra.overrides.task),
    }


def check_keys(config: dict[str, Any], path: str = "") -> None:
    """Check every key beside a `_target_` against the parameters of what it names."""
    from hydra.utils import get_object

    if "_target_" in config:
        known = keywords(get_object(config["_target_"]))
        for key in config:
            if not key.startswith("_") and key not in known:
                raise UserError(f"{path}{key}: {config['_target_']} has no such setting. {suggestion(key, known)}")
    for key, value in config.items():
        if isinstance(value, dict):
            check_keys(value, f"{path}{key}.")


def keywords(target: Callable[..., Any]) -> set[str]:
    """The names that a function or class takes as keywords; a class's **kwargs are those of its bases."""
    names: set[str] = set()
    for owner in inspect.getmro(target)[:-1] if inspect.isclass(target) else (target,):
        parameters = inspect.signature(owner).parameters.values()
        names |= {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return names


def suggestion(word: str, known: Iterable[str]) -> str:
    """'Did you mean …? Known: …'"""
    close = difflib.get_close_matches(word, list(known), n=1)
    return (f"Did you mean {close[0]}? " if close else "") + f"Known: {', '.join(sorted(known))}."


def message(error: BaseException) -> str:
    """An exception of Hydra or OmegaConf, and its cause, as one message for the user."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error.__cause__, UserError):  # raised by something that Hydra instantiated
        return str(error.__cause__)
    if isinstance(error, InstantiationException) and error.__cause__:
        key = re.search(r"full_key: (\S+)", str(error))
        return f"{key[1] if key else 'configuration'}: {error.__cause__}"
    text = "\n".join(dict.fromkeys(str(e).strip() for e in (error, error.__cause__) if e))
    unknown = re.search(r"Could not override '([\w./@]+)'|Key '\w+' not in '\w+'\s+full_key: (\S+)", text)
    if unknown:
        where = re.match(r"In '(\S+)'", text)
        return unknown_key(unknown[1] or unknown[2], f"In conf/{where[1]}.yaml: " if where else "")
    if absent := re.search(r"Could not load '([\w/-]+)/([^'/]*)'", text):
        return f"{absent[1]}={absent[2]}: no such choice. {suggestion(absent[2], choices(absent[1]))}"
    if missing := re.search(r"Missing mandatory value.*full_key: (\S+)", text, re.DOTALL):
        return f"{missing[1]} has no value: add {missing[1]}=… to the command."
    text = text.split("Config search path:")[0]
    return re.sub(r"\s*(object|reference)_type=\w+", "", text).strip()


def unknown_key(key: str, where: str = "") -> str:
    """The message for a key that the schema does not have."""
    node: Any = Train
    hint = ""
    for name in key.split("."):
        known = {f.name: f.type for f in fields(node)} if is_dataclass(node) else {}
        if known and name not in known:
            hint = suggestion(name, known)
        node = known.get(name)
    return f"{where}{key}: no such setting. {hint} `python train.py --cfg job` shows all settings.".replace("  ", " ")


def application(task: Callable[[DictConfig], None]) -> Callable[[DictConfig], None]:
    """Let a Hydra task end in one message and an exit code instead of a traceback.

    2 for what the user can put right, 1 for a run that diverged or died, 128 + the signal's number for one that was
    interrupted. In a sweep a failed cell does not stop the others; the exit code is then 1. HYDRA_FULL_ERROR=1 shows
    tracebacks.
    """

    @functools.wraps(task)
    def reported(cfg: DictConfig) -> None:
        try:
            quiet()
            return task(cfg)
        except Interrupted as error:  # ends a sweep, too
            sys.exit(exit_with(error, 128 + error.signum))
        except (Diverged, Failed) as error:
            code = exit_with(error, 1)
        except (UserError, HydraException, OmegaConfBaseException, OSError) as error:
            if verbose:
                raise
            code = exit_with(error, 2)
        except Exception:
            if HydraConfig.get().mode is not RunMode.MULTIRUN:
                raise
            traceback.print_exc()
            code = 1
        if HydraConfig.get().mode is not RunMode.MULTIRUN:
            sys.exit(code)
        failed_cells.append(HydraConfig.get().runtime.output_dir)

    return reported


def run(main: Callable[[], None]) -> None:
    """Call a Hydra application; a mistake in the command ends in one message and exit code 2."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # have Hydra hand its exceptions on instead of printing them
    failed_cells.clear()
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (HydraException, OmegaConfBaseException) as error:
        if verbose:
            raise
        sys.exit(exit_with(error, 2))
    except OSError as error:  # Hydra makes the run's directory
        sys.exit(exit_with(UserError(f"{error}. Name a directory that can be written with hydra.run.dir=."), 2))
    if failed_cells:
        print("These cells failed; repeat the command to try them again:", *failed_cells, sep="\n  ", file=sys.stderr)
        sys.exit(1)


def exit_with(error: BaseException, code: int) -> int:
    print(message(error), file=sys.stderr)
    return code


def quiet() -> None:
    """Silence what Lightning says about its own workings, which is not news to somebody who trains a GAN."""
    import lightning.pytorch  # which sets the levels on import

    for name in (lightning.pytorch.__name__, lightning.fabric.__name__):
        logging.getLogger(name).setLevel(logging.WARNING)
    for text in (r".*LeafSpec.*is deprecated", r"Found \d+ module\(s\) in eval mode", r".*does not have many workers"):
        warnings.filterwarnings("ignore", message=text)
