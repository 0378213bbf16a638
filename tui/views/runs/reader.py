"""The thread that looks at the runs, so that a slow disk never holds up the screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from charlm.display import visible
from charlm.run.layout import MODEL, RUN_LOG
from charlm.run.lock import is_training
from charlm.run.places import runs_folders

from ...threads import Job, Worker, in_words
from .snapshots import (
    RunDeleted,
    RunDetails,
    RunRenamed,
    RunRow,
    RunRows,
    RunsFailed,
    RunSnapshot,
)

_INTERVAL = 2.0

#: Time and size of the files that a row was read from.
Stamp = tuple[tuple[int, int], ...]


class RunsReader(Worker[RunSnapshot]):
    """Lists runs every two seconds while it is watched, and does what it is asked for between."""

    def __init__(self, interval: float = _INTERVAL) -> None:
        super().__init__("runs")
        self._interval = interval
        self._jobs: deque[Job] = deque()
        self._watched = False
        self._extra: tuple[Path, ...] = ()
        self._known: dict[Path, tuple[Stamp, RunRow]] = {}
        self._posted_rows: tuple[RunRow, ...] = ()
        self._said = ""

    def watch(self, extra: Sequence[Path] = ()) -> None:
        """List the runs now and again and again; `extra`: others than those in the folders."""
        with self._wanting():
            self._extra, self._watched = tuple(extra), True
            self._jobs.append(self._listing(True))

    def rest(self) -> None:
        """List no more by itself: nobody looks."""
        with self._wanting():
            self._watched = False

    def describe(self, path: Path) -> None:
        """Post the details of one run."""
        self._do(
            Job(
                partial(self._describe, path),
                lambda said: self._post(RunDetails(path, {"damaged": said})),
            )
        )

    def delete(self, path: Path) -> None:
        """Delete one run, post how it went, and list what is left."""
        job = Job(partial(self._delete, path), lambda said: self._post(RunDeleted(path, said)))
        self._do(job, self._listing(True))

    def rename(self, path: Path, name: str) -> None:
        """Rename one run, post how it went, and list them anew."""
        job = Job(
            partial(self._rename, path, name),
            lambda said: self._post(RunRenamed(path, path, said)),
        )
        self._do(job, self._listing(True))

    def _do(self, *jobs: Job) -> None:
        with self._wanting():
            self._jobs.extend(jobs)

    def _next_job(self) -> Job | None:
        return self._jobs.popleft() if self._jobs else None

    def _idle_job(self) -> tuple[float, Job] | None:
        return (self._interval, self._listing()) if self._watched else None

    def _listing(self, always: bool = False) -> Job:
        return Job(partial(self._list, always), self._say_once)

    def _say_once(self, message: str) -> None:
        """Of a list: the next one, in two seconds, most likely ends as this one did."""
        if message != self._said:
            self._said = message
            self._post(RunsFailed(message))

    def _list(self, always: bool) -> None:
        """Post the rows, if they changed or `always`."""
        from .folders import found_runs

        rows = tuple(map(self._any_row, found_runs(runs_folders(), self._extra)))
        self._said = ""
        if always or rows != self._posted_rows:
            self._posted_rows = rows
            self._post(RunRows(rows))

    def _any_row(self, path: Path) -> RunRow:
        try:
            return self._row(path)
        except BaseException as error:  # whatever a file does to its reader, the list goes on
            return RunRow(path, visible(path.name), state="damaged", why=in_words(error))

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
        row = read_row(path)
        self._known[path] = stamp, row
        return row

    def _describe(self, path: Path) -> None:
        from .folders import read_details

        self._post(read_details(path))

    def _delete(self, path: Path) -> None:
        from .folders import delete_run

        delete_run(path, runs_folders())
        self._post(RunDeleted(path))

    def _rename(self, path: Path, name: str) -> None:
        from .folders import rename_own

        self._post(RunRenamed(path, rename_own(path, name, runs_folders())))


def _stamp(path: Path) -> Stamp:
    stamps = []
    for place in (path, path / MODEL, path / RUN_LOG):
        try:
            status = place.stat()
            stamps.append((status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append((0, 0))
    return tuple(stamps)
