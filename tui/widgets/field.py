"""A line of a form."""

from __future__ import annotations

from textual.widgets import Input

from charlm.display import visible


class Field(Input):
    """An input that shows control characters, pasted ones too, instead of sending them."""

    def validate_value(self, value: str) -> str:
        """What is written, inert."""
        return visible(value)
