"""The thread that reads run logs as they grow and posts their curves."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # read in the thread: the first paint does not wait for them
    from charlm.run.weights import Weights, WeightsFinder

    from .reader import RunReader
    from .snapshots import Curves

_INTERVAL = 0.5


class RunWatcher:
    """Watches one run, and others beside it; what it posts is replaced, never changed.

    `latest`: the newest snapshot of the run, `others`: those of the others, in their order. With
    `weights` also its checkpoints.
    """

    def __init__(self, interval: float = _INTERVAL, *, weights: bool = False) -> None:
        self.latest: Curves | None = None
        self.others: tuple[Curves, ...] = ()
        self._interval = interval
        self._finds_weights = weights
        self._wake = threading.Condition()
        self._wanted: tuple[Path, ...] = ()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="run log", daemon=True)
        self._thread.start()

    def watch(self, run: Path, *others: Path) -> None:
        """Read these runs' logs, in place of the ones before."""
        with self._wake:
            if self._wanted != (run, *others):
                self._wanted = (run, *others)
                self._wake.notify_all()

    def close(self) -> None:
        """End the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join(0.1)

    def _run(self) -> None:
        readers: list[RunReader] = []
        weights: tuple[Weights, ...] = ()
        finder: WeightsFinder | None = None
        while True:
            with self._wake:
                if not self._closed and [reader.run for reader in readers] == list(self._wanted):
                    self._wake.wait(self._interval if readers else None)
                if self._closed:
                    return
                wanted = self._wanted
            from charlm.run.weights import WeightsFinder

            from .reader import RunReader

            if [reader.run for reader in readers] != list(wanted):
                known = {reader.run: reader for reader in readers}
                readers = [known.get(run) or RunReader(run) for run in wanted]
                finder, weights = WeightsFinder(wanted[0]), ()
                self._post(readers, weights)
            before = weights
            if self._finds_weights and finder is not None:
                weights = finder.find()
            news = [reader.read() for reader in readers]
            if any(news) or weights != before:
                self._post(readers, weights)

    def _post(self, readers: list[RunReader], weights: tuple[Weights, ...]) -> None:
        first, *others = [reader.curves() for reader in readers]
        self.latest, self.others = replace(first, weights=weights), tuple(others)
