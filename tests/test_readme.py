"""The README's commands and examples, run as they stand there, only shorter."""

import re
import shlex

import pytest

from ganlab.run import read_result
from tests.conftest import ROOT, TINY

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    shlex.split(line, comments=True)
    for _, block in BLOCKS
    for line in block.splitlines()
    if re.match(r"python|ganlab", line)
]
# Everything that makes a command long; what the README says about models, losses and directories stays.
SHORT = [o for o in TINY if not o.startswith("model=")] + ["steps=4", "eval.every=2"]


def test_commands(train, tmp_path, monkeypatch, capfd):
    from ganlab import cli

    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) >= 5
    for command in COMMANDS:
        if command[0] == "ganlab":
            # The runs here are of digits, and MNIST may be absent.
            monkeypatch.setattr("sys.argv", ["digits" if word == "mnist" else word for word in command])
            with pytest.raises(SystemExit) as end:
                cli.main()
            assert end.value.code == 0
        else:
            overrides = [o for o in command[2:] if "steps=" not in o]
            short = [*SHORT, "trainer.devices=2"] if any("trainer.devices" in o for o in overrides) else SHORT
            assert train(None, *overrides, *short, base=[]) == 0
    assert "Traceback" not in capfd.readouterr().err
    results = [read_result(path.parent) for path in tmp_path.rglob("result.json")]
    assert len(results) == 4 + 6 + 2
    assert {result["status"] for result in results} == {"done"}
    assert (tmp_path / "samples.npz").exists()


def test_a_loss_of_ones_own(train, tmp_path, monkeypatch):
    (code,) = [block for language, block in BLOCKS if language == "python"]
    (yaml,) = [block for language, block in BLOCKS if language == "yaml" and "LeastSquares" in block]
    (tmp_path / "mylosses.py").write_text(code)
    (tmp_path / "loss").mkdir()
    (tmp_path / "loss" / "least_squares.yaml").write_text(yaml)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert train(tmp_path / "run", f"hydra.searchpath=[file://{tmp_path}]", "loss=least_squares") == 0


def test_a_network_of_ones_own(train, tmp_path):
    (yaml,) = [block for language, block in BLOCKS if language == "yaml" and "vanilla, _self_" in block]
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text(yaml)
    base = [o for o in TINY if not o.startswith("model=")]
    assert train(tmp_path / "run", f"hydra.searchpath=[file://{tmp_path}]", "model=mine", base=base) == 0


def test_pictures_exist():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text()):
            assert (page.parent / picture).is_file()


def test_every_make_target_explains_itself():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"\.PHONY: (.*)", makefile)[1].split()
    assert {"demo", "test", "check", "bench", "clean", "help"} <= set(targets)
    assert all(re.search(rf"^{target}:.*## \w", makefile, re.MULTILINE) for target in targets)
