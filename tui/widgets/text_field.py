"""A field for a longer text, and how foreign text is made fit for any field."""

from __future__ import annotations

from textual.widgets import TextArea

from charlm.display import visible_text


class TextField(TextArea):
    """A text area whose text is inert."""

    def __init__(self, text: str, id: str | None = None) -> None:
        super().__init__(inert(text), id=id, compact=True, soft_wrap=True)

    def on_mount(self) -> None:
        """All of it is chosen: typing puts another in its place."""
        self.select_all()


def inert(text: str) -> str:
    """Newlines as ours; every control character is shown, but the tab, drawn as spaces."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\t".join(visible_text(part) for part in lines.split("\t"))
