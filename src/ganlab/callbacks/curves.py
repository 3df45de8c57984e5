"""curves.png: a run's metrics over its iterations."""

import time
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
from matplotlib.figure import Figure

from ganlab.callbacks.log import read_metrics
from ganlab.models.base import Model
from ganlab.schedule import Schedule

PANELS = {
    "losses": ("loss_",),
    "D(x) and D(G(z))": ("d_",),
    "D's accuracy": ("accuracy_",),
    "FID": ("fid",),
    "KID": ("kid",),
    "Inception score": ("is",),
    "precision and recall, density and coverage": ("precision", "recall", "f1", "density", "coverage"),
    "shares of the classes": ("share_",),
    "nearness to training images": ("memorisation", "copies"),
    "test accuracy by class": ("test_accuracy_",),
}
SMOOTHING = 15  # log points in the running mean that is drawn over the single ones
SECONDS_BETWEEN = 60  # drawing takes half a second: rarely enough not to be felt


class Curves(L.Callback):
    """Draws curves.png from metrics.csv at evaluations, at most once a minute, and when the run ends.

    Args:
        directory: the run's directory.
        schedule: the run's schedule.
    """

    def __init__(self, directory: str, schedule: Schedule) -> None:
        self.directory, self.schedule = Path(directory), schedule
        self.drawn = time.monotonic()

    def on_train_batch_end(self, trainer: L.Trainer, module: Model, *_: Any) -> None:
        if not trainer.is_global_zero:
            return
        if self.schedule.due("eval", module.iteration) and time.monotonic() - self.drawn > SECONDS_BETWEEN:
            draw_curves(self.directory)
            self.drawn = time.monotonic()

    def on_train_end(self, trainer: L.Trainer, module: Model) -> None:
        if trainer.is_global_zero:
            draw_curves(self.directory)

    def on_exception(self, trainer: L.Trainer, module: Model, exception: BaseException) -> None:
        if trainer.is_global_zero:
            draw_curves(self.directory)


def draw_curves(directory: Path) -> None:
    """Draw directory/metrics.csv to directory/curves.png: a panel per group of columns, the rest one each."""
    rows = read_metrics(directory / "metrics.csv")
    columns = [name for name in rows[0] if name != "iteration"] if rows else []
    panels = {title: [c for c in columns if c.startswith(start)] for title, start in PANELS.items()}
    panels |= {c: [c] for c in columns if not any(c in group for group in panels.values())}
    panels = {title: group for title, group in panels.items() if group}
    if not panels:
        return
    figure = Figure(figsize=(9, 2.5 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (title, group) in zip(axes, panels.items(), strict=True):
        for column in group:
            points = [(int(row["iteration"]), float(row[column])) for row in rows if row[column]]
            x, y = np.array(points).T
            (line,) = axis.plot(x, y, linewidth=0.8, alpha=0.35)
            smooth = np.convolve(y, np.ones(SMOOTHING) / SMOOTHING, mode="valid") if len(y) > 3 * SMOOTHING else y
            axis.plot(x[len(x) - len(smooth) :], smooth, color=line.get_color(), label=column)
        axis.set_title(title, loc="left", fontsize=10)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    axes[-1].set_xlabel("iteration")
    figure.savefig(directory / "curves.png", dpi=100)
