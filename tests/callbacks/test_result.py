import json

import pytest
import torch

from tests.conftest import parts


def test_failure_is_written_with_its_error(tmp_path):
    (tmp_path / "config.yaml").write_text("{}")
    model, data, trainer = parts(directory=tmp_path)
    terms = model.generator_terms

    def broken(real):
        if model.iteration == 25:
            raise RuntimeError("out of luck")
        return terms(real)

    model.generator_terms = broken
    with pytest.raises(RuntimeError, match="out of luck"):
        trainer.fit(model, data)
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["status"], result["error"]) == ("failed", "RuntimeError: out of luck")
    assert result["metrics"]["final"]["loss_generator"]


def test_a_kill_finds_the_last_checkpoint_in_the_result(tmp_path):
    """A killed process writes nothing, so what it would have to say is written with every checkpoint."""
    (tmp_path / "config.yaml").write_text("{}")
    model, data, trainer = parts(directory=tmp_path)
    seen = []
    terms = model.generator_terms
    model.generator_terms = lambda real: seen.append(json.loads((tmp_path / "result.json").read_text())) or terms(real)
    trainer.fit(model, data)
    assert [result["iterations"] for result in seen] == [0] * 20 + [20] * 20
    assert {result["status"] for result in seen} == {"interrupted"}


def test_seconds_add_up_over_resumes(tmp_path):
    (tmp_path / "config.yaml").write_text("{}")
    model, data, trainer = parts(directory=tmp_path)
    trainer.fit(model, data)
    path = tmp_path / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["iteration"] = 30
    checkpoint["callbacks"]["Result"]["seconds"] = 1000.0
    torch.save(checkpoint, path)
    model, data, trainer = parts(directory=tmp_path)
    trainer.fit(model, data, ckpt_path=path, weights_only=True)
    assert 1000 < json.loads((tmp_path / "result.json").read_text())["seconds"] < 1100
