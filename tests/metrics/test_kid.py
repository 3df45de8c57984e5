import pytest
import torch

from tests.metrics.test_evaluation import evaluation


def test_against_the_definition(digits):
    """With one subset that is everything: the unbiased estimate of the squared discrepancy."""
    one = evaluation(digits, metrics="metrics=[kid]")
    one.metrics["kid"].subsets, one.metrics["kid"].subset_size = 1, 300
    fake = one.collect([(digits.test[0][:300].flip(3), digits.test[1][:300])])
    one.reference.found["train"] = one.reference.real.first(300)
    x, y = one.reference.real.features.double(), fake.features.double()

    def kernel(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    off = ~torch.eye(300, dtype=torch.bool)
    expected = kernel(x, x)[off].mean() + kernel(y, y)[off].mean() - 2 * kernel(x, y).mean()
    assert one.values(fake)["kid"] == pytest.approx(float(expected), rel=1e-3)
