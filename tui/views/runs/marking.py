"""The runs that are marked: their curves over each other, and how two of them differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..base import View
from ..sheets import Differences
from .reader import RunsReader
from .snapshots import RunDetails, RunRow
from .table import RunsTable


class RunsMarking(View):
    """Marks beside the rows. `overlay`: shows the training of one run, or the curves of several."""

    view_name = "runs"
    table: RunsTable

    def __init__(self, overlay: Callable[[Sequence[Path]], None]) -> None:
        super().__init__()
        self._reader = RunsReader()
        self._overlay = overlay
        self._details: dict[Path, RunDetails] = {}
        self._compared: tuple[RunRow, RunRow] | None = None
        self._marked: frozenset[Path] = frozenset()

    def action_overlay(self) -> None:
        """The curves of the marked runs over each other; a single file has none."""
        files = [row.name for row in self._marked_rows() if row.kind == "file"]
        if runs := self.marked_runs():
            self._overlay(runs)
        elif not files:
            self.say("mark the runs first: Space does it")
        if files:
            self.say(f"a single file has no curves: {', '.join(files)}")

    def action_mark(self) -> None:
        """Mark the run in hand, or no more; then the next."""
        if (row := self.table.row) is not None:
            self._marked ^= {row.path}
            self._draw()
            self.table.move(1)
            self.show_state()

    def action_unmark(self) -> None:
        """Mark none."""
        self._marked = frozenset()
        self._draw()
        self.show_state()

    def action_difference(self) -> None:
        """How two runs differ."""
        self._compared = self.pair()
        if self._compared is None:
            self.say("two runs differ: mark two, or one besides the one in hand")
            return
        for row in self._compared:
            self._reader.describe(row.path)

    def marked_runs(self) -> list[Path]:
        """As they stand in the table; a single file is none."""
        return [row.path for row in self._marked_rows() if row.kind != "file"]

    def _marked_rows(self) -> list[RunRow]:
        return [row for row in self.table.rows if row.path in self._marked]

    def pair(self) -> tuple[RunRow, RunRow] | None:
        """The two to compare: both marked ones, or one marked one and the run in hand."""
        rows = self._marked_rows()
        here = self.table.row
        if len(rows) == 1 and here is not None and here.path not in self._marked:
            rows.append(here)
        return (rows[0], rows[1]) if len(rows) == 2 else None

    def compare(self) -> None:
        """Show the differences once both have answered."""
        if self._compared is None:
            return
        if not self.is_current:  # one went to another view meanwhile
            self._compared = None
            return
        one, other = (self._details.get(row.path) for row in self._compared)
        if one is not None and other is not None:
            first, second = self._compared
            names = first.name, second.name
            if names[0] == names[1]:
                names = str(first.path), str(second.path)
            self._compared = None
            self.app.push_screen(Differences(names, (one.facts, other.facts)))

    def _draw(self) -> None:
        """The table, with its marks."""
        raise NotImplementedError
