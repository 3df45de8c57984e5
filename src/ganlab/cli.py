"""The ganlab command: what is done with a run after training, by its directory alone."""

import os
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ganlab.errors import UserError

app = typer.Typer(
    help="Work with trained runs. Training itself: python train.py --help",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


class Weights(str, Enum):
    ema = "ema"
    raw = "raw"


@app.callback()
def ganlab() -> None:
    """A callback keeps `sample` a subcommand while it is the only one."""


@app.command()
def sample(
    run: Annotated[Path, typer.Argument(help="A run's directory: finished, interrupted or still going.")],
    count: Annotated[int, typer.Option(min=1, help="How many images.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
    weights: Annotated[Weights, typer.Option(help="The average generator or the raw one.")] = Weights.ema,
    checkpoint: Annotated[str, typer.Option(help="last, best, or a checkpoint's path.")] = "last",
    out: Annotated[Path | None, typer.Option(help="A picture of all images, 8 to a row. Default: grid.png.")] = None,
    npz: Annotated[Path | None, typer.Option(help="An npz with images, uint8 (N, H, W, C), and labels.")] = None,
) -> None:
    """Make images with a run's generator.

    The same seed gives the same images; unlabelled images have label -1.
    """
    # Imported only when a command runs, so that --help answers at once.
    from ganlab.pictures import save_picture
    from ganlab.sampling import generate, load_model, save_npz

    paths = [path for path in (out, npz) if path] or [Path("grid.png")]
    for path in paths:
        if not os.access(path.absolute().parent, os.W_OK):
            raise UserError(f"{path}: its folder does not exist or cannot be written. Name another file.")
    model = load_model(run, checkpoint)
    images = generate(model, count, seed, weights.value)
    for path in paths:
        (save_npz if path == npz else save_picture)(images, path)
        print(f"{path}: {count} images at iteration {model.iteration}")


def main() -> None:
    """Run the command line; what the user can put right ends in one message and exit code 2."""
    try:
        app()
    except (UserError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
