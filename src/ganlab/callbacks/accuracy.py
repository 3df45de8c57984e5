"""A classifier's accuracy on the test split."""

from pathlib import Path
from typing import Any

import lightning as L
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ganlab.data.module import ImageData
from ganlab.models.classifier import Classifier
from ganlab.schedule import Schedule


class Accuracy(L.Callback):
    """At evaluations: accuracies on the test split as metrics, and confusion.png.

    `test_accuracy` is over all images, `test_accuracy_NAME` over those of one class; all in [0, 1].

    Args:
        directory: the run's directory.
        schedule: the run's schedule.
    """

    def __init__(self, directory: str, schedule: Schedule) -> None:
        self.path, self.schedule = Path(directory) / "confusion.png", schedule

    def on_train_batch_end(self, trainer: L.Trainer, module: Classifier, *_: Any) -> None:
        if not self.schedule.due("eval", module.iteration):
            return
        data: ImageData = trainer.datamodule
        matrix = confusion(module, *data.test)
        recall = matrix.diagonal() / matrix.sum(1).clamp(min=1)
        module.measured["test_accuracy"] = float(matrix.diagonal().sum() / matrix.sum())
        module.measured |= {f"test_accuracy_{n}": float(r) for n, r in zip(data.class_names, recall, strict=True)}
        if trainer.is_global_zero:
            draw_confusion(matrix, data.class_names, self.path)
            for logger in trainer.loggers:
                logger.log_image("confusion", self.path, step=module.iteration)


def confusion(module: Classifier, images: Tensor, labels: Tensor) -> Tensor:
    """How many images of class i are predicted as class j: float64 (num_classes, num_classes)."""
    predicted = module.predict(images).argmax(1).cpu()
    count = module.num_classes
    return torch.bincount(labels * count + predicted, minlength=count**2).view(count, count).double()


def draw_confusion(matrix: Tensor, names: list[str], path: Path) -> None:
    """Draw the confusion matrix, true classes as rows; colours are fractions of a row, numbers are counts."""
    side = 2.5 + 0.45 * len(names)
    figure = Figure(figsize=(side, side), layout="constrained")
    axis = figure.subplots()
    axis.imshow((matrix / matrix.sum(1, keepdim=True).clamp(min=1)).numpy(), cmap="Blues", vmin=0, vmax=1)
    for row, counts in enumerate(matrix.int().tolist()):
        for column, number in enumerate(counts):
            if number:
                color = "white" if row == column else "black"
                axis.text(column, row, number, ha="center", va="center", fontsize=8, color=color)
    axis.set_xticks(range(len(names)), names, rotation=90 if max(map(len, names)) > 2 else 0)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("predicted")
    axis.set_ylabel("true")
    figure.savefig(path, dpi=100)
