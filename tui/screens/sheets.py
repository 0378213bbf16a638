"""The small screens over the text: help, the list of models."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from charlm.display import visible
from tui.keymap import keys_of
from tui.keys.key import Key, View, key_name
from tui.models import Found

_QUIET = "$foreground-muted"
_CLOSE = [("escape", "dismiss(None)", "Close"), ("f1", "dismiss(None)", "Close")]


class HelpScreen(ModalScreen[None]):
    """Every key of a view, drawn from the table."""

    BINDINGS = [*_CLOSE, ("question_mark", "dismiss(None)", "Close")]  # noqa: RUF012

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "Keys"
            sheet.border_subtitle = "Esc closes"
            with VerticalScroll(id="help-scroll"):
                yield Static(help_content(keys_of(self._view)), id="help-text")


def help_content(keys: Sequence[Key]) -> Content:
    """The key table as a page: groups, keys, what they do."""
    parts: list[str | tuple[str, str]] = []
    group = ""
    for place, key in enumerate(keys):
        if not key.help:
            continue
        names = list(map(key_name, key.keys))
        for after in keys[place + 1 :]:
            if after.help:
                break
            names += map(key_name, after.keys)
        if key.group != group:
            parts += ["\n" if group else "", (key.group, "bold $primary"), "\n"]
            group = key.group
        parts += [(f"  {' '.join(names):<10}", "bold"), key.help, "\n"]
    parts += ["\n", ("Letters are text while the cursor is in the prompt: Esc leaves it.", _QUIET)]
    return Content.assemble(*parts)


class ModelsScreen(ModalScreen[Path | None]):
    """The models there are; Enter loads one. Gives its path, or None."""

    BINDINGS = [*_CLOSE, ("f7", "dismiss(None)", "Close")]  # noqa: RUF012

    def __init__(self, models: Sequence[Found], current: Path | None) -> None:
        super().__init__()
        self._models = list(models)
        self._current = current

    def compose(self) -> ComposeResult:
        """The list, or what to do when it is empty."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "Models"
            sheet.border_subtitle = "Enter loads · Esc closes"
            if self._models:
                yield OptionList(*map(self._option, self._models), id="model-list", markup=False)
            else:
                yield Static(
                    Content("No model was found.\nEsc, then F8 trains one."), classes="note"
                )

    def on_mount(self) -> None:
        """Begin at the model in use."""
        paths = [model.path.resolve() for model in self._models]
        if self._models and self._current in paths:
            self.query_one(OptionList).highlighted = paths.index(self._current)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Give the chosen model's path."""
        self.dismiss(self._models[event.option_index].path)

    def _option(self, model: Found) -> Option:
        here = "● " if model.path.resolve() == self._current else "  "
        kind = "shipped" if model.shipped else _age(time.time() - model.modified)
        size = f"{model.size / 1e6:.1f} MB"
        name = visible(model.name)
        return Option(
            Content.assemble(
                (here, "$accent"), (f"{name:<34} ", "bold"), (f"{kind:<16}{size:>9}", _QUIET)
            )
        )


def _age(seconds: float) -> str:
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"
