"""The deep convolutional GAN of Radford et al. 2016 (arXiv:1511.06434), for any size that doublings reach."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot


def doublings(image_shape: Sequence[int]) -> tuple[int, int]:
    """(s, n) with side = s · 2ⁿ and s from 4 to 7: 28 is 7·2², 32 is 4·2³, 64 is 4·2⁴, 128 is 4·2⁵.

    Raises:
        ValueError: the images are not square or their side is no such number.
    """
    _, height, width = image_shape
    side, n = height, 0
    while side > 7 and side % 2 == 0:
        side, n = side // 2, n + 1
    if height != width or not 4 <= side <= 7 or n == 0:
        raise ValueError(
            f"A DCGAN cannot make images of {height}×{width} pixels: it starts from 4 to 7 pixels and doubles, so "
            "sides are 8, 10, …, 28, 32, 40, 48, 56, 64, …, 128. Choose another data.size, or model=vanilla."
        )
    return side, n


def initialize(network: nn.Module) -> None:
    """Weights from N(0, 0.02), of batch normalisation from N(1, 0.02) as in the authors' code; biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.02)


class Generator(nn.Module):
    """G(z) or G(z, y): fractionally strided convolutions from 1×1 to the image.

    Batch normalisation everywhere but at the output, ReLU inside and tanh at the end, no fully connected layer: the
    first fractionally strided convolution sees the latent as an image of one pixel (section 3, the guidelines).

    Args:
        latent_dim: the size of z.
        image_shape: (C, H, W).
        width: channels before the last layer; they double towards the latent (the paper's 64×64 network has 128).
        num_classes: 0, or the number of labels; their one-hot code joins the latent.
    """

    def __init__(self, latent_dim: int, image_shape: Sequence[int], width: int, num_classes: int = 0) -> None:
        super().__init__()
        side, n = doublings(image_shape)
        self.num_classes = num_classes
        channels = [width * 2**i for i in reversed(range(n))]
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(latent_dim + num_classes, channels[0], side, bias=False),  # 1×1 → s×s
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(inplace=True),
        ]
        for before, after in pairwise(channels):
            layers += [
                nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False),  # doubles the side
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
        layers += [nn.ConvTranspose2d(channels[-1], image_shape[0], 4, stride=2, padding=1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        initialize(self)
        self.to(memory_format=torch.channels_last)  # a fifth faster on the CPU

    def forward(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latent (N, latent_dim), labels int64 (N,) if conditional → images (N, C, H, W) in [−1, 1]."""
        if labels is not None:
            latent = torch.cat([latent, one_hot(labels, self.num_classes)], dim=1)
        return self.layers(latent[:, :, None, None])


class Discriminator(nn.Module):
    """D(x) or D(x, y): strided convolutions from the image to 1×1.

    Batch normalisation everywhere but at the input, LeakyReLU 0.2, no pooling and no fully connected layer.

    Args:
        image_shape: (C, H, W).
        width: channels after the first layer; they double at every further one.
        num_classes: 0, or the number of labels; their one-hot code joins the image as constant channels.
    """

    def __init__(self, image_shape: Sequence[int], width: int, num_classes: int = 0) -> None:
        super().__init__()
        side, n = doublings(image_shape)
        self.num_classes = num_classes
        channels = [width * 2**i for i in range(n)]
        layers: list[nn.Module] = [
            nn.Conv2d(image_shape[0] + num_classes, channels[0], 4, stride=2, padding=1),  # halves the side
            nn.LeakyReLU(0.2, inplace=True),
        ]
        for before, after in pairwise(channels):
            layers += [
                nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        layers += [nn.Conv2d(channels[-1], 1, side)]  # s×s → 1×1
        self.layers = nn.Sequential(*layers)
        initialize(self)
        self.to(memory_format=torch.channels_last)  # a fifth faster on the CPU

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images (N, C, H, W), labels int64 (N,) if conditional → logits (N,)."""
        if labels is not None:
            code = one_hot(labels, self.num_classes)[:, :, None, None].expand(-1, -1, *images.shape[2:])
            images = torch.cat([images, code], dim=1)
        return self.layers(images).flatten()
