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
from typing import Generic, TypeVar

from charlm.display import visible
from charlm.errors import CharlmError
from charlm.wording import shortened

Snapshot = TypeVar("Snapshot")
Job = Callable[[], object]


def nobody() -> None:
    """Tell nobody: `tell` while no one looks."""


def in_words(error: BaseException) -> str:
    """What an error says, to be shown; of one that nobody foresaw its type too."""
    if isinstance(error, CharlmError):
        return visible(str(error))
    return visible(f"{type(error).__name__}: {shortened(str(error))}")


class Worker(ABC, Generic[Snapshot]):
    """One daemon thread that does one job after another, and sleeps while there is none.

    A worker sets what is wanted of it `with self._wanting():` and says in `_next_job` what to do
    first. The thread starts when something is wanted for the first time. It outlives every error:
    what a job did not foresee, `_fail` says, so that nobody waits for it for ever.

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

    @abstractmethod
    def _fail(self, message: str) -> None:
        """Say that a job ended in this error, and want no longer what it was for."""

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
                job = None if self._closed else self._next_job()
                if job is None and not self._closed:
                    job = self._sleep()
                if self._closed:
                    return
            if job is not None:
                self._try(job)

    def _try(self, job: Job) -> None:
        try:
            job()
        except BaseException as error:
            with suppress(Exception):  # who was told of it may be gone
                self._fail(in_words(error))

    def _sleep(self) -> Job | None:
        """Wait until something is wanted; the idle job where its time came first."""
        idle = self._idle_job()
        if idle is None:
            self._wake.wait()
            return None
        seconds, job = idle
        return None if self._wake.wait(seconds) else job
