"""Fields for longer texts, and how foreign text is made fit for any field."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import TextArea

from charlm.display import visible_characters, visible_text


class InertArea(TextArea):
    """A text area that holds any text and shows it inert, one character for each."""

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn; tabs become spaces."""
        parts = self.document.get_line(line_index).split("\t")
        return Text("\t".join(map(visible_characters, parts)), end="", no_wrap=True)


class TextField(InertArea):
    """A text area for one text, inert from the beginning."""

    def __init__(self, text: str, id: str | None = None) -> None:
        super().__init__(inert(text), id=id, compact=True, soft_wrap=True)

    def on_mount(self) -> None:
        """All of it is chosen: typing puts another in its place."""
        self.select_all()


def inert(text: str) -> str:
    """Newlines as ours; every control character is shown, but the tab, drawn as spaces."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\t".join(visible_text(part) for part in lines.split("\t"))
