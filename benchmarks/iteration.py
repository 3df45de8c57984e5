"""Time per iteration: ganlab with its default callbacks and CSV logging against a bare loop."""

import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import lightning as L
import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from rich.console import Console
from torch.nn.functional import softplus

import ganlab.config  # noqa: F401  (registers the schema)
from ganlab.callbacks.progress import ProgressBar
from ganlab.config import quiet
from ganlab.networks.mlp import Discriminator, Generator

TURN = 50  # iterations before the other variant has its turn: shorter than most of the machine's moods


class BareLoop:
    """What one would write by hand for speed: float images in memory, no logs, no average, no framework."""

    def __init__(self, model: Any, images: torch.Tensor, device: torch.device) -> None:
        # Networks of the same kind, with their own weights.
        self.generator: Generator = instantiate(model.generator).to(device)
        self.discriminator: Discriminator = instantiate(model.discriminator).to(device)
        adam: dict[str, Any] = {"lr": 2e-4, "betas": (0.5, 0.999), "fused": True}
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), **adam)
        self.optimizer_d = torch.optim.Adam(self.discriminator.parameters(), **adam)
        self.images = ((images.float() - 127.5) / 127.5).to(device)
        self.device = device

    def run(self, iterations: int, m: int = 64) -> None:
        generator, discriminator = self.generator, self.discriminator
        weights = list(discriminator.parameters())
        order = torch.randperm(len(self.images), device=self.device)
        position = 0
        for _ in range(iterations):
            if position + m > len(order):
                order, position = torch.randperm(len(self.images), device=self.device), 0
            real = self.images[order[position : position + m]]
            position += m

            with torch.no_grad():
                fake = generator(torch.randn(m, 100, device=self.device))
            loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
            self.optimizer_d.zero_grad()
            loss.backward()
            self.optimizer_d.step()

            for weight in weights:
                weight.requires_grad = False
            loss = softplus(-discriminator(generator(torch.randn(m, 100, device=self.device)))).mean()
            self.optimizer_g.zero_grad()
            loss.backward()
            self.optimizer_g.step()
            for weight in weights:
                weight.requires_grad = True


class TakeTurns(L.Callback):
    """After every `TURN` iterations of ganlab, as many of the bare loop; each round's seconds and the peak memory."""

    def __init__(self, bare: BareLoop, iterations: int) -> None:
        self.bare, self.iterations = bare, iterations
        self.ganlab_seconds = [0.0]
        self.bare_seconds = [0.0]
        self.peak_mib: list[float] = []

    def on_train_start(self, trainer: L.Trainer, module: Any) -> None:
        self.started = time.perf_counter()

    def on_train_batch_end(self, trainer: L.Trainer, module: Any, *_: Any) -> None:
        if module.iteration % TURN:
            return
        synchronize(module.device)
        self.ganlab_seconds[-1] += time.perf_counter() - self.started
        start = time.perf_counter()
        self.bare.run(TURN)
        synchronize(module.device)
        self.bare_seconds[-1] += time.perf_counter() - start
        if module.iteration % self.iterations == 0:
            self.peak_mib.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            self.ganlab_seconds.append(0.0)
            self.bare_seconds.append(0.0)
        self.started = time.perf_counter()


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def benchmark(title: str, rounds: int, iterations: int, *overrides: str) -> None:
    """Print the table of one model, with everything as often as by default in a run of 20,000 iterations."""
    quiet()
    steps = iterations * (rounds + 1)  # the first round warms up
    with tempfile.TemporaryDirectory() as directory:
        with initialize_config_dir(str(Path(__file__).parents[1] / "conf"), version_base="1.3"):
            cfg = compose(
                "train", [*overrides, f"steps={steps}", "eval.every=2000", "eval.samples=0"], return_hydra_config=True
            )
        cfg.hydra.runtime.output_dir = directory
        HydraConfig.instance().set_config(cfg)
        (Path(directory) / "config.yaml").write_text("{}")

        data, module = instantiate(cfg.data), instantiate(cfg.model)
        callbacks = [instantiate(callback) for callback in cfg.callbacks.values() if callback]
        with open(os.devnull, "w") as nowhere:
            # The progress bar draws as on a terminal, but to nowhere.
            bar = next(c for c in callbacks if isinstance(c, ProgressBar))
            bar.console = Console(file=nowhere, force_terminal=True, width=120)
            trainer = instantiate(cfg.trainer, callbacks=callbacks, logger=False)
            turns = TakeTurns(BareLoop(cfg.model, data.train[0], trainer.strategy.root_device), iterations)
            trainer.callbacks.append(turns)
            trainer.fit(module, data)

    ours, bare = turns.ganlab_seconds[1:-1], turns.bare_seconds[1:-1]
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    print(f"{title}: {rounds} rounds of {iterations} iterations, batch 64, {trainer.strategy.root_device}\n")
    print("| | ms per iteration, median | minimum | iterations/s, median |\n|---|---|---|---|")
    for name, seconds in (("ganlab", ours), ("bare loop", bare)):
        ms = [1000 * s / iterations for s in seconds]
        print(f"| {name} | {statistics.median(ms):.2f} | {min(ms):.2f} | {1000 / statistics.median(ms):.0f} |")
    print(
        f"\nganlab / bare loop, by round: median {statistics.median(ratios):.3f}, minimum {min(ratios):.3f}, "
        f"all {' '.join(f'{ratio:.3f}' for ratio in ratios)}"
    )
    print(
        f"Peak memory after round 1: {turns.peak_mib[1]:.0f} MiB, after round {rounds}: {turns.peak_mib[-1]:.0f} MiB\n"
    )
    sys.stdout.flush()
