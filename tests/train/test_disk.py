"""A disk that takes nothing, for a while or to the end; and errors that nobody foresaw."""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from learners import SMALL, TEXT

from charlm.errors import TrainingError, run_main
from charlm.run.checkpoint import load_checkpoint
from charlm.run.control import steer
from charlm.run.layout import KEPT, LAST, MODEL, RESUME, RUN_LOG
from charlm.run.log import RunLog, read_run_log
from charlm.train.__main__ import main
from charlm.train.keep.folder import RunFolder
from charlm.train.keep.saver import Saver
from charlm.train.learner import Learner

ERRORS = ("ENOSPC", "EIO", "EROFS", "ESTALE", "EFBIG", "EMFILE", "ENFILE", "EINVAL", "EPERM")
Refuse = Callable[[str], bool]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def arguments(tmp_path: Path, run: Path) -> list[str]:
    """Evaluated at 25, 50, 75 and 100."""
    path = tmp_path / "numbers.txt"
    path.write_text(TEXT)
    evaluations = ["--steps", "100", "--evaluations", "4", "--debug"]
    return ["--corpus", str(path), "--out", str(run), *SMALL, *evaluations]


class Disk:
    """Refuses to write while it is full. `names`: what it was asked to write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> None:
        self.error = error or OSError(errno.ENOSPC, "No space left on device")
        self.full: Refuse = lambda name: False
        self.names: list[str] = []
        write = RunFolder.write

        def tried(folder: RunFolder, name: str, data: bytes) -> None:
            self.names.append(name)
            if self.full(name):
                raise self.error
            write(folder, name, data)

        monkeypatch.setattr(RunFolder, "write", tried)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def losses(*values: float) -> Callable[..., float]:
    """Validation losses, one evaluation after another; the last stays."""
    left = list(values)
    return lambda *_: left.pop(0) if len(left) > 1 else left[0]


def before_step(number: int, act: Callable[[], None], patch: pytest.MonkeyPatch) -> None:
    learn = Learner.step

    def step(self: Learner, closely: bool) -> Any:
        if self.position.step == number:
            act()
        return learn(self, closely)

    patch.setattr(Learner, "step", step)


def notices(run: Path) -> list[str]:
    return [line["message"] for line in read_run_log(run) if line["kind"] == "notice"]


def test_a_best_model_that_found_no_room_is_written_with_the_next_save(
    disk: Disk, arguments: list[str], run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(Learner, "loss_of", losses(1.0, 2.0, 3.0, 3.0))
    disk.full = lambda name: name == MODEL and not (run / LAST).exists()
    assert main(arguments) == 0
    evaluations = [line for line in read_run_log(run) if line["kind"] == "evaluation"]
    assert [line["best"] for line in evaluations] == [True, False, False, False]
    assert load_checkpoint(run).metrics["step"] == 25
    assert disk.names[:7] == [RESUME, MODEL, LAST, RESUME, MODEL, LAST, RESUME]
    printed = capsys.readouterr().out
    assert "step 25: validation loss 1.0000, the best so far, not saved yet\n" in printed
    assert "step 50: validation loss 2.0000\n" in printed


def test_a_best_model_that_a_kill_took_is_not_to_be_beaten(
    disk: Disk, arguments: list[str], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    monkeypatch.setattr(Learner, "loss_of", losses(2.0, 1.0, 1.5, 3.0))
    disk.full = lambda name: name == MODEL and disk.names.count(MODEL) > 1
    with monkeypatch.context() as patch, pytest.raises(Killed):
        before_step(60, kill, patch)
        main(arguments)
    disk.full = lambda name: False
    assert load_checkpoint(run).metrics["step"] == 25
    assert main(["--resume", str(run)]) == 0
    assert load_checkpoint(run).metrics["step"] == 75


def test_a_disk_that_stays_full_is_an_error_that_says_what_is_there(
    disk: Disk, arguments: list[str], run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(Learner, "loss_of", losses(2.5, 2.0, 1.0, 1.5))
    disk.full = lambda name: disk.names.count(LAST) > 1
    arguments.remove("--debug")
    assert run_main(main, arguments) == 1
    out, err = capsys.readouterr()
    assert err.splitlines()[-1] == (
        f"charlm: error: step 100 and the best, step 75 (validation loss 1.5000) could not be saved"
        f" in {run} (No space left on device); on the disk is {MODEL} of step 50 (validation loss"
        f" 2.0000) and {LAST} of step 25 (validation loss 2.5000): make room, then go on with"
        f" --resume {run}"
    )
    assert "done" not in out
    assert read_run_log(run)[-1]["kind"] == "end"
    disk.full = lambda name: False
    assert main(["--resume", str(run)]) == 0
    assert load_checkpoint(run / LAST).metrics["step"] == 100


def test_what_found_no_room_is_tried_once_more_at_the_end(
    disk: Disk, arguments: list[str], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, ending = Saver.finish, []

    def last(self: Saver, *rest: Any) -> None:
        ending.append(True)
        finish(self, *rest)

    monkeypatch.setattr(Saver, "finish", last)
    disk.full = lambda name: not ending
    assert main(arguments) == 0
    assert load_checkpoint(run).metrics["test_loss"] > 0
    assert load_checkpoint(run / LAST).metrics["step"] == 100
    with RunFolder.open(run) as folder:
        assert folder.load_resume()["position"]["step"] == 100


@pytest.mark.parametrize("by_signal", [True, False])
def test_a_stop_that_could_not_save_is_an_error(
    by_signal: bool, disk: Disk, arguments: list[str], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> None:
        disk.full = lambda name: True
        if by_signal:
            os.kill(os.getpid(), signal.SIGINT)
        else:
            steer(run, "stop")

    before_step(30, stop, monkeypatch)
    with pytest.raises(TrainingError, match=r"stopped by .*step 31 could .*of step 25 .*--resume"):
        main(arguments)
    assert "could not be saved" in read_run_log(run)[-1]["reason"]


@pytest.mark.parametrize(
    "error", [*(OSError(getattr(errno, name), name) for name in ERRORS), MemoryError()], ids=repr
)
def test_whatever_refuses_a_save_is_told_once_and_survived(
    error: Exception, arguments: list[str], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, error)
    disk.full = lambda name: 1 < disk.names.count(LAST) < 4
    assert main([*arguments, "--keep", "1"]) == 0
    reason = f"({getattr(error, 'strerror', '') or 'out of memory'}): every save tries again"
    told = [message for message in notices(run) if "was not saved" in message]
    assert all(message.endswith(reason) for message in told)
    names = [Path(message.split(" was not")[0]).relative_to(run) for message in told]
    assert sorted(map(str, names)) == [KEPT, LAST, MODEL]
    assert load_checkpoint(run / LAST).metrics["step"] == 100


def test_a_removal_that_is_refused_is_survived(
    arguments: list[str], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink, listdir = os.unlink, os.listdir

    def refuse(name: str, **inside: Any) -> None:
        if name == "step-00000025.safetensors":
            raise PermissionError(errno.EPERM, "Operation not permitted")
        unlink(name, **inside)

    monkeypatch.setattr("charlm.train.keep.folder.os.unlink", refuse)
    monkeypatch.setattr("charlm.train.keep.folder.os.listdir", lambda kept: sorted(listdir(kept)))
    monkeypatch.setattr(Learner, "loss_of", losses(4.0, 3.0, 2.0, 1.0))
    assert main([*arguments, "--keep", "1"]) == 0
    assert sum("was not removed (Operation not permitted)" in m for m in notices(run)) == 1
    steps = {path.name[5:13] for path in (run / KEPT).iterdir()}
    assert steps == {"00000025", "00000100"}  # it does not keep the others


class Refusing:
    """The file of a run log, which takes no line while `now` holds."""

    def __init__(self, file: Any, error: OSError, now: Callable[[bytes], bool]) -> None:
        self._file, self._error, self._now = file, error, now

    def write(self, data: bytes) -> int:
        if self._now(data):
            raise self._error
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Refusing:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.mark.parametrize("name", ERRORS)
def test_lines_that_the_log_does_not_take_are_told_once_and_survived(
    name: str, arguments: list[str], run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    begin = RunLog.__init__

    def begun(self: RunLog, *rest: Any) -> None:
        begin(self, *rest)
        error = OSError(getattr(errno, name), name)
        self._file = Refusing(self._file, error, lambda data: b'"step": 50' in data)  # type: ignore

    monkeypatch.setattr(RunLog, "__init__", begun)
    assert main(arguments) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if RUN_LOG in line]
    assert told == [
        f"charlm: warning: {run / RUN_LOG}: a line could not be written ({name}): it is lost, and"
        " so may later ones be; the training goes on"
    ]
    log = read_run_log(run)
    assert [line["step"] for line in log if line["kind"] == "evaluation"] == [25, 75, 100]
    assert load_checkpoint(run / LAST).metrics["step"] == 100


def test_a_log_that_cannot_be_flushed_at_the_end_is_a_notice(
    arguments: list[str], run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def refuse(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("charlm.run.log.os", type("os", (), vars(os) | {"fsync": refuse}))
    assert main(arguments) == 0
    warning = f"charlm: warning: {run / RUN_LOG} may not be whole on the disk (Input/output error)"
    assert warning in capsys.readouterr().err


class Unforeseen(Exception):
    pass


@pytest.mark.parametrize("where", ["_learn", "_check", "accumulate"])
def test_an_error_nobody_foresaw_saves_what_was_learned(
    where: str, arguments: list[str], run: Path, tmp_path: Path, capsys: Any
) -> None:
    """And the run goes on as if it had never been stopped."""
    arguments += ["--dropout", "0.3", "--accumulate", "2"]
    place = "_learn" if where == "accumulate" else where
    method, calls = getattr(Learner, place), [0]

    def failing(self: Learner, *rest: Any) -> Any:
        result = method(self, *rest)
        calls[0] += self.position.step == 60
        if calls[0] == (2 if where == "accumulate" else 1):
            raise Unforeseen("of a\nlibrary")
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, place, failing)
        with pytest.raises(TrainingError, match=r"^Unforeseen: of a library \(--debug shows"):
            main(arguments)
    assert f"step 60 saved: go on with --resume {run}" in capsys.readouterr().out
    assert load_checkpoint(run / LAST).metrics["step"] == 60
    assert read_run_log(run)[-1]["reason"] == "of a\nlibrary"
    assert main(["--resume", str(run)]) == 0
    whole = [str(tmp_path / "whole") if word == str(run) else word for word in arguments]
    assert main(whole) == 0
    assert tensors(run) == tensors(tmp_path / "whole")


def tensors(run: Path) -> dict[str, bytes]:
    newest = load_checkpoint(run / LAST)
    return {name: tensor.tobytes() for name, tensor in newest.tensors.items()}


def test_a_step_that_fails_while_the_weights_change_is_not_saved(
    arguments: list[str], run: Path, capsys: Any
) -> None:
    update = Learner._update

    def failing(self: Learner, rate: float) -> None:
        update(self, rate)
        if self.position.step == 61:
            raise Unforeseen

    with pytest.MonkeyPatch.context() as patch, pytest.raises(TrainingError, match="Unforeseen"):
        patch.setattr(Learner, "_update", failing)
        main(arguments)
    assert "saved: go on" not in capsys.readouterr().out
    with RunFolder.open(run) as folder:
        assert folder.load_resume()["position"]["step"] == 50


def test_an_error_while_evaluating_saves(arguments: list[str], run: Path) -> None:
    def failing(*_: object) -> float:
        raise RuntimeError("no kernel")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(TrainingError, match="no kernel"):
        patch.setattr(Learner, "loss_of", failing)
        main(arguments)
    assert {MODEL, LAST, RESUME} <= {path.name for path in run.iterdir()}
    assert load_checkpoint(run / LAST).metrics["step"] == 25
    assert main(["--resume", str(run)]) == 0


def test_weights_that_are_no_numbers_end_a_training_with_a_line(
    arguments: list[str], run: Path
) -> None:
    update = Learner._update

    def spoiling(self: Learner, rate: float) -> None:
        update(self, rate)
        if self.position.step == 50:
            self.model.output_bias.data[0] = float("inf")

    message = r"step 50 cannot be saved \(.*NaN or infinite.*\): what was saved before stays"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(TrainingError, match=message):
        patch.setattr(Learner, "_update", spoiling)
        main(arguments)
    assert load_checkpoint(run / LAST).metrics["step"] == 25
    assert re.match(message, read_run_log(run)[-1]["reason"])
