"""One experiment in several processes (gloo on the CPU)."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from ganlab.callbacks.log import read_metrics
from ganlab.distributed import SynchronizedBatchNorm2d, synchronize_batch_norm
from tests.conftest import ROOT, TINY

TWO = ["trainer.devices=2"]
# Sums in another order round differently, and training amplifies it: Adam turns the rounding of tiny gradients into
# steps of full length, large steps cross the kinks of LeakyReLU. Small steps of plain SGD show the rule, not the chaos.
CALM = ["model/optimizer=sgd", "model.optimizer.generator.lr=0.01", "model.optimizer.discriminator.lr=0.01"]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "checkpoints/last.ckpt", weights_only=True)["state_dict"]


def losses(run: Path) -> list[float]:
    return [
        float(row[n]) for row in read_metrics(run / "metrics.csv") for n in ("loss_discriminator", "loss_generator")
    ]


def test_two_processes_give_the_weights_of_one(train, tmp_path):
    overrides = ["steps=50", "milestones=[1]", *CALM]
    assert train(tmp_path / "one", *overrides) == 0
    assert train(tmp_path / "two", *overrides, *TWO) == 0
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    early = torch.load(tmp_path / "one/checkpoints/000001.ckpt", weights_only=True)["state_dict"]
    apart, moved = (max((one[name] - other[name]).abs().max() for name in one) for other in (two, early))
    assert moved > 0.01
    assert apart < 1e-4
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-3)
    for name in ("samples", "checkpoints"):
        files = [sorted(path.name for path in (tmp_path / run / name).iterdir()) for run in ("one", "two")]
        assert files[0] == files[1]
    assert json.loads((tmp_path / "two/result.json").read_text())["devices"] == 2


def test_two_processes_give_the_losses_of_one_for_dcgan(train, tmp_path):
    overrides = ["model=dcgan", "model.width=4", "steps=30", *CALM]
    base = [o for o in TINY if not o.startswith("model=")]
    assert train(tmp_path / "one", *overrides, base=base) == 0
    assert train(tmp_path / "two", *overrides, *TWO, base=base) == 0
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-3)


def test_resume_with_another_number_of_devices(train, tmp_path, capfd):
    run = tmp_path / "run"
    assert train(run, *TWO) == 0
    result = run / "result.json"
    result.write_text(result.read_text().replace('"done"', '"interrupted"'))
    checkpoint = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    checkpoint["iteration"] = 20
    torch.save(checkpoint, run / "checkpoints/last.ckpt")
    with pytest.warns(UserWarning, match="made on 2 devices and continues on 1.*no longer bit for bit"):
        assert train(run) == 0
    assert json.loads(result.read_text())["status"] == "done"


def test_a_sweep_trains_every_cell_once_on_two_processes(train, tmp_path, capfd):
    sweep = tmp_path / "sweep"
    overrides = ["loss=minimax,logistic", "steps=4", f"hydra.sweep.dir={sweep}", *TWO]
    assert train(None, *overrides, base=["-m", *TINY]) == 0
    results = {path.parent.name: json.loads(path.read_text()) for path in sweep.glob("*/result.json")}
    assert len(results) == 2
    assert all((r["status"], r["iterations"], r["devices"]) == ("done", 4, 2) for r in results.values())
    assert {re.search(r"loss=(\w+)", name)[1] for name in results} == {"minimax", "logistic"}
    assert capfd.readouterr().out.count("iteration 4/4") == 2
    assert len(list(sweep.iterdir())) == 2 + (sweep / "multirun.yaml").exists()


def start(run: Path, *overrides: str) -> subprocess.Popen:
    command = [sys.executable, "train.py", *TINY, "steps=100000", *TWO, *overrides, f"hydra.run.dir={run}"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for_first_row(run: Path, process: subprocess.Popen) -> None:
    while process.poll() is None and not read_metrics(run / "metrics.csv"):
        time.sleep(0.05)


def test_a_process_that_dies_ends_the_run_with_an_error(tmp_path):
    process = start(tmp_path / "run")
    wait_for_first_row(tmp_path / "run", process)
    ranks = subprocess.run(["pgrep", "-f", str(tmp_path / "run")], capture_output=True, text=True).stdout.split()
    victim = next(pid for pid in ranks if b"\0RANK=1\0" in b"\0" + Path(f"/proc/{pid}/environ").read_bytes())
    os.kill(int(victim), signal.SIGKILL)
    output = process.communicate(timeout=90)[0]
    assert process.returncode == 1, output
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["status"] == "failed"
    assert result["error"]


def test_sigterm_saves_every_process(tmp_path):
    process = start(tmp_path / "run")
    wait_for_first_row(tmp_path / "run", process)
    process.send_signal(signal.SIGTERM)
    output = process.communicate(timeout=90)[0]
    assert process.returncode == 128 + signal.SIGTERM, output
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["status"] == "interrupted"
    assert (
        torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)["iteration"] == result["iterations"] > 0
    )


def test_two_torchrun_nodes_on_one_host(tmp_path):
    """What README.md says for several machines, with both machines on this one."""
    rendezvous = ["--nnodes=2", "--nproc-per-node=1", "--rdzv-backend=c10d", "--rdzv-endpoint=localhost:29617"]
    run = ["train.py", *TINY, "steps=6", "trainer.num_nodes=2", f"hydra.run.dir={tmp_path / 'run'}"]
    nodes = [
        subprocess.Popen([sys.executable, "-m", "torch.distributed.run", *rendezvous, *run], cwd=ROOT) for _ in range(2)
    ]
    assert [node.wait(timeout=120) for node in nodes] == [0, 0]
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert (result["status"], result["iterations"], result["devices"]) == ("done", 6, 2)


@pytest.mark.parametrize("overrides", [["data.batch_size=15", *TWO], ["trainer.strategy=fsdp", *TWO]])
def test_mistakes(overrides, train, tmp_path, capfd):
    assert train(tmp_path / "run", *overrides) == 2
    assert overrides[0].split("=")[0] in capfd.readouterr().err
    assert not (tmp_path / "run").exists()


def test_what_cannot_work_under_torchrun(train, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "test")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.chdir(tmp_path)
    assert train(None) == 2
    assert "add hydra.run.dir=" in capfd.readouterr().err
    assert train(None, "seed=0,1", base=["-m", *TINY]) == 1
    assert "A sweep (-m) under torchrun" in capfd.readouterr().err
    assert not list(tmp_path.rglob("config.yaml"))


def test_batch_norm_of_one_process_is_torchs():
    layer = nn.Sequential(nn.BatchNorm2d(3))
    images = torch.randn(8, 3, 4, 4)
    expected = nn.BatchNorm2d(3)(images)
    synchronize_batch_norm(layer)
    assert type(layer[0]) is SynchronizedBatchNorm2d
    assert torch.equal(layer(images), expected)
