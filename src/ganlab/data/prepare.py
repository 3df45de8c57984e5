"""CelebA from what people have of it to a memory map: parallel, resumable, in constant memory. Imports no torch."""

import csv
import io
import json
import time
import zipfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from multiprocessing import get_context
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ganlab.data.folders import is_image
from ganlab.errors import UserError
from ganlab.files import write_atomically

BLOCK = 256  # images that are done, and found done after an interruption, together
WHOLE = 202_599  # images in CelebA
LAYOUTS = (
    "torchvision's folder (celeba/img_align_celeba/*.jpg with list_attr_celeba.txt and list_eval_partition.txt), the "
    "zip of img_align_celeba, Kaggle's folder or zip (img_align_celeba/img_align_celeba/*.jpg with csv files), or any "
    "folder of JPEGs without annotations"
)


@dataclass(frozen=True)
class Plan:
    """What an images.npy is made from and how; an unfinished one is only continued by the same plan."""

    source: str
    size: int
    crop: int
    images: int


class Source:
    """The files of a folder or a zip, by their path inside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.zip = zipfile.ZipFile(path) if path.is_file() else None

    @cached_property
    def names(self) -> list[str]:
        if self.zip:
            return [name for name in self.zip.namelist() if not name.startswith("__MACOSX")]
        return [path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if path.is_file()]

    def read(self, name: str) -> bytes:
        return self.zip.read(name) if self.zip else (self.path / name).read_bytes()

    def find(self, stem: str) -> str | None:
        """The text of the annotation file stem.txt or stem.csv, inside or beside a zip."""
        for name in self.names:
            if PurePosixPath(name).name in (f"{stem}.txt", f"{stem}.csv"):
                return self.read(name).decode()
        beside = [self.path.with_name(f"{stem}{end}") for end in (".txt", ".csv")] if self.zip else []
        return next((path.read_text() for path in beside if path.is_file()), None)


def prepare(path: Path, root: Path, size: int, crop: int, workers: int, skip_unreadable: bool) -> Path:
    """Make root/celeba/SIZE from the CelebA at `path`; returns that folder.

    Each image is centre-cropped to crop×crop pixels and resized, antialiased, to size×size. The folder then holds
    images.npy (uint8, N×3×size×size, in the order of the names), annotations.npz (`split`: 0 training, 1 validation,
    2 test, −1 left out; `attributes`: bool, N×40) and, last, facts.json.

    Raises:
        UserError: nothing usable at `path`, images missing or unreadable, or another preparation is there already.
    """
    folder = root / "celeba" / str(size)
    try:
        source = Source(path)
        names = sorted((name for name in source.names if is_image(Path(name))), key=lambda n: PurePosixPath(n).name)
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"--source {path} cannot be read: {error}. Expected {LAYOUTS}.") from error
    if not names:
        raise UserError(
            f"--source {path} holds no images. Expected {LAYOUTS}. CelebA is to be had from its authors "
            "(mmlab.ie.cuhk.edu.hk/projects/CelebA.html) and from Kaggle (jessicali9530/celeba-dataset)."
        )
    annotations = read_annotations(source, [PurePosixPath(name).name for name in names])
    plan = Plan(str(path.absolute()), size, crop, len(names))
    if (folder / "facts.json").exists():
        made = json.loads((folder / "facts.json").read_text())["plan"]
        if made == asdict(plan):
            print(f"{folder} is already prepared.")
            return folder
        raise UserError(f"{folder} was prepared otherwise ({made}). Remove that folder to prepare it anew.")

    unreadable = make_images(plan, names, folder, workers)
    if unreadable and not skip_unreadable:
        raise UserError(
            "These files cannot be read as images:\n  "
            + "\n  ".join(unreadable)
            + "\nMend them and repeat the command, "
            "which continues, or say --skip-unreadable to leave them out."
        )
    split, attributes, attribute_names = annotations
    split[np.isin(names, unreadable)] = -1
    for name in unreadable:
        print(f"Left out, not readable as an image: {name}")
    np.savez(folder / "annotations.npz", split=split, attributes=attributes)
    facts = {"plan": asdict(plan), "attributes": attribute_names, "left_out": unreadable}
    write_atomically(folder / "facts.json", json.dumps(facts, indent=2) + "\n")
    for name in ("plan.json", "done.npy"):
        (folder / name).unlink()
    return folder


def read_annotations(source: Source, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(split (N,), attributes (N, A), the attributes' names) for images of these names.

    Without annotations every image is for training and there are no attributes.
    """
    columns, attributes = read_table(source.find("list_attr_celeba"))
    _, partition = read_table(source.find("list_eval_partition"))
    for what, table in {"list_attr_celeba": attributes, "list_eval_partition": partition}.items():
        present = set(names)
        missing = [name for name in table if name not in present]
        extra = [name for name in names if name not in table] if table else []
        if missing or extra:
            raise UserError(
                f"{what} lists {len(table)} images and there are {len(names)}; "
                + (f"{len(missing)} are missing, the first is {missing[0]}." if missing else "")
                + (f"{len(extra)} are not in the list, the first is {extra[0]}." if extra else "")
                + " The copy is incomplete: unpack or download it again."
            )
    split = np.array([partition[name][0] if partition else 0 for name in names], dtype=np.int8)
    values = np.array([attributes[name] for name in names] if attributes else np.empty((len(names), 0))) > 0
    return split, values, columns


def read_table(text: str | None) -> tuple[list[str], dict[str, list[int]]]:
    """(column names, numbers by image name) of an annotation file in the authors' txt or Kaggle's csv format."""
    if text is None:
        return [], {}
    if "," in text.splitlines()[0]:
        header, *rows = csv.reader(io.StringIO(text))
        return header[1:], {row[0]: [int(value) for value in row[1:]] for row in rows if row}
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if len(lines[0]) == 1:  # the attributes' file begins with the number of images and the columns' names
        count, columns, lines = int(lines[0][0]), lines[1], lines[2:]
        if count != len(lines):
            raise UserError(f"list_attr_celeba.txt announces {count} images and lists {len(lines)}: it is truncated.")
    else:
        columns = []
    return columns, {name: [int(value) for value in values] for name, *values in lines}


def make_images(plan: Plan, names: list[str], folder: Path, workers: int) -> list[str]:
    """Fill folder/images.npy; returns the names of unreadable files. Blocks that were done before are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = (len(names), 3, plan.size, plan.size)
    blocks = -(-len(names) // BLOCK)
    written = folder / "plan.json"
    if written.exists() and json.loads(written.read_text()) == asdict(plan):
        done = np.load(folder / "done.npy")
        print(f"Continuing: {done.sum()} of {blocks} blocks of {BLOCK} images are done.")
    else:
        done = np.zeros(blocks, dtype=bool)
        np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shape).flush()
        np.save(folder / "done.npy", done)
        write_atomically(written, json.dumps(asdict(plan)))

    unreadable: list[str] = []
    start, fresh = time.perf_counter(), 0
    bar = Progress(
        TextColumn("[bold]images"), MofNCompleteColumn(), BarColumn(), TextColumn("{task.fields[rate]:.0f}/s  left"),
        TimeRemainingColumn(),
    )  # fmt: skip
    # Spawned, not forked: the parent may have threads.
    with bar, ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        task = bar.add_task("", total=len(names), completed=int(done.sum()) * BLOCK, rate=0.0)
        todo = {}
        for block in np.flatnonzero(~done).tolist():
            part = names[block * BLOCK : (block + 1) * BLOCK]
            todo[pool.submit(make_block, plan, part, folder / "images.npy", block * BLOCK)] = block
        for future in as_completed(todo):
            bad, count = future.result(), min(BLOCK, len(names) - todo[future] * BLOCK)
            unreadable += bad
            fresh += count
            bar.update(task, advance=count, rate=fresh / (time.perf_counter() - start))
            if not bad:  # a block with an unreadable file is looked at again next time
                done[todo[future]] = True
                np.save(folder / "done.npy", done)
    if fresh:
        rate = fresh / (time.perf_counter() - start)
        whole = f"{WHOLE / rate / 60:.1f} min for all {WHOLE:,}"
        print(f"{fresh} images, {rate:.0f} images/s with {workers} workers ({whole})")
    return sorted(unreadable)


def make_block(plan: Plan, names: Iterable[str], target: Path, start: int) -> list[str]:
    """In a worker: write the images of these names to rows start, start + 1, … of the memory map."""
    source, images, bad = opened(Path(plan.source)), np.load(target, mmap_mode="r+"), []
    for row, name in enumerate(names, start):
        try:
            images[row] = crop_and_resize(source.read(name), plan.crop, plan.size)
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError, zipfile.BadZipFile):
            bad.append(name)
    images.flush()
    return bad


@lru_cache(maxsize=1)
def opened(path: Path) -> Source:
    """The source, opened once per worker."""
    return Source(path)


def crop_and_resize(file: bytes, crop: int, size: int) -> np.ndarray:
    """uint8 (3, size, size): the centre crop×crop pixels of an image file, resized with antialiasing."""
    with Image.open(io.BytesIO(file)) as image:
        left, top = (image.width - crop) / 2, (image.height - crop) / 2
        if left < 0 or top < 0:
            raise ValueError(f"smaller than the crop of {crop} pixels")
        box = (int(left), int(top), int(left) + crop, int(top) + crop)
        small = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.asarray(small).transpose(2, 0, 1)
