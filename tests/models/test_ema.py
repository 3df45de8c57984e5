import pytest
import torch
from torch import nn

from ganlab.errors import UserError
from ganlab.models.ema import EMA


def linear(value: float) -> nn.Linear:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, value)
    return network


def follow(ema: EMA, values: list[float], minibatch_size: int) -> float:
    for iteration, value in enumerate(values, 1):
        nn.init.constant_(ema.followed[0].weight, value)
        ema.after(iteration, minibatch_size)
    return ema.module.weight.item()


def test_half_life_in_images():
    """The distance halves every half-life: 80 images are 4 updates of 20."""
    ema = EMA(linear(1), half_life=80, warmup=1e9, every=1)
    assert follow(ema, [0.0] * 4, minibatch_size=20) == pytest.approx(0.5, abs=1e-6)


def test_every_few_iterations_with_the_decay_adjusted():
    weights = [0.0] * 16
    often, seldom = (follow(EMA(linear(1), half_life=160, warmup=1e9, every=n), weights, 20) for n in (1, 8))
    assert often == pytest.approx(0.25, abs=1e-6)
    assert seldom == pytest.approx(0.25, abs=1e-6)


def test_warmup_shortens_the_half_life():
    """At iteration n of one image the half-life is n/2, so the decay is 0.5 ** (2 / n)."""
    expected = 1.0
    for n in range(1, 6):
        expected *= 0.5 ** (2 / n)
    ema = EMA(linear(1), half_life=1e9, warmup=0.5, every=1)
    assert follow(ema, [0.0] * 5, minibatch_size=1) == pytest.approx(expected, abs=1e-6)


def test_zero_half_life_follows_the_raw_weights():
    assert follow(EMA(linear(0), half_life=0, warmup=0.05, every=1), [1.0, 3.0], 8) == 3.0


def test_statistics_are_averaged_and_evaluation_mode_stays():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ema = EMA(network, half_life=16, warmup=1e9, every=1)
    network(torch.randn(16, 2) + 5)
    ema.train()
    ema.after(1, 16)
    assert torch.allclose(ema.module[1].running_mean, network[1].running_mean / 2)
    assert not any(module.training for module in ema.modules())
    assert not any(weight.requires_grad for weight in ema.parameters())


@pytest.mark.parametrize("bad", [{"half_life": -1}, {"warmup": 0}, {"every": 0}])
def test_bad_settings(bad):
    with pytest.raises(UserError, match="ema"):
        EMA(linear(0), **({"half_life": 1, "warmup": 0.05, "every": 1} | bad))
