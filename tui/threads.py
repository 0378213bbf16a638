"""A thread with a wake-up: what all workers beside the screen are made of.

Daemon threads, not Textual workers: quitting does not wait for them. They never touch a widget:
what they have to say is posted as frozen snapshots, which the screen takes when it draws.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, NamedTuple, TypeVar

from charlm.display import visible
from charlm.errors import CharlmError
from charlm.wording import shortened

Snapshot = TypeVar("Snapshot")
#: Seconds after which a thread that could not find what to do looks again.
_PAUSE = 1.0


class Job(NamedTuple):
    """Something to do, and who is told, in words, that it failed: nobody waits for it for ever.

    fail: what it leaves undone is wanted no longer, or else the thread does it again at once.
    """

    do: Callable[[], object]
    fail: Callable[[str], object]


def nobody() -> None:
    """Tell nobody: `tell` while no one looks."""


def in_words(error: BaseException) -> str:
    """What an error says, to be shown, never ""; of one that nobody foresaw its type too."""
    name, said = type(error).__name__, ""
    with suppress(BaseException):  # it may fail at saying so
        said = str(error).strip()
    if isinstance(error, CharlmError) and said:
        return visible(said)
    return visible(f"{name}: {shortened(said)}" if said else name)


class Worker(ABC, Generic[Snapshot]):
    """One daemon thread that does one job after another, and sleeps while there is none.

    A worker sets what is wanted of it `with self._wanting():` and says in `_next_job` what to do
    first. The thread starts when something is wanted for the first time. It outlives every error.

    `posted`: the snapshots that were not taken yet. `tell`: called, on that thread, when the first
    snapshot since the last `take` is posted.
    """

    def __init__(self, name: str) -> None:
        self.posted: deque[Snapshot] = deque()
        self.tell: Callable[[], object] = nobody
        self._told = False
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def take(self) -> Iterator[Snapshot]:
        """Give what was posted, oldest first, each once."""
        self._told = False  # first: what is posted from here on is told again
        for _ in range(len(self.posted)):
            yield self.posted.popleft()

    def close(self, timeout: float = 0.1) -> None:
        """End the thread; wait for it no longer than `timeout` seconds."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    @abstractmethod
    def _next_job(self) -> Job | None:
        """Return what is to be done now, None for nothing; called with the lock held."""

    def _idle_job(self) -> tuple[float, Job] | None:
        """Return after how many seconds of sleep something is done unasked, and what.

        Called with the lock held. None: the thread sleeps until something is wanted.
        """
        return None

    @contextmanager
    def _wanting(self) -> Iterator[None]:
        """Hold the lock while something else is wanted, then wake the thread."""
        with self._wake:
            yield
            if self._thread.ident is None and not self._closed:
                self._thread.start()
            self._wake.notify_all()

    def _post(self, *snapshots: Snapshot) -> None:
        self.posted.extend(snapshots)
        if snapshots and not self._told:
            self._told = True
            self.tell()

    def _run(self) -> None:
        while True:
            with self._wake:
                job = None if self._closed else self._find_job()
                if self._closed:
                    return
            if job is not None:
                self._try(job)

    def _try(self, job: Job) -> None:
        try:
            job.do()
        except BaseException as error:  # whatever it is, the thread goes on
            with suppress(BaseException):  # who was told of it may be gone
                job.fail(in_words(error))

    def _find_job(self) -> Job | None:
        """What is wanted first; the lock is held. Where that cannot be told, nothing was begun."""
        try:
            return self._next_job() or self._sleep()
        except BaseException:
            self._wake.wait(_PAUSE)
            return None

    def _sleep(self) -> Job | None:
        """Wait until something is wanted; the idle job where its time came first."""
        idle = self._idle_job()
        if idle is None:
            self._wake.wait()
            return None
        seconds, job = idle
        return None if self._wake.wait(seconds) else job
