"""The writing thread: only the last request runs, cancelling stops it, errors are told."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import FACTS, FakeModel, FakeText, letters
from posted import has, until

from charlm.decoding import Sampling
from charlm.errors import CheckpointError
from tui.writer.contract import StillWanted, Unwanted
from tui.writer.snapshots import (
    Answer,
    Explain,
    Failed,
    Finished,
    Loaded,
    LoadFailed,
    Loading,
    Question,
    Recorded,
    Request,
    Started,
    Unanswered,
    WantRecord,
    Written,
)
from tui.writer.worker import DecodeWorker


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def worker(model: FakeModel) -> Iterator[DecodeWorker]:
    worker = DecodeWorker(model.load)
    worker.load(Path("x"))
    yield worker
    worker.close(5)
    assert not worker._thread.is_alive()


def request(number: int, prompt: str = "p", pace: int = 0) -> Request:
    return Request(number, prompt, Sampling(), 100, 1, pace, "sample")


def test_a_completion_is_posted_piece_by_piece(worker: DecodeWorker, model: FakeModel) -> None:
    model.steps = [*letters("hello"), (1, "i!")]
    worker.write(request(7))
    until(lambda: has(worker, Finished))
    posted = list(worker.posted)
    assert [type(s) for s in posted[:3]] == [Loading, Loaded, Started]
    assert posted[1] == Loaded(FACTS)
    text = ""
    for piece in posted:
        if isinstance(piece, Written):
            text = text[: piece.keep] + piece.text
            assert piece.number == 7
    assert text == "hi!"
    last = [s for s in posted if isinstance(s, Written)][-1]
    assert last.characters == 7
    assert last.log_prob == pytest.approx(-8 * math.log(4))  # the end too
    assert posted[-1] == Finished(7, True)


def test_the_screen_is_told_once_until_it_takes(worker: DecodeWorker, model: FakeModel) -> None:
    until(lambda: has(worker, Loaded))
    taken, told = list(worker.take()), []
    worker.tell = lambda: told.append(len(worker.posted))
    model.steps = letters("x" * 40)
    worker.write(request(1))
    until(lambda: has(worker, Finished))
    assert told == [1]
    taken += worker.take()
    assert [type(s) for s in (taken[0], taken[-1])] == [Loading, Finished]
    assert not list(worker.take())
    worker.write(request(2))
    until(lambda: has(worker, Finished))
    assert len(told) == 2


def test_cancel_stops_the_source(worker: DecodeWorker, model: FakeModel) -> None:
    model.steps, model.delay = letters("x" * 100_000), 0.001
    worker.write(request(1))
    until(lambda: has(worker, Written))
    worker.cancel()
    until(lambda: worker._request is None)
    time.sleep(0.05)
    count = len(worker.posted)
    time.sleep(0.05)
    assert len(worker.posted) == count
    assert not has(worker, Finished)


def test_only_the_last_request_runs(worker: DecodeWorker, model: FakeModel) -> None:
    until(lambda: has(worker, Loaded))
    model.steps, model.delay = letters("x" * 100_000), 0.001
    worker.write(request(1, "first"))
    until(lambda: has(worker, Written))
    for number in range(2, 9):
        worker.write(request(number))
    model.steps = letters("short")
    worker.write(request(9, "last"))
    until(lambda: has(worker, Finished))
    assert [s.number for s in worker.posted if isinstance(s, Finished)] == [9]
    assert model.requests[-1].prompt == "last"
    assert len(model.threads) == 1


def test_the_screen_sets_the_pace(worker: DecodeWorker, model: FakeModel) -> None:
    model.steps, model.delay = letters("x" * 60), 0
    began = time.monotonic()
    worker.write(request(1, pace=200))
    until(lambda: has(worker, Finished))
    assert time.monotonic() - began > 0.15  # 60 characters at 200 a second, not all at once


def test_a_slow_screen_holds_up_the_engine(worker: DecodeWorker, model: FakeModel) -> None:
    model.steps, model.delay = letters("x" * 10_000), 0
    worker.write(request(1))
    until(lambda: len(worker.posted) > 64)
    time.sleep(0.1)
    assert len(worker.posted) < 200


def test_errors_are_told_and_survived(worker: DecodeWorker, model: FakeModel) -> None:
    model.error = RuntimeError("row 0 \x1b[31mbroke")
    worker.write(request(1))
    until(lambda: has(worker, Failed))
    assert worker.posted[-1] == Failed(1, "RuntimeError: row 0 ␛[31mbroke")
    model.error, model.steps = None, letters("ok")
    worker.write(request(2))
    until(lambda: has(worker, Finished))


def test_a_model_that_cannot_be_read_is_told() -> None:
    def load(path: Path, threads: int, precision: str) -> FakeModel:
        raise CheckpointError(f"no checkpoint at {path}")

    worker = DecodeWorker(load)
    worker.load(Path("a\x1bb"))
    worker.write(request(1))
    until(lambda: has(worker, Failed))
    assert LoadFailed(Path("a\x1bb"), "no checkpoint at a␛b") in worker.posted
    assert "F7" in worker.posted[-1].message
    worker.close(5)


def test_what_is_shown_already_is_not_held_up(worker: DecodeWorker, model: FakeModel) -> None:
    model.steps, model.delay = [(20 * i, "x" * 20) for i in range(15)] + letters("y" * 9, 300), 0
    # At the pace of one character a second the known ones would take 5 minutes.
    worker.write(request(1, pace=1)._replace(known="x" * 320))
    until(lambda: sum(len(s.text) for s in list(worker.posted) if isinstance(s, Written)) >= 300)
    time.sleep(0.2)
    assert not has(worker, Finished)


class Pondering(FakeModel):
    """Looks back until nobody waits, but the last of its `patience` questions it answers."""

    patience = 2

    def answer(self, question: Question, wanted: StillWanted) -> Answer:
        self.asked = [*getattr(self, "asked", []), question]
        while len(self.asked) < self.patience:
            if not wanted():
                raise Unwanted
            time.sleep(0.001)
        return Unanswered(question, "so be it")


@pytest.fixture
def pondering() -> Iterator[tuple[DecodeWorker, Pondering]]:
    model = Pondering(letters("on"))
    worker = DecodeWorker(model.load)
    worker.load(Path("x"))
    until(lambda: has(worker, Loaded))
    yield worker, model
    worker.close(5)
    assert not worker._thread.is_alive()


def test_a_text_comes_before_an_answer_which_comes_after_it(
    pondering: tuple[DecodeWorker, Pondering],
) -> None:
    worker, model = pondering
    question = Explain(request(1), "p", "on", False)
    worker.ask(question)
    until(lambda: hasattr(model, "asked"))
    worker.write(request(2))
    until(lambda: has(worker, Unanswered))
    kinds = [type(s) for s in worker.posted]
    assert kinds.index(Finished) < kinds.index(Unanswered)
    assert model.asked == [question, question]
    assert not worker._questions


def test_a_question_that_was_dismissed_is_not_answered(
    pondering: tuple[DecodeWorker, Pondering],
) -> None:
    worker, model = pondering
    old, new = (Explain(request(number), "p", "on", False) for number in (1, 2))
    worker.ask(old)
    until(lambda: hasattr(model, "asked"))
    worker.ask(new)
    worker.dismiss(old)
    until(lambda: has(worker, Unanswered))
    assert model.asked == [old, new]
    assert [s for s in worker.posted if isinstance(s, Unanswered)] == [Unanswered(new, "so be it")]


def test_another_model_is_not_asked_about_the_text_of_this_one(
    pondering: tuple[DecodeWorker, Pondering],
) -> None:
    worker, model = pondering
    worker.ask(WantRecord(request(1), "on"))
    until(lambda: hasattr(model, "asked"))
    worker.load(Path("y"))
    until(lambda: sum(isinstance(s, Loaded) for s in list(worker.posted)) == 2)
    worker.write(request(2))
    until(lambda: has(worker, Finished))
    assert len(model.asked) == 1 and not has(worker, Recorded) and not has(worker, Unanswered)


def test_a_prompt_is_looked_at_no_longer_than_its_text_is_wanted(
    worker: DecodeWorker, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []
    model.steps = letters("on")

    def look(text: FakeText, wanted: StillWanted) -> None:
        looked.append(True)
        while text.prompt == "long" and wanted():
            time.sleep(0.001)
        if not wanted():
            raise Unwanted

    monkeypatch.setattr(FakeText, "prompt_thoughts", look)
    worker.write(request(1, "long"))
    until(lambda: looked)
    worker.write(request(2, "short"))
    until(lambda: has(worker, Finished))
    assert [s.number for s in worker.posted if isinstance(s, (Started, Finished))] == [2, 2]
