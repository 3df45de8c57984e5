import numpy as np
import pytest
import torch

from ganlab.errors import UserError
from ganlab.evaluating import metrics_of
from ganlab.metrics.classification_accuracy_score import ClassificationAccuracyScore
from ganlab.metrics.evaluation import Evaluation
from ganlab.metrics.reference import cache_folder
from ganlab.metrics.statistics import collect

EXTRACTOR = {"_target_": "ganlab.metrics.extractors.shipped", "name": "digits-cnn"}


def evaluation(data, *, metrics="metrics=default", samples=300, labelled=False, split="train", extractor=EXTRACTOR):
    return Evaluation(metrics_of(metrics) | {"extractor": extractor}, data, samples, labelled, split)


def test_default_leaves_out_what_does_not_apply(digits):
    assert "label_accuracy" not in evaluation(digits).metrics
    assert "label_accuracy" in evaluation(digits, labelled=True).metrics


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": "metrics=[label_accuracy]"}, "label_accuracy needs images that were asked to be of a class"),
        ({"metrics": "metrics=[cas]"}, "cas needs images that were asked to be of a class"),
        ({"samples": 64}, "64 features of digits-cnn needs more than 64 samples.*there are 64.*eval.samples=10000"),
        ({"metrics": "metrics=[is]", "samples": 10}, "needs at least 20 samples"),
        ({"metrics": "metrics=[precision_recall]", "samples": 3}, "needs more than 3 samples"),
        ({"extractor": "nowhere"}, "no such directory.*metrics/extractor=NAME"),
        ({"extractor": {}}, "no extractor for this data.*model=classifier"),
    ],
)
def test_mistakes(digits, arguments, message):
    with pytest.raises(UserError, match=message):
        evaluation(digits, **arguments)


def test_images_of_another_size_are_refused(digits):
    class Larger(type(digits)):
        pass

    larger = Larger.__new__(Larger)
    larger.__dict__ |= digits.__dict__ | {"shape": (3, 32, 32)}
    with pytest.raises(UserError, match="digits-cnn takes images of 28×28 pixels and 1 channels; these have 32×32"):
        evaluation(larger)


def test_values_do_not_depend_on_the_batch_size(measure, digits):
    images, labels = digits.test
    one, other = (measure(images, labels, batch_size=size) for size in (7, 360))
    assert one == pytest.approx(other, rel=1e-4, abs=1e-4)


def test_random_generators_are_left_alone(measure, digits):
    torch.manual_seed(1)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = measure(*digits.test, metrics="kid,is,ms_ssim")
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)
    torch.manual_seed(2)
    assert measure(*digits.test, metrics="kid,is,ms_ssim") == first


def test_real_statistics_are_cached_by_content(digits, monkeypatch, tmp_path):
    monkeypatch.setenv("GANLAB_CACHE", str(tmp_path))
    one = evaluation(digits, metrics="metrics=[fid]")
    floor = one.floor
    files = sorted(path.name for path in cache_folder().iterdir())
    assert [name.split("-")[0] for name in files] == ["features", "features", "floor"]

    monkeypatch.setattr("ganlab.metrics.reference.collect", None)
    again = evaluation(digits, metrics="metrics=[fid]")
    assert again.floor == floor
    assert torch.equal(again.reference.real.features, one.reference.real.features)
    assert evaluation(digits, metrics="metrics=[kid]").reference.real is not None
    assert sorted(path.name for path in cache_folder().iterdir()) == files

    changed = type(digits).__new__(type(digits))
    images, labels = digits.train
    other = images.clone()
    other[0, 0, 0, 0] += 1
    changed.__dict__ |= digits.__dict__ | {"train": (other, labels)}
    with pytest.raises(TypeError):  # would be computed
        _ = evaluation(changed, metrics="metrics=[fid]").reference.real


def test_floor_is_measured_as_samples_are(digits):
    """Pairs of the same class are more similar; real images are paired like the samples they stand beside."""
    without, with_labels = (
        evaluation(digits, metrics="metrics=[ms_ssim]", labelled=some).floor for some in (False, True)
    )
    assert with_labels["ms_ssim"] > without["ms_ssim"] + 0.05


def test_floor_of_a_trained_classifier_is_that_of_training_images(digits):
    class Seen(ClassificationAccuracyScore):
        def __call__(self, fake, reference):
            self.images, self.labels = fake.images, fake.labels
            return {"cas": 1.0}

    one = evaluation(digits, metrics="metrics=[cas]", labelled=True)
    one.metrics["cas"] = metric = Seen(iterations=1, batch_size=1, lr=1, width=1, num_features=1)
    assert one.floor == {"cas": 1.0}
    order = one.reference.order("train")[:300]
    assert torch.equal(metric.images, digits.train[0][order])
    assert torch.equal(metric.labels, digits.train[1][order])


def test_nothing_but_moments_is_kept_for_fid(digits):
    one = evaluation(digits, metrics="metrics=[fid]")
    few, many = (one.collect((images, images[:, 0, 0, 0].long()) for images in [digits.test[0]] * n) for n in (1, 5))
    assert len(many) == 5 * len(few)
    assert sum(t.nbytes for t in few.tensors().values()) == sum(t.nbytes for t in many.tensors().values())


def test_card(digits):
    card = evaluation(digits, split="test").card(seed=3, weights="ema", iteration=7)
    assert card["extractor"] == "digits-cnn"
    assert len(card["extractor_sha256"]) == len(card["reference_sha256"]) == 64
    assert (card["samples"], card["reference"], card["reference_images"]) == (300, "test", 359)
    assert (card["floor"], card["floor_images"]) == ("train", 300)
    assert (card["seed"], card["weights"], card["iteration"]) == (3, "ema", 7)
    assert card["metrics"]["precision_recall"]["k"] == 3
    assert {"torch", "torchmetrics", "ganlab"} <= card["versions"].keys()


def test_pictures_show_samples_beside_their_neighbours(digits):
    one = evaluation(digits, metrics="metrics=[memorisation]")
    images, labels = digits.train
    picture = one.pictures(one.collect([(images[:8], labels[:8])]))["memorisation"]
    assert picture.shape == (64, 1, 28, 28)
    rows = picture.view(8, 8, 1, 28, 28)
    assert torch.equal(rows[:, 0], images[:8])
    assert torch.equal(rows[:, 1], images[:8])  # a training image is its own nearest neighbour


def test_at_most_keeps_the_first_images_and_all_moments(digits):
    extractor = evaluation(digits).extractor
    images, labels = digits.test
    found = collect(zip(images.split(50), labels.split(50), strict=True), extractor, {"labels"}, at_most=70)
    assert torch.equal(found.labels, labels[:70])
    assert len(found) == 359
