"""CelebA's preparation and loader, on JPEGs that the test makes in each layout in the wild."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganlab.data.prepare import BLOCK, crop_and_resize, prepare
from ganlab.errors import UserError
from tests.conftest import TINY, composed, instantiate

ATTRIBUTES = ["Male", "Smiling", "Young"]
COUNT = 12
SPLIT = [0] * 8 + [1] * 2 + [2] * 2
BASE = [o for o in TINY if not o.startswith(("model=", "data="))]


def jpeg(i: int) -> bytes:
    """178×218, grey i·20 in and around the centre 108×108 pixels (JPEG blurs edges) and white outside."""
    picture = Image.new("RGB", (178, 218), "white")
    picture.paste((i * 20,) * 3, (20, 40, 158, 178))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95)
    return file.getvalue()


NAMES = [f"{i + 1:06}.jpg" for i in range(COUNT)]
FILES = {name: jpeg(i) for i, name in enumerate(NAMES)}
VALUES = [[1 if (i >> bit) & 1 else -1 for bit in range(3)] for i in range(COUNT)]
TXT = {
    "list_attr_celeba.txt": f"{COUNT}\n{' '.join(ATTRIBUTES)}\n"
    + "".join(f"{n} {' '.join(f'{x:2}' for x in v)}\n" for n, v in zip(NAMES, VALUES, strict=True)),
    "list_eval_partition.txt": "".join(f"{n} {s}\n" for n, s in zip(NAMES, SPLIT, strict=True)),
}
CSV = {
    "list_attr_celeba.csv": f"image_id,{','.join(ATTRIBUTES)}\n"
    + "".join(f"{n},{','.join(map(str, v))}\n" for n, v in zip(NAMES, VALUES, strict=True)),
    "list_eval_partition.csv": "image_id,partition\n"
    + "".join(f"{n},{s}\n" for n, s in zip(NAMES, SPLIT, strict=True)),
}


def write(folder: Path, files: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def zipped(path: Path, files: dict) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def torchvision_folder(root):
    write(root / "celeba/img_align_celeba", FILES)
    write(root / "celeba", TXT)
    return root


def zip_with_txt_beside(root):
    write(root, TXT)
    return zipped(root / "img_align_celeba.zip", {f"img_align_celeba/{n}": f for n, f in FILES.items()})


def kaggle_folder(root):
    write(root / "img_align_celeba/img_align_celeba", FILES)
    write(root, CSV)
    return root


def kaggle_zip(root):
    images = {f"img_align_celeba/img_align_celeba/{n}": f for n, f in FILES.items()}
    return zipped(root / "archive.zip", images | CSV)


def bare_folder(root):
    write(root, FILES)
    return root


def make(source, root, **options):
    settings = {"size": 16, "crop": 108, "workers": 1, "skip_unreadable": False} | options
    return prepare(source, root, **settings)


def module(root, *overrides):
    return instantiate(composed("data=celeba", f"data.root={root}", "data.size=16", *overrides, base=BASE).data)


@pytest.mark.parametrize("layout", [torchvision_folder, zip_with_txt_beside, kaggle_folder, kaggle_zip])
def test_layouts(layout, tmp_path):
    make(layout(tmp_path / "source"), tmp_path / "data")
    data = module(tmp_path / "data", "data.label=Smiling")
    data.prepare_data()
    images, labels = data.load("train")
    assert images.shape == (10, 3, 16, 16)
    for i in range(10):
        assert images[i].float().mean().item() == pytest.approx(i * 20, abs=2)  # in order, and none of the border
    assert labels.tolist() == [(i >> 1) & 1 for i in range(10)]
    assert len(data.load("test")[0]) == 2
    assert data.class_names == ["not-Smiling", "Smiling"]


def test_folder_without_annotations(tmp_path):
    make(bare_folder(tmp_path / "source"), tmp_path / "data")
    images, labels = module(tmp_path / "data").load("train")
    assert len(images) == COUNT
    assert set(labels.tolist()) == {-1}
    with pytest.raises(UserError, match="prepared without annotations"):
        module(tmp_path / "data", "data.label=Smiling").prepare_data()


def test_trains_with_an_attribute(tmp_path, train):
    make(torchvision_folder(tmp_path / "source"), tmp_path / "data")
    data = ["data=celeba", f"data.root={tmp_path / 'data'}", "data.size=16", "data.label=Young", "data.batch_size=4"]
    assert train(tmp_path / "run", "model=conditional_dcgan", "model.width=4", *data, "steps=2", base=BASE) == 0


def test_crop_is_the_centre():
    picture = np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    made = crop_and_resize(file.getvalue(), crop=108, size=108)
    assert np.array_equal(made, picture[55:163, 35:143].transpose(2, 0, 1))


def test_resizing_is_antialiased(tmp_path):
    """A fine chequerboard becomes grey, not a coarse one."""
    y, x = np.mgrid[:218, :178]
    Image.fromarray((((x + y) % 2) * 255).astype(np.uint8)).save(tmp_path / "1.png")
    folder = make(tmp_path, tmp_path / "data")
    images = np.load(folder / "images.npy")
    assert images.min() > 100
    assert images.max() < 155


def test_continues_after_an_interruption(tmp_path, monkeypatch, capfd):
    import ganlab.data.prepare as module_

    source = tmp_path / "source"
    write(source, {f"{i:04}.jpg": FILES[NAMES[i % COUNT]] for i in range(2 * BLOCK + 10)})
    real = np.save

    def killed(path, done):
        real(path, done)
        if done.sum() == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(module_.np, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        make(source, tmp_path / "data")
    monkeypatch.undo()
    with pytest.raises(UserError, match="not prepared"):
        module(tmp_path / "data").prepare_data()
    folder = make(source, tmp_path / "data")
    assert "2 of 3 blocks" in capfd.readouterr().out
    means = np.load(folder / "images.npy").mean((1, 2, 3))
    assert means == pytest.approx([(i % COUNT) * 20 for i in range(2 * BLOCK + 10)], abs=2)
    assert {path.name for path in folder.iterdir()} == {"images.npy", "annotations.npz", "facts.json"}


def test_corrupt_files_are_named(tmp_path, capfd):
    source = torchvision_folder(tmp_path / "source")
    for name in (NAMES[2], NAMES[11]):
        (source / "celeba/img_align_celeba" / name).write_bytes(FILES[name][:300])
    with pytest.raises(UserError, match=rf"(?s){NAMES[2]}.*{NAMES[11]}"):
        make(source, tmp_path / "data")
    folder = make(source, tmp_path / "data", skip_unreadable=True)
    assert len(json.loads((folder / "facts.json").read_text())["left_out"]) == 2
    data = module(tmp_path / "data")
    assert [len(data.load(split)[0]) for split in ("train", "test")] == [9, 1]


def test_incomplete_copy(tmp_path):
    source = torchvision_folder(tmp_path / "source")
    (source / "celeba/img_align_celeba" / NAMES[4]).unlink()
    with pytest.raises(UserError, match=f"lists 12 images and there are 11; 1 are missing, the first is {NAMES[4]}"):
        make(source, tmp_path / "data")


def test_truncated_annotations(tmp_path):
    source = torchvision_folder(tmp_path / "source")
    path = source / "celeba/list_attr_celeba.txt"
    path.write_text("\n".join(path.read_text().splitlines()[:-3]) + "\n")
    with pytest.raises(UserError, match="announces 12 images and lists 9"):
        make(source, tmp_path / "data")


def test_prepared_otherwise(tmp_path, capfd):
    source = bare_folder(tmp_path / "source")
    make(source, tmp_path / "data")
    make(source, tmp_path / "data")
    assert "already prepared" in capfd.readouterr().out
    with pytest.raises(UserError, match="prepared otherwise"):
        make(source, tmp_path / "data", crop=150)


def test_nothing_at_the_source(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "not.zip").write_bytes(b"zip?")
    for source in ("empty", "nowhere", "not.zip"):
        with pytest.raises(UserError, match=r"(?s)--source .*torchvision's folder"):
            make(tmp_path / source, tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [(["data.size=32"], r"not prepared in .*celeba/32"), (["data.label=Smilling"], "Known: Male, Smiling, Young")],
)
def test_mistakes_when_training(tmp_path, overrides, message):
    make(torchvision_folder(tmp_path / "source"), tmp_path / "data")
    with pytest.raises(UserError, match=message):
        module(tmp_path / "data", *overrides).prepare_data()
