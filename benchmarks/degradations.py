"""python -m benchmarks.degradations PICTURE: every default metric on real test images with known damage, on MNIST."""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from hydra.utils import instantiate
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from ganlab.config import composed
from ganlab.metrics.evaluation import Evaluation

SAMPLES = 2000
METRICS = ["fid", "kid", "is", "precision", "recall", "density", "coverage", "modes", "class_kl", "ms_ssim"]
METRICS += ["memorisation", "copies"]


class Damage:
    """The kinds of damage; each takes an amount and returns `SAMPLES` uint8 images."""

    def __init__(self, test: tuple[Tensor, Tensor], train: Tensor) -> None:
        self.images, self.labels = test
        self.train = train[torch.randperm(len(train))]

    def noise(self, sigma: float) -> Tensor:
        images = self.images[:SAMPLES]
        return (images + 255 * sigma * torch.randn(images.shape)).clamp(0, 255).to(torch.uint8)

    def blur(self, sigma: float) -> Tensor:
        return gaussian_blur(self.images[:SAMPLES], [15, 15], [sigma, sigma]) if sigma else self.images[:SAMPLES]

    def dropped_classes(self, dropped: float) -> Tensor:
        return self.images[self.labels >= dropped][:SAMPLES]

    def collapse(self, fraction: float) -> Tensor:
        """Few distinct images, each again and again with hardly any noise."""
        distinct = self.images[: round(SAMPLES * (1 - fraction))]
        images = distinct.repeat(-(-SAMPLES // len(distinct)), 1, 1, 1)[:SAMPLES]
        return (images + 5 * torch.randn(images.shape)).clamp(0, 255).to(torch.uint8)

    def copies(self, fraction: float) -> Tensor:
        copied = round(SAMPLES * fraction)
        return torch.cat([self.train[:copied], self.images[: SAMPLES - copied]])


def draw(path: Path) -> None:
    """Measure and draw: a row per metric, a column per kind of damage, the floor as a line."""
    cfg = composed("data=mnist")
    data = instantiate(OmegaConf.to_container(cfg.data, resolve=True))
    data.prepare_data()
    torch.manual_seed(0)
    damage = Damage(data.test, data.train[0])
    evaluation = Evaluation(OmegaConf.to_container(cfg.metrics, resolve=True), data, SAMPLES, labelled=False)
    kinds: dict[str, tuple[Callable[[float], Tensor], list[float]]] = {
        "noise, σ of [0, 1]": (damage.noise, [0, 0.1, 0.2, 0.3, 0.5]),
        "blur, σ in pixels": (damage.blur, [0, 0.5, 1, 1.5, 2.5]),
        "classes dropped": (damage.dropped_classes, [0, 2, 4, 6, 8]),
        "collapse, repeated fraction": (damage.collapse, [0, 0.5, 0.9, 0.97, 0.99]),
        "copied from training": (damage.copies, [0, 0.25, 0.5, 0.75, 1]),
    }
    figure = Figure(figsize=(2.6 * len(kinds), 1.5 * len(METRICS)), layout="constrained")
    axes = figure.subplots(len(METRICS), len(kinds), sharex="col", sharey="row")
    for column, (title, (make, amounts)) in enumerate(kinds.items()):
        values = []
        for amount in amounts:
            images = make(amount)
            values.append(
                evaluation.values(evaluation.collect((b, torch.full((len(b),), -1)) for b in images.split(250)))
            )
            print(title, amount, {name: round(values[-1][name], 4) for name in METRICS}, flush=True)
        for row, name in enumerate(METRICS):
            axis = axes[row, column]
            axis.axhline(evaluation.floor[name], color="grey", linewidth=0.8, linestyle="--")
            axis.plot(amounts, [value[name] for value in values], marker="o", markersize=3)
            if column == 0:
                axis.set_ylabel(name)
        axes[0, column].set_title(title, fontsize=10)
    figure.savefig(path, dpi=70)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
