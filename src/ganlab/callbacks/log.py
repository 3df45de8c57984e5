"""metrics.csv and the loggers."""

import csv
import io
from pathlib import Path
from typing import Any

import lightning as L
import torch

from ganlab.distributed import average
from ganlab.files import write_atomically
from ganlab.models.base import Model
from ganlab.schedule import Schedule


class MetricsFile:
    """metrics.csv: a row per log point; a column that appears late is empty in the rows before.

    Args:
        path: the file; rows that it already has are kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns = list(rows[0]) if (rows := read_metrics(path)) else []

    def forget_after(self, iteration: int) -> None:
        """Drop rows that a run resumed from this iteration will write again."""
        self._rewrite([row for row in read_metrics(self.path) if int(row["iteration"]) <= iteration])

    def append(self, row: dict[str, Any]) -> None:
        """Write one row and flush it."""
        if new := [name for name in row if name not in self.columns]:
            rows = read_metrics(self.path)
            self.columns += new
            self._rewrite([*rows, row])
        else:
            with self.path.open("a", newline="") as file:
                csv.DictWriter(file, self.columns).writerow(row)

    def _rewrite(self, rows: list[dict[str, Any]]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns)
        if self.columns:
            writer.writeheader()
            writer.writerows(rows)
        write_atomically(self.path, text.getvalue())


def read_metrics(path: Path) -> list[dict[str, str]]:
    """The rows of a metrics.csv, as texts; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_numbers(path: Path) -> list[dict[str, float]]:
    """The rows of a metrics.csv as numbers, each without its empty cells."""
    return [{name: float(value) for name, value in row.items() if value} for row in read_metrics(path)]


class Log(L.Callback):
    """Writes the last iteration's terms, the model's diagnostics and what has just been measured to metrics.csv and
    the loggers.

    Args:
        directory: the run's directory.
        schedule: the run's schedule.
    """

    def __init__(self, directory: str, schedule: Schedule) -> None:
        self.path, self.schedule = Path(directory) / "metrics.csv", schedule

    def on_train_start(self, trainer: L.Trainer, module: Model) -> None:
        if trainer.is_global_zero:
            self.file = MetricsFile(self.path)
            self.file.forget_after(module.iteration)

    def on_train_batch_end(self, trainer: L.Trainer, module: Model, outputs: Any, *_: Any) -> None:
        iteration = module.iteration
        if not (self.schedule.due("log", iteration) or self.schedule.due("eval", iteration)):
            return
        terms = outputs["terms"][-1] | module.diagnostics()
        values = average(torch.stack([value.float() for value in terms.values()])).tolist()
        row = dict(zip(terms, values, strict=True)) | module.measured
        module.metrics |= row
        module.measured = {}
        if trainer.is_global_zero:
            self.file.append({"iteration": iteration, **row})
        for logger in trainer.loggers:
            logger.log_metrics(row, step=iteration)
