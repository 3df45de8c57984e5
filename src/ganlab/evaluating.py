"""Metrics of a run's samples, or of anybody's images."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image
from torch import Tensor

from ganlab.config import choices, composed, suggestion
from ganlab.data.folders import is_image
from ganlab.data.module import ImageData
from ganlab.errors import UserError
from ganlab.metrics.evaluation import Evaluation, finite
from ganlab.metrics.flags import find_flags
from ganlab.metrics.memorisation import nearest_images
from ganlab.metrics.reference import Split
from ganlab.metrics.statistics import Statistics
from ganlab.pictures import save_picture
from ganlab.run import read_config
from ganlab.sampling import load_gan, sample_blocks


@dataclass(frozen=True)
class Asked:
    """How to measure. None leaves it to the run, or to the data's defaults.

    Attributes:
        extractor: a name in conf/metrics/extractor, a classifier's run, or a file of Inception's weights.
        metrics: names in conf/metrics, with commas between.
        split: of the real images.
        root: where the dataset is, in place of its `data.root`.
        batch_size: images at a time.
        download: fetch Inception's weights if they are not there.
        keep: what to keep of the images beside what the metrics need.
    """

    extractor: str | None
    metrics: str | None
    split: Split
    root: Path | None
    batch_size: int
    download: bool
    keep: Collection[str]


class Measured:
    """The values of some images.

    Args:
        evaluation: what they were measured with.
        fake: the images.
        facts: about them, for the card.
    """

    def __init__(self, evaluation: Evaluation, fake: Statistics, facts: dict[str, Any]) -> None:
        self.evaluation, self.fake = evaluation, fake
        self.values, self.floor, self.card = evaluation.values(fake), evaluation.floor, evaluation.card(**facts)
        row = {"iteration": 1.0, **self.values}
        self.flags = find_flags([row], self.floor, evaluation.extractor.num_classes, every=1)

    def json(self) -> str:
        """Everything, for a program."""
        everything = {"metrics": finite(self.values), "floor": finite(self.floor), "flags": self.flags}
        return json.dumps(everything | {"card": self.card}, indent=2)

    def text(self) -> str:
        """The same for a person."""
        width = max(map(len, self.values))
        lines = [f"{'':{width}}  {'samples':>10}  {'floor':>10}"]
        lines += [f"{name:{width}}  {value:10.4g}  {self.floor[name]:10.4g}" for name, value in self.values.items()]
        lines += [f"{name}: {reason}" for name, reason in self.flags.items()]
        card = self.card
        lines += [
            "",
            f"{card['samples']} images on {card['extractor']} (SHA-256 {card['extractor_sha256'][:12]}…, resize: "
            f"{card['resize']}) against the {card['reference_images']} of the {card['reference']} split. Floor: the "
            f"{card['floor_images']} of the {card['floor']} split. The whole card: --json",
        ]
        return "\n".join(lines)

    def save_features(self, path: Path) -> None:
        """Write an npz with the features `fake` and `real`, float32 (N, d)."""
        with path.open("wb") as file:
            real = self.evaluation.reference.real.features
            np.savez(file, fake=self.fake.features.cpu().numpy(), real=real.cpu().numpy())

    def save_neighbours(self, path: Path) -> None:
        """Write a picture of eight samples, each followed by its nearest training images."""
        save_picture(nearest_images(self.fake, self.evaluation.reference).cpu(), path)


def evaluate_run(run: Path, checkpoint: str, weights: str, samples: int, seed: int, asked: Asked) -> Measured:
    """Measure samples of a run's generator.

    Args:
        run: its directory.
        checkpoint: `last`, `best` or a path.
        weights: `ema` or `raw`.
        seed: of the noise.

    Raises:
        UserError: the run, its data or the extractor cannot be used, or do not fit each other.
    """
    config = read_config(run)
    model = load_gan(run, checkpoint).to(device())
    data = dataset(config["data"], asked.root)
    nodes = config.get("metrics") or metrics_of("metrics=default")
    evaluation = build(nodes, asked, data, samples, labelled=model.num_classes > 0)
    labels = data.train[1] if model.num_classes else None
    facts = {"run": str(run), "seed": seed, "weights": weights, "iteration": model.iteration}
    batches = sample_blocks(model, labels, samples, seed, weights, asked.batch_size)
    return Measured(evaluation, evaluation.collect(batches, asked.keep), facts)


def evaluate_images(path: Path, reference: str, samples: int | None, asked: Asked) -> Measured:
    """Measure images from elsewhere against a dataset.

    Args:
        path: a folder of images, or an npz with `images` (uint8, N×H×W×C) and perhaps `labels`.
        reference: a name in conf/data.
        samples: how many of them, at random; None for all.

    Raises:
        UserError: they cannot be read, or do not fit the reference or the extractor.
    """
    known = [name for name in choices("data") if name != "images"]  # which is what they have in common
    if reference not in known:
        raise UserError(f"--reference {reference}: no such data. Known: {', '.join(known)}.")
    where = [f"data.root='{asked.root}'"] if asked.root else []
    cfg = composed(f"data={reference}", *where)
    data = dataset(OmegaConf.to_container(cfg.data, resolve=True), None)
    images = Folder(path, data.shape) if path.is_dir() else Npz(path, data.shape)
    if not len(images):
        raise UserError(f"{path} holds no images. Name a folder that does, or an npz.")
    if len(images) < (samples or 1):
        raise UserError(f"{path} holds {len(images)} images, fewer than the {samples} asked for with --samples.")
    if images.labels is not None and images.labels.max() >= data.num_classes:
        raise UserError(
            f"{path}: `labels` go up to {images.labels.max()}; {reference} has the classes 0 to {data.num_classes - 1}."
        )
    samples = samples or len(images)
    evaluation = build(
        OmegaConf.to_container(cfg.metrics, resolve=True), asked, data, samples, labelled=images.labels is not None
    )
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:samples]
    batches = (images[index] for index in order.split(asked.batch_size))
    return Measured(evaluation, evaluation.collect(batches, asked.keep), {"images": str(path)})


def build(nodes: Any, asked: Asked, data: ImageData, samples: int, labelled: bool) -> Evaluation:
    """The evaluation that was asked for, on the GPU if there is one."""
    if asked.metrics:
        known = [name for name in choices("metrics") if name != "default"]
        if unknown := [name for name in asked.metrics.split(",") if name not in known]:
            raise UserError(f"--metrics {unknown[0]}: no such metric. {suggestion(unknown[0], known)}")
        nodes = {"extractor": nodes.get("extractor"), **metrics_of(f"metrics=[{asked.metrics}]")}
    if asked.extractor in choices("metrics/extractor"):
        nodes = nodes | {"extractor": metrics_of(f"metrics/extractor={asked.extractor}", keep=True)["extractor"]}
    elif asked.extractor and Path(asked.extractor).is_file():
        inception = metrics_of("metrics/extractor=inception", keep=True)["extractor"]
        nodes = nodes | {"extractor": inception | {"weights": asked.extractor}}
    elif asked.extractor:
        if not Path(asked.extractor).is_dir():
            raise UserError(
                f"--extractor {asked.extractor}: expected one of {', '.join(choices('metrics/extractor'))}, the "
                "directory of a run of model=classifier, or a file of Inception's weights."
            )
        nodes = nodes | {"extractor": asked.extractor}
    if asked.download:
        if not isinstance(nodes.get("extractor"), dict) or "download" not in nodes["extractor"]:
            raise UserError("--download fetches Inception's weights; it goes with --extractor inception.")
        nodes = nodes | {"extractor": {**nodes["extractor"], "download": True}}
    evaluation = Evaluation(nodes, data, samples, labelled, asked.split)
    evaluation.to(device())
    return evaluation


def metrics_of(override: str, keep: bool = False) -> dict[str, Any]:
    """The configuration's `metrics` under one override, without the extractor unless it is to be kept."""
    nodes: Any = OmegaConf.to_container(composed(override).metrics, resolve=True)
    return nodes if keep else {name: node for name, node in nodes.items() if name != "extractor"}


def dataset(node: Any, root: Path | None) -> ImageData:
    """The dataset of a configuration, its files there."""
    if root and "root" not in node:
        raise UserError(f"--root {root}: this data is not read from a folder. Leave it out.")
    data: ImageData = instantiate(node | ({"root": str(root)} if root else {}))
    data.prepare_data()
    return data


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Npz:
    """The images of an npz, uint8 (N, H, W, C), and its labels if there are any."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        try:
            content = np.load(path)
            if isinstance(content, np.ndarray):
                raise ValueError("it holds a single array; save it with np.savez(FILE, images=array)")
            with content:
                if "images" not in content and "arr_0" not in content:
                    raise ValueError(f"it has only {', '.join(content)}")
                images = content["images" if "images" in content else "arr_0"]
                labels = content.get("labels")
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise UserError(
                f"{path} is neither a folder of images nor an npz with `images`, uint8 (N, H, W, C): {error}"
            ) from error
        if images.ndim == 3:
            images = images[..., None]
        if images.dtype != np.uint8 or images.ndim != 4:
            raise UserError(f"{path}: `images` is {images.dtype} {images.shape}; expected uint8 (N, H, W, C).")
        if labels is not None and (labels.shape != images.shape[:1] or labels.dtype.kind not in "iu"):
            raise UserError(f"{path}: `labels` is {labels.dtype} {labels.shape}; expected a whole number per image.")
        self.images = torch.from_numpy(images).permute(0, 3, 1, 2)
        check_shape(path, tuple(self.images.shape[1:]), shape)
        self.labels = None
        if labels is not None and len(labels) and labels.min() >= 0:
            self.labels = torch.from_numpy(labels.astype(np.int64))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Tensor) -> tuple[Tensor, Tensor]:
        return self.images[index], torch.full_like(index, -1) if self.labels is None else self.labels[index]


class Folder:
    """The images in a folder and below, read when they are needed; without labels."""

    labels = None

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self.paths = sorted(file for file in path.rglob("*") if is_image(file))
        self.shape = shape

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Tensor) -> tuple[Tensor, Tensor]:
        return torch.stack([self.read(self.paths[i]) for i in index.tolist()]), torch.full_like(index, -1)

    def read(self, path: Path) -> Tensor:
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("L" if self.shape[0] == 1 else "RGB"))
        except (OSError, SyntaxError, ValueError) as error:
            raise UserError(f"{path} cannot be read as an image ({error}). Remove or mend it.") from error
        tensor = torch.from_numpy(pixels.copy()).view(*pixels.shape[:2], -1).permute(2, 0, 1)
        check_shape(path, tuple(tensor.shape), self.shape)
        return tensor


def check_shape(path: Path, given: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if given != expected:
        raise UserError(
            f"{path} has images of {given[1]}×{given[2]} pixels and {given[0]} channels; the reference has "
            f"{expected[1]}×{expected[2]} and {expected[0]}. Resize them the way the reference was, or name another "
            "reference: resizing changes the numbers, so it is not done silently."
        )
