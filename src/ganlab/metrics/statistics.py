"""What is remembered of a set of images: the moments of its features, and whatever else a metric asks for."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from ganlab.distributed import gathered, summed
from ganlab.metrics.extractors import Extractor

KEPT = ("features", "logits", "labels", "images")  # what grows with the number of images
NOTHING = torch.empty(0)


@dataclass(frozen=True)
class Statistics:
    """A set of N images, seen through an extractor. What was not asked for is empty.

    Attributes:
        count: N, int64 ().
        total: the sum of the features, float64 (d,).
        outer: the sum of their outer products, float64 (d, d).
        features: float32 (n, d). n is N, or less for a large reference.
        logits: float32 (n, classes).
        labels: int64 (n,); −1 for none.
        images: uint8 (n, C, H, W).
    """

    count: Tensor
    total: Tensor
    outer: Tensor
    features: Tensor = NOTHING
    logits: Tensor = NOTHING
    labels: Tensor = NOTHING
    images: Tensor = NOTHING

    def __len__(self) -> int:
        return int(self.count)

    def tensors(self) -> dict[str, Tensor]:
        """Everything, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def each(self, function: Callable[[Tensor], Tensor]) -> "Statistics":
        """The same with a function applied to every tensor."""
        return Statistics(**{name: function(tensor) for name, tensor in self.tensors().items()})

    def gathered(self) -> "Statistics":
        """The same of all processes' images, in the order of the processes; with one process, itself."""
        sums = {name: summed(getattr(self, name)) for name in ("count", "total", "outer")}
        return Statistics(**sums, **{k: gathered(t) for k, t in self.tensors().items() if k in KEPT and t.numel()})

    def first(self, count: int) -> "Statistics":
        """The same with only the first images kept; the moments stay those of all."""
        return replace(self, **{k: tensor[:count] for k, tensor in self.tensors().items() if k in KEPT})


def collect(
    batches: Iterable[tuple[Tensor, Tensor]], extractor: Extractor, keep: Collection[str], at_most: int | None = None
) -> Statistics:
    """Statistics of images that come in batches (uint8 (B, C, H, W), labels int64 (B,)), on the extractor's device.

    The result does not depend on the batches' sizes, and unless something is kept, neither memory on their number.

    Args:
        keep: which of `KEPT`.
        at_most: keep no more than the first so many.
    """
    d = extractor.num_features
    device = next(extractor.parameters()).device
    total = torch.zeros(d, dtype=torch.float64, device=device)
    outer = torch.zeros(d, d, dtype=torch.float64, device=device)
    kept: dict[str, list[Tensor]] = {name: [] for name in KEPT if name in keep}
    count = 0
    for images, labels in batches:
        images, labels = images.to(device), labels.to(device)
        features, logits = extractor(images)
        precise = features.double()
        total += precise.sum(0)
        outer += precise.T @ precise
        if at_most is None or count < at_most:
            available = {"features": features, "logits": logits, "labels": labels, "images": images}
            for name, parts in kept.items():
                parts.append(available[name])
        count += len(images)
    collected = {name: torch.cat(parts) for name, parts in kept.items()}
    found = Statistics(torch.tensor(count, device=device), total, outer, **collected)
    return found if at_most is None else found.first(at_most)
