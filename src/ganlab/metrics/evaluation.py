"""All metrics of one configuration, on one extractor, against one dataset."""

import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import torch
import torchmetrics
from hydra.utils import instantiate
from torch import Tensor

from ganlab.data.module import ImageData
from ganlab.errors import UserError
from ganlab.files import write_atomically
from ganlab.metrics.base import Metric, Setting
from ganlab.metrics.extractors import Extractor, load_extractor
from ganlab.metrics.reference import FORMAT, Reference, Split, cache_folder
from ganlab.metrics.statistics import Statistics, collect
from ganlab.versions import versions


class NoExtractor(UserError):
    """There are no features to compare. For a run by default this is no mistake: it trains without metrics."""


class Evaluation:
    """Computes metrics of generated images, and their floors: the same metrics of real images of the other split.

    Args:
        config: `metrics` of the configuration: the node `extractor`, the word `unsuitable` (`skip` to leave out
            metrics that mean nothing here, `refuse` for an error), and a node for each metric.
        data: the dataset.
        samples: how many generated images there will be.
        labelled: whether they are asked to be of a class.
        split: which real images they are compared with.

    Raises:
        NoExtractor: none is configured.
        UserError: the extractor does not fit the data, or a metric cannot be computed.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        data: ImageData,
        samples: int,
        labelled: bool,
        split: Split = "train",
    ) -> None:
        nodes = dict(config)
        unsuitable, extractor = nodes.pop("unsuitable", "refuse"), nodes.pop("extractor", None)
        if not extractor:
            raise NoExtractor(
                "No metrics can be computed: there is no extractor for this data. If it has labels, make one: python "
                "train.py model=classifier data=… steps=8000 hydra.run.dir=runs/classifier, then say "
                "metrics.extractor=runs/classifier (ganlab evaluate --extractor runs/classifier); for colour "
                "photographs say metrics/extractor=inception (ganlab evaluate --extractor inception)."
            )
        self.extractor: Extractor = load_extractor(extractor)
        self.extractor.check(data.shape)
        self.setting = Setting(self.extractor, data.shape, data.num_classes, samples, labelled)
        self.reference = Reference(data, self.extractor, split)
        self.nodes, self.metrics = {}, {}
        for name, node in nodes.items():
            metric: Metric = instantiate(node)
            if why := metric.unsuitable(self.setting):
                if unsuitable == "skip":
                    continue
                raise UserError(f"metrics.{name} {why}. Leave it out, or say metrics=default for all that apply.")
            metric.check(self.setting)
            self.nodes[name], self.metrics[name] = node, metric

    def to(self, device: torch.device) -> None:
        """Compute on another device."""
        self.reference.to(device)

    @property
    def keep(self) -> set[str]:
        """What the metrics need to be kept of the generated images."""
        return {need for metric in self.metrics.values() for need in metric.needs}

    def collect(self, batches: Iterable[tuple[Tensor, Tensor]], keep: Collection[str] = ()) -> Statistics:
        """Statistics of generated images that come in batches of uint8 (B, C, H, W) and labels int64 (B,).

        Args:
            keep: what to keep beside what the metrics need.
        """
        return collect(batches, self.extractor, self.keep.union(keep))

    def values(self, fake: Statistics) -> dict[str, float]:
        """Every metric's values. Random generators are left as they were; the same images give the same values."""
        values: dict[str, float] = {}
        for metric in self.metrics.values():
            values |= self._seeded(metric, fake)
        return values

    def _seeded(self, metric: Metric, fake: Statistics) -> dict[str, float]:
        device = fake.total.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(0)
            return metric(fake, self.reference)

    @cached_property
    def floor(self) -> dict[str, float]:
        """The values that real images of the other split get, cached by content and configuration.

        As many as there are samples, where there are so many.
        """
        reference = self.reference
        extractor = self.extractor
        facts: list[Any] = [FORMAT, self.nodes, extractor.name, extractor.sha256, extractor.resize, reference.sha256]
        facts += [reference.split, self.setting.samples, self.setting.labelled, torchmetrics.__version__]
        key = sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        path = cache_folder() / f"floor-{key[:32]}.json"
        if path.is_file():
            return json.loads(path.read_text())
        splits = {name: metric.stand_in or reference.other_split for name, metric in self.metrics.items()}
        real = {split: self.real_samples(split) for split in set(splits.values())}
        values: dict[str, float] = {}
        for name, metric in self.metrics.items():
            values |= self._seeded(metric, real[splits[name]])
        write_atomically(path, json.dumps(values))
        return values

    def real_samples(self, split: Split) -> Statistics:
        """Real images in the place of samples: as many as there will be, where there are so many, and with labels only
        if samples have them."""
        count = self.setting.samples
        real = self.reference.statistics(split).first(count)
        precise = real.features.double()
        few = {"count": torch.tensor(len(precise)), "total": precise.sum(0), "outer": precise.T @ precise}
        real = replace(real, **few)
        if not self.setting.labelled:
            real = replace(real, labels=torch.full_like(real.labels, -1))
        if "images" not in self.keep:
            return real
        images = self.reference.images(split)
        order = self.reference.order(split)[:count].to(images.device)
        return replace(real, images=images[order].to(real.total.device))

    def pictures(self, fake: Statistics) -> dict[str, Tensor]:
        """Pictures by metric: uint8 images (N, C, H, W), 8 to a row."""
        found = {name: metric.picture(fake, self.reference) for name, metric in self.metrics.items()}
        return {name: picture for name, picture in found.items() if picture is not None}

    def card(self, **facts: Any) -> dict[str, Any]:
        """What the numbers need to be compared with others, as plain values.

        Args:
            facts: about the samples: seed, weights, iteration.
        """
        reference, extractor = self.reference, self.extractor
        return {
            "extractor": extractor.name,
            "extractor_sha256": extractor.sha256,
            "resize": extractor.resize,
            "num_features": extractor.num_features,
            "samples": self.setting.samples,
            "reference": reference.split,
            "reference_images": len(reference.real),
            "reference_sha256": reference.sha256[reference.split],
            "floor": reference.other_split,
            "floor_images": min(self.setting.samples, len(reference.statistics(reference.other_split).features)),
            **facts,
            "metrics": self.nodes,
            "versions": versions() | {"torchmetrics": torchmetrics.__version__},
        }


def finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """The values, with None for what JSON has no number for."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
