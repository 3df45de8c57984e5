import numpy as np
import torch
from PIL import Image

from ganlab.sampling import generate, load_gan


def test_grid_is_the_average_generator_on_fixed_noise(finished):
    grid = np.asarray(Image.open(finished / "samples" / "000040.png"))[..., 0]
    assert grid.shape == (8 * 30 + 2, 8 * 30 + 2)
    tiles = np.stack([grid[2 + 30 * r : 30 + 30 * r, 2 + 30 * c : 30 + 30 * c] for r in range(8) for c in range(8)])
    images = generate(load_gan(finished), torch.full((64,), -1), seed=0, weights="ema")[:, 0].numpy()
    assert np.abs(tiles.astype(int) - images).max() <= 1


def test_grids_differ_over_iterations(finished):
    pictures = [Image.open(path).tobytes() for path in sorted((finished / "samples").iterdir())]
    assert len(set(pictures)) == 3
