"""Stacked MNIST: three random digits in the colour channels (Metz et al. 2017, arXiv:1611.02163, section 3.3.1)."""

from typing import Any

import torch
from torch import Tensor

from ganlab.data.mnist import MNIST
from ganlab.data.source import mixed


class StackedMNIST(MNIST):
    """1,000 modes: class 100·a + 10·b + c shows digit a in the red channel, b in the green and c in the blue one.

    The choice of digits is always the same; training images are made of MNIST's training images, test images of its
    test images.

    Args:
        images: by split, how many.
    """

    def __init__(self, images: dict[str, int], **mnist: Any) -> None:
        super().__init__(**mnist)
        self.images = images

    def load(self, split: str) -> tuple[Tensor, Tensor]:
        digits, labels = super().load(split)
        generator = torch.Generator().manual_seed(mixed(len(digits)))
        chosen = torch.randint(len(digits), (self.images[split], 3), generator=generator)
        return digits[chosen, 0], labels[chosen] @ torch.tensor([100, 10, 1])
