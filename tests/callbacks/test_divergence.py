import json

import pytest
import torch

from ganlab.errors import Diverged
from tests.conftest import parts


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_term_and_iteration_are_named(tmp_path, bad):
    (tmp_path / "config.yaml").write_text("{}")
    model, data, trainer = parts("checkpoint.every=5", directory=tmp_path)
    terms = model.generator_terms

    def broken(real):
        return {name: term * (bad if model.iteration == 12 else 1) for name, term in terms(real).items()}

    model.generator_terms = broken
    with pytest.raises(Diverged, match=r"loss_generator is (nan|inf) at iteration 13"):
        trainer.fit(model, data)
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["status"] == "diverged"
    assert "iteration 13" in result["error"]
    kept = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert kept["iteration"] == 10
    assert all(weight.isfinite().all() for weight in kept["state_dict"].values())


def test_weights_are_watched(tmp_path):
    (tmp_path / "config.yaml").write_text("{}")
    model, data, trainer = parts("steps=1", directory=tmp_path)
    after = model.ema.after

    def poison(*args):
        after(*args)
        torch.nn.init.constant_(model.generator[0].bias, float("inf"))

    model.ema.after = poison
    with pytest.raises(Diverged, match=r"weights generator.0.bias .* iteration 1"):
        trainer.fit(model, data)
    assert not (tmp_path / "checkpoints").exists()


def test_a_diverged_run_stays_diverged(train, tmp_path, capfd):
    overrides = ["model/optimizer=sgd", "model.optimizer.discriminator.lr=1e30"]
    assert train(tmp_path / "run", *overrides) == 1
    assert "at iteration" in capfd.readouterr().err
    assert train(tmp_path / "run", *overrides) == 1
    assert "resume=false starts over" in capfd.readouterr().err
