import json

import pytest
import torch

from ganlab.callbacks.log import read_metrics
from ganlab.callbacks.stop import Equilibrium, Patience
from ganlab.errors import UserError
from ganlab.schedule import Schedule
from tests.conftest import TINY

PLACE = {"directory": "unused", "schedule": Schedule(1000, 10, 100, 100)}


def fids(*values):
    return [{"iteration": 100.0 * (i + 1), "fid": float(value)} for i, value in enumerate(values)]


@pytest.mark.parametrize(("values", "stops"), [((5, 4, 4, 4.5), False), ((5, 3, 4, 4, 3), True), ((3, 2, 1, 0), False)])
def test_patience(values, stops):
    reason = Patience(metric=None, mode="min", evaluations=3, **PLACE).reason(fids(*values))
    assert bool(reason) == stops
    assert not stops or reason == "fid has not been better than 3 for 3 evaluations."


def test_patience_for_what_should_be_large():
    assert Patience(metric="fid", mode="max", evaluations=2, **PLACE).reason(fids(1, 5, 4, 3))
    assert not Patience(metric="fid", mode="max", evaluations=2, **PLACE).reason(fids(5, 6, 4, 7))


def test_patience_needs_the_metric():
    with pytest.raises(UserError, match="watches fid, which this run does not measure"):
        Patience(metric=None, mode="min", evaluations=1, **PLACE).reason([{"iteration": 1.0}])


@pytest.mark.parametrize(
    ("accuracies", "stops"), [((0.7, 0.52, 0.49), True), ((0.52, 0.6, 0.5), False), ((0.5,), False)]
)
def test_equilibrium(accuracies, stops):
    rows = [{"iteration": 100.0 * (i + 1), "accuracy_real": a, "accuracy_fake": a} for i, a in enumerate(accuracies)]
    assert bool(Equilibrium(tolerance=0.05, evaluations=2, **PLACE).reason(rows)) == stops


def test_a_stopped_run_is_done_and_whole(train, tmp_path, capsys):
    """The iteration is least at the first evaluation: the run ends after its second."""
    run, base = tmp_path / "run", ["stop=patience", "stop.metric=iteration", "stop.evaluations=1", "eval.every=10"]
    assert train(run, *base) == 0
    assert "Stopping at iteration 20: iteration has not been better than 10" in capsys.readouterr().out
    result = json.loads((run / "result.json").read_text())
    assert (result["status"], result["iterations"], result["steps"]) == ("done", 20, 40)
    assert "has not been better" in result["stopped"]
    assert torch.load(run / "checkpoints/last.ckpt", weights_only=True)["iteration"] == 20
    assert read_metrics(run / "metrics.csv")[-1]["iteration"] == "20"
    assert train(run, *base) == 0
    assert "is done, 20 iterations" in capsys.readouterr().out


def test_off_by_default(train, tmp_path):
    assert train(tmp_path / "run", base=TINY) == 0
    assert json.loads((tmp_path / "run/result.json").read_text())["stopped"] is None


def test_mistakes(train, tmp_path, capsys):
    assert train(tmp_path / "run", "stop=patience", "stop.evaluations=0") == 2
    assert "stop.evaluations=0" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
