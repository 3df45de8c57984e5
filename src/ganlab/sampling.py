"""Images from a run's directory."""

from pathlib import Path

import numpy as np
import torch
from hydra.utils import instantiate
from torch import Tensor

from ganlab.models.gan import GAN
from ganlab.pictures import to_uint8
from ganlab.run import read_checkpoint, read_config

BATCH = 512  # images at a time: memory stays bounded whatever the count


def load_model(run: Path, checkpoint: str = "last") -> GAN:
    """The model of a run with the weights of a checkpoint: `last`, `best` or a path.

    Raises:
        UserError: there is no such run or checkpoint, or it cannot be used.
    """
    config = read_config(run)
    named = checkpoint in ("last", "best")
    content = read_checkpoint(run / "checkpoints" / f"{checkpoint}.ckpt" if named else Path(checkpoint), config)
    model: GAN = instantiate(config["model"])
    model.load_state_dict(content["state_dict"])
    model.iteration = content["iteration"]
    return model.eval()


def generate(model: GAN, count: int, seed: int, weights: str) -> Tensor:
    """uint8 images (count, C, H, W) from noise of this seed, by the `ema` or the `raw` generator."""
    noise = model.latent(count, torch.Generator().manual_seed(seed))
    return torch.cat([to_uint8(model.sample(batch, weights)) for batch in noise.split(BATCH)])


def save_npz(images: Tensor, path: Path) -> None:
    """Write uint8 images (N, C, H, W) as `images` (N, H, W, C), with `labels` −1 as they have none."""
    with path.open("wb") as file:
        np.savez_compressed(file, images=images.permute(0, 2, 3, 1).numpy(), labels=np.full(len(images), -1))
