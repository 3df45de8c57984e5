"""Diversity as the similarity of pairs, after Odena et al. 2017 (arXiv:1610.09585, section 4.2)."""

import torch
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure as ms_ssim

from ganlab.metrics.base import Metric, Setting
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, finest first (Wang et al. 2003)
KERNEL = 11  # pixels


class MSSSIM(Metric):
    """`ms_ssim`, the mean multi-scale structural similarity of random pairs of samples, at most 1.

    High values mean little diversity; compare with the floor, the real images'. Pairs are of the same class where
    samples have labels, as in the paper. Small images have fewer scales, whose weights are scaled to sum to 1.

    Args:
        pairs: how many.
    """

    needs = frozenset({"images", "labels"})

    def __init__(self, pairs: int) -> None:
        self.pairs = pairs

    def unsuitable(self, setting: Setting) -> str | None:
        if min(setting.shape[1:]) < KERNEL:
            return f"needs images of at least {KERNEL}×{KERNEL} pixels"
        return None

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        images, labels = fake.images, fake.labels.cpu()
        first = torch.randint(len(images), (self.pairs,))
        # Sorted by label with ties in random order, a neighbour is a random image of the same class.
        shuffled = torch.randperm(len(images))
        order = shuffled[labels[shuffled].argsort(stable=True)]
        place = order.argsort()
        second = order[(place[first] + 1) % len(order)]
        same = (labels[first] == labels[second]) & (first != second)
        one, other = (images[index[same].to(images.device)].float() / 255 for index in (first, second))
        scales = 1
        while scales < len(WEIGHTS) and min(images.shape[2:]) // scales**2 >= KERNEL:  # torchmetrics' bound
            scales += 1
        weights = tuple(weight / sum(WEIGHTS[:scales]) for weight in WEIGHTS[:scales])
        value = ms_ssim(one, other, data_range=1.0, kernel_size=KERNEL, betas=weights, normalize="relu")
        return {"ms_ssim": float(value)}
