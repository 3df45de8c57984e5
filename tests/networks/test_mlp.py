import torch
from torch import nn

from ganlab.networks.mlp import Discriminator, Generator


def widths(network: nn.Module) -> list[int]:
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    return [layers[0].in_features, *(layer.out_features for layer in layers)]


def test_generator():
    network = Generator(latent_dim=100, hidden=[256, 512, 1024], image_shape=(1, 28, 28))
    images = network(torch.randn(5, 100) * 100)
    assert widths(network) == [100, 256, 512, 1024, 784]
    assert images.shape == (5, 1, 28, 28)
    assert -1 <= images.min() < -0.9
    assert 0.9 < images.max() <= 1


def test_discriminator_returns_logits():
    network = Discriminator(hidden=[512, 256], image_shape=(3, 28, 28))
    logits = network(torch.randn(5, 3, 28, 28) * 100)
    assert widths(network) == [3 * 784, 512, 256, 1]
    assert logits.shape == (5,)
    assert not 0 <= logits.min() <= logits.max() <= 1  # no sigmoid


def test_leaky_slope():
    network = Discriminator(hidden=[4, 4], image_shape=(1, 2, 2))
    assert [m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)] == [0.2, 0.2]


def test_the_label_enters_both_networks():
    generator = Generator(latent_dim=5, hidden=[8], image_shape=(1, 2, 2), num_classes=3)
    discriminator = Discriminator(hidden=[8], image_shape=(1, 2, 2), num_classes=3)
    latent, images = torch.randn(2, 5), torch.randn(2, 1, 2, 2)
    one, two = torch.tensor([1, 1]), torch.tensor([2, 2])
    assert widths(generator) == [8, 8, 4]
    assert widths(discriminator) == [7, 8, 1]
    assert not torch.equal(generator(latent, one), generator(latent, two))
    assert not torch.equal(discriminator(images, one), discriminator(images, two))
