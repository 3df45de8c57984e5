"""The program as a process: killed, interrupted, asked for help."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT, TINY

# Slow enough to be caught in the middle, with a checkpoint now and then.
LONG = [*TINY, "steps=300", "checkpoint.every=25", "eval.every=100", "data.batch_size=64"]


def start(directory: Path) -> subprocess.Popen:
    command = [sys.executable, "train.py", *LONG, f"hydra.run.dir={directory}"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for(directory: Path, iteration: int, process: subprocess.Popen) -> None:
    """Until the run has logged this iteration."""
    csv = directory / "metrics.csv"
    while process.poll() is None:
        if csv.exists() and re.search(rf"^{iteration},", csv.read_text(), re.MULTILINE):
            return
        time.sleep(0.005)
    raise AssertionError(f"ended before iteration {iteration}: {process.communicate()[0]}")


def test_killed_three_times_and_resumed_ends_bit_for_bit_like_one_that_was_not(train, tmp_path):
    assert train(tmp_path / "whole", base=LONG) == 0
    killed = tmp_path / "killed"
    for moment in (50, 130, 220):
        process = start(killed)
        wait_for(killed, moment, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        result = json.loads((killed / "result.json").read_text())
        assert result["status"] == "interrupted"
        assert moment - 50 <= result["iterations"] < 300
    assert train(killed, base=LONG) == 0
    ends = [torch.load(tmp_path / n / "checkpoints/last.ckpt", weights_only=True) for n in ("whole", "killed")]
    assert ends[0]["state_dict"].keys() == ends[1]["state_dict"].keys()
    assert all(torch.equal(weight, ends[1]["state_dict"][name]) for name, weight in ends[0]["state_dict"].items())
    assert torch.equal(ends[0]["random_states"]["torch"], ends[1]["random_states"]["torch"])
    for one, other in zip(*(end["optimizer_states"] for end in ends), strict=True):
        assert all(
            torch.equal(one["state"][i][key], other["state"][i][key]) for i in one["state"] for key in one["state"][i]
        )
    files = ["metrics.csv", *(f"samples/{path.name}" for path in (killed / "samples").iterdir())]
    assert all((killed / name).read_bytes() == (tmp_path / "whole" / name).read_bytes() for name in files)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signals_exit_as_a_shell_expects(tmp_path, signum):
    process = start(tmp_path / "run")
    wait_for(tmp_path / "run", 30, process)
    process.send_signal(signum)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + signum
    assert f"{signum.name} at iteration" in output
    assert "Traceback" not in output
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    checkpoint = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)
    assert result["status"] == "interrupted"
    assert result["iterations"] == checkpoint["iteration"] > 30


@pytest.mark.parametrize("question", [["--help"], ["--cfg", "job"]])
def test_questions_are_answered_without_importing_torch(question):
    command = [sys.executable, "-X", "importtime", "train.py", *question]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert "steps" in answer.stdout
    imported = {line.split("|")[-1].strip() for line in answer.stderr.splitlines() if line.startswith("import time")}
    assert "hydra" in imported
    assert not imported & {"torch", "lightning", "matplotlib", "wandb", "sklearn"}
