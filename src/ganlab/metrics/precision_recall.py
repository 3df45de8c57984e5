"""Improved precision and recall of Kynkäänniemi et al. 2019 (arXiv:1904.06991)."""

import torch
from torch import Tensor

from ganlab.errors import UserError
from ganlab.metrics.base import Metric, Setting
from ganlab.metrics.neighbours import distances, radii
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics


class PrecisionRecall(Metric):
    """`precision`, the fraction of generated images inside the manifold of the real ones, `recall`, the reverse, and
    `f1`, their harmonic mean; all in [0, 1], equations 1 and 2.

    A set's manifold is the union of balls around its features, each as wide as the distance to the k-th neighbour in
    the set. Both sets must be equally large for a fair comparison, so the smaller one's size is taken of both.

    Args:
        k: which neighbour; the paper's is the third.
    """

    needs = frozenset({"features"})

    def __init__(self, k: int) -> None:
        self.k = k

    def check(self, setting: Setting) -> None:
        check_neighbours(self.k, setting)

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        fakes, reals = equally_many(fake, reference.real)
        reach = reference.remember(("radii", len(reals), self.k), lambda: radii(reals, self.k))
        precision = inside(fakes, reals, reach)
        recall = inside(reals, fakes, radii(fakes, self.k))
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return {"precision": precision, "recall": recall, "f1": f1}


def inside(features: Tensor, centres: Tensor, radii: Tensor) -> float:
    """The fraction of features that lie within the radius of at least one centre."""
    hits = [(block <= radii).any(1) for block in distances(features, centres)]
    return float(torch.cat(hits).float().mean())


def equally_many(fake: Statistics, real: Statistics) -> tuple[Tensor, Tensor]:
    """The features of both, cut to the same number."""
    count = min(len(fake.features), len(real.features))
    return fake.features[:count], real.features[:count]


def check_neighbours(k: int, setting: Setting) -> None:
    if setting.samples <= k:
        raise UserError(f"The {k}-th neighbour needs more than {k} samples; say eval.samples=10000.")
