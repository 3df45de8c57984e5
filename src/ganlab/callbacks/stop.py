"""Stop a run before its last iteration, if conf/stop says so."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import lightning as L

from ganlab.callbacks.log import read_numbers
from ganlab.distributed import told
from ganlab.errors import UserError
from ganlab.metrics.flags import accuracies
from ganlab.models.gan import GAN
from ganlab.schedule import Schedule

Rows = list[dict[str, float]]


class Stop(L.Callback, ABC):
    """Asks `reason` after every evaluation. What it decides from is metrics.csv, so that resuming changes nothing.

    Args:
        directory: the run's directory.
        schedule: the run's schedule.
        evaluations: how many must agree.
    """

    def __init__(self, directory: str, schedule: Schedule, evaluations: int) -> None:
        if evaluations < 1:
            raise UserError(f"stop.evaluations={evaluations}: expected a number of at least 1.")
        self.path, self.schedule, self.evaluations = Path(directory) / "metrics.csv", schedule, evaluations

    @abstractmethod
    def reason(self, rows: Rows) -> str | None:
        """Why to stop now, given the rows of metrics.csv; None to go on."""

    def on_train_batch_end(self, trainer: L.Trainer, module: GAN, *_: Any) -> None:
        if self.schedule.due("eval", module.iteration) and module.iteration < self.schedule.steps:
            module.stopped = told(self.reason(read_numbers(self.path)) if trainer.is_global_zero else None)
            if module.stopped:
                trainer.should_stop = True
                if trainer.is_global_zero:
                    print(f"Stopping at iteration {module.iteration}: {module.stopped}", flush=True)


class Patience(Stop):
    """Stop when the metric has not been better than its best for so many evaluations.

    Args:
        metric: a column of metrics.csv; None for fid.
        mode: whether the `min` or the `max` of it is best.
    """

    def __init__(self, metric: str | None, mode: str, **stop: Any) -> None:
        super().__init__(**stop)
        self.metric, self.sign = metric or "fid", {"min": 1, "max": -1}[mode]

    def reason(self, rows: Rows) -> str | None:
        evaluated = [row for row in rows if self.schedule.due("eval", int(row["iteration"]))]
        values = [self.sign * row[self.metric] for row in evaluated if self.metric in row]
        if not values:
            raise UserError(
                f"stop=patience watches {self.metric}, which this run does not measure. Choose another column of "
                "metrics.csv with stop.metric=, or have it measured (eval.samples, metrics.extractor)."
            )
        since = len(values) - 1 - values.index(min(values))
        if since < self.evaluations:
            return None
        return f"{self.metric} has not been better than {self.sign * min(values):.4g} for {since} evaluations."


class Equilibrium(Stop):
    """Stop when D's accuracy, averaged since the evaluation before, has been near one half for so many evaluations.

    Args:
        tolerance: how far from one half.
    """

    def __init__(self, tolerance: float, **stop: Any) -> None:
        super().__init__(**stop)
        self.tolerance = tolerance

    def reason(self, rows: Rows) -> str | None:
        recent = accuracies(rows, self.schedule.every("eval"))[-self.evaluations :]
        if len(recent) < self.evaluations or not all(accuracy.at_chance(self.tolerance) for accuracy in recent):
            return None
        return (
            f"D's accuracy has been {', '.join(f'{accuracy.mean:.2f}' for accuracy in recent)}: its feedback is noise."
        )
