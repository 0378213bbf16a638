"""What every test may use: small random checkpoints, made in a temporary folder."""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import charlm as charlm
from hypothesis import HealthCheck, settings
from models import MakeRun, random_checkpoint
from root import ROOT

from charlm import __file__ as tested_file
from charlm.device import CUDA, sees_cuda
from charlm.run.checkpoint import save_checkpoint
from charlm.run.layout import MODEL

os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"  # whatever terminal the tests run in
#: In the place of the folders for the user's data, states and cache, which the tests leave alone.
_USER = tempfile.TemporaryDirectory(prefix="charlm-tests-")
_numbers = itertools.count()
#: No test depends on how fast it runs: Hypothesis would end one by its clock.
settings.register_profile("charlm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("charlm")
os.environ |= dict.fromkeys(("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"), _USER.name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device",
        choices=("torch-cpu", "cuda"),
        default="torch-cpu",
        help="where the tests of devices run (default: torch-cpu)",
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
    tested = Path(tested_file).resolve().parents[1]
    if tested != ROOT:
        raise pytest.UsageError(f"charlm is imported from {tested}, the tests are in {ROOT}")


@pytest.fixture(autouse=True)
def user_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a user who has nothing yet, and who started the screen once before."""
    folder = f"{_USER.name}/{next(_numbers)}"
    Path(folder, "state", "charlm").mkdir(parents=True)
    Path(folder, "state", "charlm", "last-model").touch()
    for kind in ("data", "state", "cache"):
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", f"{folder}/{kind}")


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """The device that tests of devices use."""
    name: str = request.config.getoption("--device")
    if name == CUDA and not sees_cuda():
        pytest.skip("torch sees no CUDA device")
    return name


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
