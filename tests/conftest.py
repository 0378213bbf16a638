"""What every test may use: small random checkpoints, made in a temporary folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import charlm
from charlm.checkpoint import Checkpoint, save_checkpoint
from charlm.config import Cell, ModelConfig, TextConfig, Unit, parameter_shapes
from charlm.places import MODEL
from charlm.vocabulary import EOS, Vocabulary

ROOT = Path(__file__).resolve().parents[1]
os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"  # whatever terminal the tests run in
CHARACTERS = "\n !,.?abcdefghijklmnopqrstuvwxyzé"

MakeRun = Callable[..., Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device",
        choices=("torch-cpu", "cuda"),
        default="torch-cpu",
        help="where the tests of the torch engine run (default: torch-cpu)",
    )
    parser.addoption(
        "--redraw",
        action="store_true",
        help="write tests/snapshots anew from what is drawn now",
    )


def pytest_configure() -> None:
    """Refuse to test another copy of charlm than the one these tests stand beside.

    In the background of a script some signals are ignored, and would be by all that a test starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    tested = Path(charlm.__file__).resolve().parents[1]
    if tested != ROOT:
        raise pytest.UsageError(f"charlm is imported from {tested}, the tests are in {ROOT}")


def random_checkpoint(
    cell: Cell = "lstm",
    unit: Unit = "continuous",
    characters: str = CHARACTERS,
    hidden_size: int = 24,
    layers: int = 1,
    seed: int = 0,
    end: float = 0.0,
) -> Checkpoint:
    """A checkpoint with weights from U(-3, 3) / sqrt(H). `end`: added to the logit of EOS."""
    vocabulary = Vocabulary(sorted(characters))
    config = ModelConfig(cell, len(vocabulary), 8, hidden_size, layers, bias=cell != "gru")
    continuous = unit == "continuous"
    start_id = vocabulary.to_id["\n"] if continuous and "\n" in vocabulary else EOS
    random = np.random.default_rng(seed)
    tensors = {
        name: (random.uniform(-3, 3, parameter.shape) / hidden_size**0.5).astype(np.float32)
        for name, parameter in parameter_shapes(config).items()
    }
    tensors["output_bias"][EOS] += end
    metrics = {"step": 12, "characters": 3456, "validation_loss": 1.5, "seconds": 7.25}
    corpus = {"name": "some.txt", "sha256": "0" * 64, "characters": 1000, "split": "90/5/5"}
    return Checkpoint(config, TextConfig(unit, start_id), vocabulary, tensors, metrics, corpus)


@pytest.fixture
def match_snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """match_snapshot(name, text): the text is the one kept under that name in tests/snapshots."""

    def match(name: str, text: str) -> None:
        kept = ROOT / "tests" / "snapshots" / f"{name}.txt"
        if request.config.getoption("--redraw"):
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(text, "utf-8")
        assert kept.read_text("utf-8") == text

    return match


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """make_run(name="run", **of random_checkpoint) -> a run folder with a random model."""

    def make(name: str = "run", **options: object) -> Path:
        run = tmp_path / name
        run.mkdir()
        save_checkpoint(run / MODEL, random_checkpoint(**options))  # type: ignore[arg-type]
        return run

    return make


@pytest.fixture
def run(make_run: MakeRun) -> Path:
    """A run folder with a small random LSTM on continuous text."""
    return make_run()


@pytest.fixture(params=["dark", "light", "no-colour"])
def look(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the screen is drawn; see snapshots.still."""
    if request.param == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")
    return str(request.param)
