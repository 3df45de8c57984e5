"""An exponential moving average of a network's weights."""

import copy
from itertools import chain

import torch
from torch import Tensor, nn

from ganlab.errors import UserError


class EMA(nn.Module):
    """A copy of `network` whose weights follow those of the trained one, half of the distance per half-life.

    Early on the half-life is shortened to `warmup` times the images seen, so that the untrained weights are soon
    forgotten (the ramp-up of Karras et al. 2020, arXiv:2006.06676, appendix C). Averaging every `every` iterations
    with the decay adjusted is the same average, sampled more coarsely, and costs next to nothing. The statistics of
    batch normalisation are averaged like the weights that they belong to.

    Args:
        network: what is trained.
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
        super().__init__()
        self.followed = (network,)  # in a tuple, so that it is no submodule
        self.module = copy.deepcopy(network).requires_grad_(False).eval()
        self.half_life, self.warmup, self.every = half_life, warmup, every
        self.tensors: tuple[list[Tensor], list[Tensor]] | None = None  # found at the first update, on their device

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.module(*inputs)

    @torch.no_grad()
    def after(self, iteration: int, minibatch_size: int) -> None:
        """Follow the network after this many iterations of `minibatch_size` images."""
        if iteration % self.every:
            return
        half_life = min(self.half_life, self.warmup * iteration * minibatch_size)
        decay = 0.5 ** (self.every * minibatch_size / half_life) if half_life else 0.0
        if self.tensors is None:
            self.tensors = floats(self.module), floats(self.followed[0])
        torch._foreach_lerp_(*self.tensors, 1 - decay)

    def train(self, mode: bool = True) -> "EMA":
        """The average is for evaluation only: it stays in that mode."""
        return super().train(False)


def floats(network: nn.Module) -> list[Tensor]:
    """The network's weights and floating-point buffers."""
    return [tensor for tensor in chain(network.parameters(), network.buffers()) if tensor.is_floating_point()]
