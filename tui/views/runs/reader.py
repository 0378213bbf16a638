"""The thread that looks at the runs, so that a slow disk never holds up the screen."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from charlm.display import visible
from charlm.run.layout import MODEL, RUN_LOG
from charlm.run.lock import is_training
from charlm.run.places import SHIPPED_RUNS

from ...writer.models import runs_folder
from .snapshots import RunDeleted, RunDetails, RunRow, RunRows, RunSnapshot

if TYPE_CHECKING:
    from ...training.reader import RunReader

_INTERVAL = 2.0

#: Time and size of the files that a row was read from.
Stamp = tuple[tuple[int, int], ...]


class RunsReader:
    """Lists runs every two seconds while it is watched, and does what it is asked for between.

    Everything it says is in `posted`.
    """

    def __init__(self, interval: float = _INTERVAL) -> None:
        self.posted: deque[RunSnapshot] = deque()
        self._interval = interval
        self._wake = threading.Condition()
        self._jobs: deque[Callable[[], None]] = deque()
        self._watched = False
        self._closed = False
        self._extra: tuple[Path, ...] = ()
        self._known: dict[Path, tuple[Stamp, RunRow]] = {}
        self._posted_rows: tuple[RunRow, ...] = ()
        self._described: RunReader | None = None
        self._thread = threading.Thread(target=self._run, name="runs", daemon=True)
        self._thread.start()

    def watch(self, extra: Sequence[Path] = ()) -> None:
        """List the runs now and again and again; `extra`: others than those in the folders."""
        self._extra, self._watched = tuple(extra), True
        self._do(partial(self._list, True))

    def rest(self) -> None:
        """Nobody looks."""
        self._watched = False

    def describe(self, path: Path) -> None:
        """Post the details of one run."""
        self._do(partial(self._describe, path))

    def delete(self, path: Path) -> None:
        """Delete one run, post how it went, and list what is left."""
        self._do(partial(self._delete, path))

    def close(self) -> None:
        """End the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join(0.1)

    def _do(self, job: Callable[[], None]) -> None:
        with self._wake:
            self._jobs.append(job)
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._jobs and not self._closed:
                    self._wake.wait(self._interval if self._watched else None)
                if self._closed:
                    return
                job = self._jobs.popleft() if self._jobs else self._list
            job()

    def _list(self, always: bool = False) -> None:
        """Post the rows, if they changed or `always`."""
        from .folders import found_runs

        rows = tuple(map(self._row, found_runs((runs_folder(), SHIPPED_RUNS), self._extra)))
        if always or rows != self._posted_rows:
            self._posted_rows = rows
            self.posted.append(RunRows(rows))

    def _row(self, path: Path) -> RunRow:
        """A row, read again only where its files changed."""
        from .folders import read_row

        stamp, known = _stamp(path), self._known.get(path)
        if (
            known is not None
            and known[0] == stamp
            and is_training(path) == (known[1].state == "training")
        ):
            return known[1]
        try:
            row = read_row(path)
        except Exception as error:  # whatever a file does to its reader, the list goes on
            row = RunRow(path, visible(path.name), state="damaged", why=visible(str(error)))
        self._known[path] = stamp, row
        return row

    def _describe(self, path: Path) -> None:
        from ...training.reader import RunReader
        from .folders import read_details

        if self._described is None or self._described.run != path:
            self._described = RunReader(path)
        try:
            self.posted.append(read_details(path, self._described))
        except Exception as error:  # as for a row
            self.posted.append(RunDetails(path, {"damaged": visible(str(error))}))

    def _delete(self, path: Path) -> None:
        from .folders import delete_run

        try:
            delete_run(path, runs_folder())
        except Exception as error:  # said, whatever it is
            self.posted.append(RunDeleted(path, visible(str(error))))
        else:
            self.posted.append(RunDeleted(path))
        self._list(True)


def _stamp(path: Path) -> Stamp:
    stamps = []
    for place in (path, path / MODEL, path / RUN_LOG):
        try:
            status = place.stat()
            stamps.append((status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append((0, 0))
    return tuple(stamps)
