"""Trainings side by side: as many at once as there are jobs, each in a process of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import wait as wait_for
from types import FrameType

from charlm.compare.plan import Training
from charlm.compare.results import Result
from charlm.compare.trainings import trained
from charlm.errors import Stopped, TrainingError
from charlm.options.proposal import SHARED_BY
from charlm.train.keep.signals import Signals

_BETWEEN_LOOKS = 0.1  # seconds
#: From nothing: what a fork inherits of torch's threads does not work.
_PROCESSES = multiprocessing.get_context("spawn")

#: A training, what it is called while it runs, and what waits for its result, as `trained` does.
Begun = tuple[Training, str, Callable[[], Result]]


@contextlib.contextmanager
def begun(trainings: Sequence[Training], jobs: int) -> Iterator[Iterator[Begun]]:
    """The trainings in their order, so many of them at once.

    With one job each is trained when its result is asked for. What has not ended when this is left
    is stopped, and saves.
    """
    count = len(trainings)
    named = [(each, f"{each.name} ({n} of {count})") for n, each in enumerate(trainings, start=1)]
    if jobs == 1:
        yield ((*each, partial(trained, *each)) for each in named)
        return
    with Signals() as signals, ProcessPoolExecutor(jobs, _PROCESSES, _settle, (jobs,)) as pool:
        futures = [pool.submit(_trained, *each) for each in named]
        try:
            yield (
                (*each, partial(_result, each[0], future, signals))
                for each, future in zip(named, futures, strict=True)
            )
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            if any(future.running() for future in futures):
                _stop_children()


class _Child:
    """A process that trains: how it ends. The pool has given it its next training already."""

    busy = stopped = False

    def settle(self, jobs: int) -> None:
        """Take a share of the cores, and end with the parent.

        Ctrl-C is the parent's, which passes it on: else it would come twice, and the second one
        leaves at once.
        """
        os.environ[SHARED_BY] = str(jobs)
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, self._stop)
        threading.Thread(target=_end_with_parent, daemon=True).start()

    def train(self, training: Training, title: str) -> Result:
        """Train, unless that was stopped. Raises TrainingError."""
        self.busy = True
        try:
            if self.stopped:
                raise Stopped("stopped before it began", signal.SIGTERM)
            return trained(training, title)
        except Stopped as stopped:  # its parent, if there still is one, could not be given that
            self.stopped = True
            if not _parent_lives():
                os._exit(stopped.exit_code)
            raise TrainingError(f"{training.name}: {stopped}") from None
        finally:
            self.busy = False

    def _stop(self, signum: int, _: FrameType | None) -> None:
        if not self.busy:
            os._exit(128 + signum)
        raise Stopped("stopped before it began", signum)


_child = _Child()


def _settle(jobs: int) -> None:
    _child.settle(jobs)


def _trained(training: Training, title: str) -> Result:
    return _child.train(training, title)


def _result(training: Training, future: Future[Result], signals: Signals) -> Result:
    while not future.done():
        signals.check()
        wait([future], _BETWEEN_LOOKS)
    try:
        return future.result()
    except BrokenProcessPool:
        raise TrainingError(
            f"a process that trained {training.name} or beside it has ended: the same command goes"
            " on from here"
        ) from None


def _stop_children() -> None:
    for child in multiprocessing.active_children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid or 0, signal.SIGTERM)


def _parent_lives() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and parent.is_alive()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
