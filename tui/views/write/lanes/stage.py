"""Several texts in the place of one: a grid of samples, a duel of two settings."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.geometry import Offset
from textual.message import Message

from ....colours.ramps import ramp_of
from ....keys.table import bindings_of
from ....widgets.pieces_line import PiecesLine
from ....writer.knobs import Setting
from ..stage import Seen, Stage
from .author import LanesAuthor
from .lanes_head import lanes_head
from .lanes_view import LanesView

#: Widths from which texts stand in two, in three columns.
_TWO, _THREE = 50, 100
_SIDES = ("A", "B")


class LanesStage(Stage[LanesAuthor], can_focus=True):
    """A line that says what is compared, and the texts; one of them is chosen."""

    BINDINGS = bindings_of("write", "walk", "rival", "enter", "cells")
    group = "Side by side"

    class Taken(Message):
        """One of them is to become the text."""

        def __init__(self, prompt: str, setting: Setting, text: str) -> None:
            super().__init__()
            self.prompt, self.setting, self.text = prompt, setting, text

    def __init__(self, author: LanesAuthor) -> None:
        super().__init__(author, "lanes-stage")
        self.head, self.view = PiecesLine(id="lanes-head"), LanesView(id="lanes")
        self._written = 0
        self.crowded = True

    def compose(self) -> ComposeResult:
        """Head and texts."""
        yield self.head
        yield self.view

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where on the screen the chosen text begins."""
        return self.view.chosen_offset

    @property
    def fitting(self) -> int:
        """How many samples there is room for."""
        wide, high = self.screen.size.width >= _THREE, self.screen.size.height
        return 9 if wide and high >= 36 else 6 if wide or high >= 32 else 4

    def states(self) -> set[str]:
        """What holds of them, in the words of the key table."""
        return self.author.states()

    def show(self) -> None:
        """The texts, as they are written by now; at their beginning when they begin anew."""
        lanes, duel = self.author.lanes.lanes, self.author.kind is Seen.DUEL
        if not lanes:
            return
        if self._written != self.author.written:
            self._written = self.author.written
            self.view.seek(0)
        width = self.screen.size.width
        columns = 1 if width < _TWO else 3 if len(lanes) > 4 and width >= _THREE else 2
        if duel:
            columns = 2 if width >= _THREE else 1
        names = [f"{i + 1}" for i in range(len(lanes))]
        if duel:
            names = [f" {side}  {lane.title}" for side, lane in zip(_SIDES, lanes, strict=True)]
        prompt = self.author.lanes.prompt or ""
        self.view.show(lanes, prompt, names, columns, self.author.chosen, duel)
        ramp = ramp_of(self.app, two_ends=True) if duel else None
        self.head.set_pieces(lanes_head(lanes, ramp, self.view.hides))

    def turn_page(self, pages: int | None) -> None:
        """Pages on or back in all texts; None: their newest lines."""
        if pages is None:
            self.view.seek(None)
        else:
            self.view.move(pages * self.view.page)

    def leave(self) -> None:
        """They are written no longer, and forgotten."""
        self.author.close()

    def on_lanes_view_clicked(self, event: LanesView.Clicked) -> None:
        """A click chooses, a second one takes."""
        self.author.choose(event.lane)
        if event.chain > 1:
            self._take()
        self.changed()

    def on_mouse_scroll_up(self) -> None:
        """The head says whether there is more."""
        self.changed()

    def on_mouse_scroll_down(self) -> None:
        """The head says whether there is more."""
        self.changed()

    def action_walk(self, way: str) -> None:
        """Choose another text."""
        duel = self.author.kind is Seen.DUEL
        self.author.choose(1 - self.author.chosen if duel else self.view.towards(way))
        self.changed()

    def action_rival(self, place: int) -> None:
        """Take a sample by its number, or choose a side."""
        if place < len(self.author.lanes.lanes):
            self.author.choose(place)
            if self.author.kind is Seen.GRID:
                self._take()
            self.changed()

    def action_enter(self) -> None:
        """The chosen text becomes the text."""
        self._take()

    def action_cells(self) -> None:
        """Four, six or nine samples."""
        self.author.next_count()
        self.author.write_again()
        self.changed()

    def _take(self) -> None:
        lanes = self.author.lanes
        if lanes.prompt is not None and lanes.lanes:
            text = lanes.lanes[self.author.chosen].text
            self.post_message(self.Taken(lanes.prompt, self.author.chosen_setting(), text))
