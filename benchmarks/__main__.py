"""`make bench`: ganlab against hand-written loops, in one process, the variants taking turns."""

import argparse
import platform
from pathlib import Path

import torch

from benchmarks import iteration, source


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
    parser.add_argument("--iterations", type=int, default=2000, help="iterations per round (default 2000)")
    options = parser.parse_args()
    print(f"Machine: {machine()}\n")
    for model in ("vanilla", "vanilla_small"):
        iteration.benchmark(model, options.rounds, options.iterations)
    source.benchmark(options.rounds)
