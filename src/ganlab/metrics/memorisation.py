"""Whether samples are copies of training images."""

import torch
from torch import Tensor

from ganlab.metrics.base import Metric
from ganlab.metrics.neighbours import distances
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics

SHOWN = 7  # neighbours beside each of 8 samples in the picture


class Memorisation(Metric):
    """How near samples come to training images, beside how near test images do.

    `memorisation`: the probability that a sample is nearer to its nearest training image than a test image is to its
    own, in [0, 1]: one half for images from the data's distribution, 1 for copies, 0 for images far from the data
    (the statistic U/mn of Meehan et al. 2020, arXiv:2004.05675, over the whole space). `copies`: the fraction of
    samples nearer than all but 1 % of the test images are, 0.01 for images from the data's distribution.

    Args:
        samples: how many samples, and test images, are looked up.
    """

    needs = frozenset({"features", "images"})

    def __init__(self, samples: int) -> None:
        self.samples = samples

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        train, test = reference.statistics("train").features, reference.statistics("test").features
        ours = nearest(fake.features[: self.samples], train)
        looked_up = test[: self.samples]
        theirs = reference.remember(("nearest", self.samples), lambda: nearest(looked_up, train).sort().values)
        # Of the test images, how many are nearer than each sample; equally near ones count half.
        nearer = torch.searchsorted(theirs, ours) + torch.searchsorted(theirs, ours, right=True)
        return {
            "memorisation": 1 - float(nearer.double().mean()) / (2 * len(theirs)),
            "copies": float((ours < theirs[len(theirs) // 100]).double().mean()),
        }

    def picture(self, fake: Statistics, reference: Reference) -> Tensor:
        return nearest_images(fake, reference)


def nearest_images(fake: Statistics, reference: Reference) -> Tensor:
    """Eight samples, each followed by its nearest training images: uint8 (64, C, H, W)."""
    train = reference.statistics("train").features
    order, images = reference.order("train"), reference.images("train")
    rows = []
    for sample, features in zip(fake.images[:8].cpu(), fake.features[:8], strict=True):
        (away,) = distances(features[None], train)
        found = order[away[0].topk(SHOWN, largest=False).indices.cpu()]
        rows += [sample[None], images[found.to(images.device)].cpu()]
    return torch.cat(rows)


def nearest(features: Tensor, others: Tensor) -> Tensor:
    """The distance of each of the features (n, d) to the nearest of the others (m, d): (n,)."""
    return torch.cat([block.min(1).values for block in distances(features, others)])
