"""A line of a form."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from charlm.display import visible
from tui.widgets.text_field import act_in_order


class Field(Input):
    """An input that shows control characters, pasted ones too, instead of sending them."""

    def validate_value(self, value: str) -> str:
        """What is written, inert."""
        return visible(value)

    async def _on_key(self, event: events.Key) -> None:
        await act_in_order(self, event)
