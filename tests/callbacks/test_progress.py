import io

from rich.console import Console

from ganlab.callbacks.progress import ProgressBar
from tests.conftest import parts


def fitted(tmp_path, terminal: bool) -> str:
    (tmp_path / "config.yaml").write_text("{}")
    model, data, trainer = parts(directory=tmp_path)
    bar = next(c for c in trainer.callbacks if isinstance(c, ProgressBar))
    bar.console = Console(file=io.StringIO(), force_terminal=terminal, width=160)
    trainer.fit(model, data)
    return bar.console.file.getvalue()


def test_bar_shows_iterations_rate_time_left_and_losses(tmp_path):
    text = fitted(tmp_path, terminal=True)
    assert "40/40" in text
    for part in ("/s", "left", "discriminator", "generator"):
        assert part in text


def test_lines_without_a_terminal(tmp_path, capfd):
    assert fitted(tmp_path, terminal=False).strip() == ""
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("iteration")]
    assert [line.split()[1] for line in lines] == ["20/40", "40/40"]
