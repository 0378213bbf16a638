"""A tree of files as lines, texts of before above it; a folder is read when it is opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from charlm.display import visible
from charlm.wording import bytes_text

from ...widgets.lines import Rows
from ...widgets.wrapping import cut, cut_before
from .files import Entry, Listing

_SIZE, _GUTTER = 9, 1  # cells: of a size, of the scrollbar


@dataclass(frozen=True)
class Row:
    """A line. depth: in how many folders; -1: a heading, which the cursor passes over."""

    entry: Entry
    depth: int
    is_open: bool = False


class FileRows(Rows, can_focus=True, inherit_bindings=False):
    """A tree under a folder. `ask` is called with each folder that is to be read."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "file-rows--cursor", "file-rows--folder", "file-rows--quiet",
    }  # fmt: skip
    HEAD = 0

    class Taken(Message):
        """The line in hand was clicked again."""

    def __init__(self, folder: str, ask: Callable[[str], object], id: str | None = None) -> None:
        super().__init__(id=id)
        self._ask = ask
        self._recent: list[Row] = []
        self._tree: list[Row] = []
        self._wanted = ""
        self._plant(folder)

    @property
    def rows(self) -> Sequence[Row]:
        """All lines."""
        return [*self._recent, *self._tree]

    @property
    def entry(self) -> Entry:
        """The one in hand."""
        return self.rows[self.place].entry

    def take(self, listing: Listing) -> None:
        """Take in what was read."""
        if not listing.folder:
            self._show_recent(listing)
            return
        at = next((i for i, row in enumerate(self._tree) if _waits(self._tree, i, listing)), None)
        if at is None:  # it was closed meanwhile
            return
        depth = self._tree[at].depth + 1
        self._tree[at + 1 : at + 2] = [Row(entry, depth) for entry in listing.entries]
        rows = self.rows
        wanted = (
            i for i, row in enumerate(rows) if row.entry.path == self._wanted and row.depth > 0
        )
        place = next(wanted, self.place)
        self._wanted = ""
        if self.place > at + len(self._recent) and place == self.place:
            place += len(listing.entries) - 1
        self.set_rows(len(rows), place)

    def move(self, by: int) -> None:
        """The cursor some lines on, or back."""
        rows, wanted = self.rows, self.place + by
        places = [place for place, row in enumerate(rows) if row.depth >= 0]
        if by > 0:
            place = next((each for each in places if each >= wanted), places[-1])
        else:
            place = next((each for each in reversed(places) if each <= wanted), places[0])
        self.set_rows(len(rows), place)
        if place == places[0]:  # and the heading over it
            self.go_to(0)

    def seek(self, letter: str) -> None:
        """The next line whose name begins so."""
        rows = self.rows
        order = [*range(self.place + 1, len(rows)), *range(self.place)]
        for place in order:
            name = rows[place].entry.name.rpartition("/")[2]
            if rows[place].depth >= 0 and name.casefold().startswith(letter.casefold()):
                self.set_rows(len(rows), place)
                return

    def turn(self) -> bool:
        """Open the folder in hand, or close it; whether it is one."""
        at = self.place - len(self._recent)
        if self.entry.kind != "folder" or at < 0:
            return False
        row = self._tree[at]
        if row.is_open:
            self._close(at)
        else:
            self._open(at)
        return True

    def up(self) -> None:
        """Close the folder one is in; from the uppermost to the one that it lies in."""
        at = self.place - len(self._recent)
        if at < 0:
            return
        row = self._tree[at]
        if row.is_open and at:
            self._close(at)
        elif at:
            outer = max(i for i in range(at) if self._tree[i].depth < row.depth)
            self.set_rows(self.count, outer + len(self._recent))
        else:
            folder = row.entry.path
            self._plant(os.path.dirname(folder) or "/")
            self._wanted = folder
            self.set_rows(len(self.rows), len(self._recent))

    def on_click(self, event: events.Click) -> None:
        """A line takes the cursor, a second click chooses it."""
        place, rows = self.line_at(event.y), self.rows
        if 0 <= place < len(rows) and rows[place].depth >= 0:
            if place == self.place:
                self.post_message(self.Taken())
            self.set_rows(len(rows), place)

    def draw_row(self, place: int, here: bool, width: int, base: Style) -> Strip:
        """Return one line: a mark, what it is, its name, its size."""
        row = self.rows[place]
        entry, named = row.entry, self._style(row)
        if here:
            named += self.get_component_rich_style("file-rows--cursor", partial=True)
        size = "" if entry.size is None else bytes_text(entry.size)
        before = "" if row.depth < 0 else "▸ " if here else "  "
        before += "  " * row.depth
        if entry.kind == "folder":
            before += "- " if row.is_open else "+ "
        room = max(0, width - cell_len(before) - _SIZE - _GUTTER)
        name = entry.name + "/" * (entry.kind == "folder" and not entry.name.endswith("/"))
        name = cut_before(name, room) if "/" in entry.name else cut(name, room)
        quiet = self.get_component_rich_style("file-rows--quiet", partial=True)
        return Strip([
            Segment(before, base + named), Segment(set_cell_size(name, room), base + named),
            Segment(size.rjust(_SIZE), base + quiet),
        ]).crop_extend(0, width, base)  # fmt: skip

    def _style(self, row: Row) -> Style:
        kind = {"folder": "folder", "text": ""}.get(row.entry.kind, "quiet")
        return (
            self.get_component_rich_style(f"file-rows--{kind}", partial=True) if kind else Style()
        )

    def _show_recent(self, listing: Listing) -> None:
        if not listing.entries:
            return
        was_first = self.place == 0
        heads = (Entry("", said, "note") for said in ("learned from before", "files"))
        before, behind = (Row(entry, -1) for entry in heads)
        self._recent = [before, *(Row(entry, 0) for entry in listing.entries), behind]
        self.set_rows(len(self.rows), 1 if was_first else self.place + len(self._recent))

    def _plant(self, folder: str) -> None:
        """The tree of this folder, opened."""
        self._tree = [Row(Entry(folder, visible(folder), "folder"), 0)]
        self._open(0)

    def _open(self, at: int) -> None:
        row = self._tree[at]
        self._tree[at] = Row(row.entry, row.depth, True)
        self._tree.insert(at + 1, Row(Entry("", "…", "note"), row.depth + 1))
        self.set_rows(len(self.rows), self.place)
        self._ask(row.entry.path)

    def _close(self, at: int) -> None:
        row, end = self._tree[at], at + 1
        while end < len(self._tree) and self._tree[end].depth > row.depth:
            end += 1
        self._tree[at:end] = [Row(row.entry, row.depth)]
        self.set_rows(len(self.rows), self.place)


def _waits(tree: Sequence[Row], at: int, listing: Listing) -> bool:
    """Whether the folder of this line was opened, and what it holds is what was read."""
    row = tree[at]
    is_it = row.is_open and row.entry.path == listing.folder
    return is_it and at + 1 < len(tree) and not tree[at + 1].entry.path
