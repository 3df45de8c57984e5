"""Several processes, one experiment: every function is the identity where there is one process.

Each process computes its equal share of every minibatch; with gradients averaged over the processes and batch
normalisation over all of them, the weights are those that a single process would get, up to rounding.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from hydra.conf import HydraConf, OverridesConf
from hydra.types import RunMode
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce

from ganlab.errors import Diverged, Failed, Interrupted, UserError
from ganlab.files import write_atomically
from ganlab.run import read_result

LAUNCHED = "GANLAB_LAUNCHED"  # set for processes that `launch` has started


class SharedMinibatch(DDPStrategy):
    """One process per device, without DistributedDataParallel around the module.

    Its reducer expects one backward pass per forward pass over a fixed set of weights; adversarial training has two
    players that freeze each other. `average_gradients` does what is needed of it in one message per update.
    """

    def configure_ddp(self) -> None:
        assert self.model is not None
        synchronize_batch_norm(self.model)


def world_size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def share(whole: Tensor) -> Tensor:
    """This process's part of something that every process has drawn alike, split along the first dimension."""
    return whole.tensor_split(world_size())[dist.get_rank()] if world_size() > 1 else whole


def average(tensor: Tensor) -> Tensor:
    """The mean of the tensor over all processes."""
    return summed(tensor) / world_size() if world_size() > 1 else tensor


def summed(tensor: Tensor) -> Tensor:
    """The sum of the tensor over all processes."""
    if world_size() > 1:
        tensor = tensor.clone()
        dist.all_reduce(tensor)
    return tensor


def gathered(tensor: Tensor) -> Tensor:
    """All processes' tensors, which may differ in their first dimension, one after the other."""
    if world_size() == 1:
        return tensor
    length = torch.tensor(len(tensor), device=tensor.device)
    lengths = [torch.empty_like(length) for _ in range(world_size())]
    dist.all_gather(lengths, length)
    longest = max(int(n) for n in lengths)
    padded = torch.cat([tensor, tensor.new_zeros(longest - len(tensor), *tensor.shape[1:])])
    parts = [torch.empty_like(padded) for _ in lengths]
    dist.all_gather(parts, padded)
    return torch.cat([part[: int(n)] for part, n in zip(parts, lengths, strict=True)])


def told(value: Any) -> Any:
    """What the first process has, for all of them: a plain value."""
    if world_size() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values, src=0)
    return values[0]


def agreed(number: int, device: torch.device) -> int:
    """The number that the first process has: decisions that depend on the clock must be the same everywhere."""
    if world_size() == 1:
        return number
    tensor = torch.tensor(number, device=device)
    dist.broadcast(tensor, src=0)
    return int(tensor)


def anywhere(flag: bool, device: torch.device) -> bool:
    """Whether the flag is set in any of the processes."""
    return bool(average(torch.tensor(float(flag), device=device)) > 0) if world_size() > 1 else flag


def average_gradients(weights: Sequence[Tensor]) -> None:
    """Replace the gradients of these weights by their means over all processes, in one message."""
    if world_size() == 1:
        return
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    mean = average(torch.cat([gradient.flatten() for gradient in gradients]))
    for gradient, part in zip(gradients, mean.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


class SynchronizedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the minibatch of all processes. torch's SyncBatchNorm does not run on CPUs."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or world_size() == 1:
            return super().forward(input)
        moments = torch.stack([input.mean((0, 2, 3)), input.square().mean((0, 2, 3))])
        mean, square = all_reduce(moments) / world_size()
        variance = square - mean.square()
        count = world_size() * input.numel() / input.shape[1]
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.momentum is not None
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
            assert self.num_batches_tracked is not None
            self.num_batches_tracked += 1
        scale = (self.weight * (variance + self.eps).rsqrt())[:, None, None]
        return (input - mean[:, None, None]) * scale + self.bias[:, None, None]


def synchronize_batch_norm(model: nn.Module) -> None:
    """Make every batch normalisation of the model one over all processes; weights and names stay."""
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SynchronizedBatchNorm2d


def is_launched() -> bool:
    """Whether this process is one of several that torchrun, `launch` or SLURM's srun has started."""
    return "TORCHELASTIC_RUN_ID" in os.environ or int(os.environ.get("SLURM_NTASKS", 1)) > 1


def is_first() -> bool:
    """Whether this process looks after the run's directory: the first one, or the one that launched the others."""
    return LAUNCHED not in os.environ and int(os.environ.get("RANK", os.environ.get("SLURM_PROCID", 0))) == 0


def check_start(hydra: HydraConf) -> None:
    """Refuse what cannot work when torchrun or srun has started the processes.

    Raises:
        UserError: they would not find the same directory, or each would run a whole sweep.
    """
    if not is_launched() or LAUNCHED in os.environ:
        return
    if hydra.mode is RunMode.MULTIRUN:
        raise UserError(
            "A sweep (-m) under torchrun or srun would run as often as there are processes. Start it by itself, with "
            "trainer.devices=N: every cell then starts its own processes."
        )
    if not any(override.startswith("hydra.run.dir=") for override in hydra.overrides.hydra):
        raise UserError(
            "Several processes need one directory of the same name: add hydra.run.dir=runs/NAME to the command."
        )


def quoted(directory: Path) -> str:
    """A path as a value of Hydra's override grammar; a cell's directory has commas and equal signs in its name."""
    escaped = str(directory).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def launch(program: str, overrides: OverridesConf, processes: int, directory: Path) -> None:
    """Train in so many processes on this machine, through torchrun.

    Every cell of a sweep is launched like this, so that no child sees the sweep. If one process dies, torchrun ends
    the others. Ctrl-C and SIGTERM are passed on, and the processes save themselves.

    Args:
        program: train.py.
        overrides: of this run; of Hydra's own only the search path is handed on.
        directory: the run's, already claimed.

    Raises:
        Interrupted, Diverged, Failed: as the run's result.json says.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    threads = {"OMP_NUM_THREADS": str(max(1, torch.get_num_threads() // processes))}
    received: list[int] = []

    def pass_on(signum: int, _: Any) -> None:
        received.append(signum)
        torchrun.send_signal(signal.SIGTERM)

    paths = [override for override in overrides.hydra if override.startswith("hydra.searchpath=")]
    with subprocess.Popen(
        [*command, program, *overrides.task, *paths, f"hydra.run.dir={quoted(directory)}"],
        env={**threads, **os.environ, LAUNCHED: "1"},
        start_new_session=True,  # so that Ctrl-C in a terminal reaches the processes once, through us
    ) as torchrun:
        handlers = {s: signal.signal(s, pass_on) for s in (signal.SIGINT, signal.SIGTERM)}
        code = torchrun.wait()
        for signum, handler in handlers.items():
            signal.signal(signum, handler)
    result = read_result(directory)
    if result.get("status") == "done":
        return
    if result.get("status") == "diverged":
        raise Diverged(result["error"])
    if received:
        raise Interrupted(result.get("error") or "Interrupted before training began.", received[0])
    if result.get("status") != "failed":  # whoever would have written it was killed
        result |= {"status": "failed", "error": f"A process died (torchrun's exit code {code}); see the output."}
        write_atomically(directory / "result.json", json.dumps(result, indent=2) + "\n")
    raise Failed(f"{result['error']} The last checkpoint is whole: repeat the command to continue.")
