"""What is conspicuous about a run, from the rows of its metrics.csv. docs/evaluation.md has the thresholds."""

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import NamedTuple

Row = Mapping[str, float]

COLLAPSED_RECALL = 0.25  # of the floor's recall
COLLAPSED_MODES = 0.75  # of all classes
MEMORISED_COPIES = 0.10  # of the samples; 0.01 of real test images are as near
SATURATED_ACCURACY = 0.99
SATURATED_GRADIENT = 0.02  # mean over images of |∂loss/∂logit|; minimax has D(G(z)) there, logistic 1 − D(G(z))
CHANCE = 0.05  # distance of D's accuracy from one half
LOPSIDED = 0.5  # difference of D's accuracies on real and generated images
FAR = 1.5  # FID's distance to its floor, final over best


def find_flags(rows: Sequence[Row], floor: Mapping[str, float], classes: int, every: int) -> dict[str, str]:
    """The flags by name, each with its reason.

    Args:
        rows: of metrics.csv, without empty cells.
        floor: the metrics' floors; empty if nothing is measured.
        classes: how many the extractor tells apart; 0 for none.
        every: iterations between two evaluations, the window over which D and G are judged.
    """
    flags: dict[str, str] = {}
    measured = [row for row in rows if "fid" in row or "recall" in row or "modes" in row or "copies" in row]
    last = measured[-1] if measured else {}
    if last.get("recall", 1) < COLLAPSED_RECALL * floor.get("recall", 0):
        flags["collapsed"] = f"recall {last['recall']:.3f} is far below that of real images, {floor['recall']:.3f}."
    elif last.get("modes", classes) < COLLAPSED_MODES * classes:
        flags["collapsed"] = f"only {last['modes']:.0f} of {classes} classes are covered."
    if last.get("copies", 0) > MEMORISED_COPIES:
        flags["memorised"] = (
            f"{100 * last['copies']:.0f} % of the samples are nearer to a training image than 99 % of test images."
        )
    window = [row for row in rows if row["iteration"] > rows[-1]["iteration"] - every]
    recent = accuracies(rows, every)[-1:]
    gradients = [row["gradient_generator"] for row in window if "gradient_generator" in row]
    if recent and recent[0].mean > SATURATED_ACCURACY and gradients and median(gradients) < SATURATED_GRADIENT:
        flags["saturated"] = (
            f"D is right on {100 * recent[0].mean:.1f} % and G's gradient at D's logits is {median(gradients):.1e}."
        )
    if recent and recent[0].at_chance(CHANCE):
        flags["equilibrium"] = f"D's accuracy is {recent[0].mean:.2f}: it cannot tell generated images from real ones."
    fids = {row["iteration"]: row["fid"] for row in rows if "fid" in row}
    if fids:
        best = min(fids, key=fids.__getitem__)
        final, least = fids[max(fids)], floor.get("fid", 0.0)
        if final - least > FAR * max(fids[best] - least, 0) and best != max(fids):
            flags["best_far_from_final"] = f"fid is {final:.4g}, and was {fids[best]:.4g} at iteration {best:.0f}."
    return flags


class Accuracy(NamedTuple):
    """D's accuracy on real and on generated images, each in [0, 1]."""

    real: float
    fake: float

    @property
    def mean(self) -> float:
        return (self.real + self.fake) / 2

    def at_chance(self, tolerance: float) -> bool:
        """Whether D guesses. One that calls everything real, as in the first iterations, does not even do that."""
        return abs(self.mean - 0.5) <= tolerance and abs(self.real - self.fake) <= LOPSIDED


def accuracies(rows: Sequence[Row], every: int) -> list[Accuracy]:
    """D's accuracy, averaged over each window of `every` iterations."""
    windows: dict[int, list[Row]] = {}
    for row in rows:
        if "accuracy_real" in row:
            windows.setdefault((int(row["iteration"]) - 1) // every, []).append(row)
    names = ("accuracy_real", "accuracy_fake")
    return [Accuracy(*(fmean(row[name] for row in window) for name in names)) for window in windows.values()]
