"""The LightningDataModule of every image dataset."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import lightning as L
from torch import Tensor

from ganlab.data.source import Chunks, Source
from ganlab.errors import UserError
from ganlab.schedule import Schedule


class ImageData(L.LightningDataModule, ABC):
    """Images and labels of one dataset, served by the batch source.

    Args:
        shape: (C, H, W) of an image.
        num_classes: labels are 0..num_classes − 1.
        batch_size: m, real images per minibatch, over all devices together.
        k: minibatches per iteration.
        seed: of the order of the images.
        schedule: the run's schedule.
        flip: mirror training images at random, with probability one half.
        device: `auto` keeps the images on the GPU if they fit; `cpu` keeps them in memory.
        class_names: what the labels are called; by default their numbers.
    """

    def __init__(
        self,
        shape: Sequence[int],
        num_classes: int,
        batch_size: int,
        k: int,
        seed: int,
        schedule: Schedule,
        flip: bool = False,
        device: str = "auto",
        class_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        if device not in ("auto", "cpu"):
            raise UserError(f"data.device={device}: expected auto or cpu.")
        self.shape, self.num_classes, self.flip, self.device = tuple(shape), num_classes, flip, device
        self.class_names = list(class_names) if class_names else [str(i) for i in range(num_classes)]
        self.batch_size, self.k, self.seed, self.schedule = batch_size, k, seed, schedule

    @abstractmethod
    def load(self, split: str) -> tuple[Tensor, Tensor]:
        """The images, uint8 (N, C, H, W), and labels, int64 (N,), of the split `train` or `test`."""

    @cached_property
    def train(self) -> tuple[Tensor, Tensor]:
        """The training split, in memory."""
        return self.load("train")

    @cached_property
    def test(self) -> tuple[Tensor, Tensor]:
        """The test split, in memory."""
        return self.load("test")

    def setup(self, stage: str) -> None:
        images, labels = self.train
        trainer = self.trainer
        rank, world_size = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        self.source = Source(images, labels, self.batch_size, self.k, self.seed, self.flip, rank, world_size)

    def train_dataloader(self) -> Chunks:
        assert self.trainer
        self.source.to(self.trainer.strategy.root_device, keep=self.device == "auto")
        return Chunks(self.source, self.schedule, start=self.trainer.lightning_module.iteration)
