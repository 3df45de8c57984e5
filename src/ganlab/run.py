"""A run's directory: who may use it, what it was configured with, and reading back what it holds."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import yaml
from filelock import FileLock, Timeout

from ganlab.errors import Diverged, UserError
from ganlab.files import write_atomically

LOCK = ".lock"

# Settings that change where and how a run is computed, watched or saved, but not what it computes.
INDIFFERENT = {"resume", "sweep", "trainer", "logger", "callbacks", "checkpoint", "data.root"}

# Parts that only repeat settings from elsewhere, to whom they are handed.
REPEATED = {"schedule", "data.schedule", "model.loss"}


class Run:
    """The directory of one training, locked against other processes while the context is entered.

    Nothing is written before `begin`; a directory that is still unused on leaving the context is removed.

    Args:
        path: the directory, existing.
        owner: False in a process that trains in a directory that another one looks after.
    """

    def __init__(self, path: Path, owner: bool = True) -> None:
        self.path, self.owner = path, owner
        self.start_over = False

    def __enter__(self) -> "Run":
        if self.owner:
            self.lock = FileLock(self.path / LOCK)
            self._acquire()
        return self

    def __exit__(self, *_: object) -> None:
        if not self.owner:
            return
        unused = {entry.name for entry in self.path.iterdir()} <= {LOCK}
        self.lock.release()
        if unused:
            (self.path / LOCK).unlink(missing_ok=True)
            self.path.rmdir()

    def _acquire(self) -> None:
        try:
            self.lock.acquire(timeout=0)
        except Timeout as error:
            raise UserError(
                f"{self.path} is in use by another process that trains there. Wait for it, or name another directory "
                "with hydra.run.dir=."
            ) from error

    def examine(self, config: dict[str, Any], resume: bool) -> str:
        """Look at what the directory holds: a run of the same configuration is continued.

        Args:
            config: the resolved configuration, plain values only.
            resume: False starts over and keeps the old run under another name.

        Returns:
            What to say if there is nothing to do, because the run is done; otherwise an empty text.

        Raises:
            UserError: the directory holds another configuration or something that is no run.
            Diverged: the run diverged earlier.
        """
        result = read_result(self.path)
        if not self.owner:
            return f"{self.path} is done." if resume and result.get("status") == "done" else ""
        if not (self.path / "config.yaml").exists():
            strangers = sorted({entry.name for entry in self.path.iterdir()} - {LOCK, ".hydra"})
            if strangers:
                raise UserError(
                    f"{self.path} holds {', '.join(strangers[:3])} but no run of ganlab. Name a new or empty "
                    "directory with hydra.run.dir=."
                )
            return ""
        if not resume:
            self.start_over = True
            return ""
        if changes := differences(read_config(self.path), config):
            raise UserError(
                f"{self.path} holds a run of another configuration:\n  " + "\n  ".join(changes) + "\n"
                "Name another directory with hydra.run.dir=, or say resume=false to start over there "
                "(the old run is kept under another name)."
            )
        if result.get("status") == "done":
            return f"{self.path} is done, {result['iterations']} iterations; resume=false starts over."
        if result.get("status") == "diverged":
            raise Diverged(f"{self.path} diverged: {result['error']} resume=false starts over.")
        if self.checkpoint:
            checkpoint = read_checkpoint(self.checkpoint, config)
            print(f"Continuing {self.path} from iteration {checkpoint['iteration']}.")
        return ""

    def begin(self, config: dict[str, Any], composed: dict[str, str]) -> None:
        """Claim the directory: from here on it holds this run.

        Args:
            config: the resolved configuration, plain values only.
            composed: what Hydra composed, as texts by file name, for the folder .hydra.
        """
        if not self.owner:
            return
        if self.start_over:
            number = 1
            while (aside := self.path.with_name(f"{self.path.name}.{number}")).exists():
                number += 1
            self.path.rename(aside)
            self.lock.release()
            self.path.mkdir()
            self._acquire()
            print(f"The run that was in {self.path} is kept in {aside}.")
        if not (self.path / "config.yaml").exists():
            for name, text in composed.items():
                write_atomically(self.path / ".hydra" / name, text)
            write_atomically(self.path / "config.yaml", yaml.safe_dump(config, sort_keys=False))

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint to continue from, if there is one."""
        path = self.path / "checkpoints" / "last.ckpt"
        return path if path.exists() else None


def read_result(directory: Path) -> dict[str, Any]:
    """The content of a run's result.json; empty where there is none yet."""
    path = directory / "result.json"
    return json.loads(path.read_text()) if path.exists() else {}


def read_config(directory: Path) -> dict[str, Any]:
    """The resolved configuration of the run in `directory`.

    Raises:
        UserError: the directory holds no run.
    """
    path = directory / "config.yaml"
    if not path.is_file():
        raise UserError(
            f"{directory} is not a run's directory: it has no config.yaml. Name a directory that "
            "train.py made, such as runs/…."
        )
    return yaml.safe_load(path.read_text())


def flatten(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """('model.k', 1) for every leaf of nested dictionaries, apart from the indifferent and repeated ones."""
    for key, value in config.items():
        name = f"{prefix}{key}"
        if name in INDIFFERENT | REPEATED:
            continue
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{name}.")
        else:
            yield name, value


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """'key: old → new' for every setting that makes another experiment."""
    before, after, absent = dict(flatten(old)), dict(flatten(new)), "absent"
    keys = [*before, *(key for key in after if key not in before)]
    return [
        f"{key}: {before.get(key, absent)} → {after.get(key, absent)}"
        for key in keys
        if before.get(key, absent) != after.get(key, absent)
    ]


def read_checkpoint(path: Path, config: dict[str, Any]) -> dict[str, Any]:
    """The checkpoint's content, on the CPU. Nothing in the file is executed.

    Raises:
        UserError: the file is absent, damaged, holds code, or belongs to another configuration than `config`.
    """
    if not path.is_file():
        raise UserError(f"There is no checkpoint {path}. Say last, best or the path of a file in RUN/checkpoints.")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} is damaged, or holds more than tensors and plain values and would run code on loading; it was "
            "not loaded. Use a checkpoint that ganlab made."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"{path} is truncated or not a checkpoint ({reason}). Use another one from the same folder, or start the "
            "run over with resume=false."
        ) from error
    if not isinstance(checkpoint, dict) or not {"state_dict", "iteration", "config"} <= checkpoint.keys():
        raise UserError(f"{path} is not a checkpoint of ganlab: it lacks the weights, iteration or configuration.")
    if changes := differences(checkpoint["config"], config):
        raise UserError(
            f"{path} belongs to another configuration than the run:\n  " + "\n  ".join(changes) + "\n"
            "Use a checkpoint of the same run."
        )
    return checkpoint
