"""CelebA (Liu et al. 2015, arXiv:1411.7766), prepared once as a memory map."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganlab.data.module import ImageData
from ganlab.errors import UserError

SPLITS = {"train": (0, 1), "test": (2,)}  # training and validation images train; see docs/data.md


class CelebA(ImageData):
    """What `ganlab data prepare celeba` made in root/celeba/SIZE.

    Args:
        root: the data folder.
        size: the side of the images.
        label: the attribute that is the label (0 absent, 1 present), such as Smiling; None for no labels.
    """

    def __init__(self, root: str, size: int, label: str | None, **facts: Any) -> None:
        super().__init__(**facts)
        self.folder, self.label = Path(root) / "celeba" / str(size), label

    def prepare_data(self) -> None:
        if not (self.folder / "facts.json").is_file():
            raise UserError(
                f"CelebA is not prepared in {self.folder.absolute()}. Get it from its authors or from Kaggle (its "
                "terms forbid passing it on, so nothing is downloaded), then: ganlab data prepare celeba --source PATH "
                f"--root {self.folder.parents[1]} --size {self.folder.name}. PATH may be torchvision's folder, the "
                "zip, Kaggle's folder with csv files, or a folder of JPEGs."
            )
        known = json.loads((self.folder / "facts.json").read_text())["attributes"]
        if self.label and self.label not in known:
            raise UserError(
                f"data.label={self.label}: "
                + (f"no such attribute. Known: {', '.join(known)}." if known else "prepared without annotations.")
            )

    def load(self, split: str) -> tuple[Tensor, Tensor]:
        facts = json.loads((self.folder / "facts.json").read_text())
        annotations = np.load(self.folder / "annotations.npz")
        images = torch.from_numpy(np.load(self.folder / "images.npy", mmap_mode="c"))  # pages are read when used
        chosen = np.flatnonzero(np.isin(annotations["split"], SPLITS[split]))
        if len(chosen) and chosen[-1] - chosen[0] + 1 == len(chosen):  # the official splits are contiguous: no copy
            images = images[int(chosen[0]) : int(chosen[-1]) + 1]
        else:
            images = images[torch.from_numpy(chosen)]
        if self.label is None:
            return images, torch.full((len(chosen),), -1)
        column = annotations["attributes"][chosen, facts["attributes"].index(self.label)]
        return images, torch.from_numpy(column.astype(np.int64))
