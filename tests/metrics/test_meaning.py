"""What a number says: the direction in which known damage moves it, and where real images stand."""

from itertools import pairwise

import pytest
import torch
from torchvision.transforms.functional import gaussian_blur


def increasing(values):
    return all(a < b for a, b in pairwise(values))


def noisy(images, sigma):
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images + 255 * sigma * noise).clamp(0, 255).to(torch.uint8)


def blurred(images, sigma):
    return gaussian_blur(images, [15, 15], [sigma, sigma])


@pytest.fixture(scope="module")
def clean(measure, digits):
    return measure(*digits.test)


@pytest.mark.parametrize(("damage", "amounts"), [(noisy, (0.1, 0.2, 0.4)), (blurred, (1.0, 2.0, 4.0))])
def test_fid_and_kid_grow_with_damage(measure, digits, damage, amounts):
    images = digits.train[0]
    some = [
        measure(damaged, metrics="fid,kid") for damaged in (images, *(damage(images, amount) for amount in amounts))
    ]
    for name in ("fid", "kid"):
        assert increasing([values[name] for values in some])


def test_fid_grows_and_recall_falls_with_dropped_classes(measure, digits):
    images, labels = digits.train
    some = [
        measure(images[labels < kept], metrics="fid,precision_recall,density_coverage,classes") for kept in (10, 7, 4)
    ]
    assert increasing([values["fid"] for values in some])
    assert increasing([values["class_kl"] for values in some])
    assert [values["modes"] for values in some] == [10, 7, 4]
    assert [values["coverage"] for values in some] == sorted((v["coverage"] for v in some), reverse=True)
    assert some[-1]["precision"] > 0.9


def collapsed(digits, count=1400):
    """A few training images of each class, again and again, with hardly any noise."""
    images, labels = digits.train
    chosen = torch.cat([images[labels == digit][:2] for digit in range(10)])
    return noisy(chosen.repeat(count // len(chosen), 1, 1, 1), 0.02)


def test_mode_collapse_has_high_precision_and_low_recall(measure, digits, clean):
    values = measure(collapsed(digits), metrics="precision_recall,density_coverage,fid")
    assert values["precision"] > 0.9
    assert values["recall"] < 0.1 < clean["recall"]
    assert values["coverage"] < 0.2 < clean["coverage"]
    assert values["fid"] > clean["fid"]


def test_noise_has_low_precision_and_high_recall(measure, digits):
    """Damaged differently one by one, images leave the manifold but surround all of it."""
    images = digits.train[0]
    amounts = torch.linspace(0, 1.5, len(images))[:, None, None, None]
    values = measure(noisy(images, amounts), metrics="precision_recall")
    assert values["precision"] < 0.5 < values["recall"]


def test_nothing_but_noise_scores_nothing(measure):
    images = torch.randint(256, (300, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    values = measure(images, metrics="precision_recall,density_coverage,memorisation,is")
    assert values["precision"] < 0.05
    assert values["coverage"] < 0.05
    assert values["memorisation"] < 0.05
    assert values["is"] < 3


def test_real_test_images_score_at_the_floor(clean, digits):
    from tests.metrics.test_evaluation import evaluation

    floor = evaluation(digits, samples=359, labelled=True).floor
    assert clean.keys() == floor.keys()
    drawn = ("kid", "kid_std", "is", "is_std", "ms_ssim")  # at random, from the images in another order
    exact = {name: pytest.approx(value, rel=1e-4, abs=1e-4) for name, value in floor.items() if name not in drawn}
    assert {name: clean[name] for name in exact} == exact
    assert {name: clean[name] for name in drawn} == pytest.approx({name: floor[name] for name in drawn}, abs=0.7)
    assert clean["memorisation"] == 0.5
    assert clean["copies"] <= 0.01
    assert clean["density"] == pytest.approx(1, abs=0.15)


def test_a_copy_of_the_training_set_is_memorised(measure, digits):
    values = measure(digits.train[0][:300], metrics="memorisation,precision_recall")
    assert values["memorisation"] > 0.99
    assert values["copies"] > 0.99


def test_similarity_tells_diversity(measure, digits):
    images, labels = digits.test
    same, few, many = (
        measure(some, metrics="ms_ssim")["ms_ssim"]
        for some in (images[:1].repeat(100, 1, 1, 1), images[labels == 1], images)
    )
    assert same == pytest.approx(1)
    assert many < few


def test_pairs_are_of_the_same_class(measure, digits):
    images, labels = digits.test
    within = measure(images, labels, metrics="ms_ssim")["ms_ssim"]
    assert within > measure(images, metrics="ms_ssim")["ms_ssim"] + 0.05


def test_label_accuracy(measure, digits):
    images, labels = digits.test
    assert measure(images, labels, metrics="label_accuracy")["label_accuracy"] > 0.98
    assert measure(images, (labels + 1) % 10, metrics="label_accuracy")["label_accuracy"] < 0.02


def test_classification_accuracy_score(measure, digits):
    images, labels = digits.train
    quick = {"iterations": 150, "width": 8}
    assert measure(images, labels, metrics="cas", cas=quick)["cas"] > 0.9
    assert measure(images, (labels + 1) % 10, metrics="cas", cas=quick)["cas"] < 0.1


def test_the_score_of_one_picture_per_class_is_the_best(measure, digits, clean):
    """The blind spot of the Inception score."""
    assert measure(collapsed(digits), metrics="is")["is"] > clean["is"]
