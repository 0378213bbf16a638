"""An error nobody foresaw, in each thread beside the screen: a line, and the thread goes on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest
from driver import painted, toasts, until
from fakes import FakeModel
from kept import MINE
from models import MakeRun
from train_fakes import write_run

from charlm.decoding import Greedy
from charlm.errors import InputError
from tui.app import CharlmApp
from tui.threads import Job, Worker, in_words
from tui.training.child import Child
from tui.training.watcher import RunWatcher
from tui.views.inspect.snapshots import InspectFailed, InspectRequest
from tui.views.inspect.worker import InspectWorker
from tui.views.runs.reader import RunsReader
from tui.views.runs.snapshots import RunDeleted, RunDetails, RunRenamed, RunRows, RunsFailed
from tui.views.train.files import FilesReader
from tui.writer.contract import Recall
from tui.writer.kept.keeper import Keeper
from tui.writer.kept.values import Kept
from tui.writer.snapshots import Failed, Loaded, LoadFailed, Loading, Request, Unanswered
from tui.writer.worker import DecodeWorker


class Panic(BaseException):
    """As a library in Rust raises it: no Exception."""


class Speechless(Panic):
    """Not even a text can be had of it."""

    def __str__(self) -> NoReturn:
        raise self


SAID = "Panic: a wheel ␛[31mcame off"


def fails(*_: object, **__: object) -> NoReturn:
    raise Panic("a wheel \x1b[31mcame off")


def wait_until(condition: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


def posted(worker: Worker[Any], count: int) -> list[Any]:
    wait_until(lambda: len(worker.posted) >= count)
    return list(worker.take())


def test_an_error_in_words() -> None:
    assert in_words(InputError("no such file")) == "no such file"
    assert in_words(KeyError("x" * 900_000)) == f"KeyError: '{'x' * 59}…"
    assert in_words(Panic("\x1b")) == "Panic: ␛"
    assert in_words(Panic()) == in_words(Panic(" ")) == "Panic"
    assert in_words(InputError()) == "InputError"
    assert in_words(Speechless()) == "Speechless"


class Failing(Worker[str]):
    """Fails as often as it is asked to."""

    wanted: tuple[str, ...] = ()

    def ask(self, *words: str) -> None:
        with self._wanting():
            self.wanted += words

    def _next_job(self) -> Job | None:
        return Job(fails, self.say) if self.wanted else None

    def say(self, message: str) -> None:
        word, *rest = self.wanted
        self.wanted = tuple(rest)
        self._post(f"{word}: {message}")
        if word == "twice":
            raise Panic("of saying so")


def test_a_thread_outlives_what_it_did_not_foresee() -> None:
    worker = Failing("failing")
    worker.ask("once", "twice", "again")
    assert posted(worker, 3) == [f"{word}: {SAID}" for word in ("once", "twice", "again")]
    worker.close(10)
    assert not worker._thread.is_alive()


@pytest.mark.parametrize("asked", ["_next_job", "_idle_job"])
def test_a_thread_that_cannot_find_what_to_do_looks_again(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    monkeypatch.setattr("tui.threads._PAUSE", 0.01)
    worker = Failing("failing")

    def fails_now(*_: object) -> NoReturn:
        tries.append(1)
        fails()

    with monkeypatch.context() as patch:
        patch.setattr(Failing, asked, fails_now)
        with worker._wanting():
            pass
        wait_until(lambda: len(tries) > 2)
    worker.ask("once")
    assert posted(worker, 1) == [f"once: {SAID}"]
    worker.close(10)
    assert not worker._thread.is_alive()


@pytest.mark.parametrize("where", ["load", "facts", "recall"])
def test_a_model_that_cannot_be_read(where: str) -> None:
    class Odd:
        facts = property(fails)

    model = FakeModel()
    load: Any = {"load": fails, "facts": lambda *_: Odd()}.get(where, model.load)
    recall: Recall = fails if where == "recall" else lambda facts: None
    worker = DecodeWorker(load, recall=recall)
    path = Path("checkpoints/tiny")
    worker.load(path)
    assert posted(worker, 2) == [Loading(path), LoadFailed(path, SAID)]
    worker._load, worker._recall = model.load, lambda facts: None
    worker.load(path)
    assert [type(each) for each in posted(worker, 2)] == [Loading, Loaded]
    worker.close(10)


async def test_the_screen_does_not_wait_for_it_for_ever() -> None:
    app = CharlmApp(Path("checkpoints/tiny"), load=fails)
    try:
        async with app.run_test(size=(120, 30), notifications=True):
            view: Any = app.screen
            await until(lambda: any(SAID in said for said in toasts(view)))
            await until(lambda: "reading" not in painted(view))
            await until(lambda: "being read" not in painted(view))
    finally:
        app.close()


def test_a_text_and_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FakeModel()
    monkeypatch.setattr(FakeModel, "open", fails)
    monkeypatch.setattr(FakeModel, "answer", fails)
    worker = DecodeWorker(model.load)
    worker.load(Path("checkpoints/tiny"))
    posted(worker, 2)
    worker.write(Request(3, "a", Greedy(), 5, 1, 0, "greedy"))
    assert posted(worker, 1) == [Failed(3, SAID)]
    question: Any = object()
    worker.ask(question)
    assert posted(worker, 1) == [Unanswered(question, SAID)]
    assert not worker._request and not worker._questions
    worker.close(10)


def test_a_text_that_is_wanted_no_longer_takes_no_other_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, opened, go_on = FakeModel(), threading.Event(), threading.Event()
    question: Any = object()

    def fails_late(_: FakeModel, request: Request) -> NoReturn:
        opened.set()
        go_on.wait(15)
        raise Panic(f"of {request.number}")

    monkeypatch.setattr(FakeModel, "open", fails_late)
    monkeypatch.setattr(FakeModel, "answer", lambda *_: "answered")
    worker = DecodeWorker(model.load)
    worker.load(Path("checkpoints/tiny"))
    posted(worker, 2)
    first = Request(1, "a", Greedy(), 5, 1, 0, "greedy")
    worker.write(first)
    assert opened.wait(15)
    worker.write(first._replace(number=2))
    worker.ask(question)
    go_on.set()
    failed = [Failed(1, "Panic: of 1"), Failed(2, "Panic: of 2")]
    assert posted(worker, 3) == [*failed, "answered"]
    worker.close(10)


@pytest.mark.parametrize("where", ["RunReader.read", "WeightsFinder.find"])
def test_a_run_that_is_watched(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, other = write_run(tmp_path / "run"), write_run(tmp_path / "other")
    watcher = RunWatcher(0.01)
    feed = watcher.feed(weights=True)
    module = "tui.training.reader" if where.startswith("RunReader") else "charlm.run.weights"
    with monkeypatch.context() as patch:
        patch.setattr(f"{module}.{where}", fails)
        feed.watch(run, other)
        feed.wake(lambda: None)
        wait_until(lambda: feed.latest and feed.latest.notices)
        assert feed.latest is not None
        assert feed.latest.notices == (f"run cannot be read: {SAID}",)
        if where == "WeightsFinder.find":  # of the first run alone
            wait_until(lambda: feed.others and feed.others[0].has_points)
    wait_until(lambda: feed.latest and feed.latest.has_points)
    wait_until(lambda: SAID not in "".join(feed.latest.notices))  # type: ignore[union-attr]
    watcher.close(10)


def test_a_folder_of_texts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reader = FilesReader()
    with monkeypatch.context() as patch:
        patch.setattr("tui.views.train.files._kind", fails)
        (tmp_path / "a.txt").touch()
        reader.list(str(tmp_path))
        [listing] = posted(reader, 1)
    assert [entry.name for entry in listing.entries] == [f"cannot be read: {SAID}"]
    reader.list(str(tmp_path))
    [listing] = posted(reader, 1)
    assert [entry.name for entry in listing.entries] == ["a.txt"]
    reader.close(10)


def test_files_of_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reader = FilesReader()
    monkeypatch.setattr("tui.views.train.files._short", fails)
    (tmp_path / "a.txt").touch()
    reader.look([str(tmp_path / "a.txt")])
    [listing] = posted(reader, 1)
    assert listing.folder == ""
    assert [entry.name for entry in listing.entries] == [f"cannot be read: {SAID}"]
    reader.close(10)


def test_the_list_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_run: MakeRun
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    run = make_run("checkpoints/mine")
    reader = RunsReader(0.01)

    def rows() -> dict[str, str]:
        while True:
            for snapshot in posted(reader, 1):
                if isinstance(snapshot, RunRows):
                    return {row.name: row.why for row in snapshot.rows}

    with monkeypatch.context() as patch:
        patch.setattr("tui.views.runs.folders.found_runs", fails)
        reader.watch()
        assert posted(reader, 1) == [RunsFailed(SAID)]  # once, however often it is tried
    assert rows()["mine"] == ""
    for name in ("tui.views.runs.folders.read_row", "tui.views.runs.reader._stamp"):
        with monkeypatch.context() as patch:
            patch.setattr(name, fails)
            reader._known.clear()
            reader.watch()
            assert rows()["mine"] == SAID
    with monkeypatch.context() as patch:
        patch.setattr("tui.views.runs.folders.read_details", fails)
        reader.rest()
        reader.describe(run)
        wait_until(lambda: RunDetails(run, {"damaged": SAID}) in list(reader.posted))
    reader.close(10)


def test_a_list_that_fails_again_is_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reader = RunsReader(3600)
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr("tui.views.runs.folders.found_runs", fails)
            reader.watch()
            assert posted(reader, 1) == [RunsFailed(SAID)]
        reader.watch()
        assert [type(each) for each in posted(reader, 1)] == [RunRows]
    reader.close(10)


@pytest.mark.parametrize("error", [Panic("a wheel"), Panic(), MemoryError(), OSError()], ids=repr)
def test_a_run_that_is_deleted_or_renamed(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as what it is, as often as it happens; then the runs are listed."""
    monkeypatch.chdir(tmp_path)

    def fails_so(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr("tui.views.runs.folders.delete_run", fails_so)
    monkeypatch.setattr("tui.views.runs.folders.rename_own", fails_so)
    reader, run, said = RunsReader(3600), tmp_path / "mine", in_words(error)
    for _ in range(2):
        reader.delete(run)
        deleted, rows = posted(reader, 2)
        assert deleted == RunDeleted(run, said) and isinstance(rows, RunRows)
        reader.rename(run, "ours")
        renamed, rows = posted(reader, 2)
        assert renamed == RunRenamed(run, run, said) and isinstance(rows, RunRows)
    reader.close(10)


def test_a_run_that_was_deleted_is_not_told_as_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listing what is left is another matter."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tui.views.runs.folders.delete_run", lambda *_: None)
    monkeypatch.setattr("tui.views.runs.folders.found_runs", fails)
    reader = RunsReader(3600)
    reader.delete(tmp_path / "mine")
    assert posted(reader, 2) == [RunDeleted(tmp_path / "mine"), RunsFailed(SAID)]
    reader.close(10)


async def test_runs_that_could_not_be_listed_are_not_told_as_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.views.runs.folders.found_runs", fails)
    app = CharlmApp(Path("checkpoints/tiny"), load=FakeModel().load)
    try:
        async with app.run_test(size=(120, 30), notifications=True) as pilot:
            app.action_view("runs")
            await until(lambda: "they could not be listed" in painted(app.screen))
            await until(lambda: any(SAID in said for said in toasts(app.screen)))
            await pilot.pause()
            assert "F8 trains" not in painted(app.screen)
    finally:
        app.close()


class BrokenFolder:
    """Of what is kept: nothing can be done in it."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    def write(self, identity: str, data: bytes) -> NoReturn:
        self.tried.append("write")
        fails()

    def forget(self, identity: str) -> NoReturn:
        self.tried.append("forget")
        fails()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BrokenFolder:
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tui.writer.kept.form.data_of", lambda *_: b"")
    return BrokenFolder()


NOT_KEPT = f"prompts and texts are not kept for the next time: {SAID}"
NOT_REMOVED = f"what was kept could not be removed: {SAID}"


def test_what_is_kept(broken: BrokenFolder) -> None:
    """Each is tried once, the next text after a while, and said once."""
    folder: Any = broken
    keeper, kept = Keeper(folder), cast("Kept", object())
    keeper.save(MINE, kept)
    assert posted(keeper, 1) == [NOT_KEPT]
    wait_until(lambda: not keeper._waiting)
    assert keeper._next > 0
    for _ in range(2):
        keeper.forget(MINE)
        assert posted(keeper, 1) == [NOT_REMOVED]
    wait_until(lambda: not keeper._forgetting)
    keeper.save(MINE, kept)
    wait_until(lambda: not keeper._waiting)
    assert broken.tried == ["write", "forget", "forget", "write"]
    keeper.close(10)
    assert not keeper._thread.is_alive() and not keeper.posted


def test_what_is_kept_at_the_end(broken: BrokenFolder) -> None:
    folder: Any = broken
    keeper = Keeper(folder)
    keeper._waiting[MINE.identity] = cast("Kept", object())
    keeper._forgetting.append(MINE.identity)
    keeper.close()
    assert broken.tried == ["forget", "write"]
    assert list(keeper.take()) == [NOT_REMOVED, NOT_KEPT]


def test_a_text_that_is_looked_into(monkeypatch: pytest.MonkeyPatch, run: Path) -> None:
    worker = InspectWorker()
    with monkeypatch.context() as patch:
        patch.setattr("charlm.engine.engine.Engine.load", fails)
        worker.ask(InspectRequest(4, run, "the cat"))
        assert posted(worker, 1) == [InspectFailed(4, SAID)]
    worker.ask(InspectRequest(5, run, "the cat"))
    wait_until(lambda: worker.posted)
    assert not any(isinstance(each, InspectFailed) for each in worker.take())
    worker.close(10)


def test_the_lines_of_a_program(tmp_path: Path) -> None:
    """It goes on to its end, whatever its lines do to who reads them, and that is told."""
    codes: list[int] = []
    lines: list[str] = []

    def take(line: str) -> None:
        if line == "1" or len(lines) > 3:
            fails()
        lines.append(line)

    program = (
        "import time\n"
        "for i in range(10): print(i, flush=True); time.sleep(0.1)\n"
        f"open({str(tmp_path / 'end')!r}, 'w').close()\n"
        "raise SystemExit(3)"
    )
    over: Callable[[int], object] = codes.append
    Child([sys.executable, "-c", program], "child", take, over)
    wait_until(lambda: codes, 60)
    assert codes == [3] and (tmp_path / "end").exists()
    assert lines == ["0", f"charlm: warning: a line was not read: {SAID}", "2", "3"]
