"""`make bench`: ganlab against hand-written loops, in one process, the variants taking turns."""

import argparse
import platform
import tempfile
from pathlib import Path

import torch

from benchmarks import evaluation, iteration, preparation, source


def machine() -> str:
    """The processor, its cores, and what computes."""
    info = Path("/proc/cpuinfo")
    models = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    cpu = f"{models[0] if models else platform.processor()}, {torch.get_num_threads()} threads"
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{cpu}{gpu}; Python {platform.python_version()}, torch {torch.__version__}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds per benchmark (default 5)")
    options = parser.parse_args()
    print(f"Machine: {machine()}\n")
    rounds = options.rounds
    for model in ("vanilla", "vanilla_small"):
        iteration.benchmark(f"model={model} data=digits", rounds, 2000, f"model={model}", "data=digits")
    dcgan = ["model=dcgan", "model.width=32", "data=digits"]
    iteration.benchmark("DCGAN, 28×28, width 32", rounds, 300, *dcgan)
    with tempfile.TemporaryDirectory() as root:
        preparation.benchmark(Path(root))
        celeba = ["model=dcgan", "model.width=16", "data=celeba", f"data.root={root}"]
        iteration.benchmark("DCGAN, 64×64 in colour, width 16", rounds, 100, *celeba)
    source.benchmark(rounds)
    evaluation.benchmark(rounds)
