"""A run's directory: continued, refused, set aside, protected."""

import json
import pickle
from pathlib import Path

import pytest
import torch
import yaml

from ganlab.run import Run, differences, read_checkpoint, read_config
from tests.conftest import TINY


def weights(directory: Path) -> dict[str, torch.Tensor]:
    return torch.load(directory / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def test_what_a_run_leaves(finished):
    names = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert names == {
        ".lock", "config.yaml", "curves.png", "metrics.csv", "result.json", "checkpoints/last.ckpt",
        ".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml",
        "samples/000000.png", "samples/000020.png", "samples/000040.png",
    }  # fmt: skip
    config = yaml.safe_load((finished / "config.yaml").read_text())
    assert "${" not in str(config)
    assert yaml.safe_load((finished / ".hydra" / "overrides.yaml").read_text()) == TINY
    result = json.loads((finished / "result.json").read_text())
    assert (result["status"], result["iterations"], result["error"]) == ("done", 40, None)
    assert result["images_per_second"] == pytest.approx(40 * 16 / result["seconds"], rel=0.01)
    assert {"loss_discriminator", "loss_generator", "d_real", "accuracy_fake"} <= result["metrics"]["final"].keys()


def test_done_is_said_and_nothing_is_done(train, tmp_path, capfd):
    assert train(tmp_path / "run") == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert train(tmp_path / "run") == 0
    assert "is done, 40 iterations" in capfd.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_another_configuration_is_refused(train, tmp_path, capfd):
    train(tmp_path / "run", "steps=4")
    assert train(tmp_path / "run", "steps=4", "loss=minimax") == 2
    message = capfd.readouterr().err
    assert "loss._target_: ganlab.losses.logistic.Logistic → ganlab.losses.minimax.Minimax" in message
    assert "resume=false" in message
    assert read_config(tmp_path / "run")["loss"]["_target_"].endswith("Logistic")


def test_starting_over_keeps_the_old_run(train, tmp_path):
    train(tmp_path / "run", "steps=4")
    old = weights(tmp_path / "run")
    train(tmp_path / "run", "steps=4", "seed=1", "resume=false")
    train(tmp_path / "run", "steps=4", "seed=2", "resume=false")
    assert [read_config(tmp_path / name)["seed"] for name in ("run.1", "run.2", "run")] == [0, 1, 2]
    assert all(torch.equal(weight, weights(tmp_path / "run.1")[name]) for name, weight in old.items())


def test_a_directory_with_other_things_is_left_alone(train, tmp_path, capfd):
    (tmp_path / "thesis.tex").write_text("precious")
    assert train(tmp_path) == 2
    assert "thesis.tex" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == ["thesis.tex"]


def test_two_processes_in_one_directory(train, tmp_path, capfd):
    (tmp_path / "run").mkdir()
    with Run(tmp_path / "run"):
        assert train(tmp_path / "run") == 2
    assert "in use by another process" in capfd.readouterr().err


def test_differences_ignore_what_changes_no_number():
    old = {"steps": 5, "resume": True, "trainer": {"devices": 1}, "data": {"root": "a", "k": 1}}
    new = {"steps": 5, "resume": False, "trainer": {"devices": 2}, "data": {"root": "b", "k": 2}, "new": 1}
    assert differences(old, new) == ["data.k: 1 → 2", "new: absent → 1"]


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def bad_checkpoints(directory: Path) -> dict[str, Path]:
    whole = (directory / "checkpoints" / "last.ckpt").read_bytes()
    foreign = torch.load(directory / "checkpoints" / "last.ckpt", weights_only=True)
    foreign["config"]["model"]["latent_dim"] = 7
    paths = {name: directory.parent / f"{name}.ckpt" for name in ("truncated", "code", "foreign", "empty", "other")}
    paths["truncated"].write_bytes(whole[: len(whole) // 2])
    paths["empty"].write_bytes(b"")
    paths["code"].write_bytes(pickle.dumps({"state_dict": Bomb()}))
    torch.save(foreign, paths["foreign"])
    torch.save({"state_dict": {}}, paths["other"])
    return paths


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("truncated", "truncated"),
        ("empty", "truncated"),
        ("code", "not loaded"),
        ("foreign", "model.latent_dim: 7 → 100"),
        ("other", "not a checkpoint of ganlab"),
    ],
)
def test_bad_checkpoints(finished, tmp_path, kind, message, train, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    import shutil

    run = tmp_path / "run"
    shutil.copytree(finished, run)
    path = bad_checkpoints(run)[kind]
    with pytest.raises(ValueError, match=message):
        read_checkpoint(path, read_config(run))
    path.replace(run / "checkpoints" / "last.ckpt")
    result = run / "result.json"
    result.write_text(result.read_text().replace('"done"', '"interrupted"'))
    assert train(run) == 2
    assert message in capfd.readouterr().err
    assert not (tmp_path / "exploded").exists()
