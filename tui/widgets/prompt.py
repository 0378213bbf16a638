"""Where the prompt is typed: one line that grows to a few, with a history."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static
from textual.widgets.text_area import Edit, EditResult

from ..keys import table
from ..keys.prompt import PROMPT
from ..keys.table import key_named, row_bindings
from .text_field import InertArea

_HISTORY = 200


class PromptRow(Container):
    """A prompt in its frame, which says when letters are keys.

    Its keys are those of the frame: they come before those that every field has, which stay.
    """

    BINDINGS = [binding for row in PROMPT for binding in row_bindings(row)]  # noqa: RUF012

    def __init__(self, prompt: Prompt) -> None:
        super().__init__(id="prompt-row")
        self._prompt = prompt
        self._say_away()

    def compose(self) -> ComposeResult:
        """A sign, and the prompt."""
        yield Static("›", id="prompt-mark", markup=False)
        yield self._prompt

    def on_descendant_focus(self) -> None:
        """Letters are text."""
        self.border_subtitle = ""

    def on_descendant_blur(self) -> None:
        """Letters are keys."""
        self._say_away()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An earlier prompt is shown from the edge alone: elsewhere its key moves the cursor."""
        [by] = parameters if action == "recall" else [0]
        return not isinstance(by, int) or by == 0 or self._prompt.recalls(by)

    def action_write(self) -> None:
        """Write on from it."""
        self._prompt.send()

    def action_newline(self) -> None:
        """A new line."""
        self._prompt.insert("\n")

    def action_clear(self) -> None:
        """Empty it."""
        self._prompt.clear()

    def action_undo_typing(self) -> None:
        """As it was before what was typed last."""
        self._prompt.undo()

    def action_redo_typing(self) -> None:
        """As it was before that."""
        self._prompt.redo()

    def action_recall(self, by: int) -> None:
        """Show the prompt before or after."""
        self._prompt.recall(by)

    def _say_away(self) -> None:
        self.border_subtitle = (
            f"letters are keys now · {key_named('to_prompt', 'write')}: type here"
        )


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
        #: How many of them are from before this start.
        self._earlier = 0
        self._place = 0
        self._draft = ""
        #: What was posted last, None before that.
        self.sent: str | None = None
        #: Whether nothing stands here because it was cut while it was typed.
        self._emptied = False

    @property
    def unsent(self) -> bool:
        """Whether something is being typed that was not sent yet."""
        return self.has_focus and self.text not in ("", self.sent)

    @property
    def typing(self) -> bool:
        """Whether readline's keys edit: something stands here that is not what was sent last.

        An earlier prompt that was brought back is not, though it may read the same. What was cut
        to nothing can be put back.
        """
        recalled = self._place < len(self._history)
        unsent = bool(self.text) and (self.text != self.sent or recalled)
        return self.has_focus and (unsent or self._emptied)

    def edits(self, key: str) -> bool:
        """Whether a key edits what is being typed."""
        return table.edits(key) and (self.typing or (self.has_focus and key == "alt+backspace"))

    def edit(self, edit: Edit) -> EditResult:
        """Apply an edit, and note when it leaves nothing of what was typed."""
        typing = self.typing
        result = super().edit(edit)
        self._emptied = typing and not self.text
        return result

    def on_blur(self) -> None:
        """Who leaves has done with what was cut."""
        self._emptied = False

    def action_earlier(self, by: int) -> None:
        """Show the prompt before or after."""
        self.recall(by)

    def action_copy(self) -> None:
        """Copy what is chosen; a prompt that is chosen because it was sent is not meant."""
        if self.selected_text == self.sent == self.text:
            self.app.action_help_quit()
        else:
            super().action_copy()

    def send(self) -> None:
        """Post the text; it is the newest of the history."""
        if self.text and self.text not in self._history[-1:]:
            self._keep([*self._history[self._earlier :], self.text])
        self._place = len(self._history)
        self._draft = self.sent = self.text
        self._emptied = False
        self.post_message(self.Sent(self.text))
        self.select_all()  # what is typed next takes its place; a cursor key goes on in it

    def remember(self, prompts: Sequence[str]) -> None:
        """Let these be the ones from before this start."""
        behind = len(self._history) - self._place
        sent = self._history[self._earlier :]
        self._history, self._earlier = list(prompts), len(prompts)
        self._keep(sent)
        self._place = max(0, len(self._history) - behind)

    def forget(self) -> None:
        """Forget all of them, and the one that stands there; what is being typed stays."""
        if self.text in self._history:
            self.clear()
        self._history.clear()
        self._draft, self.sent = "", None
        self._earlier = self._place = 0

    def _keep(self, sent: list[str]) -> None:
        """Let these be the ones since the start; the oldest of all go."""
        history = [*self._history[: self._earlier], *sent]
        gone = max(0, len(history) - _HISTORY)
        self._history, self._earlier = history[gone:], max(0, self._earlier - gone)

    def recalls(self, by: int) -> bool:
        """Whether there is a prompt before or after, and the cursor at that edge."""
        at_edge = self.cursor_at_first_line if by == -1 else self.cursor_at_last_line
        return at_edge and self._towards(by) is not None

    def recall(self, by: int) -> None:
        """Show the prompt before or after, if there is one."""
        place = self._towards(by)
        if place is not None:
            if self._place == len(self._history):
                self._draft = self.text
            self._place, self.text = place, [*self._history, self._draft][place]
            self.move_cursor(self.document.end)

    def _towards(self, by: int) -> int | None:
        """Its place in the history; None when there is none."""
        draft = self.text if self._place == len(self._history) else self._draft
        texts = [*self._history, draft]
        place = self._place + by
        while 0 <= place < len(texts) and texts[place] == self.text:
            place += by  # what was just written is still there: nobody wants it again
        return place if 0 <= place < len(texts) else None
