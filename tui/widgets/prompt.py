"""Where the prompt is typed: one line that grows to a few, with a history."""

from __future__ import annotations

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding
from textual.message import Message
from textual.widgets._text_area import TextArea

from charlm.display import visible_text
from tui.keymap import keys_for

_HISTORY = 200


class Prompt(TextArea):
    """Enter posts `Written`; up and down at its edges walk through earlier prompts."""

    BINDINGS = [  # noqa: RUF012 (Textual's own way to declare them)
        Binding(name, key.action, key.help, show=False, priority=True)
        for key in keys_for("prompt")
        for name in key.keys
    ]

    class Sent(Message):
        """Enter was pressed. `text`: the prompt."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, id: str | None = None) -> None:
        super().__init__(
            id=id,
            compact=True,
            highlight_cursor_line=False,
            placeholder="Type how the text begins, then press Enter",
        )
        self._history: list[str] = []
        self._place = 0
        self._draft = ""

    async def _on_paste(self, event: events.Paste) -> None:
        # A pasted ESC would reach the terminal when the prompt is drawn. Tabs are drawn as
        # spaces by the widget itself.
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        event.text = "\t".join(visible_text(part) for part in text.split("\t"))
        await super()._on_paste(event)
        event.prevent_default()

    def action_write(self) -> None:
        """Send the prompt, and remember it."""
        if self.text and self.text not in self._history[-1:]:
            self._history = [*self._history, self.text][-_HISTORY:]
        self._place = len(self._history)
        self._draft = self.text
        self.post_message(self.Sent(self.text))

    def action_newline(self) -> None:
        """A line break in the prompt."""
        self.insert("\n")

    def action_recall(self, by: int) -> None:
        """Show the prompt before or after; inside a longer prompt the cursor moves instead."""
        at_edge = self.cursor_at_first_line if by < 0 else self.cursor_at_last_line
        place = self._place + by
        if not at_edge or not 0 <= place <= len(self._history):
            raise SkipAction
        if self._place == len(self._history):
            self._draft = self.text
        self._place = place
        self.text = self._history[place] if place < len(self._history) else self._draft
        self.move_cursor(self.document.end)
