"""MNIST's reader, on small files in MNIST's format that the test makes."""

import gzip
import hashlib
import os
import struct
from pathlib import Path

import pytest
import torch

from ganlab.data.mnist import MNIST
from ganlab.errors import UserError
from ganlab.schedule import Schedule

REAL = Path(os.environ.get("GANLAB_DATA", Path(__file__).parents[3] / "shared/data/mnist"))


def idx(array: torch.Tensor) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.numpy().tobytes()


IMAGES = {"train": torch.arange(5 * 12, dtype=torch.uint8).view(5, 4, 3), "t10k": torch.ones(2, 4, 3).byte()}
FILES = {f"{name}-images-idx3-ubyte": idx(images) for name, images in IMAGES.items()} | {
    f"{name}-labels-idx1-ubyte": idx(torch.arange(len(images), dtype=torch.uint8)) for name, images in IMAGES.items()
}


def mnist(root: Path, download=None) -> MNIST:
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in FILES.items()}
    schedule = Schedule(steps=1, log=1, eval=1, checkpoint=1)
    facts = {"shape": (1, 4, 3), "num_classes": 5, "batch_size": 2, "k": 1, "seed": 0, "schedule": schedule}
    return MNIST(root=str(root), folder="MNIST", download=download, md5=md5, **facts)


def write(folder: Path, zipped: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        path = folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(content) if zipped else content)
    return folder


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("folder", [".", "raw", "MNIST/raw"])
def test_reads_in_place(tmp_path, folder, zipped):
    write(tmp_path / folder, zipped)
    before = sorted(tmp_path.rglob("*"))
    data = mnist(tmp_path)
    data.prepare_data()
    images, labels = data.load("train")
    assert torch.equal(images[:, 0], IMAGES["train"])
    assert labels.tolist() == [0, 1, 2, 3, 4]
    assert data.load("test")[0].shape == (2, 1, 4, 3)
    assert sorted(tmp_path.rglob("*")) == before


def test_downloads_where_absent(tmp_path):
    def torchvision_like(root, download):
        assert download
        write(Path(root) / "MNIST" / "raw")

    data = mnist(tmp_path / "new", torchvision_like)
    data.prepare_data()
    assert torch.equal(data.load("train")[0][:, 0], IMAGES["train"])
    assert {path.name for path in (tmp_path / "new/MNIST/raw").iterdir()} == set(FILES)


def test_offline_and_absent(tmp_path):
    def unreachable(root, download):
        raise RuntimeError("no route to host")

    with pytest.raises(UserError, match=r"(?s)no route to host.*train-images.*data=digits"):
        mnist(tmp_path / "new", unreachable).prepare_data()
    assert not (tmp_path / "new").exists()


def test_one_file_missing(tmp_path):
    (write(tmp_path) / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="t10k-labels-idx1-ubyte"):
        mnist(tmp_path).prepare_data()


NAME = "train-images-idx3-ubyte"
WHOLE = FILES[NAME]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WHOLE[:-5], "holds 71 bytes where its header announces 76"),
        (WHOLE[:6], "truncated"),
        (b"", "magic"),
        (bytes([0, 0, 8, 1]) + WHOLE[4:], "magic number 00000803"),
        (WHOLE[:-1] + b"\x00", "MD5"),
    ],
)
def test_damaged(tmp_path, content, message):
    (write(tmp_path) / NAME).write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        mnist(tmp_path).load("train")
    assert str(tmp_path / NAME) in str(error.value)


@pytest.mark.parametrize("content", [gzip.compress(WHOLE)[:-9], b"not gzip"])
def test_damaged_gzip(tmp_path, content):
    (write(tmp_path, zipped=True) / f"{NAME}.gz").write_bytes(content)
    with pytest.raises(UserError, match="cannot be decompressed"):
        mnist(tmp_path).load("train")


def test_published_md5_of_the_gzipped_file(tmp_path):
    """Fashion-MNIST publishes those; a plain file beside a gzipped one is then not looked at."""
    folder = write(tmp_path / "FashionMNIST/raw", zipped=True)
    md5 = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    (folder / NAME).write_bytes(b"older")
    data = mnist(tmp_path)
    data.folder, data.md5, data.ends = "FashionMNIST", md5, (".gz", "")
    assert torch.equal(data.load("train")[0][:, 0], IMAGES["train"])
    md5[f"{NAME}.gz"] = "0" * 32
    with pytest.raises(UserError, match="MD5 000"):
        data.load("train")


@pytest.mark.mnist
@pytest.mark.skipif(not REAL.exists(), reason=f"no MNIST in {REAL}")
def test_the_real_files():
    from tests.conftest import composed, instantiate

    data = instantiate(composed("data=mnist", f"data.root={REAL}").data)
    data.prepare_data()
    images, labels = data.load("train")
    assert images.shape == (60000, 1, 28, 28)
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.load("test")[0].shape == (10000, 1, 28, 28)
