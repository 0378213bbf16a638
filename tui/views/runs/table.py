"""The table of runs, drawn line by line: columns that fit, one row in hand, marked ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import time as now
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from charlm.wording import ago, bytes_text, short

from ...widgets.lines import Rows
from ...widgets.wrapping import cut
from .snapshots import RunRow

_GAP = 2
#: Cells before the name: the row in hand, then whether it is marked or loaded.
_MARKS = 3
_HERE = "▸"
_NAME, _LONG_NAME, _WIDE = 20, 36, 84
_MARK = "✓"
_LOADED = "●"


@dataclass(frozen=True)
class Column:
    """A column: its name, how wide, what it shows and sorts by (None is always last).

    `rank`: where room is short the highest go first; 0 stays. `ascending`: its first order.
    """

    name: str
    width: int
    shown: Callable[[RunRow], str]
    key: Callable[[RunRow], float | str | tuple[str, int, int] | None]
    rank: int = 0
    ascending: bool = False
    left: bool = False


COLUMNS: tuple[Column, ...] = (
    Column("name", _NAME, lambda r: r.name, lambda r: r.name.lower(), 0, True, left=True),
    Column("state", 9, lambda r: state_word(r), lambda r: state_word(r), 1, True, True),
    Column("cell", 11, lambda r: _cell(r),
           lambda r: (r.cell, r.layers, r.hidden) if r.cell else None, 3, True, True),
    Column("weights", 8, lambda r: short(r.parameters) if r.loads else "",
           lambda r: r.parameters or None, 6),
    Column("nats/char", 10, lambda r: "" if r.loss is None else f"{r.loss:.3f}", lambda r: r.loss,
           2, True),
    Column("seen", 7, lambda r: "" if r.characters is None else short(r.characters),
           lambda r: r.characters, 5),
    Column("size", 7, lambda r: bytes_text(r.size), lambda r: r.size, 7),
    Column("changed", 10, lambda r: ago(now() - r.modified), lambda r: r.modified, 4),
)  # fmt: skip
CHANGED = len(COLUMNS) - 1


def state_word(row: RunRow) -> str:
    """Where a row comes from, or how it stands."""
    return "shipped" if row.kind == "shipped" else row.state or row.kind


def sorted_rows(rows: Sequence[RunRow], column: int, ascending: bool) -> list[RunRow]:
    """By one column, then by name; what has no value there is last."""
    key = COLUMNS[column].key
    by_name = sorted(rows, key=lambda row: row.name.lower())
    known = [row for row in by_name if key(row) is not None]
    known.sort(key=key, reverse=not ascending)  # type: ignore[arg-type]  # one type a column
    return known + [row for row in by_name if key(row) is None]


def columns_for(width: int, longest: int = 0) -> list[int]:
    """The columns that fit, in their order.

    longest: cells of the longest name; where it is wide, whole names come before more columns.
    """
    more = min(longest, _LONG_NAME) - _NAME if width >= _WIDE else 0
    needed = _MARKS + max(0, more)
    shown = list(range(len(COLUMNS)))
    while len(shown) > 1 and needed + sum(COLUMNS[i].width + _GAP for i in shown) > width:
        shown.remove(max(shown, key=lambda i: COLUMNS[i].rank))
    return shown


class RunsTable(Rows, can_focus=True, inherit_bindings=False):
    """Rows and a cursor. What is marked and which model is loaded is told by the view.

    Its keys are the view's: of a widget they would come before letters typed ahead of them.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "runs-table--head", "runs-table--sorted", "runs-table--cursor", "runs-table--quiet",
        "runs-table--training", "runs-table--damaged", "runs-table--mark",
    }  # fmt: skip

    class Moved(Message):
        """Another row is under the cursor."""

    class SortAsked(Message):
        """A column's name was clicked."""

        def __init__(self, column: int) -> None:
            super().__init__()
            self.column = column

    class Chosen(Message):
        """The row under the cursor was clicked again."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.column, self.ascending = CHANGED, COLUMNS[CHANGED].ascending
        self.marked: frozenset[Path] = frozenset()
        self.loaded: Path | None = None
        self._rows: list[RunRow] = []
        self._longest = 0

    @property
    def rows(self) -> Sequence[RunRow]:
        """As they are shown."""
        return self._rows

    @property
    def row(self) -> RunRow | None:
        """The one under the cursor."""
        return self._rows[self.place] if self._rows else None

    def show(self, rows: Sequence[RunRow], marked: frozenset[Path], loaded: Path | None) -> None:
        """Show these; the cursor stays on its run."""
        before = self.row
        self.marked, self.loaded = marked, loaded
        self._rows = sorted_rows(rows, self.column, self.ascending)
        self._longest = max((cell_len(row.name) for row in self._rows), default=0)
        places = {row.path: place for place, row in enumerate(self._rows)}
        place = min(self.place, max(0, len(self._rows) - 1))
        if before is not None:
            place = places.get(before.path, place)
        elif loaded in places:
            place = places[loaded]
        self.set_rows(len(self._rows), place)
        if self.row != before:
            self.post_message(self.Moved())

    def follow(self, path: Path, new: Path) -> None:
        """A run has another place now: the cursor stays on it."""
        self._rows = [replace(row, path=new) if row.path == path else row for row in self._rows]

    def sort_by(self, column: int, ascending: bool) -> None:
        """Another order."""
        self.column, self.ascending = column, ascending
        self.show(self._rows, self.marked, self.loaded)

    def move(self, by: int) -> None:
        """The cursor some rows down, or up, as far as there are rows."""
        place = max(0, min(len(self._rows) - 1, self.place + by))
        if self._rows and place != self.place:
            self.set_rows(len(self._rows), place)
            self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """A name sorts; a row takes the cursor, a second click chooses it."""
        place = self.line_at(event.y)
        if place < 0:
            at = _MARKS
            for i, width in self._widths():
                if at <= event.x < at + width:
                    self.post_message(self.SortAsked(i))
                at += width + _GAP
        elif place < len(self._rows):
            if place == self.place:
                self.post_message(self.Chosen())
            self.move(place - self.place)

    @property
    def columns(self) -> list[int]:
        """The columns that are shown."""
        return columns_for(self.size.width, self._longest)

    def _widths(self) -> list[tuple[int, int]]:
        """(column, cells): the name takes what is left."""
        shown = self.columns
        rest = self.size.width - _MARKS - sum(COLUMNS[i].width + _GAP for i in shown)
        return [(i, COLUMNS[i].width + (max(0, min(rest, 30)) if i == 0 else 0)) for i in shown]

    def draw_head(self, width: int, base: Style) -> Strip:
        """Return the names of the columns."""
        head = base + self.get_component_rich_style("runs-table--head", partial=True)
        chosen = base + self.get_component_rich_style("runs-table--sorted", partial=True)
        segments = [Segment(" " * _MARKS, base)]
        for i, cells in self._widths():
            name = COLUMNS[i].name
            if i == self.column:
                name = f"{name}{'▲' if self.ascending else '▼'}"
            style = chosen if i == self.column else head
            segments += [Segment(_cell_of(COLUMNS[i], name, cells), style), Segment("  ", base)]
        return Strip(segments)

    def draw_row(self, place: int, here: bool, width: int, base: Style) -> Strip:
        """Return one run in a line."""
        row = self._rows[place]
        if here:
            base += self.get_component_rich_style("runs-table--cursor", partial=True)
        mark = base + self.get_component_rich_style("runs-table--mark", partial=True)
        sign = _MARK if row.path in self.marked else _LOADED if row.path == self.loaded else " "
        segments = [Segment(f"{_HERE if here else ' '}{sign}".ljust(_MARKS), mark)]
        at = _MARKS
        for i, cells in self._widths():
            column = COLUMNS[i]
            if row.why and i > 1:  # what is wrong takes the place of the numbers
                style = base + self.get_component_rich_style("runs-table--quiet", partial=True)
                segments.append(Segment(set_cell_size(row.why, max(0, width - at)), style))
                break
            text = _cell_of(column, column.shown(row), cells)
            segments += [Segment(text, base + self._style(column, row)), Segment("  ", base)]
            at += cells + _GAP
        return Strip(segments).crop_extend(0, width, base)

    def _style(self, column: Column, row: RunRow) -> Style:
        name = "quiet"
        if column.name == "state":
            name = {"training": "training", "damaged": "damaged", "failed": "damaged"}.get(
                row.state, "quiet"
            )
        elif column.name in ("name", "nats/char"):
            return Style()
        return self.get_component_rich_style(f"runs-table--{name}", partial=True)


def _cell(row: RunRow) -> str:
    return f"{row.cell} {row.layers}×{row.hidden}" if row.loads else row.cell


def _cell_of(column: Column, text: str, width: int) -> str:
    text = cut(text, width)
    return set_cell_size(text, width) if column.left else " " * (width - cell_len(text)) + text
