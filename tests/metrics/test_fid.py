import numpy as np
import pytest
import torch
from scipy import linalg

from ganlab.metrics.fid import frechet_distance
from ganlab.metrics.statistics import Statistics


def statistics(features: torch.Tensor) -> Statistics:
    precise = features.double()
    return Statistics(torch.tensor(len(features)), precise.sum(0), precise.T @ precise)


def independent(one: np.ndarray, other: np.ndarray) -> float:
    """Heusel et al. 2017, equation 6, with scipy's matrix square root."""
    (mean1, cov1), (mean2, cov2) = ((x.mean(0), np.cov(x, rowvar=False)) for x in (one, other))
    root = linalg.sqrtm(cov1 @ cov2)
    return float(((mean1 - mean2) ** 2).sum() + np.trace(cov1 + cov2 - 2 * root.real))


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.1, 1.0), (3.0, 0.5)])
def test_against_scipy(shift, scale):
    generator = torch.Generator().manual_seed(0)
    mixing = torch.rand(16, 16, generator=generator)
    one = torch.rand(400, 16, generator=generator) @ mixing
    other = scale * (torch.randn(300, 16, generator=generator) @ mixing) + shift
    ours = frechet_distance(statistics(one), statistics(other))
    assert ours == pytest.approx(independent(one.double().numpy(), other.double().numpy()), rel=1e-6)


def test_closed_form():
    """Two sets with the same covariance: the squared distance of their means."""
    features = torch.randn(500, 5)
    assert frechet_distance(statistics(features), statistics(features + 2)) == pytest.approx(5 * 4, rel=1e-5)


def test_on_the_features_of_an_extractor(measure, digits):
    from tests.metrics.test_evaluation import evaluation

    extractor = evaluation(digits).extractor
    fake, real = (extractor(images)[0].double().numpy() for images in (digits.test[0], digits.train[0]))
    assert measure(digits.test[0], metrics="fid")["fid"] == pytest.approx(independent(fake, real), rel=1e-6)
