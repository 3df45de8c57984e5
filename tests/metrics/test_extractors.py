import hashlib
import json

import pytest
import torch
from torch import nn

from ganlab.errors import UserError
from ganlab.metrics.extractors import SHIPPED, Inception, Stacked, from_run, load_extractor, shipped
from ganlab.metrics.fid import frechet_distance
from ganlab.metrics.statistics import collect
from tests.conftest import TINY


@pytest.fixture(scope="module")
def images(digits):
    return digits.test[0][:40]


def test_shipped_extractors_are_small_and_as_good_as_their_cards_say(digits):
    assert sum(path.stat().st_size for path in SHIPPED.glob("*.safetensors")) <= 1_000_000
    for name, least in (("mnist-cnn", 0.995), ("digits-cnn", 0.98)):
        card = json.loads((SHIPPED / f"{name}.json").read_text())
        assert card["test_accuracy"] >= least
        assert card["command"].startswith("python train.py model=classifier")
        assert hashlib.sha256((SHIPPED / f"{name}.safetensors").read_bytes()).hexdigest() == card["sha256"]
        assert shipped(name).sha256 == card["sha256"]
    images, labels = digits.test
    assert (shipped("digits-cnn")(images)[1].argmax(1) == labels).float().mean() >= 0.98


@pytest.mark.mnist
def test_mnist_cnn_reads_mnist(mnist):
    images, labels = mnist.test
    extractor = shipped("mnist-cnn")
    read = torch.cat([extractor(part)[1].argmax(1) for part in images.split(500)])
    assert (read == labels).float().mean() >= 0.995


def test_damaged_file_is_refused(tmp_path, monkeypatch):
    for path in SHIPPED.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:-1] + b"x")
    monkeypatch.setattr("ganlab.metrics.extractors.SHIPPED", tmp_path)
    (tmp_path / "digits-cnn.json").write_bytes((SHIPPED / "digits-cnn.json").read_bytes())
    with pytest.raises(UserError, match="not what its card digits-cnn"):
        shipped("digits-cnn")


def test_stays_in_evaluation_mode_and_32_bit(images):
    extractor = shipped("digits-cnn")
    features, logits = extractor(images)
    parent = nn.Sequential(extractor)
    parent.train()
    assert not any(module.training for module in extractor.modules())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        again, logits_again = extractor(images)
    assert again.dtype == torch.float32
    assert torch.equal(again, features)
    assert torch.equal(logits_again, logits)
    assert not features.requires_grad


def test_loading_leaves_random_numbers_alone():
    before = torch.get_rng_state()
    load_extractor({"_target_": "ganlab.metrics.extractors.shipped", "name": "digits-cnn"})
    assert torch.equal(torch.get_rng_state(), before)


def test_any_classifiers_run(train, tmp_path, images, finished):
    run = tmp_path / "classifier"
    assert train(run, "steps=5", "model=classifier", "model.classifier.width=4", base=TINY[1:]) == 0
    extractor = load_extractor(str(run))
    features, logits = extractor(images)
    assert (features.shape, logits.shape) == ((40, 64), (40, 10))
    assert extractor.name == str(run)
    with pytest.raises(UserError, match="holds no classifier"):
        from_run(finished)


def test_stacked_reads_every_channel(digits):
    images, labels = digits.test
    stacked = Stacked(shipped("digits-cnn"))
    triples = torch.arange(300).view(100, 3)
    features, logits = stacked(images[triples, 0])
    assert (features.shape, logits.shape) == ((100, 192), (100, 1000))
    expected = labels[triples] @ torch.tensor([100, 10, 1])
    assert (logits.argmax(1) == expected).float().mean() > 0.98


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of the real architecture with random weights, large enough for features to differ."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng():
        torch.manual_seed(0)
        patch.setattr("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(nn.Module, "load_state_dict", lambda *_: None)
        network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
    torch.save(network.state_dict(), path)
    return path


def test_inception_gives_torch_fidelitys_fid(weights, tmp_path):
    import torch_fidelity
    from torchvision.io import write_png

    generator = torch.Generator().manual_seed(0)
    sets = []
    for name, levels in (("one", 256), ("other", 128)):
        images = torch.randint(levels, (12, 3, 40, 32), dtype=torch.uint8, generator=generator)
        (tmp_path / name).mkdir()
        for number, image in enumerate(images):
            write_png(image, str(tmp_path / name / f"{number:02}.png"))
        sets.append(images)
    theirs = torch_fidelity.calculate_metrics(
        input1=str(tmp_path / "one"),
        input2=str(tmp_path / "other"),
        fid=True,
        cuda=False,
        verbose=False,
        cache=False,
        feature_extractor_weights_path=str(weights),
        save_cpu_ram=True,
    )["frechet_inception_distance"]
    extractor = Inception(str(weights))
    extractor.check((3, 40, 32))
    one, other = (collect([(images, torch.zeros(12).long())], extractor, ()) for images in sets)
    assert frechet_distance(one, other) == pytest.approx(theirs, rel=1e-3)
    with pytest.raises(UserError, match="takes images of any size and 3 channels; these have 28×28 pixels and 1"):
        extractor.check((1, 28, 28))


def test_inception_without_weights_says_which_file_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(
        UserError, match=r"weights-inception-2015-12-05-6726825d.pth.*there.*metrics.extractor.weights="
    ):
        Inception()
    code = tmp_path / "code.pth"
    torch.save({"a": print}, code)
    with pytest.raises(UserError, match="is not Inception's weights"):
        Inception(str(code))


def test_inception_is_downloaded_only_when_asked(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    asked = []

    def download(url):
        asked.append(url)
        (tmp_path / "hub/checkpoints").mkdir(parents=True)
        (tmp_path / "hub/checkpoints" / url.rsplit("/", 1)[1]).write_bytes(weights.read_bytes())

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", download)
    assert Inception(download=True).sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert len(asked) == 1
    Inception()
    assert len(asked) == 1


def test_inception_without_torch_fidelity(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch_fidelity", None)
    with pytest.raises(UserError, match=r"ganlab\[inception\]"):
        Inception()
