import pytest
import torch

from ganlab.callbacks.log import read_metrics
from tests.conftest import TINY, parts

BASE = [o for o in TINY if not o.startswith("model=")]


@pytest.mark.parametrize("choice", ["conditional", "conditional_dcgan"])
def test_both_networks_are_told_the_labels_of_the_minibatch(choice, tmp_path):
    small = ["model.width=4"] if "dcgan" in choice else []
    model, data, trainer = parts(f"model={choice}", *small, "steps=2")
    trainer.callbacks.clear()
    told: dict[str, list] = {"generator": [], "discriminator": []}
    for name in told:
        network = getattr(model, name)
        network.register_forward_pre_hook(lambda _, inputs, name=name: told[name].append(inputs[1]))
    trainer.fit(model, data)
    real = [next(data.source.minibatches(i)).labels for i in range(2)]
    assert [labels.tolist() for labels in told["generator"]] == [real[i].tolist() for i in (0, 0, 1, 1)]
    assert [labels.tolist() for labels in told["discriminator"]] == [real[i].tolist() for i in (0, 0, 0, 1, 1, 1)]


def test_grid_has_a_row_per_class(train, tmp_path):
    from PIL import Image

    assert train(tmp_path / "run", "model=conditional", "steps=2", base=BASE) == 0
    assert Image.open(tmp_path / "run/samples/000002.png").size == (8 * 30 + 2, 10 * 30 + 2)
    assert len(read_metrics(tmp_path / "run/metrics.csv")) == 1


@pytest.mark.parametrize("choice", ["conditional", "conditional_dcgan", "classifier"])
def test_data_without_labels(choice, train, tmp_path, capfd):
    from PIL import Image

    for i in range(20):
        Image.new("RGB", (40, 40), (i, 0, 0)).save(tmp_path / f"{i}.png")
    data = ["data=image_folder", f"data.root={tmp_path}", "data.size=32", "data.batch_size=4"]
    base = [o for o in BASE if not o.startswith("data=")]
    assert train(tmp_path.with_name("run"), f"model={choice}", *data, base=base) == 2
    assert "this data has none" in capfd.readouterr().err
    assert not tmp_path.with_name("run").exists()


def test_sample_asks_for_classes():
    model, _, _ = parts("model=conditional")
    noise = model.latent(1, torch.Generator().manual_seed(0))
    made = [model.sample(noise, torch.tensor([label])) for label in (1, 2)]
    assert not torch.equal(*made)
