"""The runs that are marked, and how two of them differ."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..sheets import Differences
from .reader import RunsReader
from .snapshots import RunDetails, RunRow
from .table import RunsTable


class Marks:
    """Which rows of a table are marked."""

    def __init__(self, table: RunsTable) -> None:
        self._table = table
        self.paths: frozenset[Path] = frozenset()

    def turn(self, path: Path) -> None:
        """Mark a run, or no more."""
        self.paths ^= {path}

    def follow(self, path: Path, new: Path) -> None:
        """A run has another place now."""
        self.paths = frozenset(new if each == path else each for each in self.paths)

    def clear(self) -> None:
        """Mark none."""
        self.paths = frozenset()

    def keep(self, paths: Collection[Path]) -> None:
        """Forget the marks of all other runs."""
        self.paths &= frozenset(paths)

    @property
    def rows(self) -> list[RunRow]:
        """The marked ones, as they stand in the table."""
        return [row for row in self._table.rows if row.path in self.paths]

    @property
    def runs(self) -> list[Path]:
        """The marked ones that have a log; a single file has none."""
        return [row.path for row in self.rows if row.kind != "file"]

    @property
    def files(self) -> list[str]:
        """The names of the marked single files."""
        return [row.name for row in self.rows if row.kind == "file"]

    @property
    def pair(self) -> tuple[RunRow, RunRow] | None:
        """The two to compare: both marked ones, or one marked one and the run in hand."""
        rows, here = self.rows, self._table.row
        if len(rows) == 1 and here is not None and here.path not in self.paths:
            rows.append(here)
        return (rows[0], rows[1]) if len(rows) == 2 else None


class Comparison:
    """Two runs of which it was asked how they differ, until both have told of themselves."""

    def __init__(self, reader: RunsReader) -> None:
        self._reader = reader
        self._pair: tuple[RunRow, RunRow] | None = None

    def ask(self, pair: tuple[RunRow, RunRow]) -> None:
        """Have both tell of themselves."""
        self._pair = pair
        for row in pair:
            self._reader.describe(row.path)

    def forget(self) -> None:
        """Nobody waits for it any more."""
        self._pair = None

    def sheet(self, known: dict[Path, RunDetails]) -> Differences | None:
        """Give the differences, once, when both have told of themselves."""
        if self._pair is None or any(row.path not in known for row in self._pair):
            return None
        first, second = self._pair
        self._pair = None
        names = first.name, second.name
        if names[0] == names[1]:
            names = str(first.path), str(second.path)
        return Differences(names, (known[first.path].facts, known[second.path].facts))
