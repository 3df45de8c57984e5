"""Fully connected generator and discriminator."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn


def hidden_layers(widths: Sequence[int]) -> list[nn.Module]:
    """Linear layers widths[0] → widths[1] → …, each followed by LeakyReLU 0.2."""
    return [layer for n, m in pairwise(widths) for layer in (nn.Linear(n, m), nn.LeakyReLU(0.2))]


class Generator(nn.Sequential):
    """G(z): latent (N, latent_dim) to images (N, C, H, W) in [−1, 1].

    Args:
        latent_dim: the size of z.
        hidden: widths of the hidden layers, from the latent to the image.
        image_shape: (C, H, W).
    """

    def __init__(self, latent_dim: int, hidden: Sequence[int], image_shape: Sequence[int]) -> None:
        widths = [latent_dim, *hidden]
        super().__init__(
            *hidden_layers(widths),
            nn.Linear(widths[-1], math.prod(image_shape)),
            nn.Tanh(),
            nn.Unflatten(1, tuple(image_shape)),
        )


class Discriminator(nn.Sequential):
    """D(x): images (N, C, H, W) to logits (N,).

    Args:
        hidden: widths of the hidden layers, from the image to the logit.
        image_shape: (C, H, W).
    """

    def __init__(self, hidden: Sequence[int], image_shape: Sequence[int]) -> None:
        widths = [math.prod(image_shape), *hidden]
        super().__init__(nn.Flatten(), *hidden_layers(widths), nn.Linear(widths[-1], 1))

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).squeeze(1)
