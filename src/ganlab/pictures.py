"""Images as uint8 and as pictures."""

from pathlib import Path

import torch
from torch import Tensor
from torchvision.utils import save_image


def to_uint8(images: Tensor) -> Tensor:
    """Float images in [−1, 1] as uint8 in 0..255, rounded."""
    return images.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)


def save_picture(images: Tensor, path: Path) -> None:
    """Write uint8 images (N, C, H, W) as one picture, 8 to a row."""
    save_image(images.float() / 255, path, nrow=8)
