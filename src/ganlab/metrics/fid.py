"""The Fréchet distance between features, FID where the features are Inception's."""

import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from ganlab.errors import UserError
from ganlab.metrics.base import Metric, Setting
from ganlab.metrics.reference import Reference
from ganlab.metrics.statistics import Statistics


class FID(Metric):
    """|μ_f − μ_r|² + tr(Σ_f + Σ_r − 2 (Σ_f Σ_r)^½) (Heusel et al. 2017, arXiv:1706.08500, equation 6).

    `fid`, at least 0, lower is better. From the moments alone, so no features are kept; torchmetrics' computation in
    64-bit floats. Both sets are used whole, however many images each has.
    """

    def check(self, setting: Setting) -> None:
        d = setting.extractor.num_features
        if setting.samples <= d:
            raise UserError(
                f"FID on the {d} features of {setting.extractor.name} needs more than {d} samples, or the covariance "
                f"is singular; there are {setting.samples}. Measure more: eval.samples=10000 or --samples."
            )

    def __call__(self, fake: Statistics, reference: Reference) -> dict[str, float]:
        return {"fid": frechet_distance(fake, reference.real)}


def frechet_distance(fake: Statistics, real: Statistics) -> float:
    """The distance between two sets of features, by torchmetrics from sums that are already there."""
    features = nn.Identity()
    features.num_features = len(fake.total)  # type: ignore[assignment]
    metric = FrechetInceptionDistance(feature=features, sync_on_compute=False)
    for side, moments in (("real", real), ("fake", fake)):
        metric.update(torch.empty(0, len(moments.total), dtype=torch.float64), real=side == "real")
        setattr(metric, f"{side}_features_sum", moments.total.cpu())
        setattr(metric, f"{side}_features_cov_sum", moments.outer.cpu())
        setattr(metric, f"{side}_features_num_samples", moments.count.cpu())
    return float(metric.compute())
