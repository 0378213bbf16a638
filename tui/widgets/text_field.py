"""Fields for longer texts, and how foreign text is made fit for any field."""

from __future__ import annotations

from textual.document._document import Document, EditResult, Location
from textual.document._document_navigator import DocumentNavigator
from textual.document._wrapped_document import WrappedDocument

from charlm.display import harmless_text, visible_characters

from .editing import ShellArea


class ExactDocument(Document):
    """A document that gives back the text it was given: only a newline ends a line.

    Textual's own ends one at a vertical tab, NEL or U+2028 too, and makes them newlines. Its lines
    are those that are drawn and measured: inert, one character for each, tabs as they are.
    """

    def __init__(self, text: str) -> None:
        super().__init__("")
        self._exact = text.split("\n")
        self._lines = list(map(_drawn, self._exact))

    @property
    def text(self) -> str:
        """The text that was given."""
        return "\n".join(self._exact)

    def get_text_range(self, start: Location, end: Location) -> str:
        """Return a part of it."""
        (top, column), (bottom, behind) = sorted((start, end))
        lines = self._exact[top : bottom + 1]
        if lines and bottom < len(self._exact):
            lines[-1] = lines[-1][:behind]
        return "\n".join([line[column:] for line in lines[:1]] + lines[1:])

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Put `text` in the place of a range; the end of what was put there."""
        (top, column), (bottom, behind) = sorted((start, end))
        replaced = self.get_text_range(start, end)
        rest = "".join(self._exact[bottom : bottom + 1])[behind:]
        before = "".join(self._exact[top : top + 1])[:column]
        lines = (before + text + rest).split("\n")
        self._exact[top : bottom + 1] = lines
        self._lines[top : bottom + 1] = map(_drawn, lines)
        return EditResult((top + len(lines) - 1, len(lines[-1]) - len(rest)), replaced)


class InertArea(ShellArea):
    """A text area that holds any text and shows it inert, one character for each."""

    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document("", language)
        self.document = ExactDocument(text)
        self.wrapped_document = WrappedDocument(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._rewrap_and_refresh_virtual_size()


class TextField(InertArea):
    """A text area for one text."""

    def __init__(self, text: str, id: str | None = None) -> None:
        super().__init__(text, id=id, compact=True, soft_wrap=True)

    def on_mount(self) -> None:
        """All of it is chosen: typing puts another in its place."""
        self.select_all()


def inert(text: str) -> str:
    """Newlines as ours; every control character is shown, but the tab, drawn as spaces."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\t".join(map(harmless_text, lines.split("\t")))


def _drawn(line: str) -> str:
    return "\t".join(map(visible_characters, line.split("\t")))
