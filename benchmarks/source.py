"""Images per second: the batch source against torchvision's MNIST behind a DataLoader."""

import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor

from ganlab.data.source import Source

SIZE, BATCH = 20000, 64


def idx(array: torch.Tensor) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.numpy().tobytes()


def rate(batches: Callable[[], Iterable]) -> float:
    """Images per second."""
    start = time.perf_counter()
    count = sum(len(images) for images, _ in batches())
    return count / (time.perf_counter() - start)


def benchmark(rounds: int) -> None:
    """Print the table, on random images in MNIST's format; what is in a picture does not change its cost."""
    images = torch.randint(0, 256, (SIZE, 28, 28), dtype=torch.uint8)
    labels = torch.randint(0, 10, (SIZE,))
    with tempfile.TemporaryDirectory() as root:
        raw = Path(root) / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for name in ("train", "t10k"):
            (raw / f"{name}-images-idx3-ubyte").write_bytes(idx(images))
            (raw / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels.byte()))
        dataset = MNIST(root, transform=Compose([ToTensor(), Normalize((0.5,), (0.5,))]))

    source = Source(images.unsqueeze(1), labels, BATCH, k=1, seed=0)
    variants: dict[str, Callable[[], Iterable]] = {
        "batch source": lambda: (b for i in range(SIZE // BATCH) for b in source.minibatches(i)),
        "DataLoader": lambda: DataLoader(dataset, BATCH, shuffle=True, drop_last=True),
        "DataLoader, 2 workers": lambda: DataLoader(dataset, BATCH, shuffle=True, drop_last=True, num_workers=2),
    }
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds + 1):
        for name, batches in variants.items():
            rates[name].append(rate(batches))
    print(f"Batch source: {rounds} rounds of {SIZE} images of 28×28, batch {BATCH}\n")
    print("| | images/s, median | images/s, of the slowest round | batch source is faster by |\n|---|---|---|---|")
    fastest = rates["batch source"][1:]
    for name, found in rates.items():
        ratio = statistics.median(a / b for a, b in zip(fastest, found[1:], strict=True))
        print(f"| {name} | {statistics.median(found[1:]):,.0f} | {min(found[1:]):,.0f} | {ratio:.0f}× |")
