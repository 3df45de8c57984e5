"""Fully connected generator and discriminator."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot


def hidden_layers(widths: Sequence[int]) -> list[nn.Module]:
    """Linear layers widths[0] → widths[1] → …, each followed by LeakyReLU 0.2."""
    return [layer for n, m in pairwise(widths) for layer in (nn.Linear(n, m), nn.LeakyReLU(0.2))]


class Generator(nn.Sequential):
    """G(z) or G(z|y): latent (N, latent_dim) and labels (N,) to images (N, C, H, W) in [−1, 1].

    Args:
        latent_dim: the size of z.
        hidden: widths of the hidden layers, from the latent to the image.
        image_shape: (C, H, W).
        num_classes: 0, or the number of labels; their one-hot code joins the latent.
    """

    def __init__(
        self, latent_dim: int, hidden: Sequence[int], image_shape: Sequence[int], num_classes: int = 0
    ) -> None:
        widths = [latent_dim + num_classes, *hidden]
        super().__init__(
            *hidden_layers(widths),
            nn.Linear(widths[-1], math.prod(image_shape)),
            nn.Tanh(),
            nn.Unflatten(1, tuple(image_shape)),
        )
        self.num_classes = num_classes

    def forward(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            latent = torch.cat([latent, one_hot(labels, self.num_classes)], dim=1)
        return super().forward(latent)


class Discriminator(nn.Sequential):
    """D(x) or D(x|y): images (N, C, H, W) and labels (N,) to logits (N,).

    Args:
        hidden: widths of the hidden layers, from the image to the logit.
        image_shape: (C, H, W).
        num_classes: 0, or the number of labels; their one-hot code joins the flat image.
    """

    def __init__(self, hidden: Sequence[int], image_shape: Sequence[int], num_classes: int = 0) -> None:
        widths = [math.prod(image_shape) + num_classes, *hidden]
        super().__init__(*hidden_layers(widths), nn.Linear(widths[-1], 1))
        self.num_classes = num_classes

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        images = images.flatten(1)
        if labels is not None:
            images = torch.cat([images, one_hot(labels, self.num_classes)], dim=1)
        return super().forward(images).squeeze(1)
