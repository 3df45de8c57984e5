"""Which classes the samples are of, as the extractor reads them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ganlab.metrics.base import Metric, Setting, needs_classes
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics

NAMED = 100  # up to so many classes each one's share is a value of its own


class Classes(Metric):
    """`share_NAME`, the fraction of samples read as each class; `modes`, how many classes are covered; `class_kl`,
    KL(samples ‖ data) over classes in nats, 0 for the data's distribution (Srivastava et al. 2017, arXiv:1705.07761).

    Args:
        at_least: a class counts as covered when its share of the samples is at least this fraction of its share of
            the data; 0 for the convention of Metz et al. (arXiv:1611.02163): one sample is enough.
    """

    needs = frozenset({"logits"})

    def __init__(self, at_least: float) -> None:
        self.at_least = at_least

    def unsuitable(self, setting: Setting) -> str | None:
        return needs_classes(setting)

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        real = reference.real
        count = reference.extractor.num_classes
        labels = real.labels if reference.labelled else real.logits.argmax(1)
        generated, data = shares(fake.logits.argmax(1), count), shares(labels, count)
        covered = (generated > 0) & (generated >= self.at_least * data)
        # A class that the data does not have counts as one image of it.
        divergence = (generated * (generated / data.clamp(min=1 / len(real))).log()).nansum()
        values = {"modes": float(covered.sum()), "class_kl": float(divergence)}
        if count <= NAMED:
            values |= dict(zip(share_names(reference.data.class_names, count), generated.tolist(), strict=True))
        return values


def shares(labels: Tensor, count: int) -> Tensor:
    """The fraction of each class among labels (N,): float64 (count,)."""
    return torch.bincount(labels, minlength=count).double() / len(labels)


def share_names(names: Sequence[str], count: int) -> list[str]:
    return [f"share_{name}" for name in (names if len(names) == count else range(count))]
