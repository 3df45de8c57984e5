import json

import pytest
import torch

from ganlab.callbacks.accuracy import confusion
from tests.conftest import TINY, parts

BASE = [o for o in TINY if not o.startswith("model=")]


def test_learns_digits_in_seconds(train, tmp_path):
    run = tmp_path / "run"
    assert train(run, "model=classifier", "steps=150", "data.batch_size=64", base=BASE) == 0
    metrics = json.loads((run / "result.json").read_text())["metrics"]["final"]
    assert metrics["test_accuracy"] > 0.95
    assert {f"test_accuracy_{digit}" for digit in range(10)} <= metrics.keys()
    assert (run / "confusion.png").exists()
    assert not (run / "samples").exists()


def test_confusion_matrix():
    model, _, _ = parts("model=classifier")
    model.predict = lambda images: torch.nn.functional.one_hot(images.flatten().long(), 10)
    matrix = confusion(model, torch.tensor([1, 1, 2, 7]), torch.tensor([1, 2, 2, 7]))
    assert matrix.sum() == 4
    assert [matrix[1, 1], matrix[2, 1], matrix[2, 2], matrix[7, 7]] == [1, 1, 1, 1]


def test_jitter_moves_the_picture_and_brings_in_black():
    model, _, _ = parts("model=classifier", "model.jitter=[0,0,0.25]")
    torch.manual_seed(0)
    white = model.jittered(torch.ones(50, 1, 28, 28))
    assert white.min() == pytest.approx(-1, abs=1e-5)
    assert white.mean(dim=(1, 2, 3)).min() < 0.9
    model, _, _ = parts("model=classifier", "model.jitter=[0,0,0]")
    images = torch.rand(4, 1, 28, 28) * 2 - 1
    assert torch.allclose(model.jittered(images), images, atol=1e-5)


def test_predictions_do_not_depend_on_the_mode():
    model, data, _ = parts("model=classifier")
    images = data.test[0][:20]
    model.train()
    first = model.predict(images)
    model.eval()
    assert torch.equal(first, model.predict(images))
