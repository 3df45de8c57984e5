"""The noise prior p_g(z): functions of a shape and a device."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor


def normal(shape: Sequence[int], device: torch.device | str, generator: Generator | None = None) -> Tensor:
    """z from N(0, 1), independently in every dimension."""
    return torch.randn(tuple(shape), device=device, generator=generator)


def uniform(shape: Sequence[int], device: torch.device | str, generator: Generator | None = None) -> Tensor:
    """z from the uniform distribution on [−1, 1), independently in every dimension."""
    return torch.rand(tuple(shape), device=device, generator=generator) * 2 - 1
