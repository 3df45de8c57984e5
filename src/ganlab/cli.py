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


@app.command()
def sample(
    run: Annotated[Path, typer.Argument(help="A run's directory: finished, interrupted or still going.")],
    count: Annotated[int, typer.Option(min=1, help="How many images.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
    weights: Annotated[Weights, typer.Option(help="The average generator or the raw one.")] = Weights.ema,
    checkpoint: Annotated[str, typer.Option(help="last, best, or a checkpoint's path.")] = "last",
    label: Annotated[
        str | None, typer.Option(help="A class by number or name, or a range as 0-9; for conditional models.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A picture of all images, 8 to a row. Default: grid.png.")] = None,
    npz: Annotated[Path | None, typer.Option(help="An npz with images, uint8 (N, H, W, C), and labels.")] = None,
) -> None:
    """Make images with a run's generator.

    The same seed gives the same images; unlabelled images have label -1.
    """
    # Imported only when a command runs, so that --help answers at once.
    from ganlab.pictures import save_picture
    from ganlab.run import read_config
    from ganlab.sampling import asked_labels, generate, load_gan, save_npz

    paths = [path for path in (out, npz) if path] or [Path("grid.png")]
    for path in paths:
        if not os.access(path.absolute().parent, os.W_OK):
            raise UserError(f"{path}: its folder does not exist or cannot be written. Name another file.")
    model = load_gan(run, checkpoint)
    labels = asked_labels(model, read_config(run), count, label)
    images = generate(model, labels, seed, weights.value)
    for path in paths:
        save_npz(images, labels, path) if path == npz else save_picture(images, path)
        print(f"{path}: {count} images at iteration {model.iteration}")


data = typer.Typer(help="Prepare data sets.", no_args_is_help=True)
prepare = typer.Typer(help="Prepare a data set once, so that training starts at once.", no_args_is_help=True)
app.add_typer(data, name="data")
data.add_typer(prepare, name="prepare")


@prepare.callback()
def prepare_() -> None:
    """Prepare a data set once, so that training starts at once."""


@prepare.command()
def celeba(
    source: Annotated[Path, typer.Option(help="torchvision's folder, the zip, Kaggle's folder, or a folder of JPEGs.")],
    root: Annotated[Path, typer.Option(help="The data folder (data.root).", envvar="GANLAB_DATA")] = Path("data"),
    size: Annotated[int, typer.Option(min=8, help="The side of the images in pixels.")] = 64,
    crop: Annotated[int, typer.Option(min=8, help="The side of the centre crop before resizing.")] = 108,
    workers: Annotated[int, typer.Option(min=1, help="Processes. Default: one per core.")] = os.cpu_count() or 1,
    skip_unreadable: Annotated[bool, typer.Option("--skip-unreadable", help="Leave unreadable files out.")] = False,
) -> None:
    """Build ROOT/celeba/SIZE from a copy of CelebA. Repeat the command to continue after an interruption."""
    from ganlab.data.prepare import prepare as prepare_celeba

    folder = prepare_celeba(source, root, size, crop, workers, skip_unreadable)
    print(f"Ready: {folder}. Train with: python train.py data=celeba model=dcgan data.size={size} data.root={root}")


def main() -> None:
    """Run the command line; what the user can put right ends in one message and exit code 2."""
    try:
        app()
    except (UserError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
