"""result.json: what became of a run."""

import json
import platform
import time
import traceback
from pathlib import Path
from typing import Any, TypeVar

import lightning as L
import torch

from ganlab.callbacks.checkpoint import Checkpoint
from ganlab.callbacks.evaluation import Evaluate
from ganlab.callbacks.flags import Flags
from ganlab.errors import Diverged, Interrupted
from ganlab.files import write_atomically
from ganlab.metrics.evaluation import finite
from ganlab.models.base import Model
from ganlab.versions import versions

Callback = TypeVar("Callback", bound=L.Callback)


class Result(L.Callback):
    """Writes result.json when the run ends, however it ends.

    It is also written with every checkpoint, as the interruption that a kill at that moment would be, because a
    process that is killed cannot write it.

    Args:
        directory: the run's directory.
        steps: the iterations of the run.
    """

    def __init__(self, directory: str, steps: int) -> None:
        self.path, self.steps = Path(directory) / "result.json", steps
        self.seconds_before, self.started = 0.0, time.perf_counter()
        self.written_for = -1

    @property
    def seconds(self) -> float:
        """Seconds of training, over all processes that worked on the run."""
        return self.seconds_before + time.perf_counter() - self.started

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.seconds_before = state["seconds"]

    def on_train_start(self, trainer: L.Trainer, module: Model) -> None:
        self.started = time.perf_counter()
        self.write(trainer, module, "interrupted", module.iteration)

    def on_train_batch_end(self, trainer: L.Trainer, module: Model, *_: Any) -> None:
        saved = self.checkpoint(trainer).saved_iteration
        if saved != self.written_for:
            self.write(trainer, module, "interrupted", saved)

    def on_train_end(self, trainer: L.Trainer, module: Model) -> None:
        self.write(trainer, module, "done", module.iteration)

    def on_exception(self, trainer: L.Trainer, module: Model, exception: BaseException) -> None:
        status = {Diverged: "diverged", Interrupted: "interrupted", KeyboardInterrupt: "interrupted"}
        error = str(exception) or type(exception).__name__
        if type(exception) not in status:
            error = "".join(traceback.format_exception_only(exception)).strip()
        self.write(trainer, module, status.get(type(exception), "failed"), module.iteration, error)

    @staticmethod
    def checkpoint(trainer: L.Trainer) -> Checkpoint:
        return next(c for c in trainer.callbacks if isinstance(c, Checkpoint))

    def write(self, trainer: L.Trainer, module: Model, status: str, iterations: int, error: str | None = None) -> None:
        self.written_for = iterations
        if not trainer.is_global_zero:
            return
        data = trainer.datamodule
        seconds, evaluation, flags = self.seconds, find(trainer, Evaluate), find(trainer, Flags)
        evaluating = evaluation.seconds if evaluation else 0.0
        result = {
            "status": status,
            "iterations": iterations,
            "steps": self.steps,
            "stopped": module.stopped,
            "metrics": {
                "final": finite(module.metrics),
                "best": finite(self.checkpoint(trainer).best),
                **(evaluation.result() if evaluation else {}),
            },
            "flags": (flags.flags if flags else {}) | ({"diverged": error} if status == "diverged" else {}),
            "seconds": round(seconds, 3),
            "evaluation_seconds": round(evaluating, 3),
            "images_per_second": round(iterations * data.k * data.batch_size / (seconds - evaluating), 1),
            "device": device_name(module.device),
            "devices": trainer.world_size,
            "versions": versions(),
            "error": error,
        }
        write_atomically(self.path, json.dumps(result, indent=2) + "\n")


def find(trainer: L.Trainer, kind: type[Callback]) -> Callback | None:
    """The trainer's callback of this class, if it has one."""
    return next((c for c in trainer.callbacks if isinstance(c, kind)), None)


def device_name(device: torch.device) -> str:
    """What a person calls the device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type} ({platform.machine()})"
