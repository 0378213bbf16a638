"""A line of a form."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding
from textual.widgets import Input

from charlm.display import harmless_text, visible_characters

from ..keys import table

#: Readline's keys that act on one line; Textual's own are the others of these.
_OWN = {"ctrl+b": "cursor_left", "ctrl+f": "cursor_right", "alt+b": "cursor_left_word",
        "alt+f": "cursor_right_word", "alt+d": "delete_right_word",
        "alt+backspace": "delete_left_word"}  # fmt: skip
_EDITING = frozenset({*_OWN, *(f"ctrl+{letter}" for letter in "adektuwy")})


class Field(Input):
    """An input that shows control characters, pasted ones too, instead of sending them."""

    BINDINGS = [  # noqa: RUF012
        Binding(key, action, action, show=False) for key, action in _OWN.items()
    ]

    def edits(self, key: str) -> bool:
        """Whether a key edits what stands here, as in a shell: with Alt at an end too."""
        held = bool(self.value) or key.startswith("alt+")
        return held and key in _EDITING and table.edits(key)

    def validate_value(self, value: str) -> str:
        """What is written, inert; what joins emoji stays, for it may be in a name."""
        return harmless_text(value).replace("\n", "␊")

    @property
    def _value(self) -> Text:
        """As it is drawn: each character has cells of its own."""
        return Text(visible_characters(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(visible_characters(self.value[:position]))
