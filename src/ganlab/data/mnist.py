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
FILES = [f"{prefix}-{what}-ubyte" for prefix in PREFIX.values() for what in ("images-idx3", "labels-idx1")]


class MNIST(ImageData):
    """Four IDX files, gzipped or not, in `root` or in a folder that torchvision would make below it.

    Absent files are downloaded to `root`/`folder`/raw; files that are there are never changed. All are checked
    against the published MD5, also those that were already there.

    Args:
        root: the folder.
        folder: where torchvision keeps this dataset below a root.
        download: torchvision's dataset class, called to download into a folder.
        md5: by file name, the published MD5: of the uncompressed content, or of the gzipped file (NAME.gz).
    """

    def __init__(
        self, root: str, folder: str, download: Callable[..., Any], md5: Mapping[str, str], **facts: Any
    ) -> None:
        super().__init__(**facts)
        self.root, self.folder, self.download, self.md5 = Path(root), folder, download, md5
        # The endings of files, the ones that can be checked first.
        self.ends = (".gz", "") if all(name.endswith(".gz") for name in md5) else ("", ".gz")

    def prepare_data(self) -> None:
        missing = [name for name in FILES if self.find(name) is None]
        if missing == FILES:
            self.fetch()
        elif missing:
            raise UserError(
                f"data.root={self.root}: {', '.join(missing)} (or .gz) not found beside the other files of the "
                f"dataset. Put them there, or name an empty folder with data.root to download all four."
            )

    def find(self, name: str) -> Path | None:
        """The file of this name, plain or gzipped, in the first of the folders that has it."""
        folders = (f"{self.folder}/raw", f"{self.folder.lower()}/{self.folder}/raw", ".", "raw")
        candidates = (self.root / folder / f"{name}{end}" for folder in folders for end in self.ends)
        return next((path for path in candidates if path.is_file()), None)

    def fetch(self) -> None:
        """Download elsewhere, then move: an interrupted download leaves nothing."""
        target = self.root / self.folder / "raw"
        try:
            with tempfile.TemporaryDirectory() as folder:
                self.download(folder, download=True)
                target.mkdir(parents=True, exist_ok=True)
                for name in FILES:
                    file = next(path for end in self.ends for path in Path(folder).rglob(f"{name}{end}"))
                    shutil.copyfile(file, target / f"{file.name}.part")
                    (target / f"{file.name}.part").replace(target / file.name)
        except (OSError, RuntimeError) as error:
            reason = str(error).strip(") \n").splitlines()[-1]
            raise UserError(
                f"The dataset is not in {self.root.absolute()} and could not be downloaded: {reason}\n"
                f"Put {', '.join(FILES)}, gzipped or not, into {target.absolute()}, or name their folder with "
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
            file = path.read_bytes()
            content = gzip.decompress(file) if path.suffix == ".gz" else file
        except (EOFError, OSError, zlib.error) as error:
            raise damaged(path, f"cannot be decompressed ({error})") from error
        dims = int(name[name.index("idx") + 3])
        if content[:4] != bytes([0, 0, 8, dims]):
            raise damaged(path, f"begins with {content[:4].hex()}, not with the magic number 0000080{dims}")
        header = 4 + 4 * dims
        sizes = struct.unpack(f">{dims}I", content[4:header]) if len(content) >= header else (math.inf,)
        if len(content) != header + math.prod(sizes):
            raise damaged(path, f"holds {len(content)} bytes where its header announces {header + math.prod(sizes)}")
        for key, checked in {path.name: file, name: content}.items():
            if key in self.md5 and hashlib.md5(checked).hexdigest() != self.md5[key]:
                raise damaged(path, f"does not have the published MD5 {self.md5[key]}")
        return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=header).view(sizes)


def damaged(path: Path, what: str) -> UserError:
    return UserError(
        f"{path.absolute()} {what}: it is truncated, damaged or another file. Replace it, or remove the dataset's "
        "four files to have them downloaded again."
    )
