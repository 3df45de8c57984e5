import json
import os
import signal

import pytest
import torch

from ganlab.errors import Interrupted
from tests.conftest import parts


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_saves_and_stops(tmp_path, signum):
    (tmp_path / "config.yaml").write_text("{}")
    model, data, trainer = parts("steps=1000", directory=tmp_path)
    before = signal.getsignal(signum)
    terms = model.generator_terms

    def interrupted(real):
        if model.iteration == 6:
            os.kill(os.getpid(), signum)
        return terms(real)

    model.generator_terms = interrupted
    with pytest.raises(Interrupted, match=f"{signum.name} at iteration 7") as error:
        trainer.fit(model, data)
    assert error.value.signum == signum
    assert torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["iteration"] == 7
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["status"], result["iterations"]) == ("interrupted", 7)
    assert signal.getsignal(signum) is before
