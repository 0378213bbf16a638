"""The sheet that asks how a text is to be kept."""

from __future__ import annotations

from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

#: Of each format: suffix of its file, name, what it holds.
FORMATS = (
    ("txt", "Text", "prompt and text, nothing else"),
    ("md", "Markdown", "prompt, text, and what wrote them"),
    ("jsonl", "JSON lines", "each character, its probability, its rivals"),
    ("svg", "Picture (SVG)", "the text in the colours of its surprise"),
    ("json", "Receipt", "for charlm write RUN --from FILE"),
)


class Export(NamedTuple):
    """What was chosen: a suffix of `FORMATS`; to the clipboard, or into a file."""

    suffix: str
    copies: bool


class ExportSheet(ModalScreen[Export | None]):
    """Enter saves, c copies. Gives what was chosen, or None."""

    BINDINGS = [  # noqa: RUF012
        ("escape", "dismiss(None)", "Close"),
        ("ctrl+e", "dismiss(None)", "Close"),
        ("c", "copy", "Copy"),
    ]

    def compose(self) -> ComposeResult:
        """The formats."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "Export"
            sheet.border_subtitle = "Enter saves it here · c copies it · Esc closes"
            yield OptionList(*map(self._option, FORMATS), id="export-list", markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter: into a file."""
        self.dismiss(Export(FORMATS[event.option_index][0], copies=False))

    def action_copy(self) -> None:
        """To the clipboard."""
        place = self.query_one(OptionList).highlighted or 0
        self.dismiss(Export(FORMATS[place][0], copies=True))

    @staticmethod
    def _option(entry: tuple[str, str, str]) -> Option:
        suffix, name, help = entry
        return Option(
            Content.assemble((f"{name:<15}", "bold"), (f"{'.' + suffix:<8}{help}", "$text-muted"))
        )
