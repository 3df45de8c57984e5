"""Images per second of `ganlab data prepare celeba`."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from ganlab.data.prepare import prepare

SIZE = 6000  # images


def benchmark(root: Path) -> None:
    """Prepare JPEGs of CelebA's size, smooth random pictures, into root/celeba/64, as a user would."""
    source = root / "source"
    source.mkdir()
    colours = np.random.default_rng(0).integers(0, 256, (100, 12, 10, 3), dtype=np.uint8)
    for i in range(SIZE):
        if i < len(colours):
            Image.fromarray(colours[i]).resize((178, 218), Image.Resampling.BICUBIC).save(source / f"{i:06}.jpg")
        else:
            os.link(source / f"{i % len(colours):06}.jpg", source / f"{i:06}.jpg")
    print(f"Preparation of CelebA, {SIZE} JPEGs of 178×218 to 64×64, the start of the processes included:\n")
    prepare(source, root, size=64, crop=108, workers=os.cpu_count() or 1, skip_unreadable=False)
    print()
