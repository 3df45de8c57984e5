"""Say what is wrong with a run while it trains."""

from pathlib import Path
from typing import Any

import lightning as L

from ganlab.callbacks.evaluation import Evaluate
from ganlab.callbacks.log import read_numbers
from ganlab.metrics.flags import find_flags
from ganlab.models.gan import GAN
from ganlab.schedule import Schedule


class Flags(L.Callback):
    """At evaluations: the flags of `ganlab.metrics.flags`, for result.json, and a line for each that is new.

    Args:
        directory: the run's directory.
        schedule: the run's schedule.
    """

    def __init__(self, directory: str, schedule: Schedule) -> None:
        self.path, self.schedule = Path(directory) / "metrics.csv", schedule
        self.flags: dict[str, str] = {}

    def on_train_batch_end(self, trainer: L.Trainer, module: GAN, *_: Any) -> None:
        if not self.schedule.due("eval", module.iteration) or not trainer.is_global_zero:
            return
        evaluation = next((c.evaluation for c in trainer.callbacks if isinstance(c, Evaluate)), None)
        floor = evaluation.floor if evaluation else {}
        classes = evaluation.extractor.num_classes if evaluation else 0
        found = find_flags(read_numbers(self.path), floor, classes, self.schedule.every("eval"))
        for name, reason in found.items():
            if name not in self.flags:
                print(f"Flag at iteration {module.iteration}: {name}: {reason}", flush=True)
        self.flags = found
