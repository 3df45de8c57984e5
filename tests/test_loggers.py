"""The loggers' files, read back."""

import json
import subprocess
import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganlab.callbacks.log import read_metrics


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A tiny run with both loggers."""
    from tests.conftest import ROOT, TINY

    directory = tmp_path_factory.mktemp("logged") / "run"
    command = [sys.executable, "train.py", *TINY, "logger=[wandb,tensorboard]", f"hydra.run.dir={directory}"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    (directory.parent / "output").write_text(done.stdout)
    return directory


@pytest.fixture
def scalars(run):
    return {
        (name, int(row["iteration"])): float(row[name])
        for row in read_metrics(run / "metrics.csv")
        for name in row
        if name != "iteration"
    }


def wandb_records(run) -> list[dict]:
    (folder,) = (run / "wandb").glob("offline-run-*")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_wandb_offline_run_holds_scalars_images_configuration_and_final_metrics(run, scalars):
    records = wandb_records(run)
    rows = [record["history"]["item"] for record in records if record["type"] == "history"]
    found = {(name, row["iteration"]): row[name] for row in rows for name in row}
    assert {key: found[key] for key in scalars} == pytest.approx(scalars, abs=1e-6)
    pictures = [(row["iteration"], row["samples.path"]) for row in rows if "samples.path" in row]
    assert [iteration for iteration, _ in pictures] == [0, 20, 40]
    (folder,) = (run / "wandb").glob("offline-run-*")
    assert (folder / "files" / pictures[-1][1]).read_bytes() == (run / "samples" / "000040.png").read_bytes()
    (config,) = [record["run"]["config"]["update"] for record in records if record["type"] == "run"]
    assert config["model"]["discriminator"]["hidden"] == [256, 100]
    summary: dict = {}
    for record in records:
        summary |= record.get("summary", {}).get("update", {})
    assert summary["loss_generator"] == pytest.approx(scalars["loss_generator", 40])
    assert summary["status"] == "success"


def test_wandb_offline_says_how_to_look_and_how_to_sync(run):
    output = (run.parent / "output").read_text()
    assert "wandb leet run " in output
    assert "wandb sync " in output


def test_tensorboard_holds_scalars_and_images_on_the_iteration_axis(run, scalars):
    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"images": 0, "scalars": 0})
    events.Reload()
    found = {(tag, e.step): e.value for tag in events.Tags()["scalars"] for e in events.Scalars(tag)}
    assert {key: found[key] for key in scalars} == pytest.approx(scalars, abs=1e-6)
    assert [image.step for image in events.Images("samples")] == [0, 20, 40]
    assert events.Images("samples")[0].encoded_image_string.startswith(b"\x89PNG")
