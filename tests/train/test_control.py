"""Steering a training through its control file."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from learners import SMALL, TEXT

from charlm.run.checkpoint import load_checkpoint
from charlm.run.control import Control, steer
from charlm.run.layout import CONTROL, LAST
from charlm.run.log import Tail, read_run_log
from charlm.train.__main__ import main
from charlm.train.learner import Learner

STEPS = ["--steps", "20", "--schedule", "constant"]


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    path = tmp_path / "numbers.txt"
    path.write_text(TEXT)
    return ["--corpus", str(path), "--out", str(tmp_path / "run"), *SMALL, *STEPS]


def at_step(number: int, act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do `act` in the middle of the step behind `number`."""
    learn = Learner.step

    def step(self: Learner, closely: bool) -> Any:
        if self.position.step == number:
            act()
        return learn(self, closely)

    monkeypatch.setattr(Learner, "step", step)


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    return [line for line in read_run_log(run) if line["kind"] == kind]


def test_another_learning_rate_holds_from_the_next_step_and_after_a_resumption(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    at_step(11, lambda: steer(run, "learning_rate", 0.001), monkeypatch)
    assert main([*arguments, "--learning-rate", "0.003"]) == 0
    assert lines(run, "control") == [
        {"kind": "control", "step": 12, "act": "learning_rate", "value": 0.001}
    ]
    assert [line["learning_rate"] for line in lines(run, "step")] == [0.003, 0.001]
    assert main(["--resume", str(run), "--steps", "30"]) == 0
    assert lines(run, "step")[-1]["learning_rate"] == 0.001


def test_stop_saves_and_ends_without_an_error(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        at_step(7, lambda: steer(run, "stop"), patch)
        assert main(arguments) == 0
    assert load_checkpoint(run / LAST).metrics["step"] == 8
    assert read_run_log(run)[-1]["reason"] == "stopped by the control file"
    assert f"step 8 saved: go on with --resume {run}" in capsys.readouterr().out
    assert main(["--resume", str(run)]) == 0  # the old act was for the old training
    assert load_checkpoint(run / LAST).metrics["step"] == 20


def test_a_pause_saves_waits_and_does_not_count(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, looks = tmp_path / "run", []

    def wait(_: float) -> None:
        looks.append(load_checkpoint(run / LAST).metrics["step"])
        if len(looks) == 3:
            steer(run, "resume")

    monkeypatch.setattr("charlm.train.trainer.time.sleep", wait)
    at_step(4, lambda: steer(run, "pause"), monkeypatch)
    assert main(arguments) == 0
    assert looks == [5, 5, 5]
    assert [line["act"] for line in lines(run, "control")] == ["pause", "resume"]
    assert lines(run, "end")[0]["step"] == 20


def test_a_pause_slows_nothing_that_is_told(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"

    def wait(_: float) -> None:
        time.sleep(0.5)
        steer(run, "resume")

    monkeypatch.setattr("charlm.train.trainer.time", SimpleNamespace(
        monotonic=time.monotonic, sleep=wait))  # fmt: skip
    at_step(14, lambda: steer(run, "pause"), monkeypatch)
    assert main([*arguments, "--steps", "40"]) == 0
    first, second, *_ = lines(run, "step")
    seconds = second["seconds"] - first["seconds"]
    characters = second["characters"] - first["characters"]
    assert seconds == pytest.approx(characters / second["characters_per_s"], abs=0.01)
    assert second["seconds_left"] == pytest.approx(second["seconds"], abs=0.01)  # it is halfway


def test_a_paused_training_can_be_stopped(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    monkeypatch.setattr("charlm.train.trainer.time.sleep", lambda _: steer(run, "stop"))
    at_step(4, lambda: steer(run, "pause"), monkeypatch)
    assert main(arguments) == 0
    assert lines(run, "end")[0]["step"] == 5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("jump", "a line is not an act"),
        ("[1]", "a line is not an act"),
        ('{"act": "jump"}', "act 'jump' is not one of pause, resume, learning_rate, stop"),
        ('{"act": "learning_rate"}', "learning rate None is not a number above 0"),
        ('{"act": "learning_rate", "value": NaN}', "learning rate nan is not"),
        ('{"act": "learning_rate", "value": -1}', "learning rate -1 is not"),
        ('{"act": "learning_rate", "value": true}', "learning rate True is not"),
        (f'{{"act": "learning_rate", "value": 1{"0" * 400}}}', "learning rate 1000"),
        (f'{{"act": "learning_rate", "value": 1{"0" * 5000}}}', "a line is not an act"),
        (f'{{"act": "{"a" * 900_000}"}}', f"act '{'a' * 59}... is not one of"),
        (f'{{"act": {"[" * 900}1{"]" * 900}}}', "act "),
    ],
)
def test_what_is_no_act_is_a_notice_and_changes_nothing(
    line: str, message: str, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    at_step(4, lambda: (run / CONTROL).write_text(line + "\n"), monkeypatch)
    assert main(arguments) == 0
    assert message in lines(run, "notice")[-1]["message"]
    assert lines(run, "control") == []


def test_half_a_line_waits_for_the_other_half(tmp_path: Path) -> None:
    control = Control(tmp_path)
    with open(tmp_path / CONTROL, "a", buffering=1) as file:
        file.write('{"act": "pa')
        file.flush()
        assert control.new() == []
        file.write('use"}\n')
        file.flush()
        assert [act.name for act in control.new()] == ["pause"]
    (tmp_path / CONTROL).write_text('{"act": "stop"}\n')  # written afresh
    assert [act.name for act in control.new()] == ["stop"]
    (tmp_path / CONTROL).unlink()
    assert control.new() == []


def test_no_part_of_a_line_that_is_too_long_is_an_act(tmp_path: Path) -> None:
    (tmp_path / CONTROL).touch()
    control = Control(tmp_path)
    with open(tmp_path / CONTROL, "a") as file:
        file.write("no act" + " " * (3 << 20) + '{"act": "stop"}\n{"act": "pause"}\n')
    acts = [act for _ in range(6) for act in control.new()]
    assert [act.name for act in acts] == ["", "pause"]
    assert "a line is not an act" in acts[0].error


def test_it_is_steered_from_another_thread(arguments: list[str], tmp_path: Path) -> None:
    """As the screen does it: by looking at the run log."""
    run = tmp_path / "run"

    def watch() -> None:
        tail = Tail(run)
        while not any(line["kind"] == "step" for line in tail.new()):
            ended.wait(0.01)
        steer(run, "stop")

    ended = threading.Event()
    thread = threading.Thread(target=watch)
    thread.start()
    assert main([*arguments, "--steps", "100000"]) == 0
    thread.join()
    assert lines(run, "end")[0]["step"] < 100_000
