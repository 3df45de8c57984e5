import torch
from sklearn.datasets import load_digits

from tests.conftest import parts


def test_splits_are_all_of_the_digits():
    _, data, _ = parts()
    images, labels = data.load("train")
    test_images, test_labels = data.load("test")
    assert images.dtype == torch.uint8
    assert images.shape == (1438, 1, 28, 28)
    assert test_images.shape == (359, 1, 28, 28)
    assert torch.equal(
        torch.bincount(torch.cat([labels, test_labels])), torch.bincount(torch.tensor(load_digits().target))
    )


def test_upsampling_keeps_the_picture():
    _, data, _ = parts()
    small = torch.tensor(load_digits().images[0]) / 16 * 255
    large = data.load("train")[0][0].double()
    shrunk = torch.nn.functional.interpolate(large[None], size=(8, 8), mode="area")[0, 0]
    assert torch.corrcoef(torch.stack([small.flatten(), shrunk.flatten()]))[0, 1] > 0.97
