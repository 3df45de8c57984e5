"""MNIST and datasets in its file format, read in place or downloaded through torchvision."""

import gzip
import hashlib
import math
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganlab.data.module import ImageData
from ganlab.errors import UserError

PREFIX = {"train": "train", "test": "t10k"}
FOLDERS = (".", "raw", "MNIST/raw", "mnist/MNIST/raw")


class MNIST(ImageData):
    """Four IDX files, gzipped or not, in `root` or in a folder that torchvision would make below it.

    Absent files are downloaded to `root`/MNIST/raw; files that are there are never changed. All are checked against
    the published MD5 of the uncompressed file, also those that were already there.

    Args:
        root: the folder.
        download: torchvision's dataset class, called to download into a folder.
        md5: for each of the four files' names, the MD5 of its uncompressed content.
    """

    def __init__(self, root: str, download: Callable[..., Any], md5: Mapping[str, str], **facts: Any) -> None:
        super().__init__(**facts)
        self.root, self.download, self.md5 = Path(root), download, dict(md5)

    def prepare_data(self) -> None:
        missing = [name for name in self.md5 if self.find(name) is None]
        if len(missing) == len(self.md5):
            self.fetch()
        elif missing:
            raise UserError(
                f"data.root={self.root}: {', '.join(missing)} (or .gz) not found beside the other files of the "
                f"dataset. Put them there, or name an empty folder with data.root to download all four."
            )

    def find(self, name: str) -> Path | None:
        """The file of this name, plain or gzipped, in the first of the folders that has it."""
        candidates = (self.root / folder / f"{name}{end}" for folder in FOLDERS for end in ("", ".gz"))
        return next((path for path in candidates if path.is_file()), None)

    def fetch(self) -> None:
        """Download elsewhere, then move: an interrupted download leaves nothing."""
        target = self.root / "MNIST" / "raw"
        try:
            with tempfile.TemporaryDirectory() as folder:
                self.download(folder, download=True)
                target.mkdir(parents=True, exist_ok=True)
                for name in self.md5:
                    shutil.copyfile(next(Path(folder).rglob(name)), target / f"{name}.part")
                    (target / f"{name}.part").replace(target / name)
        except (OSError, RuntimeError) as error:
            reason = str(error).strip(") \n").splitlines()[-1]
            raise UserError(
                f"The dataset is not in {self.root.absolute()} and could not be downloaded: {reason}\n"
                f"Put {', '.join(self.md5)}, gzipped or not, into {target.absolute()}, or name their folder with "
                "data.root= or the environment variable GANLAB_DATA. data=digits needs no files at all."
            ) from error

    def load(self, split: str) -> tuple[Tensor, Tensor]:
        images = self.read(f"{PREFIX[split]}-images-idx3-ubyte")
        labels = self.read(f"{PREFIX[split]}-labels-idx1-ubyte")
        return images.unsqueeze(1), labels.long()

    def read(self, name: str) -> Tensor:
        """The uint8 tensor in an IDX file: bytes 0, 0, type 8, the number of dimensions, sizes (>u4), then data."""
        path = self.find(name)
        if path is None:
            raise UserError(f"{name} (or .gz) not found in {self.root.absolute()}.")
        try:
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        except (EOFError, OSError, zlib.error) as error:
            raise damaged(path, f"cannot be decompressed ({error})") from error
        dims = int(name[name.index("idx") + 3])
        if content[:4] != bytes([0, 0, 8, dims]):
            raise damaged(path, f"begins with {content[:4].hex()}, not with the magic number 0000080{dims}")
        header = 4 + 4 * dims
        sizes = struct.unpack(f">{dims}I", content[4:header]) if len(content) >= header else (math.inf,)
        if len(content) != header + math.prod(sizes):
            raise damaged(path, f"holds {len(content)} bytes where its header announces {header + math.prod(sizes)}")
        if hashlib.md5(content).hexdigest() != self.md5[name]:
            raise damaged(path, f"does not have the published MD5 {self.md5[name]}")
        return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=header).view(sizes)


def damaged(path: Path, what: str) -> UserError:
    return UserError(
        f"{path.absolute()} {what}: it is truncated, damaged or another file. Replace it, or remove the dataset's "
        "four files to have them downloaded again."
    )
