"""Stopping a training: by a signal, by two, by a kill; and going on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from root import ROOT

from charlm.errors import Stopped
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import LAST, MODEL
from charlm.run.log import Tail, read_run_log
from charlm.train.__main__ import main
from charlm.train.learner import Learner

SMALL = ["--hidden", "12", "--batch", "4", "--length", "16", "--no-texts"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text("".join(f"The number {n} follows {n - 1}.\n" for n in range(400)))
    return path


def arguments(corpus: Path, out: Path) -> list[str]:
    return ["--corpus", str(corpus), "--out", str(out), *SMALL]


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("step", [0, 7])
def test_the_first_signal_saves_and_stops(
    step: int, signum: int, code: int, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = Learner.step

    def signalled(self: Learner, **closely: bool) -> object:
        if self.position.step == step:
            os.kill(os.getpid(), signum)
        return learn(self, **closely)

    out, before = tmp_path / "run", signal.getsignal(signum)
    with monkeypatch.context() as patch, pytest.raises(Stopped, match="--resume") as stopped:
        patch.setattr(Learner, "step", signalled)
        main([*arguments(corpus, out), "--steps", "20"])
    assert stopped.value.exit_code == code
    assert signal.getsignal(signum) == before
    for name in (MODEL, LAST):  # a run stopped before any evaluation can be written with too
        assert load_checkpoint(out / name).metrics["step"] == step + 1
    assert read_run_log(out)[-1]["kind"] == "end"
    assert main(["--resume", str(out)]) == 0
    assert load_checkpoint(out / LAST).metrics["step"] == 20


def test_a_signal_while_evaluating_stops_too(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = Learner.loss_of

    def signalled(self: Learner, *rest: object) -> float | None:
        os.kill(os.getpid(), signal.SIGINT)
        return measure(self, *rest)  # type: ignore[arg-type]

    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(Learner, "loss_of", signalled)
        main([*arguments(corpus, out), "--steps", "3"])
    assert load_checkpoint(out).metrics["step"] == 3
    assert main(["--resume", str(out)]) == 0
    evaluations = [line["step"] for line in read_run_log(out) if line["kind"] == "evaluation"]
    assert evaluations == [3]  # made up for, so that the best is the best of all


def test_the_second_signal_leaves_at_once(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Left(BaseException):
        pass

    def leave(code: int) -> None:
        raise Left(code)

    learn = Learner.step

    def signalled(self: Learner, **closely: bool) -> object:
        if self.position.step == 30:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return learn(self, **closely)

    monkeypatch.setattr("charlm.train.keep.signals.os._exit", leave)
    monkeypatch.setattr(Learner, "step", signalled)
    with pytest.raises(Left, match="130"):
        main([*arguments(corpus, tmp_path / "run"), "--steps", "500"])
    assert load_checkpoint(tmp_path / "run").metrics["step"] == 25


def wait_for_steps(run: Path, process: subprocess.Popen[str], count: int = 1) -> None:
    tail, deadline, seen = Tail(run), time.monotonic() + 60, 0
    while seen < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        seen += sum(line["kind"] == "step" for line in tail.new())
        time.sleep(0.05)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "charlm.train", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_is_one_line_and_exit_130(corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with start(*arguments(corpus, run), "--characters", "1g") as process:
        wait_for_steps(run, process)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert error.startswith("charlm: error: stopped by SIGINT, step ")
    assert error.count("\n") == 1
    assert load_checkpoint(run / LAST).metrics["step"] > 0


@pytest.mark.long
def test_a_reader_that_leaves_does_not_stop_the_training(corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with start(*arguments(corpus, run), "--steps", "300") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 0
    assert load_checkpoint(run / LAST).metrics["step"] == 300


@pytest.mark.long
def test_killed_at_any_instant_it_goes_on(corpus: Path, tmp_path: Path) -> None:
    """Every acknowledged save survives; what a kill left half-written is swept away."""
    run = tmp_path / "run"
    command = [*arguments(corpus, run), "--steps", "100000"]
    step = 0
    for attempt in range(5):
        with start(*(command if attempt == 0 else ["--resume", str(run)])) as process:
            wait_for_steps(run, process, 2)
            if attempt == 0:
                process.send_signal(signal.SIGTERM)  # the first save
                assert process.wait(timeout=30) == 143
            else:
                time.sleep(0.17 * attempt)
                process.kill()
            process.communicate()
        saved = load_checkpoint(run / LAST).metrics["step"]
        assert saved >= step
        step = saved
    assert main(["--resume", str(run), "--steps", str(step + 1)]) == 0
    assert not list(run.glob(".charlm-*"))
