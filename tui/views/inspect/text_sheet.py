"""A sheet to type or paste a text of one's own into."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ...widgets.text_field import TextField


class OtherText(ModalScreen[str | None]):
    """Gives the text, or None."""

    BINDINGS = [  # noqa: RUF012
        ("escape", "dismiss(None)", "Close"),
        ("ctrl+s", "use", "Use it"),
        ("f9", "use", "Use it"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The text, and what is wrong with it."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "Look into another text"
            sheet.border_subtitle = "^S or F9 looks into it · Esc closes"
            yield TextField(self._text, id="other-text")
            yield Static("Type or paste, in place of the text that is there; the model reads it"
                         " as one text from its beginning.", classes="note")  # fmt: skip

    def action_use(self) -> None:
        """Give it."""
        self.dismiss(self.query_one(TextField).text or None)
