"""What the user can get wrong: one message, exit code 2, no directory left behind."""

import re
from dataclasses import fields

import pytest

from ganlab.config import Train
from tests.conftest import TINY, composed

BAD = {
    ("modell=vanilla",): "Did you mean model?",
    ("model=vanila",): "vanilla\n",
    ("loss=hinge",): "minimax",
    ("chekpoint.every=2",): "Did you mean checkpoint?",
    ("checkpoint.evry=2",): "Did you mean every?",
    ("+foo=1",): "foo: no such setting",
    ("+eval.foo=1",): "eval.foo: no such setting",
    ("+model.kk=1",): "model.kk: ganlab.models.gan.GAN has no such setting. Did you mean k?",
    ("+model.optimizer.generator.momentum=1",): "torch.optim.Adam has no such setting",
    ("trainer.acelerator=cpu",): "trainer.acelerator",
    ("steps=0",): "steps=0: a run needs at least one iteration",
    ("steps=-5",): "steps=-5",
    ("seed=-1",): "seed=-1: expected",
    ("steps=many",): "'many' of type 'str' could not be converted to Integer",
    ("steps=1.5",): "'1.5'",
    ("milestones=[41]",): "41 is not between 1 and steps=40",
    ("data.batch_size=1439",): "between 1 and the 1438 images",
    ("model.k=0",): "model.k=0: expected",
    ("model.k=two",): "model.k=two: expected",
    ("ema.half_life=-1",): "half_life=-1",
    ("checkpoint.minutes=0",): "checkpoint.minutes=0",
    ("checkpoint.mode=least",): "expected min or max",
    ("trainer.accelerator=gpu", "trainer.devices=64"): "machine has",
    ("trainer.precision=16-mixed",): "bf16-mixed",
    ("trainer.precision=7",): "trainer: Precision 7 is invalid",
    ("experiment=nowhere",): "quickstart",
    ("steps",): "steps",
}


@pytest.mark.parametrize("overrides", BAD, ids=" ".join)
def test_one_message_and_no_directory(overrides, train, tmp_path, capfd):
    assert train(tmp_path / "run", *overrides) == 2
    captured = capfd.readouterr()
    assert BAD[overrides] in captured.err
    assert "Traceback" not in captured.err
    assert "Error executing job" not in captured.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("stepz: 3", "In conf/experiment/typo.yaml: stepz: no such setting. Did you mean steps?"),
        (
            "checkpoint: {evry: 3}",
            "In conf/experiment/typo.yaml: checkpoint.evry: no such setting. Did you mean every?",
        ),
        ("model: {kk: 3}", "model.kk: ganlab.models.gan.GAN has no such setting. Did you mean k?"),
    ],
)
def test_misspelt_key_in_an_experiment(content, message, train, tmp_path, capfd):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "typo.yaml").write_text(f"# @package _global_\n{content}\n")
    assert train(tmp_path / "run", f"hydra.searchpath=[file://{tmp_path}]", "experiment=typo") == 2
    assert message in capfd.readouterr().err
    assert not (tmp_path / "run").exists()


def test_unwritable_directory(train, tmp_path, capfd):
    (tmp_path / "file").write_text("in the way")
    assert train(tmp_path / "file" / "run") == 2
    assert "hydra.run.dir" in capfd.readouterr().err


def test_damaged_mnist(train, tmp_path, capfd):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"{name}-ubyte").write_bytes(b"\0\0\0\0")
    assert train(tmp_path / "run", "data=mnist", f"data.root={folder}") == 2
    assert "magic number" in capfd.readouterr().err
    assert not (tmp_path / "run").exists()


def test_sweep_goes_on_after_a_failed_cell(train, tmp_path, capfd):
    sweep = tmp_path / "sweep"
    assert train(tmp_path / "run", "model.k=0,1", "steps=2", f"hydra.sweep.dir={sweep}", base=["-m", *TINY]) == 1
    err = capfd.readouterr().err
    assert "model.k=0: expected" in err
    assert re.search(r"These cells failed.*\n.*model\.k=0", err)
    (result,) = sweep.rglob("result.json")
    assert {"model.k=1", "steps=2"} <= set(result.parent.name.split(","))
    assert not list(sweep.glob("*model.k=0*"))


def test_schema_and_yaml_name_the_same_keys():
    assert set(composed()) == {field.name for field in fields(Train)}
