"""Metrics of the average generator's samples, while it trains."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L

from ganlab import distributed
from ganlab.data.module import ImageData
from ganlab.data.source import mixed
from ganlab.errors import UserError
from ganlab.metrics.evaluation import Evaluation, NoExtractor
from ganlab.models.gan import GAN
from ganlab.pictures import save_picture
from ganlab.sampling import sample_blocks
from ganlab.schedule import Schedule

SAMPLES = 2  # a third number beside the run's seed, so that these samples are not those of another purpose


class Evaluate(L.Callback):
    """At evaluations: every metric as a column of metrics.csv, with FID its floor, and the metrics' pictures.

    The same noise every time, drawn from a generator of its own: training does not notice.

    Args:
        directory: the run's directory.
        schedule: the run's schedule.
        evaluation: a function of the data, the number of samples and whether they are labelled; see
            `ganlab.metrics.evaluation.Evaluation`.
        samples: how many images; 0 for no metrics.
        seed: the run's, of which the noise's is made.
        data: the data's name, for messages.
    """

    def __init__(
        self,
        directory: str,
        schedule: Schedule,
        evaluation: Callable[..., Evaluation],
        samples: int,
        seed: int,
        data: str,
    ) -> None:
        if samples < 0:
            raise UserError(f"eval.samples={samples}: expected how many images are measured, or 0 for no metrics.")
        self.directory, self.schedule, self.build = Path(directory), schedule, evaluation
        self.samples, self.seed, self.data_name = samples, mixed(seed, SAMPLES), data
        self.evaluation: Evaluation | None = None
        self.seconds = 0.0
        self.iteration: int | None = None  # of the last evaluation

    def prepare(self, model: GAN, data: ImageData) -> None:
        """Build the metrics for this model and data.

        Raises:
            UserError: they do not fit.
        """
        if not self.samples:
            return
        try:
            evaluation = self.build(data=data, samples=self.samples, labelled=model.num_classes > 0)
            self.evaluation = evaluation if evaluation.metrics else None
        except NoExtractor as error:
            if distributed.is_first():
                print(str(error).replace("data=…", f"data={self.data_name}"))
        self.labels = data.train[1] if model.num_classes else None

    def on_train_start(self, trainer: L.Trainer, module: GAN) -> None:
        if self.evaluation:
            self.evaluation.to(module.device)
            if trainer.is_global_zero:
                _ = self.evaluation.floor  # with the statistics of the real images, before the clock starts

    def on_train_batch_end(self, trainer: L.Trainer, module: GAN, *_: Any) -> None:
        if not self.evaluation or not self.schedule.due("eval", module.iteration):
            return
        start = time.perf_counter()
        fake = self.evaluation.collect(sample_blocks(module, self.labels, self.samples, self.seed)).gathered()
        if trainer.is_global_zero:
            module.measured |= self.evaluation.values(fake)
            if "fid" in module.measured:
                module.measured["fid_floor"] = self.evaluation.floor["fid"]
            for name, picture in self.evaluation.pictures(fake).items():
                path = self.directory / f"{name}.png"
                save_picture(picture.cpu(), path)
                for logger in trainer.loggers:
                    logger.log_image(name, path, step=module.iteration)
        module.measured = distributed.told(module.measured)
        self.seconds, self.iteration = self.seconds + time.perf_counter() - start, module.iteration

    def result(self) -> dict[str, Any]:
        """For result.json: the floors and the card of the last evaluation, if there was one."""
        if not self.evaluation or self.iteration is None:
            return {}
        facts = {"seed": self.seed, "weights": "ema", "iteration": self.iteration}
        return {"floor": self.evaluation.floor, "card": self.evaluation.card(**facts)}

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "iteration": self.iteration}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.seconds, self.iteration = state["seconds"], state["iteration"]
