"""The ganlab command: what is done with a run after training, by its directory alone."""

import os
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ganlab.config import message
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


class Split(str, Enum):
    train = "train"
    test = "test"


def check_writable(path: Path | None) -> None:
    if path and not os.access(path.absolute().parent, os.W_OK):
        raise UserError(f"{path}: its folder does not exist or cannot be written. Name another file.")


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
        check_writable(path)
    model = load_gan(run, checkpoint)
    labels = asked_labels(model, read_config(run), count, label)
    images = generate(model, labels, seed, weights.value)
    for path in paths:
        save_npz(images, labels, path) if path == npz else save_picture(images, path)
        print(f"{path}: {count} images at iteration {model.iteration}")


@app.command()
def evaluate(
    run: Annotated[Path | None, typer.Argument(help="A run's directory: finished, interrupted or still going.")] = None,
    images: Annotated[Path | None, typer.Option(help="In its place a folder of images, or an npz with images.")] = None,
    reference: Annotated[str | None, typer.Option(help="With --images: the data to compare with, as mnist.")] = None,
    samples: Annotated[
        int | None, typer.Option(min=2, help="How many images. Default: 10000; with --images all.", show_default=False)
    ] = None,
    extractor: Annotated[
        str | None, typer.Option(help="By name, a classifier's run, or Inception's weights. Default: the data's.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="As fid,kid,cas. Default: the run's, or all that apply and take seconds.")
    ] = None,
    split: Annotated[Split, typer.Option(help="The real images.")] = Split.train,
    root: Annotated[Path | None, typer.Option(help="Where the data is now (data.root).")] = None,
    checkpoint: Annotated[str, typer.Option(help="last, best, or a checkpoint's path.")] = "last",
    weights: Annotated[Weights, typer.Option(help="The average generator or the raw one.")] = Weights.ema,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at a time; changes no number.")] = 250,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: metrics, floor, flags and the card.")] = False,
    save_features: Annotated[
        Path | None, typer.Option(help="An npz with the features, fake and real, float (N, d).")
    ] = None,
    neighbours: Annotated[
        Path | None, typer.Option(help="A picture of samples, each followed by its nearest training images.")
    ] = None,
    download: Annotated[bool, typer.Option("--download", help="Fetch Inception's weights if they are absent.")] = False,
) -> None:
    """Measure a run's samples, or anybody's images, and say how.

    Beside every number stands its floor: what real images of the other split get.
    """
    from ganlab.evaluating import Asked, evaluate_images, evaluate_run

    if (run is None) == (images is None):
        raise UserError("Name a run's directory, or images with --images DIR --reference DATA; one of the two.")
    if images and not reference:
        raise UserError("--images needs --reference: the name of the real data, such as --reference mnist.")
    for path in (save_features, neighbours):
        check_writable(path)
    keep = {"features", "images"} if neighbours else {"features"} if save_features else set()
    asked = Asked(extractor, metrics, split.value, root, batch_size, download, keep)
    if run:
        measured = evaluate_run(run, checkpoint, weights.value, samples or 10_000, seed, asked)
    else:
        assert images
        assert reference
        measured = evaluate_images(images, reference, samples, asked)
    if save_features:
        measured.save_features(save_features)
    if neighbours:
        measured.save_neighbours(neighbours)
    print(measured.json() if as_json else measured.text())


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
    except (UserError, HydraException, OmegaConfBaseException, OSError) as error:
        print(message(error), file=sys.stderr)
        sys.exit(2)
