"""Stop at the first NaN or infinity, before it is logged or saved."""

from typing import Any

import lightning as L
import torch

from ganlab.distributed import average
from ganlab.errors import Diverged
from ganlab.models.base import Model


class Divergence(L.Callback):
    """Raises `Diverged` when a term or a weight is not finite; the last checkpoint is then from before.

    Terms are read once per chunk, so that a GPU need not be waited for at every iteration; the message still names
    the exact iteration.
    """

    def on_train_batch_end(self, trainer: L.Trainer, module: Model, outputs: Any, *_: Any) -> None:
        history = outputs["terms"]
        names = list(history[0])
        # Averaged over processes: a single one that fails is seen by all.
        values = average(torch.stack([terms[name] for terms in history for name in names]))
        if not values.isfinite().all():
            position = int(values.isfinite().logical_not().nonzero()[0])
            iteration = module.iteration - len(history) + 1 + position // len(names)
            raise Diverged(f"{names[position % len(names)]} is {values[position].item()} at iteration {iteration}.")
        for name, weight in module.named_parameters():
            if not weight.detach().sum().isfinite() and not weight.detach().isfinite().all():
                raise Diverged(f"The weights {name} are not finite at iteration {module.iteration}.")
