"""result.json: what became of a run."""

import json
import platform
import time
import traceback
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
import torchvision

import ganlab
from ganlab.callbacks.checkpoint import Checkpoint
from ganlab.errors import Diverged, Interrupted
from ganlab.files import write_atomically
from ganlab.models.base import Model


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
        seconds = self.seconds
        result = {
            "status": status,
            "iterations": iterations,
            "steps": self.steps,
            "metrics": {"final": module.metrics, "best": self.checkpoint(trainer).best},
            "seconds": round(seconds, 3),
            "images_per_second": round(iterations * data.k * data.batch_size / seconds, 1),
            "device": device_name(module.device),
            "devices": trainer.world_size,
            "versions": versions(),
            "error": error,
        }
        write_atomically(self.path, json.dumps(result, indent=2) + "\n")


def device_name(device: torch.device) -> str:
    """What a person calls the device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type} ({platform.machine()})"


def versions() -> dict[str, str]:
    """The versions of everything that decides a number."""
    modules = (ganlab, torch, torchvision, L, np)
    return {"python": platform.python_version()} | {m.__name__: m.__version__ for m in modules}
