"""One of a few words, chosen with the arrow keys: a field of a form."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """Left, right and space go through the options; a click takes the next one."""

    BINDINGS = [  # noqa: RUF012
        ("left", "step(-1)", "Previous"),
        ("right", "step(1)", "Next"),
        ("space", "step(1)", "Next"),
    ]
    value: reactive[str] = reactive("")

    class Changed(Message):
        """Another option was chosen. `choice`: where."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, options: Sequence[str], value: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self._options = list(options)
        self.set_reactive(Choice.value, value)

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where on the screen the chosen option is."""
        before = self._options[: self._options.index(self.value)]
        return self.content_region.offset + Offset(sum(len(option) + 3 for option in before), 0)

    def render(self) -> Content:
        """All options, the chosen one standing out."""
        parts: list[str | tuple[str, str]] = []
        for option in self._options:
            chosen = option == self.value
            parts.append((f"▸{option}  " if chosen else f" {option}  ",
                          "bold $accent" if chosen else "$foreground-muted"))  # fmt: skip
        return Content.assemble(*parts)

    def action_step(self, by: int) -> None:
        """Choose the next option, round and round."""
        place = self._options.index(self.value) + by
        self.value = self._options[place % len(self._options)]
        self.post_message(self.Changed(self))

    def on_click(self, event: events.Click) -> None:
        """Choose the next option."""
        self.action_step(1)
