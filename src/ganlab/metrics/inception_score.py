"""The Inception score, with any classifier."""

import warnings

from torch import nn
from torchmetrics.image.inception import InceptionScore as TorchMetricsInceptionScore

from ganlab.errors import UserError
from ganlab.metrics.base import Metric, Setting
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics


class InceptionScore(Metric):
    """exp(E_x KL(p(y|x) ‖ p(y))) (Salimans et al. 2016, arXiv:1606.03498, section 4): `is` and `is_std`.

    Between 1 and the number of classes, higher is better. It never looks at real images: a generator that makes one
    perfect picture of each class has the best score.

    Args:
        splits: parts over which the mean and the standard deviation are taken.
    """

    needs = frozenset({"logits"})

    def __init__(self, splits: int) -> None:
        self.splits = splits

    def check(self, setting: Setting) -> None:
        if setting.samples < 2 * self.splits:
            raise UserError(
                f"The Inception score over {self.splits} splits needs at least {2 * self.splits} samples, and there "
                f"are {setting.samples}; say eval.samples=10000."
            )

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*will save all extracted features")
            metric = TorchMetricsInceptionScore(feature=nn.Identity(), splits=self.splits, sync_on_compute=False)
        metric.update(fake.logits)
        mean, deviation = metric.compute()
        return {"is": float(mean), "is_std": float(deviation)}
