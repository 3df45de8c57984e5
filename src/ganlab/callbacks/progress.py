"""A progress bar that counts iterations."""

import time
from typing import Any

import lightning as L
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ganlab.callbacks.result import Result
from ganlab.models.base import Model
from ganlab.schedule import Schedule

SECONDS_BETWEEN = 1  # drawing takes 5 ms, in which nothing is trained


class ProgressBar(L.Callback):
    """Iterations, iterations/s, time left and the current metrics; without a terminal, a line per evaluation.

    Args:
        schedule: the run's schedule.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.console = Console()

    def on_train_start(self, trainer: L.Trainer, module: Model) -> None:
        self.bar = Progress(
            TextColumn("[bold]iteration"),
            MofNCompleteColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[rate]:.0f}/s"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=self.console,
            disable=not (self.console.is_terminal and trainer.is_global_zero),
            auto_refresh=False,  # a thread that draws would take turns with the training
        )
        self.task = self.bar.add_task("", total=self.schedule.steps, completed=module.iteration, rate=0.0, losses="")
        self.bar.start()
        self.drawn = time.monotonic()

    def on_train_batch_end(self, trainer: L.Trainer, module: Model, *_: Any) -> None:
        seconds = next(c for c in trainer.callbacks if isinstance(c, Result)).seconds
        rate = module.iteration / seconds
        losses = "  ".join(f"{name} {value:.3f}" for name, value in module.metrics.items() if name.startswith("loss_"))
        if "fid" in module.metrics:
            losses += f"  fid {module.metrics['fid']:.3g} (floor {module.metrics['fid_floor']:.3g})"
        self.bar.update(self.task, completed=module.iteration, rate=rate, losses=losses.replace("loss_", ""))
        if time.monotonic() - self.drawn > SECONDS_BETWEEN or module.iteration == self.schedule.steps:
            self.bar.refresh()
            self.drawn = time.monotonic()
        if trainer.is_global_zero and self.bar.disable and self.schedule.due("eval", module.iteration):
            print(f"iteration {module.iteration}/{self.schedule.steps}  {rate:.0f}/s  {losses}", flush=True)

    def on_train_end(self, trainer: L.Trainer, module: Model) -> None:
        self.bar.stop()

    def on_exception(self, trainer: L.Trainer, module: Model, exception: BaseException) -> None:
        if hasattr(self, "bar"):
            self.bar.stop()
