"""An error nobody foresaw, in each thread beside the screen: a line, and the thread goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from driver import painted, toasts, until
from fakes import FakeModel
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
from tui.views.runs.snapshots import RunDetails, RunRows, RunsFailed
from tui.views.train.files import FilesReader
from tui.writer.contract import Recall
from tui.writer.snapshots import Failed, Loaded, LoadFailed, Loading, Request, Unanswered
from tui.writer.worker import DecodeWorker


class Panic(BaseException):
    """As a library in Rust raises it: no Exception."""


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


class Failing(Worker[str]):
    """Fails as often as it is asked to."""

    wanted: tuple[str, ...] = ()

    def ask(self, *words: str) -> None:
        with self._wanting():
            self.wanted += words

    def _next_job(self) -> Job | None:
        return fails if self.wanted else None

    def _fail(self, message: str) -> None:
        word, *rest = self.wanted
        self.wanted = tuple(rest)
        self._post(f"{word}: {message}")
        if word == "twice":
            raise RuntimeError("of saying so")


def test_a_thread_outlives_what_it_did_not_foresee() -> None:
    worker = Failing("failing")
    worker.ask("once", "twice", "again")
    assert posted(worker, 3) == [f"{word}: {SAID}" for word in ("once", "twice", "again")]
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
