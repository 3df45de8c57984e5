import pytest
import torch

from ganlab.networks.priors import Normal, Uniform


def test_normal():
    noise = Normal()((20000, 3), torch.device("cpu"), torch.Generator().manual_seed(0))
    assert noise.mean().item() == pytest.approx(0, abs=0.02)
    assert noise.std().item() == pytest.approx(1, abs=0.02)


def test_uniform():
    noise = Uniform()((20000, 3), torch.device("cpu"), torch.Generator().manual_seed(0))
    assert -1 <= noise.min() < -0.99
    assert 0.99 < noise.max() < 1
    assert noise.std().item() == pytest.approx(3**-0.5, abs=0.01)


@pytest.mark.parametrize("prior", [Normal(), Uniform()])
def test_generator_decides(prior):
    draw = [prior((4, 2), torch.device("cpu"), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(draw[0], draw[1])
    assert not torch.equal(draw[0], draw[2])
