"""Time of an evaluation: all default metrics of 10,000 samples, and FID per image against torch-fidelity."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import torch_fidelity
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch.utils.data import Dataset
from torch_fidelity.feature_extractor_base import FeatureExtractorBase

from ganlab.config import composed
from ganlab.errors import UserError
from ganlab.metrics.evaluation import Evaluation
from ganlab.metrics.extractors import shipped
from ganlab.metrics.fid import frechet_distance
from ganlab.metrics.statistics import collect
from ganlab.sampling import sample_blocks

SAMPLES = 10_000
BATCH = 250


def benchmark(rounds: int) -> None:
    """Print both tables; the first needs MNIST (GANLAB_DATA)."""
    cfg = composed("data=mnist")
    data = instantiate(OmegaConf.to_container(cfg.data, resolve=True))
    try:
        data.prepare_data()
    except UserError as error:
        print(f"Evaluation of the default MNIST model: skipped. {error}\n")
    else:
        default_metrics(cfg, data, rounds)
    against_torch_fidelity(rounds)


def default_metrics(cfg: Any, data: Any, rounds: int) -> None:
    model = instantiate(cfg.model)
    evaluation = Evaluation(OmegaConf.to_container(cfg.metrics, resolve=True), data, SAMPLES, labelled=False)
    _ = evaluation.floor  # real statistics cached
    rows: dict[str, list[float]] = {"samples and features": []}
    totals = []
    for _ in range(rounds + 1):  # the first warms up
        start = last = time.perf_counter()
        fake = evaluation.collect(sample_blocks(model, None, SAMPLES, seed=0))
        rows["samples and features"].append(time.perf_counter() - last)
        for name, metric in evaluation.metrics.items():
            last = time.perf_counter()
            metric(fake, evaluation.reference)
            rows.setdefault(name, []).append(time.perf_counter() - last)
        totals.append(time.perf_counter() - start)
    print(f"Evaluation: {SAMPLES} samples of the default MNIST model, mnist-cnn, {rounds} rounds\n")
    print("| | seconds, median | minimum |\n|---|---|---|")
    for name, seconds in (rows | {"**all**": totals}).items():
        print(f"| {name} | {statistics.median(seconds[1:]):.3f} | {min(seconds[1:]):.3f} |")
    print()


class Images(Dataset):
    """uint8 images (N, C, H, W), as torch-fidelity wants them."""

    def __init__(self, images: torch.Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.images[index]


class Wrapped(FeatureExtractorBase):
    """mnist-cnn for torch-fidelity."""

    def __init__(self, name: str, features_list: list[str], **_: Any) -> None:
        super().__init__(name, features_list)
        self.extractor = shipped("mnist-cnn")

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        return ("features",)

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        return "features"

    @staticmethod
    def can_be_compiled() -> bool:
        return False

    @staticmethod
    def get_dummy_input_for_compile() -> torch.Tensor:
        return torch.zeros(1, 1, 28, 28, dtype=torch.uint8)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor]:
        return (self.extractor(images)[0],)


def against_torch_fidelity(rounds: int) -> None:
    torch_fidelity.register_feature_extractor("mnist-cnn", Wrapped)
    generator = torch.Generator().manual_seed(0)
    sets = [torch.randint(n, (SAMPLES, 1, 28, 28), dtype=torch.uint8, generator=generator) for n in (256, 200)]
    inputs = {f"input{i}": Images(images) for i, images in enumerate(sets, 1)}
    settings = {"fid": True, "cuda": False, "verbose": False, "cache": False, "batch_size": BATCH}
    extractor = shipped("mnist-cnn")
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds + 1):
            start = time.perf_counter()
            labels = torch.zeros(BATCH)
            one, other = (collect(((b, labels) for b in images.split(BATCH)), extractor, ()) for images in sets)
            value = frechet_distance(one, other)
            ours.append((time.perf_counter() - start) / (2 * SAMPLES))
            start = time.perf_counter()
            published = torch_fidelity.calculate_metrics(
                **inputs, **settings, feature_extractor="mnist-cnn", cache_root=str(Path(folder)), save_cpu_ram=True
            )["frechet_inception_distance"]
            theirs.append((time.perf_counter() - start) / (2 * SAMPLES))
    ratios = [a / b for a, b in zip(ours[1:], theirs[1:], strict=True)]
    print(f"FID of 2 × {SAMPLES} images, the same extractor (mnist-cnn), batches of {BATCH}, {rounds} rounds\n")
    print("| | ms per image, median | value |\n|---|---|---|")
    print(f"| ganlab | {1000 * statistics.median(ours[1:]):.4f} | {value:.6f} |")
    print(f"| torch-fidelity | {1000 * statistics.median(theirs[1:]):.4f} | {published:.6f} |")
    print(f"\nganlab / torch-fidelity, by round: median {statistics.median(ratios):.3f}, maximum {max(ratios):.3f}\n")
