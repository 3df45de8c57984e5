import json
import re
import signal
import subprocess
import sys

import lightning as L
import pytest
import torch

from ganlab.callbacks.log import read_metrics, read_numbers
from ganlab.errors import Interrupted
from tests.conftest import ROOT, TINY


class InterruptAt(L.Callback):
    """What a signal does, at an iteration of one's choice."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def on_train_batch_end(self, trainer, module, *_) -> None:
        if module.iteration >= self.iteration:
            raise Interrupted("SIGTERM", signal.SIGTERM)


MEASURED = [*TINY, "eval.samples=100", "metrics=[fid,kid,precision_recall,classes,memorisation]"]


def weights(run):
    return torch.load(run / "checkpoints/last.ckpt", weights_only=True)["state_dict"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A tiny run with metrics."""
    run = tmp_path_factory.mktemp("measured") / "run"
    command = [sys.executable, "train.py", *MEASURED, f"hydra.run.dir={run}"]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return run, output


def test_metrics_are_logged_where_they_were_measured(measured):
    run, output = measured
    rows = read_metrics(run / "metrics.csv")
    assert [row["iteration"] for row in rows if row["fid"]] == ["20", "40"]
    assert {"kid", "precision", "recall", "f1", "modes", "class_kl", "copies", "fid_floor"} <= rows[0].keys()
    assert "fid" in output
    assert "(floor" in output
    assert (run / "memorisation.png").stat().st_size > 1000


def test_result_has_the_card_the_floor_the_flags_and_the_best(measured):
    run, output = measured
    result = json.loads((run / "result.json").read_text())
    final, best = result["metrics"]["final"], result["metrics"]["best"]
    fids = {int(row["iteration"]): row["fid"] for row in read_numbers(run / "metrics.csv") if "fid" in row}
    assert final["fid"] == fids[40]
    assert best["fid"] == min(fids.values())
    assert best["iteration"] == min(fids, key=fids.__getitem__)
    checkpoint = torch.load(run / "checkpoints/best.ckpt", weights_only=True)
    assert checkpoint["iteration"] == best["iteration"]
    card = result["metrics"]["card"]
    assert (card["extractor"], card["samples"], card["iteration"], card["weights"]) == ("digits-cnn", 100, 40, "ema")
    assert result["metrics"]["floor"]["fid"] == final["fid_floor"]
    assert "collapsed" in result["flags"]  # after 40 iterations there is nothing yet
    assert "Flag at iteration 20: collapsed: " in output
    assert 0 < result["evaluation_seconds"] < result["seconds"]


def test_training_does_not_notice(train, measured, tmp_path):
    assert train(tmp_path / "run") == 0
    run, _ = measured
    ours, theirs = weights(tmp_path / "run"), weights(run)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_interrupted_evaluations_are_repeated_exactly(train, measured, tmp_path):
    run = tmp_path / "run"
    assert train(run, base=MEASURED) == 0
    checkpoint = torch.load(run / "checkpoints/best.ckpt", weights_only=True)
    result = json.loads((run / "result.json").read_text())
    if checkpoint["iteration"] == 20:
        torch.save(checkpoint, run / "checkpoints/last.ckpt")
    (run / "result.json").write_text(json.dumps(result | {"status": "interrupted"}))
    assert train(run, base=MEASURED) == 0
    assert (run / "metrics.csv").read_text() == (measured[0] / "metrics.csv").read_text()


def test_the_card_is_of_the_last_evaluation(train, tmp_path):
    """Interrupted after it, and interrupted again before the next one."""
    run = tmp_path / "run"
    base = [*MEASURED, "checkpoint.every=5"]
    for end in (25, 27):
        interrupt = f"+callbacks.end={{_target_: tests.callbacks.test_evaluation.InterruptAt, iteration: {end}}}"
        assert train(run, interrupt, base=base) == 143
        metrics = json.loads((run / "result.json").read_text())["metrics"]
        assert metrics["card"]["iteration"] == 20
        assert metrics["final"]["fid"] == metrics["best"]["fid"]


def test_two_processes_measure_what_one_does(train, tmp_path):
    """The samples of an untrained generator: what both have in common bit by bit, so only the measuring differs."""
    base = [*MEASURED, "eval.samples=2500", "steps=2", "eval.every=1", "log.every=1"]
    assert train(tmp_path / "one", base=base) == 0
    assert train(tmp_path / "two", "trainer.devices=2", base=base) == 0
    one, two = (read_numbers(tmp_path / run / "metrics.csv")[0] for run in ("one", "two"))
    assert one.keys() == two.keys()
    names = ("fid", "kid", "precision", "recall", "modes", "class_kl", "memorisation", "copies")
    assert {n: two[n] for n in names} == pytest.approx({n: one[n] for n in names}, rel=1e-3, abs=1e-6)


def test_no_extractor_trains_without_metrics_and_says_how_to_make_one(train, tmp_path, capsys):
    run = tmp_path / "run"
    assert train(run, "metrics/extractor=none", base=[*MEASURED, "steps=2"]) == 0
    assert "python train.py model=classifier data=digits steps=8000" in capsys.readouterr().out
    assert "fid" not in read_metrics(run / "metrics.csv")[0]


def test_metrics_and_extractor_of_ones_own(train, tmp_path):
    classifier = tmp_path / "classifier"
    assert train(classifier, "steps=20", "model=classifier", "model.classifier.width=4", base=TINY[1:]) == 0
    run = tmp_path / "run"
    own = [f"metrics.extractor={classifier}", "metrics=[fid]", "eval.samples=70", "steps=2"]
    assert train(run, *own) == 0
    result = json.loads((run / "result.json").read_text())
    assert result["metrics"]["card"]["extractor"] == str(classifier)
    assert list(result["metrics"]["floor"]) == ["fid"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["eval.samples=-1"], "eval.samples=-1"),
        (["eval.samples=64"], "64 features of digits-cnn needs more than 64 samples"),
        (["metrics=[label_accuracy]"], "metrics.label_accuracy needs images that were asked to be of a class"),
        (["metrics.extractor=nowhere"], "metrics.extractor=nowhere: no such directory"),
        (["metrics/extractor=inception"], "inception takes images of any size and 3 channels|weights of Inception"),
        (["metrics=[fid]", "metrics.fid.k=3"], "k"),
    ],
)
def test_mistakes(train, tmp_path, capsys, overrides, message):
    assert train(tmp_path / "run", *overrides, base=MEASURED) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "run").exists()


def test_conditional_models_are_asked_for_the_datas_classes(train, tmp_path):
    run = tmp_path / "run"
    assert (
        train(run, "steps=2", "eval.samples=100", "metrics=[label_accuracy,fid]", base=["model=conditional", *TINY[1:]])
        == 0
    )
    assert 0 <= read_numbers(run / "metrics.csv")[-1]["label_accuracy"] <= 1
