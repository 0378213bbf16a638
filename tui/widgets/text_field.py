"""A field for a longer text, and how foreign text is made fit for any field."""

from __future__ import annotations

from textual import events
from textual.widgets import Input, TextArea

from charlm.display import visible_text


class TextField(TextArea):
    """A text area whose text is inert."""

    def __init__(self, text: str, id: str | None = None) -> None:
        super().__init__(inert(text), id=id, compact=True, soft_wrap=True)

    def on_mount(self) -> None:
        """All of it is chosen: typing puts another in its place."""
        self.select_all()

    async def _on_key(self, event: events.Key) -> None:
        await act_in_order(self, event)


async def act_in_order(field: Input | TextArea, event: events.Key) -> None:
    """Do at once what a key of the field's own does.

    Left to Textual it would act behind the letters that were typed quickly after it. Copying
    stays: where nothing is selected it leaves its key to others.
    """
    bound = field._bindings.key_to_bindings.get(event.key)
    if bound and not event.is_printable and bound[0].action != "copy":
        field._restart_blink()
        event.stop()
        event.prevent_default()
        await field.run_action(bound[0].action)


def inert(text: str) -> str:
    """Newlines as ours; every control character is shown, but the tab, drawn as spaces."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\t".join(visible_text(part) for part in lines.split("\t"))
