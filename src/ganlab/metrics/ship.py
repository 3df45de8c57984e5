"""python -m ganlab.metrics.ship RUN NAME: make a classifier's run an extractor that comes with the package."""

import json
import sys
from pathlib import Path

import safetensors.torch
import yaml

from ganlab.files import write_atomically
from ganlab.metrics.extractors import SHIPPED, from_run
from ganlab.run import read_config, read_result


def ship(run: Path, name: str) -> None:
    """Write NAME.safetensors and its card NAME.json."""
    extractor, config, result = from_run(run), read_config(run), read_result(run)
    overrides = yaml.safe_load((run / ".hydra" / "overrides.yaml").read_text())
    weights = safetensors.torch.save(extractor.network.state_dict())
    (SHIPPED / f"{name}.safetensors").write_bytes(weights)
    card = {
        "name": name,
        "sha256": extractor.sha256,
        "command": " ".join(["python train.py", *overrides]),
        "test_accuracy": result["metrics"]["final"]["test_accuracy"],
        "features": "the penultimate layer, after its ReLU",
        "images": "uint8, as x / 127.5 - 1; not resized",
        "network": {key: value for key, value in config["model"]["classifier"].items() if key != "_target_"},
        "versions": result["versions"],
    }
    write_atomically(SHIPPED / f"{name}.json", json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    ship(Path(sys.argv[1]), sys.argv[2])
