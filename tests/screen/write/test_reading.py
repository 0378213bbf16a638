"""A long prompt is read before a text begins, and the status line says how far that is."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from driver import painted, press, running, until
from fakes import FakeChange, FakeLanes, FakeModel, FakeText
from models import MakeRun
from posted import has
from posted import until as until_posted

from charlm.decoding import BeamSearch, Sampling, Strategy
from tui.views.write.author import Meters
from tui.views.write.status import meter_pieces
from tui.writer import worker as decode_worker
from tui.writer.engine_model import load_engine
from tui.writer.snapshots import Finished, LaneWritten, Reading, Request, Together, Written
from tui.writer.worker import DecodeWorker

LONG = "the cat sat on the mat. "


class HeldText(FakeText):
    """Reads its prompt up to `read`, then waits until it is let go."""

    go = threading.Event()

    def advance(self, n: int = 64, budget_ms: float = 20) -> list[FakeChange]:
        if not self.go.is_set():
            self.read = 0.346
            self.go.wait(0.005)
            return []
        self.read = 1.0
        return super().advance(n, budget_ms)


class HeldLanes(FakeLanes):
    """The same of several texts."""

    def advance(self, n: int, budget_ms: float) -> list[LaneWritten]:
        if not HeldText.go.is_set():
            self.read = 0.5
            HeldText.go.wait(0.005)
            return []
        self.read = 1.0
        return super().advance(n, budget_ms)


class HeldModel(FakeModel):
    def text(self, request: Request, steps: list[tuple[int, str]]) -> FakeText:
        return HeldText(steps, self.delay, request.prompt)

    def open_lanes(self, together: Together) -> FakeLanes:
        return HeldLanes(together, self.lanes, self.delay)


@pytest.fixture(autouse=True)
def held() -> Iterator[None]:
    HeldText.go.clear()
    yield
    HeldText.go.set()


async def test_the_status_line_says_how_far_a_prompt_is_read() -> None:
    async with running(HeldModel()) as screen:
        screen.prompt.text = "a long prompt"
        await press(screen, "enter")
        await until(lambda: "reading the prompt, 34 %" in painted(screen.app))
        HeldText.go.set()
        await until(lambda: not screen.text.writing.streaming)
        await until(lambda: "reading the prompt" not in painted(screen.app))
        assert screen.text.view.blocks[-1].completion


async def test_a_text_that_is_given_up_while_its_prompt_is_read_says_so_no_more() -> None:
    async with running(HeldModel()) as screen:
        screen.prompt.text = "a long prompt"
        await press(screen, "enter")
        await until(lambda: "reading the prompt, 34 %" in painted(screen.app))
        await press(screen, "escape")
        await until(lambda: "reading the prompt" not in painted(screen.app))


@pytest.mark.parametrize("strategy", [Sampling(), BeamSearch(3)], ids=str)
@pytest.mark.parametrize("details", [False, True])
def test_the_worker_tells_it_while_the_engine_reads(
    make_run: MakeRun, strategy: Strategy, details: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_worker, "BUDGET_MS", 0.0)  # a look after every position
    worker = DecodeWorker(load_engine)
    worker.load(make_run())
    worker.write(Request(5, LONG, strategy, 3, 1, 0, "sample", details=details))
    until_posted(lambda: has(worker, Finished), 60)
    worker.close(5)
    told = [s.share for s in worker.posted if isinstance(s, Reading)]
    assert told == sorted(set(told)) and len(told) > 2
    assert all(0 <= share < 1 for share in told)
    kinds = [type(s) for s in worker.posted]
    assert kinds.index(Written) > max(i for i, kind in enumerate(kinds) if kind is Reading)


def test_the_worker_tells_it_of_several_texts(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_worker, "BUDGET_MS", 0.0)
    worker = DecodeWorker(load_engine)
    worker.load(make_run())
    requests = tuple(Request(-1, LONG, Sampling(), 3, 1, 0, "sample", sample=i) for i in range(2))
    worker.write(Together(-1, requests))
    until_posted(lambda: has(worker, Finished), 60)
    worker.close(5)
    assert len([s for s in worker.posted if isinstance(s, Reading)]) > 2


def test_what_is_read_already_is_not_told() -> None:
    def said(read: float) -> str:
        return " ".join(p.text for p in meter_pieces(None, Meters(read=read), ""))

    assert said(1.0) == "" and said(0.0) == "reading the prompt, 0 %"
    assert said(0.34) == "reading the prompt, 34 %"
