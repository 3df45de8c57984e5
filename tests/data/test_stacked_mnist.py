import hashlib

import torch
from hydra.utils import instantiate

from ganlab.data.stacked_mnist import StackedMNIST
from ganlab.schedule import Schedule
from tests.conftest import composed
from tests.data.test_mnist import FILES, IMAGES, write


def stacked(root) -> StackedMNIST:
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in FILES.items()}
    facts = {
        "shape": (3, 4, 3),
        "num_classes": 1000,
        "batch_size": 2,
        "k": 1,
        "seed": 0,
        "schedule": Schedule(1, 1, 1, 1),
    }
    images = {"train": 50, "test": 7}
    return StackedMNIST(images=images, root=str(root), folder="MNIST", download=None, md5=md5, **facts)


def test_channels_are_digits_and_the_label_says_which(tmp_path):
    images, labels = stacked(write(tmp_path)).load("train")
    assert images.shape == (50, 3, 4, 3)
    assert images.dtype == torch.uint8
    digits = torch.stack([labels // 100, labels // 10 % 10, labels % 10], dim=1)
    assert torch.equal(images, IMAGES["train"][digits])  # image i of the file is the one of digit i
    assert len(labels.unique()) > 20


def test_the_choice_is_always_the_same(tmp_path):
    write(tmp_path)
    one, other = (stacked(tmp_path).load("train")[1] for _ in range(2))
    assert torch.equal(one, other)
    assert stacked(tmp_path).load("test")[0].shape == (7, 3, 4, 3)


def test_experiment_follows_the_published_protocol(tmp_path):
    cfg = composed("experiment=stacked_mnist", f"data.root={tmp_path}", base=[])
    assert (cfg.eval.samples, cfg.metrics.classes.at_least) == (26000, 0)
    assert set(cfg.metrics) == {"extractor", "fid", "classes"}
    assert instantiate(cfg.metrics.extractor).num_classes == instantiate(cfg.data).num_classes == 1000
