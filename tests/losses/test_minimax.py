import math

import pytest
import torch

from ganlab.losses.logistic import Logistic
from ganlab.losses.minimax import Minimax

REAL, FAKE = [2.0, -1.0, 0.5], [-3.0, 0.25, 1.5]


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def test_discriminator_descends_minus_the_value_function():
    value = sum(math.log(sigmoid(x)) for x in REAL) / 3 + sum(math.log(1 - sigmoid(x)) for x in FAKE) / 3
    assert Minimax().discriminator(torch.tensor(REAL), torch.tensor(FAKE)).item() == pytest.approx(-value, abs=1e-6)


def test_generator_descends_log_one_minus_d():
    expected = sum(math.log(1 - sigmoid(x)) for x in FAKE) / 3
    assert Minimax().generator(torch.tensor(FAKE)).item() == pytest.approx(expected, abs=1e-6)


def test_chance():
    zero = torch.zeros(4)
    assert Minimax().discriminator(zero, zero).item() == pytest.approx(2 * math.log(2), abs=1e-6)
    assert Minimax().generator(zero).item() == pytest.approx(-math.log(2), abs=1e-6)


def test_extreme_logits_stay_finite():
    extreme = torch.tensor([-1e4, 1e4])
    assert Minimax().discriminator(extreme, extreme).isfinite()
    assert Minimax().generator(extreme).isfinite()


@pytest.mark.parametrize("logit", [-8.0, -1.0, 0.0, 2.0])
def test_generator_gradient_is_minus_d_and_differs_from_logistic(logit: float):
    """d/dl log(1 − σ(l)) = −σ(l), while d/dl −log σ(l) = σ(l) − 1: both negative, equal only at l = 0."""
    gradients = []
    for loss in (Minimax(), Logistic()):
        logits = torch.tensor([logit], requires_grad=True)
        loss.generator(logits).backward()
        gradients.append(logits.grad.item())
    assert gradients[0] == pytest.approx(-sigmoid(logit), abs=1e-6)
    assert gradients[1] == pytest.approx(sigmoid(logit) - 1, abs=1e-6)
    assert (gradients[0] == pytest.approx(gradients[1], abs=1e-3)) == (logit == 0)
