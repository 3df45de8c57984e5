"""Density and coverage of Naeem et al. 2020 (arXiv:2002.09797)."""

import torch

from ganlab.metrics.base import Metric, Setting
from ganlab.metrics.neighbours import distances, radii
from ganlab.metrics.precision_recall import check_neighbours, equally_many
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics


class DensityCoverage(Metric):
    """`density`, how many real images' balls a generated image lies in, as a fraction of k: about 1 for real images,
    more for images that crowd where the data is dense (equation 3). `coverage`, the fraction of real images with a
    generated one in their ball, in [0, 1] (equation 4). Unlike recall it is not raised by outlying samples.

    Args:
        k: a real image's ball reaches to its k-th real neighbour; the paper's is the fifth.
    """

    needs = frozenset({"features"})

    def __init__(self, k: int) -> None:
        self.k = k

    def check(self, setting: Setting) -> None:
        check_neighbours(self.k, setting)

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        fakes, reals = equally_many(fake, reference.real)
        reach = reference.remember(("radii", len(reals), self.k), lambda: radii(reals, self.k))
        density, covered = 0.0, torch.zeros(len(reals), dtype=torch.bool, device=reals.device)
        for block in distances(fakes, reals):
            within = block <= reach
            density += float(within.sum())
            covered |= within.any(0)
        return {"density": density / (self.k * len(fakes)), "coverage": float(covered.float().mean())}
