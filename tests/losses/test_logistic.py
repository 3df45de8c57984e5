import math

import pytest
import torch

from ganlab.losses.logistic import Logistic
from ganlab.losses.minimax import Minimax

REAL, FAKE = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([-3.0, 0.25, 1.5])


def test_discriminator_is_that_of_the_minimax_game():
    assert torch.equal(Logistic().discriminator(REAL, FAKE), Minimax().discriminator(REAL, FAKE))


def test_generator_descends_minus_log_d():
    expected = -sum(math.log(1 / (1 + math.exp(-x))) for x in FAKE.tolist()) / 3
    assert Logistic().generator(FAKE).item() == pytest.approx(expected, abs=1e-6)


def test_gradient_survives_a_sure_discriminator():
    logits = torch.tensor([-20.0], requires_grad=True)
    Logistic().generator(logits).backward()
    assert logits.grad.item() == pytest.approx(-1, abs=1e-6)
