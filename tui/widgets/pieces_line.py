"""One line made of pieces; where room is short, the less important ones go first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from charlm.display import visible


@dataclass(frozen=True)
class Piece:
    """Some text in one style. Rank 0 always stays; of the others the highest go first.

    `right`: set against the right edge. `action`: what a click does.
    """

    text: str
    style: str = ""
    rank: int = 0
    right: bool = False
    action: str = ""


class PiecesLine(Widget):
    """Draws pieces on one line, `gap` cells between them. Text is data, never markup.

    more: a sign at the end of the line where a piece had no room.
    """

    DEFAULT_CSS = "PiecesLine { height: 1; width: 1fr; }"

    class Chosen(Message):
        """A piece with an action was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, id: str | None = None, *, gap: str = "  ", more: str = "") -> None:
        super().__init__(id=id)
        self._gap, self._more = gap, more
        self._pieces: tuple[Piece, ...] = ()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What the line holds, shown or not."""
        return self._pieces

    def set_pieces(self, pieces: Sequence[Piece]) -> None:
        """Show these; nothing is drawn when they are the ones shown."""
        if tuple(pieces) != self._pieces:
            self._pieces = tuple(pieces)
            self.refresh()

    def render(self) -> Content:
        """The line as it fits."""
        parts: list[str | tuple[str, str]] = []
        for text, style, _ in self._placed():
            parts.append((text, style) if style else text)
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Post the action of the piece under the pointer."""
        x, at = event.get_content_offset_capture(self).x, 0
        for text, _, action in self._placed():
            at += Content(text).cell_length
            if x < at:
                if action:
                    self.post_message(self.Chosen(action))
                return

    def _placed(self) -> list[tuple[str, str, str]]:
        width = self.content_size.width
        shown = self._fitting(width)
        left = [p for p in shown if not p.right]
        right = [p for p in shown if p.right]
        placed = self._joined(left)
        if len(shown) < len(self._said):
            placed += [(self._more, "", "")]
        free = width - self._cells(left) - self._cells(right)
        if right:
            placed.append((" " * max(0, free), "", ""))
            placed += self._joined(right)
        return placed

    def _joined(self, pieces: Sequence[Piece]) -> list[tuple[str, str, str]]:
        joined: list[tuple[str, str, str]] = []
        for piece in pieces:
            if joined:
                joined.append((self._gap, "", ""))
            joined.append((visible(piece.text), piece.style, piece.action))
        return joined

    def _cells(self, pieces: Sequence[Piece]) -> int:
        return sum(Content(text).cell_length for text, _, _ in self._joined(pieces))

    @property
    def _said(self) -> list[Piece]:
        return [piece for piece in self._pieces if piece.text]

    def _fitting(self, width: int) -> list[Piece]:
        shown = list(self._said)
        while len(shown) > 1:
            left, right = [p for p in shown if not p.right], [p for p in shown if p.right]
            between = len(self._gap) if left and right else 0
            cut = len(self._more) if len(shown) < len(self._said) else 0
            if self._cells(left) + between + self._cells(right) + cut <= width:
                break
            worst = max(shown, key=lambda piece: piece.rank)
            if worst.rank == 0:
                break
            shown.remove(worst)
        return shown
