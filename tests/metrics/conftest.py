"""Real and made images of digits, and what measures them."""

from collections.abc import Callable

import pytest
import torch
from hydra.utils import instantiate
from torch import Tensor

from ganlab.evaluating import metrics_of
from ganlab.metrics.evaluation import Evaluation
from tests.conftest import composed


@pytest.fixture(scope="session")
def digits():
    return instantiate(composed("data=digits").data)


@pytest.fixture(scope="session")
def mnist():
    """The real files."""
    from tests.data.test_mnist import REAL

    if not REAL.is_dir():
        pytest.skip("the real MNIST is not here")
    return instantiate(composed("data=mnist", f"data.root={REAL}").data)


@pytest.fixture(scope="session")
def measure(digits) -> Callable[..., dict[str, float]]:
    """`measure(images, labels, metrics="fid,kid")`: their values against the digits' training images."""

    def call(images: Tensor, labels: Tensor | None = None, metrics: str = "default", batch_size: int = 250, **nested):
        nodes = metrics_of("metrics=default" if metrics == "default" else f"metrics=[{metrics}]")
        for name, settings in nested.items():
            nodes[name] |= settings
        nodes["extractor"] = metrics_of("metrics/extractor=digits-cnn", keep=True)["extractor"]
        evaluation = Evaluation(nodes, digits, len(images), labelled=labels is not None)
        labels = torch.full((len(images),), -1) if labels is None else labels
        batches = zip(images.split(batch_size), labels.split(batch_size), strict=True)
        return evaluation.values(evaluation.collect(batches))

    return call
