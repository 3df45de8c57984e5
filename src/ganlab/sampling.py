"""Images from a run's directory."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from torch import Tensor

from ganlab.data.source import mixed
from ganlab.distributed import share
from ganlab.errors import UserError
from ganlab.models.base import Model
from ganlab.models.gan import GAN
from ganlab.pictures import to_uint8
from ganlab.run import read_checkpoint, read_config

BATCH = 512  # images at a time: memory stays bounded whatever the count
BLOCK = 1000  # samples whose noise is drawn together


def load_model(run: Path, checkpoint: str = "last") -> Model:
    """The model of a run with the weights of a checkpoint: `last`, `best` or a path.

    Raises:
        UserError: there is no such run or checkpoint, or it cannot be used.
    """
    config = read_config(run)
    named = checkpoint in ("last", "best")
    content = read_checkpoint(run / "checkpoints" / f"{checkpoint}.ckpt" if named else Path(checkpoint), config)
    model: Model = instantiate(config["model"])
    try:
        model.load_state_dict(content["state_dict"])
    except RuntimeError as error:
        raise UserError(f"{run} was made by another version of ganlab, whose networks differ: {error}") from error
    model.iteration = content["iteration"]
    return model.eval()


def load_gan(run: Path, checkpoint: str = "last") -> GAN:
    """The same, if it is a model that makes images."""
    model = load_model(run, checkpoint)
    if not isinstance(model, GAN):
        raise UserError(f"{run} holds a {type(model).__name__}, which makes no images. Name the run of a GAN.")
    return model


def generate(model: GAN, labels: Tensor, seed: int, weights: str) -> Tensor:
    """uint8 images (N, C, H, W) from noise of this seed, by the `ema` or the `raw` generator.

    Args:
        labels: int64 (N,), the classes asked for; a model that is not conditional ignores them.
    """
    noise = model.latent(len(labels), torch.Generator().manual_seed(seed))
    batches = zip(noise.split(BATCH), labels.split(BATCH), strict=True)
    return torch.cat([to_uint8(model.sample(latent, batch, weights)) for latent, batch in batches])


def sample_blocks(
    model: GAN, labels: Tensor | None, count: int, seed: int, weights: str = "ema", batch_size: int = 250
) -> Iterator[tuple[Tensor, Tensor]]:
    """This process's share of `count` images, in batches: uint8 (B, C, H, W) and labels int64 (B,), −1 for none.

    An image is a function of the seed and its number alone: neither the batches' sizes nor the number of processes
    matters, and memory does not grow with the count.

    Args:
        labels: int64 (N,), from which those asked for are drawn; None unless the model is conditional.
        batch_size: images at a time.
    """

    @lru_cache(maxsize=1)
    def block(number: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(mixed(seed, number))
        latent = model.latent(BLOCK, generator)
        if labels is None:
            return latent, torch.full((BLOCK,), -1, device=model.device)
        drawn = torch.randint(len(labels), (BLOCK,), generator=generator)
        return latent, labels[drawn.to(labels.device)].to(model.device)

    for numbers in share(torch.arange(count)).split(batch_size):
        first, start = int(numbers[0]), int(numbers[0]) // BLOCK
        blocks = [block(number) for number in range(start, int(numbers[-1]) // BLOCK + 1)]
        here = slice(first - start * BLOCK, first - start * BLOCK + len(numbers))
        latent, asked = (torch.cat(parts)[here] for parts in zip(*blocks, strict=True))
        yield to_uint8(model.sample(latent, asked, weights)), asked


def save_npz(images: Tensor, labels: Tensor, path: Path) -> None:
    """Write uint8 images (N, C, H, W) as `images` (N, H, W, C), with their `labels` (N,)."""
    with path.open("wb") as file:
        np.savez_compressed(file, images=images.permute(0, 2, 3, 1).numpy(), labels=labels.numpy())


def asked_labels(model: GAN, config: dict[str, Any], count: int, label: str | None) -> Tensor:
    """The labels (count,) of the images to make, in order, spread evenly over the classes asked for.

    Args:
        config: the run's configuration, which may have names for the classes.
        label: a class by number (8), by name, or a range of numbers (0-9); None for all.

    Returns:
        int64 (count,); −1 for a model that is not conditional.

    Raises:
        UserError: there is no such class, or the model is not conditional and a class is asked for.
    """
    if not model.num_classes:
        if label is not None:
            raise UserError(
                f"--label {label}: this model is not conditional, it makes no class in particular. Train one with "
                "model=conditional or model=conditional_dcgan."
            )
        return torch.full((count,), -1)
    names = config["data"].get("class_names") or []
    span = re.fullmatch(r"(\d+)(?:-(\d+))?", label or f"0-{model.num_classes - 1}")
    first, last = (
        (names.index(label),) * 2 if label in names else (int(span[1]), int(span[2] or span[1])) if span else (0, -1)
    )
    if not 0 <= first <= last < model.num_classes:
        raise UserError(
            f"--label {label}: expected a number or range between 0 and {model.num_classes - 1}"
            + (f", or one of {', '.join(names)}." if names else ".")
        )
    return first + torch.arange(count) * (last - first + 1) // count
