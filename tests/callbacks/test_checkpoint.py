import random
from pathlib import Path

import numpy as np
import pytest
import torch

from ganlab.callbacks.checkpoint import AtomicCheckpointIO, random_states, restore_random_states
from ganlab.callbacks.log import read_metrics
from tests.conftest import parts


def saved(directory: Path) -> dict[str, int]:
    return {
        path.name: torch.load(path, weights_only=True)["iteration"] for path in (directory / "checkpoints").iterdir()
    }


def test_last_milestones_and_best(train, tmp_path):
    run = tmp_path / "run"
    train(run, "milestones=[7,30]", "eval.every=10", "checkpoint.monitor=loss_generator", "checkpoint.mode=max")
    rows = read_metrics(run / "metrics.csv")
    best = max(rows, key=lambda row: float(row["loss_generator"]))
    assert saved(run) == {
        "last.ckpt": 40, "000007.ckpt": 7, "000030.ckpt": 30, "best.ckpt": int(best["iteration"])
    }  # fmt: skip


def test_by_minutes(tmp_path):
    (tmp_path / "config.yaml").write_text("{}")
    model, data, trainer = parts("checkpoint.every=1000", "checkpoint.minutes=1e-9", "steps=30", directory=tmp_path)
    iterations = []
    save = trainer.save_checkpoint
    trainer.save_checkpoint = lambda path: iterations.append(model.iteration) or save(path)
    trainer.fit(model, data)
    assert iterations[0] < 30


def test_unknown_monitor(train, tmp_path, capfd):
    assert train(tmp_path / "run", "checkpoint.monitor=fid") == 2
    assert "checkpoint.monitor=fid: no such metric; this run has loss_discriminator" in capfd.readouterr().err


def test_full_disk_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"iteration": 1}, path)

    def full(content, file):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match=r"No space left on device.*the one before it is whole"):
        AtomicCheckpointIO().save_checkpoint({"iteration": 2}, path)
    assert [p.name for p in tmp_path.iterdir()] == ["last.ckpt"]
    assert torch.load(path, weights_only=True) == {"iteration": 1}


def test_random_states_of_every_generator():
    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item(), np.random.randn()

    draw()
    states = random_states()
    first = draw()
    restore_random_states(states)
    assert draw() == first
