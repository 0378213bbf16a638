"""A text area that is edited as a line of a shell is."""

from __future__ import annotations

from textual.binding import Binding
from textual.document._document import Document
from textual.widgets import TextArea

from ..keys import table
from ..keys.editing import EDITS


def cut_out(before: str, after: str, at: int) -> str:
    """What was cut of a text, if that was one piece, at a place of what is left."""
    return before[at : at + len(before) - len(after)]


def swapped_at(text: str, cursor: int) -> tuple[int, str]:
    """Two characters in each other's place, and where: the one before the cursor and the one at it,
    at the end the last two; of none, "".
    """
    at = min(cursor, len(text) - 1)
    return (at - 1, text[at] + text[at - 1]) if at > 0 else (0, "")


class ShellArea(TextArea):
    """Has readline's keys, of which a program asks by `edits` before its own keys act."""

    BINDINGS = [  # noqa: RUF012
        *(Binding(",".join(edit.keys), edit.action, edit.help, show=False) for edit in EDITS),
        Binding("ctrl+underscore,ctrl+slash", "undo", "Undo", show=False),
        Binding("ctrl+circumflex_accent", "redo", "Redo", show=False),
    ]
    _cut = ""

    def edits(self, key: str) -> bool:
        """Whether a key edits what stands here. One with Alt does at an end too: it is no Esc."""
        return (bool(self.text) or key.startswith("alt+")) and table.edits(key)

    def action_cut_to(self, place: str) -> None:
        """Delete what stands up to there, or what is chosen; `put_back` has it."""
        before = self.text
        {
            "word_left": self.action_delete_word_left,
            "word_right": self.action_delete_word_right,
            "start_of_line": self.action_delete_to_start_of_line,
            "end_of_line": self.action_delete_to_end_of_line,
        }[place]()
        assert isinstance(self.document, Document)
        at = self.document.get_index_from_location(self.cursor_location)
        self._cut = cut_out(before, self.text, at) or self._cut

    def action_put_back(self) -> None:
        """What was cut last, at the cursor."""
        self.insert(self._cut)

    def action_swap(self) -> None:
        """The character before the cursor goes behind the one at it; at the end, the last two."""
        row, column = self.cursor_location
        at, two = swapped_at(self.document.get_line(row), column)
        if two:
            self.replace(two, (row, at), (row, at + len(two)))
            self.move_cursor((row, at + len(two)))

    def action_earlier(self, by: int) -> None:
        """An earlier text, or a later one; here there is none."""

    def action_redraw(self) -> None:
        """Draw the screen anew."""
        self.screen.refresh(layout=True)

    def action_nothing(self) -> None:
        """A key that does something else where nothing is typed."""
