"""The thread that reads a run log as it grows and posts the curves."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from charlm.display import visible
from charlm.run_log import Tail
from tui.messages import Curves

_INTERVAL = 0.5
_NOTICES = 20


class RunWatcher:
    """Watches one run at a time; `latest` is its newest snapshot, replaced, never changed."""

    def __init__(self, interval: float = _INTERVAL) -> None:
        self.latest: Curves | None = None
        self._interval = interval
        self._wake = threading.Condition()
        self._run_folder: Path | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="run log", daemon=True)
        self._thread.start()

    def watch(self, run: Path) -> None:
        """Read this run's log from its beginning, in place of the one before."""
        with self._wake:
            self._run_folder = run
            self._wake.notify_all()

    def close(self) -> None:
        """End the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join(0.1)

    def _run(self) -> None:
        reader: RunReader | None = None
        while True:
            with self._wake:
                same = reader is not None and reader.run == self._run_folder
                if not self._closed and (same or self._run_folder is None):
                    self._wake.wait(self._interval if same else None)
                if self._closed:
                    return
                run = self._run_folder
            if run is None:
                continue
            if reader is None or reader.run != run:
                reader = RunReader(run)
                self.latest = Curves(run)
            if reader.read():
                self.latest = reader.curves()


class RunReader:
    """A run log turned into curves. Anything in it may be missing or of another type."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self._tail = Tail(run)
        self._training: list[tuple[float, float]] = []
        self._validation: list[tuple[float, float]] = []
        self._notices: deque[str] = deque(maxlen=_NOTICES)
        self._now = Curves(run)

    def read(self) -> bool:
        """Take in the new lines; whether there were any."""
        lines = self._tail.new()
        for line in lines:
            read = _READERS.get(str(line.get("kind")))
            if read is not None:
                read(self, line)
        return bool(lines)

    def curves(self) -> Curves:
        """The curves as they stand."""
        return replace(
            self._now,
            training=tuple(self._training),
            validation=tuple(self._validation),
            notices=tuple(self._notices),
        )

    def _start(self, line: Mapping[str, Any]) -> None:
        # A log that is resumed goes on; a log written afresh begins with a start at zero.
        self._now = replace(self._now, ended=None)

    def _step(self, line: Mapping[str, Any]) -> None:
        _add(self._training, line, "loss")
        self._now = replace(
            self._now,
            progress=_number(line, "progress"),
            seconds_left=_number(line, "seconds_left"),
            characters_per_s=_number(line, "characters_per_s"),
        )

    def _evaluation(self, line: Mapping[str, Any]) -> None:
        _add(self._validation, line, "validation_loss")

    def _notice(self, line: Mapping[str, Any]) -> None:
        self._notices.append(visible(str(line.get("message", ""))))

    def _end(self, line: Mapping[str, Any]) -> None:
        self._now = replace(
            self._now, seconds_left=None, ended=visible(str(line.get("reason") or "done"))
        )


_READERS: Mapping[str, Callable[[RunReader, Mapping[str, Any]], None]] = {
    "start": RunReader._start,
    "step": RunReader._step,
    "evaluation": RunReader._evaluation,
    "notice": RunReader._notice,
    "end": RunReader._end,
}


def _number(line: Mapping[str, Any], key: str) -> float | None:
    value = line.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # json reads NaN, Infinity and integers of any size; a curve has no place for them.
    return float(value) if -1e300 < value < 1e300 else None


def _add(curve: list[tuple[float, float]], line: Mapping[str, Any], key: str) -> None:
    x, y = _number(line, "characters"), _number(line, key)
    if x is None:
        x = _number(line, "step")
    if x is None or y is None:
        return
    while curve and curve[-1][0] >= x:  # a run that was resumed repeats its last stretch
        curve.pop()
    curve.append((x, y))
