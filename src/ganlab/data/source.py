"""The batch source: minibatches by indexing an array in memory with a seeded permutation."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganlab.distributed import agreed
from ganlab.errors import UserError
from ganlab.schedule import Schedule

CHUNK_SECONDS = 0.25  # a chunk ends about this often: the progress bar's and Ctrl-C's latency


FLIP = 1  # a third number beside seed and iteration, for random numbers of another kind


def mixed(*numbers: int) -> int:
    """A 32-bit seed from several numbers; torch's generator on the CPU would use only the low 32 bits of one."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


class Minibatch(NamedTuple):
    """`images`: float (m, C, H, W) in [−1, 1]; `labels`: int64 (m,)."""

    images: Tensor
    labels: Tensor


class Source:
    """An endless stream of permutations of the data, cut into iterations of k minibatches of m images.

    The images of an iteration are a function of the seed and the iteration's number alone, so the position in the
    data is one integer and resuming is exact. Every permutation is used up before the next one begins: no sample is
    ever dropped, and after n images each has been seen ⌊n/N⌋ or ⌈n/N⌉ times.

    Args:
        images: uint8 (N, C, H, W).
        labels: int64 (N,).
        minibatch_size: m, over all ranks together.
        k: minibatches per iteration.
        seed: of the permutations.
        flip: mirror every image with probability one half.
        rank, world_size: this source yields the rank-th of world_size equal shares of every minibatch.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        minibatch_size: int,
        k: int,
        seed: int,
        flip: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if not 1 <= minibatch_size <= len(images):
            raise UserError(
                f"data.batch_size={minibatch_size}: expected between 1 and the {len(images)} images of the data."
            )
        if minibatch_size % world_size:
            raise UserError(
                f"data.batch_size={minibatch_size} does not divide among {world_size} devices; it is the minibatch "
                f"of the whole iteration, so choose a multiple of {world_size}."
            )
        self.images, self.labels = images, labels
        self.minibatch_size, self.k, self.seed, self.flip = minibatch_size, k, seed, flip
        share = minibatch_size // world_size
        self.share = slice(rank * share, (rank + 1) * share)
        self.device = torch.device("cpu")
        self._permutation: tuple[int, Tensor] = (-1, torch.empty(0))

    def permutation(self, number: int) -> Tensor:
        """The number-th permutation of 0..N−1."""
        if self._permutation[0] != number:
            generator = torch.Generator().manual_seed(mixed(self.seed, number))
            self._permutation = (number, torch.randperm(len(self.images), generator=generator))
        return self._permutation[1]

    def indices(self, iteration: int) -> Tensor:
        """Which images the iteration (counted from 0) uses on this rank: int64 (k, m / world_size)."""
        count, size = self.k * self.minibatch_size, len(self.images)
        start = iteration * count
        parts = []
        while count:
            number, offset = divmod(start, size)
            parts.append(self.permutation(number)[offset : offset + count])
            start, count = start + len(parts[-1]), count - len(parts[-1])
        indices = parts[0] if len(parts) == 1 else torch.cat(parts)
        return indices.view(self.k, self.minibatch_size)[:, self.share]

    def flips(self, iteration: int) -> Tensor:
        """Which images of the iteration are mirrored on this rank: bool (k, m / world_size)."""
        generator = torch.Generator().manual_seed(mixed(self.seed, iteration, FLIP))
        return torch.rand(self.k, self.minibatch_size, generator=generator)[:, self.share] < 0.5

    def minibatches(self, iteration: int) -> Iterator[Minibatch]:
        """The k minibatches of an iteration (counted from 0), on `device`."""
        flips = self.flips(iteration).to(self.device) if self.flip else None
        for i, index in enumerate(self.indices(iteration).to(self.images.device)):
            images = self.images[index].to(self.device, non_blocking=True).sub(127.5).div_(127.5)
            if flips is not None:
                images = torch.where(flips[i, :, None, None, None], images.flip(3), images)
            yield Minibatch(images, self.labels[index].to(self.device, non_blocking=True))

    def to(self, device: torch.device, keep: bool) -> None:
        """Deliver minibatches on `device`; with `keep` the images move there if half of its free memory holds them."""
        self.device = device
        if keep and device.type == "cuda" and self.images.nbytes < torch.cuda.mem_get_info(device)[0] / 2:
            self.images, self.labels = self.images.to(device), self.labels.to(device)


class Chunk:
    """Consecutive iterations handed to `training_step` at once; iterating yields each one's minibatches.

    A training framework's cost per step (hooks, progress, signals) is paid per chunk instead of per iteration.
    """

    def __init__(self, source: Source, iterations: range) -> None:
        self.source, self.iterations = source, iterations
        self.minibatch_size = source.minibatch_size
        self.seconds_per_iteration = 0.0

    def to(self, device: torch.device, **_: object) -> "Chunk":
        """What Lightning calls to move a batch; the source is on its device already."""
        return self

    def __iter__(self) -> Iterator[Iterator[Minibatch]]:
        start = time.perf_counter()
        for done, iteration in enumerate(self.iterations, 1):
            yield self.source.minibatches(iteration)
            self.seconds_per_iteration = (time.perf_counter() - start) / done


class Chunks:
    """The training data as Lightning sees it: all iterations from `start` on, cut where the schedule has an event."""

    def __init__(self, source: Source, schedule: Schedule, start: int) -> None:
        self.source, self.schedule, self.start = source, schedule, start

    def __iter__(self) -> Iterator[Chunk]:
        start, seconds = self.start, CHUNK_SECONDS
        pending: list[Chunk] = []
        while start < self.schedule.steps:
            length = agreed(max(1, int(CHUNK_SECONDS / seconds)), self.source.device)
            chunk = Chunk(self.source, range(start, min(start + length, self.schedule.next(start))))
            pending.append(chunk)
            yield chunk
            start = chunk.iterations.stop
            # Lightning fetches one chunk ahead, so the newest may not have run yet.
            pending = pending[-2:]
            seconds = next((c.seconds_per_iteration for c in reversed(pending) if c.seconds_per_iteration), seconds)
