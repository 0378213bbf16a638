"""Thousands of files that lie (support/hostile_files.py): each is used or refused in one line."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import hostile_files
import pytest
import torch
from hostile_files import Hostile

from charlm.cli.main import main as charlm_main
from charlm.errors import run_main
from charlm.run.control import Control
from charlm.run.layout import CONTROL, LAST, MODEL, RESUME, RUN_LOG
from charlm.run.log import has_only_begun, read_run_log, rewind
from charlm.run.weights import WeightsFinder
from charlm.text.corpus import opened
from charlm.train.__main__ import main as train_main
from charlm.train.keep.text_cache import TextCache
from tui.shell.last_model import LastModel
from tui.shell.settings import keep_setting, load_settings
from tui.training.reader import RunReader
from tui.views.runs.folders import read_details, read_row

_LONGEST = 2000  # characters of a line
_SHOWN = 40  # files that a failure names


Use = Callable[[bytes], None]
Said = Callable[[Callable[[], int]], None]


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    """Calls a command; it must end well, or badly with one line."""

    def call(command: Callable[[], int]) -> None:
        code = command()
        lines = capfd.readouterr().err.splitlines()
        errors = [line for line in lines if line.startswith("charlm: error: ")]
        assert code in (0, 1, 2) and len(errors) == (code != 0)
        assert all(line.startswith("charlm: ") and len(line) < _LONGEST for line in lines)

    return call


def _charlm(*words: object) -> int:
    return run_main(charlm_main, [str(word) for word in words])


def checked(files: Iterable[Hostile], every: int, use: Use) -> None:
    """Use one of `every` files; nothing may go wrong with any of them."""
    count, wrong = 0, []
    for file in islice(files, 0, None, every):
        count += 1
        try:
            use(file.data)
        except (Exception, pytest.fail.Exception) as error:
            wrong.append(f"{file.name[:90]!r}: {type(error).__name__} {error!s:.200}")
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong[:_SHOWN])
    assert count >= 25


def one_of(some: int, nearly_all: int = 1) -> pytest.MarkDecorator:
    """Of so many files one is used, in `make test` and in `make test-long`."""
    long = pytest.param(nearly_all, marks=pytest.mark.long)
    return pytest.mark.parametrize("every", [some, long], ids=["some", "all"])


@one_of(16)
def test_checkpoints(every: int, tmp_path: Path, said: Said) -> None:
    path = tmp_path / MODEL

    def use(data: bytes) -> None:
        path.write_bytes(data)
        said(lambda: _charlm("info", path))
        said(lambda: _charlm("write", path, "--prompt", "a", "--max-length", "3"))
        read_row(tmp_path)
        read_details(tmp_path)
        WeightsFinder(tmp_path).find()

    checked(hostile_files.checkpoints(), every, use)
    assert not Path("PLANTED").exists()


@one_of(11)
def test_prompt_states(every: int, good: Path, tmp_path: Path, said: Said) -> None:
    path = tmp_path / "state"

    def use(data: bytes) -> None:
        path.write_bytes(data)
        said(lambda: _charlm("write", good / MODEL, "--state", path, "--max-length", "3"))

    checked(hostile_files.states(good / "state"), every, use)


@one_of(19)
def test_receipts(every: int, good: Path, tmp_path: Path, said: Said) -> None:
    path = tmp_path / "receipt"

    def use(data: bytes) -> None:
        path.write_bytes(data)
        said(lambda: _charlm("write", good / MODEL, "--from", path))

    files = hostile_files.receipts((good / "receipt").read_bytes())
    checked(files, every, use)


@one_of(97, 5)
def test_run_logs(every: int, good: Path, tmp_path: Path, said: Said) -> None:
    shutil.copy(good / MODEL, tmp_path / MODEL)

    def use(data: bytes) -> None:
        (tmp_path / RUN_LOG).write_bytes(data)
        reader = RunReader(tmp_path)
        reader.read()
        reader.curves()
        read_row(tmp_path)
        read_details(tmp_path)
        read_run_log(tmp_path)
        said(lambda: _charlm("info", tmp_path))
        rewind(tmp_path, 2)

    checked(hostile_files.run_logs((good / "run" / RUN_LOG).read_bytes()), every, use)


def test_control_files(tmp_path: Path) -> None:
    def use(data: bytes) -> None:
        (tmp_path / CONTROL).unlink(missing_ok=True)
        control = Control(tmp_path)
        (tmp_path / CONTROL).write_bytes(data)
        assert all(len(act.error) < _LONGEST for act in control.new())

    checked(hostile_files.controls(), 1, use)


@one_of(7)
def test_settings(every: int, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"

    def use(data: bytes) -> None:
        path.write_bytes(data)
        loaded = load_settings({"CHARLM_SETTINGS": str(path)}, {})
        assert all(len(notice) < _LONGEST and "\n" not in notice for notice in loaded.notices)
        with suppress(ValueError, RuntimeError, OSError):
            keep_setting(path, "theme", "dark")

    checked(hostile_files.settings(), every, use)


def test_the_model_used_last(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "last-model"

    def use(data: bytes) -> None:
        path.write_bytes(data)
        LastModel(path).choose()

    words = [f"{good / MODEL}\nopening ", "/", "/proc/self/mem\n", "\0\n"]
    lines = [Hostile(word, (word + value).encode()) for word in words for value in _NUMBERS]
    checked([*lines, *hostile_files.not_ours()], 1, use)


_NUMBERS = ["", "1", "-1", "0", "9" * 30, "9" * 5000, "x", "1.5", "1 1", "nan"]


def test_nobody_waits_at_a_pipe_when_the_screen_starts(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert LastModel(path).choose()[1] == ""
    (notice,) = load_settings({"CHARLM_SETTINGS": str(path)}, {}).notices
    assert notice.endswith("cannot be read: it is not a regular file")
    with pytest.raises(OSError, match="it is not a regular file"):
        keep_setting(path, "theme", "dark")


@one_of(23)
def test_prepared_texts(every: int, good: Path, tmp_path: Path) -> None:
    (text,) = (good / "texts").glob("*.text")
    cache = TextCache(tmp_path)

    def use(data: bytes) -> None:
        (tmp_path / text.name).unlink(missing_ok=True)
        (tmp_path / text.name).write_bytes(data)
        found = cache.find(text.stem)
        if found is not None:
            opened(found, "a text", ())

    checked(hostile_files.prepared_texts(text.read_bytes()), every, use)


@one_of(97, 7)
def test_resume_files(every: int, good: Path, tmp_path: Path, said: Said) -> None:
    run = tmp_path / "run"
    torch.set_num_threads(1)

    def use(data: bytes) -> None:
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(good / "run", run)
        (run / RESUME).write_bytes(data)
        words = ["--resume", str(run), "--steps", "5", "--corpus", str(good / "numbers.txt")]
        said(lambda: run_main(train_main, words))

    data = (good / "run" / RESUME).read_bytes()
    assert (good / "run" / LAST).exists() and json.loads((good / "receipt").read_bytes())
    checked(hostile_files.resume_files(data), every, use)


def test_no_part_of_a_line_that_is_too_long_is_a_line_of_a_log(tmp_path: Path) -> None:
    whole, later = b'{"kind": "step", "step": 1}\n', b'{"kind": "step", "step": 9}\n'
    for long in (1 << 22, (1 << 22) + 1):
        (tmp_path / RUN_LOG).write_bytes(whole + b"x" * long + later + whole + later)
        assert [line["step"] for line in read_run_log(tmp_path)] == [1, 1, 9]
        rewind(tmp_path, 2)
        assert (tmp_path / RUN_LOG).read_bytes() == whole + b"x" * long + later + whole


def test_a_log_that_is_long_has_not_only_begun(tmp_path: Path) -> None:
    begun, learned = b'{"kind": "notice", "message": "%s"}\n', b'{"kind": "step", "step": 1}\n'
    (tmp_path / RUN_LOG).write_bytes(begun % (b"x" * 1000) + b'{"kind": "start", "run"')
    assert has_only_begun(tmp_path)
    (tmp_path / RUN_LOG).write_bytes(begun % (b"x" * (1 << 22)) + learned)
    assert not has_only_begun(tmp_path)
