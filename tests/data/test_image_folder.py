import pytest
import torch
from PIL import Image

from ganlab.config import resolve
from tests.conftest import TINY, composed, instantiate

BASE = [o for o in TINY if not o.startswith(("model=", "data="))]


def folder(root, sizes=((60, 40), (40, 60), (32, 32))):
    """Two class folders of pictures: red to the left, blue to the right, the upper half darker."""
    for color, name in (("red", "warm"), ("blue", "cold")):
        (root / name).mkdir(parents=True)
        for i in range(15):
            Image.new("RGB", sizes[i % 3], color).save(root / name / f"{i:02}.{'png' if i % 2 else 'jpg'}")
    return root


def data(root, *overrides):
    cfg = composed("data=image_folder", f"data.root={root}", "data.size=16", *overrides, base=BASE)
    resolve(cfg)
    return instantiate(cfg.data)


def test_class_folders_are_labels(tmp_path):
    module = data(folder(tmp_path / "a"))
    images, labels = module.load("train")
    assert (module.num_classes, module.class_names) == (2, ["cold", "warm"])
    assert images.shape == (27, 3, 16, 16)
    assert len(module.load("test")[0]) == 3
    assert all(images[labels == 1][:, 0].flatten() > 240)
    assert all(images[labels == 0][:, 2].flatten() > 240)


def test_centre_crop(tmp_path):
    picture = Image.new("RGB", (64, 32), "black")
    picture.paste("white", (16, 0, 48, 32))
    for i in range(10):
        picture.save(tmp_path / f"{i}.png")
    module = data(tmp_path)
    images, labels = module.load("train")
    assert module.num_classes == 0
    assert set(labels.tolist()) == {-1}
    assert images[..., 1:-1].min() == 255


def test_own_splits(tmp_path):
    folder(tmp_path / "train")
    folder(tmp_path / "test", sizes=((20, 20),) * 3)
    module = data(tmp_path)
    assert [len(module.load(split)[0]) for split in ("train", "test")] == [30, 30]
    assert module.num_classes == 2


def test_unreadable_files_are_named_and_skipped_only_when_asked(tmp_path, train, capfd):
    root = folder(tmp_path / "a")
    (root / "warm" / "03.png").write_bytes(b"no picture")
    (root / "cold" / "00.jpg").write_bytes((root / "cold" / "02.jpg").read_bytes()[:200])
    args = ["model=dcgan", "model.width=4", "data=image_folder", f"data.root={root}", "data.size=16", "steps=2"]
    assert train(tmp_path / "run", *args, base=BASE) == 2
    message = capfd.readouterr().err
    assert "warm/03.png" in message
    assert "cold/00.jpg" in message
    assert not (tmp_path / "run").exists()
    assert train(tmp_path / "run", *args, "data.skip_unreadable=true", base=BASE) == 0
    assert "Left out" in capfd.readouterr().out


def test_root_is_asked_for(train, tmp_path, capfd):
    assert train(tmp_path / "run", "data=image_folder", base=BASE) == 2
    assert "data.root has no value: add data.root=" in capfd.readouterr().err


@pytest.mark.parametrize(("root", "message"), [("nowhere", "not a folder"), (".", "holds no images")])
def test_nothing_there(tmp_path, root, message):
    with pytest.raises(Exception, match=message):
        data(tmp_path / root).load("train")


def test_flips_mirror_half_of_the_images_and_are_the_same_on_every_run(tmp_path):
    from ganlab.data.source import Source

    images = torch.zeros(400, 1, 1, 2, dtype=torch.uint8)
    images[..., 1] = 255
    source = Source(images, torch.zeros(400), 400, 1, seed=3, flip=True)
    first, again = (next(source.minibatches(0)).images for _ in range(2))
    flipped = (first[:, 0, 0, 0] == 1).float().mean()
    assert torch.equal(first, again)
    assert 0.4 < flipped < 0.6
    shards = [Source(images, torch.zeros(400), 400, 1, 3, True, rank, 2).flips(5) for rank in (0, 1)]
    assert torch.equal(torch.cat(shards, dim=1), source.flips(5))
