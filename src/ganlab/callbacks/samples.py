"""Sample grids on fixed noise."""

from pathlib import Path
from typing import Any

import lightning as L
import torch

from ganlab.models.gan import GAN
from ganlab.pictures import save_picture, to_uint8
from ganlab.schedule import Schedule


class Samples(L.Callback):
    """Writes samples/ITERATION.png, the same noise every time, and hands it to the loggers.

    Args:
        directory: the run's directory.
        schedule: the run's schedule; a grid at iteration 0 and at every evaluation.
        count: images in the grid, 8 to a row; a conditional model draws a row per class instead, if they are few.
        seed: of the noise.
    """

    def __init__(self, directory: str, schedule: Schedule, count: int, seed: int) -> None:
        self.folder, self.schedule, self.count, self.seed = Path(directory) / "samples", schedule, count, seed

    def on_train_start(self, trainer: L.Trainer, module: GAN) -> None:
        if trainer.is_global_zero:
            self.folder.mkdir(exist_ok=True)
            if module.iteration == 0:
                self.draw(trainer, module)

    def on_train_batch_end(self, trainer: L.Trainer, module: GAN, *_: Any) -> None:
        if self.schedule.due("eval", module.iteration) and trainer.is_global_zero:
            self.draw(trainer, module)

    def draw(self, trainer: L.Trainer, module: GAN) -> None:
        classes = torch.arange(module.num_classes, device=module.device)
        classes = classes[:: max(1, len(classes) // 20)]  # of 1,000, every 50th
        labels = classes.repeat_interleave(8)  # a row per class
        noise = module.latent(len(labels) or self.count, torch.Generator().manual_seed(self.seed))
        path = self.folder / f"{module.iteration:06d}.png"
        save_picture(to_uint8(module.sample(noise, labels)), path)
        for logger in trainer.loggers:
            logger.log_image("samples", path, step=module.iteration)
