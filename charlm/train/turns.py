"""Who works first where several processes need the same: one on each machine, then the others.

So a text is prepared once on each machine, and found by the others. Meanwhile all hear of each
other some times a second, by a thread beside the work: who is done, how far the work has come,
which signal one of them got; and where one has ended, the exchange fails. So nobody is given up
while it works, however long that takes, and nobody works on for those that are gone.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple, TypeVar

from charlm.errors import Stopped
from charlm.train.distributed import RankLost, Ranks
from charlm.train.tell.reporter import Doing, Reporter

T = TypeVar("T")

_BETWEEN_WORDS, _BETWEEN_LOOKS = 0.1, 0.05  # seconds


def in_turn(ranks: Ranks, reporter: Reporter, work: Callable[[], T]) -> T:
    """What work gives here, once it is done on every rank.

    Raises what it raised here, or else CharlmError for the first rank where it failed; on every
    rank Stopped, if one got a signal meanwhile; RankLost.
    """
    if ranks.size == 1:
        return work()
    ranks.order("turns")
    turns = _Turns(ranks, reporter)
    result, error = turns.done(work)
    turns.end()
    ranks.raise_first(error)
    return result  # type: ignore[return-value]


class _Word(NamedTuple):
    """What a process says of itself."""

    done: bool
    failed: bool
    signum: int  # of the signal that it got, or 0
    doing: Doing | None


class _Turns:
    """The processes while they work in turn. Signals are handled here until `end`."""

    def __init__(self, ranks: Ranks, reporter: Reporter) -> None:
        self._ranks, self._reporter = ranks, reporter
        self._hosts = ranks.collect(socket.gethostname())
        self._first = {self._hosts.index(host) for host in self._hosts}
        self._words: list[_Word] = []  # of all ranks, the newest that was heard
        self._done = self._failed = self._open = self._raised = False
        self._signum = 0
        self._lost: RankLost | None = None
        self._thread = threading.Thread(target=self._hear, daemon=True)
        reporter.elsewhere = self._elsewhere
        self._before: dict[int, Any] = {}
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup's wish that a hang-up be ignored stays.
            if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
                self._before[signum] = signal.signal(signum, self._interrupt)
        self._thread.start()

    def done(self, work: Callable[[], T]) -> tuple[T | None, Exception | None]:
        """What work gives or raises, once it is this process's turn; neither, if one failed."""
        result, error = None, None
        try:
            try:
                self._open = True  # from here on a signal is raised, once, and is caught below
                result = self._at_its_turn(work)
            finally:
                self._open = False
        except Exception as caught:
            error = caught
        self._failed, self._done = error is not None, True
        return result, error

    def end(self) -> None:
        """Wait for the others. Raises Stopped, RankLost: then what is left is to say it."""
        while self._thread.is_alive():
            self._reporter.waiting()
            time.sleep(_BETWEEN_LOOKS)
        self._reporter.prepared()
        del self._reporter.elsewhere
        signum = next((word.signum for word in self._words if word.signum), 0)
        ends = self._lost is not None or signum
        for each, handler in self._before.items():
            signal.signal(each, signal.SIG_IGN if ends else handler)
        if self._lost is not None:
            raise self._lost
        if signum:
            name = signal.Signals(signum).name
            raise self._ranks.met_by_all(Stopped(f"stopped by {name} before it began", signum))
        if self._signum:  # it came when all was said
            signal.raise_signal(self._signum)

    def _at_its_turn(self, work: Callable[[], T]) -> T | None:
        if self._signum or self._is_over():  # it came before it could be raised
            raise Stopped("stopped", self._signum)
        if self._ranks.rank not in self._first:
            while not (self._words and all(self._words[rank].done for rank in self._first)):
                time.sleep(_BETWEEN_LOOKS)
            if any(word.failed for word in self._words):
                return None
        return work()

    def _hear(self) -> None:
        """Exchange words until all are done."""
        woken = False
        try:
            while not (self._words and all(word.done for word in self._words)):
                time.sleep(_BETWEEN_WORDS)
                doing = None if self._done else self._reporter.doing
                word = _Word(self._done, self._failed, self._signum, doing)
                self._words = self._ranks.collect(word)
                if not woken and self._is_over():
                    woken = True
                    self._wake()
        except RankLost as lost:
            self._lost = lost
            self._wake()

    def _wake(self) -> None:
        """Take the main thread out of its work."""
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _interrupt(self, signum: int, _: FrameType | None) -> None:
        """What a signal does, one of `_wake` or another. `end` says why."""
        if not self._is_over():
            self._signum = self._signum or signum
        if self._open and not self._raised:
            self._raised = True
            raise Stopped("stopped", signum)

    def _is_over(self) -> bool:
        """Whether one has ended or got a signal, as far as was heard."""
        return self._lost is not None or any(word.signum for word in self._words)

    def _elsewhere(self) -> Doing | None:
        """What the first of the others does that tells it, and how much of it is done."""
        for rank, word in enumerate(self._words):
            if word.doing and rank != self._ranks.rank:
                what, share = word.doing
                return f"rank {rank} on {self._hosts[rank]}: {what}", share
        return None
