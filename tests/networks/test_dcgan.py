"""The guidelines of Radford et al. 2016, each visible in the networks."""

import pytest
import torch
from torch import nn

from ganlab.networks.dcgan import Discriminator, Generator, doublings

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 64, 64), (4, 128, 128)]


def of(network: nn.Module, kind: type) -> list:
    return [module for module in network.modules() if isinstance(module, kind)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("num_classes", [0, 10])
def test_shapes(shape, num_classes):
    labels = (torch.tensor([3, 9]),) if num_classes else ()
    generator = Generator(100, shape, width=8, num_classes=num_classes)
    discriminator = Discriminator(shape, width=8, num_classes=num_classes)
    images = generator(torch.randn(2, 100), *labels)
    assert images.shape == (2, *shape)
    assert images.abs().max() <= 1
    assert discriminator(images, *labels).shape == (2,)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_guidelines(shape):
    generator, discriminator = Generator(100, shape, width=8), Discriminator(shape, width=8)
    for network in (generator, discriminator):
        assert not of(network, nn.Linear)
        assert not of(network, nn.MaxPool2d)
    ups, downs = of(generator, nn.ConvTranspose2d), of(discriminator, nn.Conv2d)
    assert all(layer.stride == (2, 2) for layer in ups[1:])
    assert all(layer.stride == (2, 2) for layer in downs[:-1])
    # Batch normalisation behind every layer but G's last, D's first and D's last.
    assert len(of(generator, nn.BatchNorm2d)) == len(ups) - 1
    assert len(of(discriminator, nn.BatchNorm2d)) == len(downs) - 2
    assert isinstance(discriminator.layers[1], nn.LeakyReLU)
    assert len(of(generator, nn.ReLU)) == len(ups) - 1
    assert isinstance(generator.layers[-1], nn.Tanh)
    assert {layer.negative_slope for layer in of(discriminator, nn.LeakyReLU)} == {0.2}
    weights = torch.cat([layer.weight.flatten() for layer in ups])
    assert weights.mean().item() == pytest.approx(0, abs=2e-3)
    assert weights.std().item() == pytest.approx(0.02, rel=0.05)


def test_the_papers_generator():
    """Figure 1: 1024 channels at 4×4, halved at every doubling, for 64×64 pixels."""
    channels = [layer.out_channels for layer in of(Generator(100, (3, 64, 64), width=128), nn.ConvTranspose2d)]
    assert channels == [1024, 512, 256, 128, 3]


def test_labels_matter():
    generator = Generator(5, (1, 28, 28), width=4, num_classes=10).eval()
    noise = torch.randn(1, 5)
    assert not torch.equal(generator(noise, torch.tensor([1])), generator(noise, torch.tensor([2])))


@pytest.mark.parametrize(("side", "expected"), [(28, (7, 2)), (32, (4, 3)), (64, (4, 4)), (128, (4, 5)), (40, (5, 3))])
def test_doublings(side, expected):
    assert doublings((3, side, side)) == expected


@pytest.mark.parametrize("shape", [(3, 30, 30), (3, 4, 4), (3, 64, 32), (3, 7, 7), (1, 100, 101)])
def test_sizes_that_cannot_be_made(shape):
    with pytest.raises(ValueError, match=f"{shape[1]}×{shape[2]}"):
        doublings(shape)
