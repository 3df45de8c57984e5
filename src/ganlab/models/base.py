"""What the models share: they count iterations, and their players descend named terms in turns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from operator import add
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.optim import Optimizer

from ganlab.data.source import Chunk, Minibatch
from ganlab.distributed import anywhere, average_gradients, world_size
from ganlab.models.ema import EMA

Terms = dict[str, Tensor]


class Model(L.LightningModule, ABC):
    """Players, each an attribute of the model with a network, that take turns in descending named terms.

    Args:
        optimizer: for each player's name, a function from its parameters to an optimizer.
        ema: the average that follows one of the networks.
    """

    def __init__(self, optimizer: Mapping[str, Callable[[Iterable[Tensor]], Optimizer]], ema: EMA) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.optimizer, self.ema = optimizer, ema
        self.iteration = 0  # iterations completed
        self.stop_requested = False  # set from outside: finish the iteration at hand, then return
        self.stopping = False  # the same, as all processes agree on it at the end of a chunk
        self.stopped: str | None = None  # why it ended before its last iteration
        self.measured: dict[str, float] = {}  # by an evaluation at this iteration, for the log
        self.metrics: dict[str, float] = {}  # the newest value of everything that is logged

    @abstractmethod
    def iterate(self, minibatches: Iterator[Minibatch]) -> Terms:
        """One iteration: the players' updates on its minibatches; returns their terms, detached."""

    @abstractmethod
    def diagnostics(self) -> Terms:
        """What is worth logging beside the terms of the last iteration."""

    def configure_optimizers(self) -> list[Optimizer]:
        self.players = {name: list(getattr(self, name).parameters()) for name in self.optimizer}
        self.optimizer_of = {name: self.optimizer[name](weights) for name, weights in self.players.items()}
        return list(self.optimizer_of.values())

    def training_step(self, chunk: Chunk) -> dict[str, list[Terms]]:
        """The iterations of one chunk; returns the terms of each."""
        history = []
        for minibatches in chunk:
            history.append(self.iterate(minibatches))
            self.iteration += 1
            self.ema.after(self.iteration, chunk.minibatch_size)
            if self.stop_requested and world_size() == 1:
                break
        self.stopping = anywhere(self.stop_requested, self.device)
        return {"terms": history}

    def update(self, player: str, terms_of: Callable[[Minibatch], Terms], real: Minibatch) -> Terms:
        """Let one player descend the sum of its terms while the others' weights are frozen."""
        for name, weights in self.players.items():
            for weight in weights:
                weight.requires_grad = name == player
        terms = terms_of(real)
        self.optimizer_of[player].zero_grad()
        # Not manual_backward, which calls every callback twice: 0.4 ms per update. Precision is 32-bit or bf16.
        reduce(add, terms.values()).backward()
        average_gradients(self.players[player])
        self.optimizer_of[player].step()
        return {name: term.detach() for name, term in terms.items()}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["iteration"], checkpoint["metrics"] = self.iteration, self.metrics
        del checkpoint["loops"]  # a resumed run is a shorter epoch; Lightning's counts of chunks mean nothing

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.iteration, self.metrics = checkpoint["iteration"], checkpoint["metrics"]


def evaluated(network: torch.nn.Module, *inputs: Tensor) -> Tensor:
    """network(*inputs) in evaluation mode, without gradients, in 32-bit floats; the mode is restored."""
    training = network.training
    with torch.no_grad():
        outputs = network.eval()(*inputs).float()
    network.train(training)
    return outputs
