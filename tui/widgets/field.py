"""A line of a form."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding
from textual.widgets import Input

from charlm.display import harmless_text, visible_characters

from ..keys import table
from .editing import cut_out, swapped_at

#: Readline's keys that act on one line; Textual's own are the others of these.
_OWN = {"ctrl+b": "cursor_left", "ctrl+f": "cursor_right", "alt+b": "cursor_left_word",
        "alt+f": "cursor_right_word", "alt+d": "delete_right_word",
        "alt+backspace": "delete_left_word", "ctrl+t": "swap", "ctrl+y": "put_back"}  # fmt: skip
_EDITING = frozenset({*_OWN, *(f"ctrl+{letter}" for letter in "adektuwy")})


class Field(Input):
    """An input that shows control characters, pasted ones too, instead of sending them."""

    BINDINGS = [  # noqa: RUF012
        Binding(key, action, action, show=False) for key, action in _OWN.items()
    ]
    _cut = ""

    def edits(self, key: str) -> bool:
        """Whether a key edits what stands here, as in a shell.

        One with Alt does at an end too, and what was cut to nothing can be put back.
        """
        held = self.value or key.startswith("alt+") or (self._cut and key == "ctrl+y")
        return bool(held) and key in _EDITING and table.edits(key)

    def action_delete_left_word(self) -> None:
        """Cut the word before the cursor."""
        self._cut_by(super().action_delete_left_word)

    def action_delete_right_word(self) -> None:
        """Cut the word behind it."""
        self._cut_by(super().action_delete_right_word)

    def action_delete_left_all(self) -> None:
        """Cut what stands before it."""
        self._cut_by(super().action_delete_left_all)

    def action_delete_right_all(self) -> None:
        """Cut what stands behind it."""
        self._cut_by(super().action_delete_right_all)

    def action_put_back(self) -> None:
        """What was cut last, at the cursor."""
        self.insert_text_at_cursor(self._cut)

    def action_swap(self) -> None:
        """The character before the cursor goes behind the one at it; at the end, the last two."""
        at, two = swapped_at(self.value, self.cursor_position)
        if two:
            self.replace(two, at, at + len(two))

    def _cut_by(self, delete: Callable[[], None]) -> None:
        before = self.value
        delete()
        self._cut = cut_out(before, self.value, self.cursor_position) or self._cut

    def validate_value(self, value: str) -> str:
        """What is written, inert; what joins emoji stays, for it may be in a name."""
        return harmless_text(value).replace("\n", "␊")

    @property
    def _value(self) -> Text:
        """As it is drawn: each character has cells of its own."""
        return Text(visible_characters(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(visible_characters(self.value[:position]))
