"""A field for a longer text; what is pasted is made visible before it is drawn."""

from __future__ import annotations

from textual import events
from textual.widgets import TextArea

from charlm.display import visible_text


class TextField(TextArea):
    """A text area whose text is inert."""

    def __init__(self, text: str, id: str | None = None) -> None:
        super().__init__(inert(text), id=id, compact=True, soft_wrap=True)

    def on_mount(self) -> None:
        """All of it is chosen: typing puts another in its place."""
        self.select_all()

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(inert(event.text), *self.selection, maintain_selection_offset=False)


def inert(text: str) -> str:
    """Newlines as ours; every control character is shown, but the tab, drawn as spaces."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\t".join(visible_text(part) for part in lines.split("\t"))
