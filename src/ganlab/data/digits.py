"""scikit-learn's bundled handwritten digits."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn.functional import interpolate

from ganlab.data.module import ImageData


class Digits(ImageData):
    """1,797 digits of 8×8 pixels and 17 grey levels, upsampled to `shape`. Nothing is downloaded.

    Every fifth image belongs to the test split (359 images), the others to the training split (1,438).
    """

    def load(self, split: str) -> tuple[Tensor, Tensor]:
        digits = load_digits()
        images = torch.tensor(digits.images / 16 * 255, dtype=torch.float32).unsqueeze(1)  # (N, 1, 8, 8)
        images = interpolate(images, size=self.shape[1:], mode="bicubic", align_corners=False)
        test = torch.arange(len(images)) % 5 == 4
        chosen = test if split == "test" else ~test
        return images.clamp(0, 255).round().to(torch.uint8)[chosen], torch.tensor(digits.target)[chosen]
