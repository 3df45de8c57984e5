"""Loggers beside metrics.csv: TensorBoard and Weights & Biases, both on the iteration axis.

Each is one of Lightning's loggers with `log_image(name, path, step)`.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import wandb
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image


class TensorBoard(TensorBoardLogger):
    """Event files in directory/tensorboard.

    Args:
        directory: the run's directory.
    """

    def __init__(self, directory: str) -> None:
        super().__init__(save_dir=directory, name="tensorboard", version="")

    @rank_zero_only
    def log_image(self, name: str, path: Path, step: int) -> None:
        self.experiment.add_image(name, np.asarray(Image.open(path)), step, dataformats="HWC")


class Wandb(Logger):
    """A run of Weights & Biases in directory/wandb, its charts over `iteration`.

    It is offline unless WANDB_MODE says otherwise or this machine is logged in (`wandb login`, WANDB_API_KEY).
    A continued run keeps its W&B identity, which is derived from the directory.

    Args:
        directory: the run's directory.
        project: W&B's project.
    """

    def __init__(self, directory: str, project: str) -> None:
        super().__init__()
        self.directory, self.project = Path(directory), project
        self.run: Any = None

    @property
    def name(self) -> str:
        return "wandb"

    @property
    def version(self) -> str:
        return hashlib.sha256(str(self.directory.absolute()).encode()).hexdigest()[:12]

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any], *_: Any) -> None:
        mode: Any = os.environ.get("WANDB_MODE")
        if not mode:
            mode = "online" if wandb.login(prompt=False, verify=False) else "offline"
        self.run = wandb.init(
            project=self.project,
            name=self.directory.name,
            id=self.version,
            dir=self.directory,
            config=params,
            resume="allow",
            mode=mode,
            settings=wandb.Settings(silent=True),
        )
        self.run.define_metric("iteration")
        self.run.define_metric("*", step_metric="iteration")

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.run.log({**metrics, "iteration": step})

    @rank_zero_only
    def log_image(self, name: str, path: Path, step: int) -> None:
        self.run.log({name: wandb.Image(str(path)), "iteration": step})

    @rank_zero_only
    def finalize(self, status: str) -> None:
        if self.run is None:
            return
        self.run.summary["status"] = status
        folder, offline, url = Path(self.run.dir).parent, self.run.offline, self.run.url
        self.run.finish(exit_code=0 if status == "success" else 1)
        self.run = None  # or the next run of this process would join this one
        if offline:
            print(f"W&B ran offline. Look at it here: wandb leet run {folder}   Upload it: wandb sync {folder}")
        else:
            print(f"W&B: {url}")
