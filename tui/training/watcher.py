"""The thread that reads run logs as they grow; every view takes its snapshots from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from charlm.display import visible

from ..threads import Job, Worker, in_words, nobody

if TYPE_CHECKING:  # read in the thread: the first paint does not wait for them
    from .snapshots import Curves

_INTERVAL = 0.5


class RunFeed:
    """What one view is told of: a run, and others beside it. At first it rests.

    `latest`: the newest snapshot of the run, `others`: those of the others, in their order; both
    are replaced, never changed. `tell`: called, on the watcher's thread, when they were.
    """

    def __init__(self, watcher: RunWatcher, weights: bool) -> None:
        self.latest: Curves | None = None
        self.others: tuple[Curves, ...] = ()
        self.tell: Callable[[], object] = nobody
        self.runs: tuple[Path, ...] = ()
        self.weights = weights
        self.awake = False
        self._watcher = watcher

    def watch(self, run: Path, *others: Path) -> None:
        """Be told of these runs, in place of the ones before."""
        if self.runs != (run, *others):
            self._watcher.point(self, (run, *others), self.awake)

    def wake(self, tell: Callable[[], object]) -> None:
        """Be told from now on: someone looks."""
        self.tell = tell
        self._watcher.point(self, self.runs, True)

    def rest(self) -> None:
        """Be told of nothing until it is woken: nobody looks."""
        self.tell = nobody
        self._watcher.point(self, self.runs, False)

    def take(self, snapshots: Sequence[Curves]) -> None:
        """Have these snapshots, on the watcher's thread."""
        first, *others = snapshots
        if first is not self.latest or tuple(others) != self.others:
            self.latest, self.others = first, tuple(others)
            self.tell()


class RunWatcher(Worker[None]):
    """Reads every log that someone looks at, twice a second, each once however many look.

    A run that a resting feed watches is not read, but known: it goes on where it was.
    """

    def __init__(self, interval: float = _INTERVAL) -> None:
        super().__init__("run log")
        self._interval = interval
        self._feeds: list[RunFeed] = []
        self._turned = False
        self._known: dict[Path, _Watched] = {}

    def feed(self, *, weights: bool = False) -> RunFeed:
        """Make a feed; it watches nothing yet. weights: a run's checkpoints are looked for too."""
        feed = RunFeed(self, weights)
        with self._wanting():
            self._feeds.append(feed)
        return feed

    def drop(self, feed: RunFeed) -> None:
        """Forget a feed."""
        with self._wanting():
            self._feeds = [other for other in self._feeds if other is not feed]

    def point(self, feed: RunFeed, runs: tuple[Path, ...], awake: bool) -> None:
        """Let a feed watch these runs, or rest."""
        with self._wanting():
            feed.runs, feed.awake, self._turned = runs, awake, True

    def _next_job(self) -> Job | None:
        turned, self._turned = self._turned, False
        return Job(self._read, self._fail) if turned else None

    def _idle_job(self) -> tuple[float, Job] | None:
        looked_at = any(feed.awake and feed.runs for feed in self._feeds)
        return (self._interval, Job(self._read, self._fail)) if looked_at else None

    def _read(self) -> None:
        """Read what is new of the runs that are looked at, and tell of it."""
        with self._wake:
            feeds = [(feed, feed.runs) for feed in self._feeds if feed.runs]
            awake = [(feed, runs) for feed, runs in feeds if feed.awake]
        runs = dict.fromkeys(run for _, runs in feeds for run in runs)
        self._known = {run: self._known.get(run) or _Watched(run) for run in runs}
        for feed, watched in awake:  # a long log takes its time: at first it is known by its name
            self._tell(feed, watched)
        whole = {runs[0] for feed, runs in awake if feed.weights}
        for run in dict.fromkeys(run for _, runs in awake for run in runs):
            try:
                self._known[run].look(run in whole)
            except BaseException as error:  # whatever it is, the others are read
                self._known[run].fail(in_words(error))
        for feed, watched in awake:
            self._tell(feed, watched)

    def _fail(self, message: str) -> None:
        for watched in self._known.values():
            watched.fail(message)

    def _tell(self, feed: RunFeed, runs: tuple[Path, ...]) -> None:
        if feed.runs is runs:  # else it was pointed elsewhere meanwhile
            feed.take([self._known[run].curves for run in runs])


class _Watched:
    """One run: its log, its weights, and whether someone trains it or could train it on."""

    def __init__(self, run: Path) -> None:
        from charlm.run.weights import WeightsFinder

        from .reader import RunReader
        from .snapshots import Curves

        self._run = run
        self._reader, self._finder = RunReader(run), WeightsFinder(run)
        self._seen: tuple[object, ...] = ()
        self.curves: Curves = Curves(run)

    def fail(self, message: str) -> None:
        """It cannot be read now: say so, once, beside what was read before."""
        self._seen = ()
        notice = f"{visible(self._run.name)} cannot be read: {message}"
        if self.curves.notices[-1:] != (notice,):
            self.curves = replace(self.curves, notices=(*self.curves.notices, notice))

    def look(self, weights: bool) -> None:
        """Take in what is new; `curves` is another object then. weights: look for them too."""
        from charlm.run.layout import resume_file
        from charlm.run.lock import is_training

        self._reader.read()
        curves = self._reader.curves()
        found = self._finder.find() if weights else self.curves.weights
        alive = curves.ended is None and is_training(self._run)
        resumable = resume_file(self._run) is not None
        seen = (curves, found, alive, resumable)
        if seen != self._seen:
            self._seen = seen
            self.curves = replace(curves, weights=found, alive=alive, resumable=resumable)
