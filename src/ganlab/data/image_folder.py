"""Any folder of images."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ganlab.data.folders import ENDINGS, is_image
from ganlab.data.module import ImageData
from ganlab.errors import UserError


class ImageFolder(ImageData):
    """The images below `root`, their smaller side resized (antialiased) to `size`, centre-cropped.

    Folders `train` and `test` are the splits; otherwise every tenth image is the test split. Folders below that give
    the labels, in the order of their names; images without such folders have no labels.

    Args:
        root: the folder.
        size: the side of the images.
        skip_unreadable: leave out files that cannot be read, instead of refusing to start.
    """

    def __init__(self, root: str, size: int, skip_unreadable: bool, **facts: Any) -> None:
        self.root, self.size, self.skip_unreadable = Path(root), size, skip_unreadable
        super().__init__(**facts)

    def split_folder(self, split: str) -> Path:
        if not self.root.is_dir():
            raise UserError(f"data.root={self.root} is not a folder. Name a folder of images with data.root=.")
        return self.root / split if (self.root / split).is_dir() else self.root

    def load(self, split: str) -> tuple[Tensor, Tensor]:
        folder = self.split_folder(split)
        paths = sorted(path for path in folder.rglob("*") if is_image(path))
        if folder == self.root:
            paths = [path for i, path in enumerate(paths) if (i % 10 == 9) == (split == "test")]
        with ThreadPoolExecutor() as pool:
            images = list(pool.map(self.read, paths))
        unreadable = [str(path) for path, image in zip(paths, images, strict=True) if image is None]
        if unreadable and not self.skip_unreadable:
            raise UserError(
                "These files cannot be read as images:\n  " + "\n  ".join(unreadable) + "\nRemove or mend them, or say "
                "data.skip_unreadable=true to leave them out."
            )
        for path in unreadable:
            print(f"Left out, not readable as an image: {path}")
        found = [(image, path) for image, path in zip(images, paths, strict=True) if image is not None]
        if not found:
            raise UserError(f"{folder} holds no images ({', '.join(sorted(ENDINGS))}). Name another with data.root=.")
        classes = self.class_names
        labels = [classes.index(path.relative_to(folder).parts[0]) if classes else -1 for _, path in found]
        return torch.from_numpy(np.stack([image for image, _ in found])), torch.tensor(labels)

    def read(self, path: Path) -> np.ndarray | None:
        """The image as uint8 (C, H, W); None if it cannot be read."""
        try:
            with Image.open(path) as image:
                converted = image.convert({1: "L", 3: "RGB"}[self.shape[0]])
                fitted = ImageOps.fit(converted, (self.size, self.size), Image.Resampling.BILINEAR)
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError):
            return None
        return np.asarray(fitted).reshape(self.size, self.size, -1).transpose(2, 0, 1).copy()
