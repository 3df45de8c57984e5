"""The noise prior p_g(z). Classes, because Hydra checks a `_partial_` anew at every call: 0.1 ms per draw."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor


class Normal:
    """z from N(0, 1), independently in every dimension."""

    def __call__(self, shape: Sequence[int], device: torch.device, generator: Generator | None = None) -> Tensor:
        return torch.randn(*shape, device=device, generator=generator)


class Uniform:
    """z from the uniform distribution on [−1, 1), independently in every dimension."""

    def __call__(self, shape: Sequence[int], device: torch.device, generator: Generator | None = None) -> Tensor:
        return torch.rand(*shape, device=device, generator=generator) * 2 - 1
