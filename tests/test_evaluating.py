import json
import re
import subprocess
import sys

import numpy as np
import pytest
from hydra.utils import instantiate
from torchvision.io import write_png

from ganlab.cli import main
from tests.conftest import ROOT, composed


@pytest.fixture
def evaluate(monkeypatch, capsys):
    """`evaluate(*arguments)`: the exit code, and what `ganlab evaluate` printed."""

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["ganlab", "evaluate", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        printed = capsys.readouterr()
        return code, printed.out if code == 0 else printed.err

    return call


@pytest.fixture(scope="module")
def digits():
    return instantiate(composed("data=digits").data)


def save(path, images, **others):
    np.savez(path, images=images.permute(0, 2, 3, 1).numpy(), **others)
    return path


def test_a_run(evaluate, finished):
    code, out = evaluate(finished, "--samples", 100)
    assert code == 0
    assert {"fid", "recall", "modes", "copies"} <= {line.split()[0] for line in out.splitlines() if line.split()}
    assert "100 images on digits-cnn" in out
    assert "against the 1438 of the train split" in out


def test_json_features_and_neighbours(evaluate, finished, tmp_path):
    features, picture = tmp_path / "F.npz", tmp_path / "n.png"
    arguments = [finished, "--samples", 100, "--json", "--split", "test", "--save-features", features]
    code, out = evaluate(*arguments, "--neighbours", picture, "--metrics", "fid")
    assert code == 0
    content = json.loads(out)
    assert content.keys() == {"metrics", "floor", "flags", "card"}
    assert content["card"]["reference"] == "test"
    assert (content["card"]["iteration"], content["card"]["weights"]) == (40, "ema")
    with np.load(features) as saved:
        assert (saved["fake"].shape, saved["real"].shape) == ((100, 64), (359, 64))
        assert saved["fake"].dtype == saved["real"].dtype == np.float32
    assert picture.stat().st_size > 1000


def test_seed_weights_and_batch_size(evaluate, finished):
    def fid(*arguments):
        code, out = evaluate(finished, "--samples", 100, "--metrics", "fid", "--json", *arguments)
        assert code == 0
        return json.loads(out)["metrics"]["fid"]

    first = fid()
    assert fid("--batch-size", 7) == pytest.approx(first, rel=1e-5)
    assert fid("--seed", 1) != first
    assert fid("--weights", "raw") != first


def test_other_peoples_images_in_an_npz(evaluate, digits, tmp_path):
    """Labels there allow label accuracy; real test images score at the floor."""
    images, labels = digits.test
    path = save(tmp_path / "s.npz", images, labels=labels.numpy())
    code, out = evaluate("--images", path, "--reference", "digits", "--json")
    assert code == 0
    content = json.loads(out)
    assert content["metrics"] == pytest.approx(content["floor"], rel=1e-3, abs=2e-3)
    assert content["metrics"]["label_accuracy"] > 0.98
    assert content["flags"] == {}


def test_other_peoples_images_in_a_folder(evaluate, digits, tmp_path):
    for number, image in enumerate(digits.train[0][:80]):
        write_png(image, str(tmp_path / f"{number}.png"))
    code, out = evaluate("--images", tmp_path, "--reference", "digits", "--json", "--metrics", "fid,memorisation")
    assert code == 0
    assert json.loads(out)["metrics"]["copies"] > 0.99
    assert "memorised" in json.loads(out)["flags"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name a run's directory, or images"),
        (["{run}", "--images", "x"], "one of the two"),
        (["--images", "{npz}"], "--images needs --reference"),
        (["--images", "{npz}", "--reference", "nothing"], "--reference nothing: no such data. Known: .*digits"),
        (["--images", "{small}", "--reference", "digits"], "8×8 pixels and 1 channels; the reference has 28×28"),
        (["--images", "{empty}", "--reference", "digits"], "holds no images"),
        (["--images", "{broken}", "--reference", "digits"], "neither a folder of images nor an npz"),
        (["--images", "{floats}", "--reference", "digits"], "`images` is float32.*expected uint8"),
        (["--images", "{labels}", "--reference", "digits"], "go up to 10; digits has the classes 0 to 9"),
        (["{run}", "--root", "elsewhere"], "--root elsewhere: this data is not read from a folder"),
        (["--images", "{npz}", "--reference", "digits", "--samples", "999"], "holds 100 images, fewer than the 999"),
        (["--images", "{npz}", "--reference", "digits", "--metrics", "label_accuracy"], "label_accuracy needs images"),
        (["{run}", "--samples", "20"], "needs more than 64 samples"),
        (["{run}", "--extractor", "nothing"], "--extractor nothing: expected one of .*mnist-cnn"),
        (["{run}", "--extractor", "inception"], "Inception are not there|takes images of any size and 3"),
        (["{run}", "--download"], "--download fetches Inception's weights; it goes with --extractor inception"),
        (["{run}", "--metrics", "fid,kdi"], r"--metrics kdi: no such metric. Did you mean kid\? Known: cas"),
        (["--images", "{array}", "--reference", "digits"], "single array; save it with np.savez"),
        (["{empty}"], "is not a run's directory"),
        (["{run}", "--save-features", "nowhere/F.npz"], "its folder does not exist"),
    ],
)
def test_mistakes(evaluate, finished, digits, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.npz").write_bytes(b"no npz")
    np.save(tmp_path / "array.npy", np.zeros((3, 28, 28), np.uint8))
    places = {
        "array": tmp_path / "array.npy",
        "run": finished,
        "empty": tmp_path / "empty",
        "broken": tmp_path / "broken.npz",
        "npz": save(tmp_path / "npz.npz", digits.train[0][:100]),
        "small": save(tmp_path / "small.npz", digits.train[0][:100, :, :8, :8]),
        "labels": save(tmp_path / "labels.npz", digits.train[0][:100], labels=np.full(100, 10)),
        "floats": save(tmp_path / "floats.npz", digits.train[0][:100].float()),
    }
    code, err = evaluate(*(argument.format(**places) for argument in arguments))
    assert code == 2
    assert re.search(message, err), err
    assert len(err.splitlines()) == 1


def test_help_imports_no_torch():
    code = "import sys; from ganlab.cli import app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
