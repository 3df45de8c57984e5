"""An exponential moving average of a generator's weights."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ganlab.errors import UserError


class EMA(AveragedModel):
    """A copy of `network` whose weights follow those of the trained one, half of the distance per half-life.

    Early on the half-life is shortened to `warmup` times the images seen, so that the untrained weights are soon
    forgotten (the ramp-up of Karras et al. 2020, arXiv:2006.06676, appendix C). Averaging every `every` iterations
    with the decay adjusted is the same average, sampled more coarsely, and costs next to nothing. Buffers are copied.

    Args:
        network: the generator.
        half_life: images after which a weight's influence has halved; 0 follows the raw weights.
        warmup: the half-life at most, as a fraction of the images seen so far.
        every: iterations between two updates.
    """

    def __init__(self, network: nn.Module, half_life: float, warmup: float, every: int) -> None:
        if half_life < 0 or warmup <= 0 or every < 1:
            raise UserError(
                f"ema: half_life={half_life}, warmup={warmup}, every={every}; expected half_life at least 0 (images), "
                "warmup above 0 (a fraction) and every at least 1 (iterations)."
            )
        super().__init__(network, multi_avg_fn=self._average)
        self.half_life, self.warmup, self.every = half_life, warmup, every
        self.decay = 0.0
        self.requires_grad_(False).eval()

    def _average(self, averaged: Any, current: Any, _: Tensor | int) -> None:
        torch._foreach_lerp_(averaged, current, 1 - self.decay)

    def after(self, iteration: int, network: nn.Module, minibatch_size: int) -> None:
        """Follow `network` after this many iterations of `minibatch_size` images."""
        if iteration % self.every == 0:
            half_life = min(self.half_life, self.warmup * iteration * minibatch_size)
            self.decay = 0.5 ** (self.every * minibatch_size / half_life) if half_life else 0.0
            self.update_parameters(network)

    def train(self, mode: bool = True) -> "EMA":
        """The average is for sampling only: it stays in evaluation mode."""
        return super().train(False)
