"""Every yaml composes and builds what it says."""

from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

from ganlab.config import resolve
from ganlab.metrics.base import Metric
from ganlab.models.gan import GAN
from tests.conftest import ROOT, composed

CONF = ROOT / "conf"
# Parts of other files, and what needs no override to be in use.
PARTS = {"train.yaml", "data/images.yaml", "hydra/default.yaml"}
CHOICES = sorted(
    str(path.relative_to(CONF)) for path in CONF.rglob("*.yaml") if str(path.relative_to(CONF)) not in PARTS
)


@pytest.mark.parametrize("choice", CHOICES)
def test_composes_and_instantiates(choice: str, tmp_path: Path):
    group, _, name = choice.removesuffix(".yaml").rpartition("/")
    root = [f"data.root={tmp_path}"] if choice == "data/image_folder.yaml" else []
    cfg = composed(f"{group}={name}", *root, base=["trainer.accelerator=cpu"], directory=tmp_path)
    resolve(cfg)
    model = instantiate(cfg.model)
    data = instantiate(cfg.data)
    if isinstance(model, GAN):
        labels = torch.zeros(2, dtype=torch.int64)
        assert model.sample(model.latent(2), labels).shape[1:] == data.shape
    else:
        assert model.predict(torch.zeros(2, *data.shape)).shape == (2, data.num_classes)
    for node in (*cfg.callbacks.values(), *(cfg.logger or {}).values(), cfg.trainer):
        if node:
            instantiate(node)
    for name, node in cfg.metrics.items():
        if isinstance(node, DictConfig) and node and name != "extractor":
            assert isinstance(instantiate(node), Metric)
    if "Inception" not in cfg.metrics.extractor.get("_target_", "Inception"):  # whose weights are not there
        instantiate(cfg.metrics.extractor)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", sorted((CONF / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_experiments_open_with_their_command(path: Path):
    assert f"python train.py experiment={path.stem}" in path.read_text()
