"""Checkpoints from which a run continues exactly."""

import os
import random
import time
from pathlib import Path
from typing import Any, cast

import lightning as L
import numpy as np
import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO
from lightning.pytorch.utilities import rank_zero_warn

from ganlab.distributed import agreed
from ganlab.errors import UserError
from ganlab.models.base import Model
from ganlab.run import read_config
from ganlab.schedule import Schedule


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes to a temporary name, flushes to the disk, then renames: a checkpoint is whole or it is the old one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            with temporary.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)  # the new name, too, must reach the disk
            os.fsync(folder)
            os.close(folder)
        except (OSError, RuntimeError) as error:
            temporary.unlink(missing_ok=True)
            raise OSError(
                f"The checkpoint {path} could not be written ({error}); the one before it is whole. Make room or mend "
                "the disk, then repeat the command to continue."
            ) from error


class Checkpoint(L.Callback):
    """Saves checkpoints/last.ckpt, best.ckpt and one ITERATION.ckpt per milestone.

    Args:
        directory: the run's directory.
        schedule: the run's schedule.
        minutes: also save when so many minutes have passed since the last time.
        monitor: the column of metrics.csv that decides which checkpoint is best; None for fid where it is measured.
        mode: whether the `min` or the `max` of it is best.
    """

    def __init__(self, directory: str, schedule: Schedule, minutes: float, monitor: str | None, mode: str) -> None:
        if minutes <= 0:
            raise UserError(f"checkpoint.minutes={minutes}: expected a number above 0.")
        if mode not in ("min", "max"):
            raise UserError(f"checkpoint.mode={mode}: expected min or max.")
        self.directory, self.schedule, self.minutes = Path(directory), schedule, minutes
        self.monitor, self.mode = monitor, mode
        self.best: dict[str, Any] = {}
        self.saved_iteration = 0

    def on_train_start(self, trainer: L.Trainer, module: Model) -> None:
        self.saved_at, self.saved_iteration = time.monotonic(), module.iteration
        if self._random_states:
            restore_random_states(self._random_states)

    def on_train_batch_end(self, trainer: L.Trainer, module: Model, *_: Any) -> None:
        iteration = module.iteration
        if self.schedule.due("eval", iteration) and self._is_best(module):
            self.best = {"iteration": iteration, **module.metrics}
            self._save(trainer, "best")
        if iteration in self.schedule.milestones:
            self._save(trainer, f"{iteration:06d}")
        late = agreed(time.monotonic() - self.saved_at > 60 * self.minutes, module.device)
        if self.schedule.due("checkpoint", iteration) or late or module.stopping or module.stopped:
            self._save(trainer, "last")
            self.saved_at, self.saved_iteration = time.monotonic(), iteration

    def _is_best(self, module: Model) -> bool:
        name = self.monitor or "fid"
        if name not in module.metrics:
            if self.monitor is None:
                return False
            raise UserError(f"checkpoint.monitor={name}: no such metric; this run has {', '.join(module.metrics)}.")
        sign = 1 if self.mode == "min" else -1
        return not self.best or sign * module.metrics[name] < sign * self.best[name]

    def _save(self, trainer: L.Trainer, name: str) -> None:
        trainer.save_checkpoint(self.directory / "checkpoints" / f"{name}.ckpt")

    def on_save_checkpoint(self, trainer: L.Trainer, module: Model, checkpoint: dict[str, Any]) -> None:
        checkpoint["config"] = read_config(self.directory)
        checkpoint["random_states"] = random_states()
        checkpoint["best"] = self.best
        checkpoint["world_size"] = trainer.world_size

    _random_states: dict[str, Any] | None = None

    def on_load_checkpoint(self, trainer: L.Trainer, module: Model, checkpoint: dict[str, Any]) -> None:
        self.best = checkpoint["best"]
        # Kept until training starts: setting up may draw random numbers.
        self._random_states = checkpoint["random_states"]
        if checkpoint["world_size"] != trainer.world_size:
            rank_zero_warn(
                f"The checkpoint was made on {checkpoint['world_size']} devices and continues on "
                f"{trainer.world_size}: the same images and noise, but sums are taken in another order, so the "
                "weights agree with those of an uninterrupted run only up to rounding, no longer bit for bit."
            )


def seed_random(seed: int) -> None:
    """Seed every random generator a run may draw from; every process alike."""
    os.environ.pop("PL_GLOBAL_SEED", None)  # from which Lightning would seed again where there are several processes
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def random_states() -> dict[str, Any]:
    """The states of every random generator a run may draw from, as plain values and tensors."""
    name, keys, position, has_gauss, cached = cast(tuple, np.random.get_state(legacy=True))
    return {
        "python": random.getstate(),
        "numpy": (name, keys.tolist(), position, has_gauss, cached),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Continue where `random_states` was called."""
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
