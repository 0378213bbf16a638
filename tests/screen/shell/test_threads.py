"""What all workers beside the screen are made of: a thread with a wake-up."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

import pytest

from tui.threads import Job, Worker


class Counter(Worker[int]):
    """Posts what it is asked for; every `interval` seconds of sleep, -1."""

    def __init__(self, interval: float | None = None) -> None:
        super().__init__("counter")
        self.interval = interval
        self.wanted: deque[int] = deque()

    def ask(self, *numbers: int) -> None:
        with self._wanting():
            self.wanted.extend(numbers)

    def _next_job(self) -> Job | None:
        if not self.wanted:
            return None
        number = self.wanted.popleft()
        return Job(lambda: self._post(number), failed)

    def _idle_job(self) -> tuple[float, Job] | None:
        if self.interval is None:
            return None
        return self.interval, Job(lambda: self._post(-1), failed)


def failed(message: str) -> None:
    raise AssertionError(message)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "counter"]


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


@pytest.fixture
def counter() -> Iterator[Counter]:
    counter = Counter()
    yield counter
    counter.close(10)
    assert not threads()


def test_there_is_no_thread_before_something_is_wanted(counter: Counter) -> None:
    assert not threads()
    counter.ask(1)
    assert len(threads()) == 1
    until(lambda: list(counter.posted) == [1])


def test_the_screen_is_told_once_until_it_takes(counter: Counter) -> None:
    told: list[int] = []
    counter.tell = lambda: told.append(1)
    counter.ask(1, 2, 3)
    until(lambda: len(counter.posted) == 3)
    assert len(told) == 1
    assert list(counter.take()) == [1, 2, 3] and not counter.posted
    counter.ask(4)
    until(lambda: len(told) == 2)
    assert list(counter.take()) == [4]


def test_it_sleeps_for_so_long_and_wakes_for_what_is_wanted(counter: Counter) -> None:
    counter.interval = 3600.0
    counter.ask(1)
    until(lambda: list(counter.posted) == [1])
    counter.ask(2)
    until(lambda: list(counter.posted) == [1, 2])
    counter.interval = 0.0
    counter.ask(3)
    until(lambda: counter.posted[-1] == -1)
    assert list(counter.posted)[:3] == [1, 2, 3]


def test_what_is_closed_does_nothing_more(counter: Counter) -> None:
    counter.ask(1)
    until(lambda: counter.posted)
    counter.close(10)
    counter.ask(2)
    assert not threads() and list(counter.posted) == [1]


def test_a_worker_may_be_closed_that_never_began() -> None:
    counter = Counter()
    counter.close()
    counter.ask(1)
    assert not threads() and not counter.posted
