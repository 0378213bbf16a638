"""A training is started, watched and stopped, and never outlives the screen."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.training.desk import TrainingDesk
from tui.training.process import TrainingProcess, train_command
from tui.views.train.training_plan import TrainingPlan, threads

FAILS = "import sys; print('one', flush=True); print('\\x1b[31mtwo\\x1b]0;x\\x07'); sys.exit(3)"
WAITS = "import time; print('ready', flush=True); time.sleep(60)"
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('ready', flush=True); time.sleep(60)"
)


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def started(script: str, tmp_path: Path) -> TrainingProcess:
    return TrainingProcess(tmp_path / "run", [], [sys.executable, "-c", script])


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_options_are_those_of_the_form(tmp_path: Path) -> None:
    plan = TrainingPlan(tmp_path / "r", ("/a/my text.txt",), "gru", "line", "64", "2", "500k")
    assert plan.options == [
        "--corpus", "/a/my text.txt", "--cell", "gru", "--unit", "line",
        "--hidden", "64", "--layers", "2", "--characters", "500k", "--threads", str(threads()),
        "--keep", "20", "--out", str(tmp_path / "r"),
    ]  # fmt: skip
    assert "--corpus" not in TrainingPlan(tmp_path).options
    assert train_command() == [sys.executable, "-m", "charlm.train"]


def test_a_failure_tells_its_exit_code_and_last_lines(tmp_path: Path) -> None:
    process = started(FAILS, tmp_path)
    until(process.ended)
    end = process.ended()
    assert end is not None
    assert (end.code, end.stopped) == (3, False)
    assert end.lines == ("one", "two␛]0;x␇")


def test_only_the_last_lines_are_kept(tmp_path: Path) -> None:
    process = started("for i in range(5000): print(i, 'x' * 50)", tmp_path)
    until(process.ended)
    end = process.ended()
    assert end is not None
    assert len(end.lines) == 12
    assert end.lines[-1].startswith("4999 ")


def test_stop_asks_first(tmp_path: Path) -> None:
    process = started(WAITS, tmp_path)
    until(lambda: process.lines)
    process.stop()
    until(process.ended)
    end = process.ended()
    assert end is not None
    assert (end.code, end.stopped) == (-15, True)


def test_stop_then_insists(tmp_path: Path) -> None:
    process = started(DEAF, tmp_path)
    until(lambda: process.lines)
    process.stop(grace=0.2)
    until(process.ended)
    end = process.ended()
    assert end is not None
    assert end.code == -9


@pytest.mark.parametrize("script", [WAITS, DEAF])
def test_close_leaves_nothing_behind(tmp_path: Path, script: str) -> None:
    process = started(script, tmp_path)
    until(lambda: process.lines)
    process.close(grace=0.2)
    assert gone(process.pid)


def test_training_is_nicer_than_the_screen(tmp_path: Path) -> None:
    process = started(WAITS, tmp_path)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(own + 10, 19)
    process.close()


def test_newest_weights_are_offered_once(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    desk = TrainingDesk([sys.executable, "-c", "pass"])
    assert not desk.has_newer()
    assert desk.talk() is None
    desk.start(run, [])
    assert not desk.has_newer()
    (run / "model.safetensors").write_bytes(b"1")
    assert desk.has_newer()
    assert desk.talk() == run
    assert not desk.has_newer()
    os.utime(run / "model.safetensors", (2e9, 2e9))
    assert desk.has_newer()
    desk.close()
    assert not desk.training


def test_weights_are_kept_as_far_as_they_are_small(tmp_path: Path) -> None:
    assert TrainingPlan(tmp_path, hidden="256").kept == 20
    assert 3 < TrainingPlan(tmp_path, hidden="1024").kept < 20
    assert TrainingPlan(tmp_path, hidden="4096", layers="4").kept == 3
    assert TrainingPlan(tmp_path, more=("--keep", "5")).options.count("--keep") == 1
