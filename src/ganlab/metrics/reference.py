"""The real images: their statistics, computed once and cached by content."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import safetensors.torch
import torch
from torch import Tensor

from ganlab.data.module import ImageData
from ganlab.metrics.extractors import Extractor
from ganlab.metrics.statistics import Statistics, collect

T = TypeVar("T")
Split = Literal["train", "test"]
KEPT_IMAGES = 60_000  # whose features are kept, all of MNIST; the moments are those of every image
BATCH = 250
FORMAT = "1"  # of the cached files: change it when their content changes its meaning


def cache_folder() -> Path:
    """Where statistics of real images are kept: $GANLAB_CACHE, or ganlab in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("GANLAB_CACHE") or Path(cache) / "ganlab")


class Reference:
    """The real images of a dataset, through an extractor.

    Args:
        data: the dataset.
        extractor: on the device where everything is computed.
        split: which images generated ones are compared with, `train` or `test`.
    """

    def __init__(self, data: ImageData, extractor: Extractor, split: Split = "train") -> None:
        self.data, self.extractor, self.split = data, extractor, split
        self.found: dict[str, Statistics] = {}
        self.memory: dict[Hashable, Any] = {}

    def to(self, device: torch.device) -> None:
        """Have everything on another device from now on."""
        self.extractor.to(device)
        self.found.clear()
        self.memory.clear()

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The value of a computation on real images alone, made once."""
        if key not in self.memory:
            self.memory[key] = compute()
        return self.memory[key]

    @property
    def real(self) -> Statistics:
        """Statistics of the split that is compared with, images in a random but fixed order; no images kept."""
        return self.statistics(self.split)

    @property
    def other_split(self) -> Split:
        """The split that is not compared with."""
        return "test" if self.split == "train" else "train"

    def statistics(self, split: Split) -> Statistics:
        """The same of any split."""
        if split not in self.found:
            device = next(self.extractor.parameters()).device
            self.found[split] = self._read_or_compute(split).each(lambda tensor: tensor.to(device))
        return self.found[split]

    def order(self, split: Split) -> Tensor:
        """The order in which the split's images are taken: int64 (N,)."""
        return torch.randperm(len(self.images(split)), generator=torch.Generator().manual_seed(0))

    def images(self, split: Split) -> Tensor:
        return (self.data.train if split == "train" else self.data.test)[0]

    def _read_or_compute(self, split: Split) -> Statistics:
        facts = [FORMAT, self.extractor.name, self.extractor.sha256, self.extractor.resize, self.sha256[split]]
        path = cache_folder() / f"features-{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}.safetensors"
        if path.is_file():
            return Statistics(**safetensors.torch.load_file(path))
        announcement = f"Computing the features of {len(self.images(split))} real images, once; kept in {path.parent}"
        print(announcement, file=sys.stderr)
        found = collect(self.batches(split), self.extractor, {"features", "logits", "labels"}, KEPT_IMAGES)
        write_tensors(path, {name: tensor.cpu().contiguous() for name, tensor in found.tensors().items()})
        return found

    def batches(self, split: Split) -> Iterator[tuple[Tensor, Tensor]]:
        images, labels = self.data.train if split == "train" else self.data.test
        for index in self.order(split).to(images.device).split(BATCH):
            yield images[index], labels[index]

    @cached_property
    def sha256(self) -> dict[Split, str]:
        """By split, a hash of its images and labels."""
        return {"train": fingerprint(*self.data.train), "test": fingerprint(*self.data.test)}

    @property
    def labelled(self) -> bool:
        return self.data.num_classes > 0


def fingerprint(images: Tensor, labels: Tensor) -> str:
    """A hash of images and labels."""
    digest = hashlib.sha256(f"{tuple(images.shape)}".encode())
    for tensor in (images, labels):
        for part in tensor.cpu().split(10_000):  # parts of a memory map
            digest.update(part.contiguous().numpy().data)
    return digest.hexdigest()


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file that is whole or not there, also when several processes write the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(safetensors.torch.save(tensors))
    Path(file.name).replace(path)
