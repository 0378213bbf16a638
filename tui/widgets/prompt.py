"""Where the prompt is typed: one line that grows to a few, with a history."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static

from ..keys.key import key_name
from ..keys.table import keys_of
from .text_field import InertArea

_HISTORY = 200
_ACTIONS = {name: key.action for key in keys_of("write", "prompt") for name in key.keys}
#: In the frame of a prompt without the cursor.
_TYPE = next(key.keys[-1] for key in keys_of("write") if key.action == "to_prompt")
_AWAY = f"letters are keys now · {key_name(_TYPE)}: type here"


class PromptRow(Container):
    """A prompt in its frame, which says when letters are keys."""

    def __init__(self, prompt: Prompt) -> None:
        super().__init__(id="prompt-row")
        self._prompt = prompt
        self.border_subtitle = _AWAY

    def compose(self) -> ComposeResult:
        """A sign, and the prompt."""
        yield Static("›", id="prompt-mark", markup=False)
        yield self._prompt

    def on_descendant_focus(self) -> None:
        """Letters are text."""
        self.border_subtitle = ""

    def on_descendant_blur(self) -> None:
        """Letters are keys."""
        self.border_subtitle = _AWAY


class Prompt(InertArea):
    """Enter posts `Sent`; up and down at its edges walk through earlier prompts."""

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
        #: What was posted last, None before that.
        self.sent: str | None = None

    @property
    def unsent(self) -> bool:
        """Whether something is being typed that was not sent yet."""
        return self.has_focus and self.text not in ("", self.sent)

    async def _on_key(self, event: events.Key) -> None:
        action = _ACTIONS.get(event.key)
        if action is not None and self._acts(action):
            event.stop()
            event.prevent_default()

    def _acts(self, action: str) -> bool:
        """Do an action of the key table; False when its key keeps its usual meaning."""
        match action:
            case "write":
                self.send()
            case "newline":
                self.insert("\n")
            case "clear":
                self.clear()
            case "recall(-1)":
                return self.cursor_at_first_line and self._recall(-1)
            case "recall(1)":
                return self.cursor_at_last_line and self._recall(1)
        return True

    def action_copy(self) -> None:
        """Copy what is chosen; a prompt that is chosen because it was sent is not meant."""
        if self.selected_text == self.sent == self.text:
            self.app.action_help_quit()
        else:
            super().action_copy()

    def send(self) -> None:
        """Post the text; it is the newest of the history."""
        if self.text and self.text not in self._history[-1:]:
            self._history = [*self._history, self.text][-_HISTORY:]
        self._place = len(self._history)
        self._draft = self.sent = self.text
        self.post_message(self.Sent(self.text))
        self.select_all()  # what is typed next takes its place; a cursor key goes on in it

    def _recall(self, by: int) -> bool:
        """Show the prompt before or after; False when there is none."""
        if self._place == len(self._history):
            self._draft = self.text
        texts = [*self._history, self._draft]
        place = self._place + by
        while 0 <= place < len(texts) and texts[place] == self.text:
            place += by  # what was just written is still there: nobody wants it again
        if not 0 <= place < len(texts):
            return False
        self._place, self.text = place, texts[place]
        self.move_cursor(self.document.end)
        return True
