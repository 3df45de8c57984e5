"""The kernel distance between features, KID where the features are Inception's."""

import warnings

from torch import nn
from torchmetrics.image.kid import KernelInceptionDistance

from ganlab.errors import UserError
from ganlab.metrics.base import Metric, Setting
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics


class KID(Metric):
    """The unbiased squared maximum mean discrepancy under k(x, y) = (x·y/d + 1)³ (Bińkowski et al. 2018,
    arXiv:1801.01401, section 3.1): `kid`, the mean over random subsets, and `kid_std`, its standard deviation.

    Lower is better; about 0 (also a little below) for equal distributions, whatever the number of samples.

    Args:
        subsets: how many subsets are drawn.
        subset_size: images in each, of either kind; fewer if there are fewer.
    """

    needs = frozenset({"features"})

    def __init__(self, subsets: int, subset_size: int) -> None:
        self.subsets, self.subset_size = subsets, subset_size

    def check(self, setting: Setting) -> None:
        if setting.samples < 2:
            raise UserError(f"KID needs at least two samples, and there are {setting.samples}; say eval.samples=10000.")

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        size = min(self.subset_size, len(fake.features), len(reference.real.features))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*will save all extracted features")
            metric = KernelInceptionDistance(
                feature=nn.Identity(), subsets=self.subsets, subset_size=size, sync_on_compute=False
            )
        metric.update(reference.real.features, real=True)
        metric.update(fake.features, real=False)
        mean, deviation = metric.compute()
        return {"kid": float(mean), "kid_std": float(deviation)}
