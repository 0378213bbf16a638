"""A line of a form."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Input

from charlm.display import harmless_text, visible_characters


class Field(Input):
    """An input that shows control characters, pasted ones too, instead of sending them."""

    def validate_value(self, value: str) -> str:
        """What is written, inert; what joins emoji stays, for it may be in a name."""
        return harmless_text(value).replace("\n", "␊")

    @property
    def _value(self) -> Text:
        """As it is drawn: each character has cells of its own."""
        return Text(visible_characters(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(visible_characters(self.value[:position]))
