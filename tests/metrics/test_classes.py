import math

import pytest
import torch

from ganlab.metrics.base import Setting
from ganlab.metrics.classes import Classes, shares
from ganlab.metrics.statistics import Statistics


class Real:
    """Four classes, equally often."""

    labelled = True
    real = Statistics(
        torch.tensor(400), torch.empty(0), torch.empty(0), labels=torch.arange(400) % 4, logits=torch.empty(0)
    )
    extractor = type("", (), {"num_classes": 4})
    data = type("", (), {"class_names": ["a", "b", "c", "d"]})


def measured(counts, at_least=0.1):
    read = torch.repeat_interleave(torch.arange(4), torch.tensor(counts))
    fake = Statistics(torch.tensor(len(read)), torch.empty(0), torch.empty(0), logits=torch.eye(4)[read])
    return Classes(at_least)(fake, Real)


def test_the_datas_own_distribution():
    values = measured([50, 50, 50, 50])
    assert values == {
        "modes": 4,
        "class_kl": pytest.approx(0),
        "share_a": 0.25,
        "share_b": 0.25,
        "share_c": 0.25,
        "share_d": 0.25,
    }


def test_one_class_only():
    values = measured([100, 0, 0, 0])
    assert values["modes"] == 1
    assert values["class_kl"] == pytest.approx(math.log(4))


@pytest.mark.parametrize(("at_least", "modes"), [(0.1, 3), (0, 4)])
def test_a_class_that_hardly_appears_is_covered_or_not(at_least, modes):
    assert measured([400, 300, 299, 1], at_least)["modes"] == modes


def test_shares():
    assert shares(torch.tensor([0, 0, 2, 2]), 4).tolist() == [0.5, 0, 0.5, 0]


@pytest.mark.parametrize(("known", "has", "suits"), [(0, 0, False), (0, 10, False), (10, 12, False), (10, 0, True)])
def test_needs_an_extractor_that_knows_the_classes(known, has, suits):
    extractor = type("", (), {"name": "inception", "num_classes": known})
    reason = Classes(0.1).unsuitable(Setting(extractor, (3, 32, 32), has, 1000, labelled=has > 0))
    assert reason is None if suits else "tells the data's classes apart, which inception does not" in reason
