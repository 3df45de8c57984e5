"""Distances between sets of features, in blocks, so that memory stays bounded."""

from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK = 1000  # rows at a time


def distances(rows: Tensor, columns: Tensor) -> Iterator[Tensor]:
    """Euclidean distances, up to `BLOCK` rows (n, d) at a time to all columns (m, d): float32 (block, m)."""
    for block in rows.split(BLOCK):
        yield torch.cdist(block, columns, compute_mode="use_mm_for_euclid_dist")


def radii(features: Tensor, k: int) -> Tensor:
    """The distance of each of the features (n, d) to its k-th nearest other one: (n,)."""
    return torch.cat([block.topk(k + 1, largest=False).values[:, k] for block in distances(features, features)])
