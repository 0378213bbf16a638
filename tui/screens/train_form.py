"""The form that starts a training: six fields with good defaults."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from charlm.config import GATES, MAX_SIZE, UNITS
from charlm.display import visible
from charlm.errors import InputError
from tui.training import TrainingPlan
from tui.widgets.choice import Choice

_BUDGET = re.compile(r"\d+(\.\d+)?[km]?")


class TrainForm(ModalScreen[TrainingPlan | None]):
    """Asks what to train on and how; gives a plan, or None."""

    BINDINGS = [  # noqa: RUF012
        ("escape", "dismiss(None)", "Close"),
        ("f8", "start", "Start"),
        ("ctrl+s", "start", "Start"),
    ]

    def __init__(self, runs: Path) -> None:
        super().__init__()
        self._runs = runs
        self._stamp = time.strftime("%m%d-%H%M%S")

    def compose(self) -> ComposeResult:
        """Fields, a line for what is wrong, Start and Cancel."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "Train a model"
            sheet.border_subtitle = "F8 or Enter starts · Esc closes"
            yield from _field(
                "Corpus",
                Input(id="corpus", placeholder="a text file; empty: Python's own documentation"),
            )
            yield from _field("Cell", Choice(list(GATES), "lstm", id="cell"))
            yield from _field("Unit", Choice(UNITS, "sentence", id="unit"))
            yield from _field("Hidden size", Input("256", id="hidden"))
            yield from _field("Characters", Input("5m", id="characters"))
            yield from _field("Name", Input(id="name", placeholder=self._run_name("", "lstm")))
            yield Static("", id="form-error", markup=False)
            with Horizontal(id="form-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Start", id="start", variant="primary")

    def on_input_submitted(self) -> None:
        """Enter in a field starts."""
        self.action_start()

    def on_input_changed(self) -> None:
        """Show the name that the run would get."""
        self.query_one("#name", Input).placeholder = self._run_name(
            self._text("corpus"), self.query_one("#cell", Choice).value
        )

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Start, or close."""
        if event.button.id == "start":
            self.action_start()
        else:
            self.dismiss(None)

    def action_start(self) -> None:
        """Give the plan; a field that cannot be is named and gets the focus."""
        self.query_one("#form-error", Static).update("")
        try:
            self.dismiss(self._plan())
        except _FieldError as error:
            self.query_one("#form-error", Static).update(visible(str(error)))
            self.query_one(f"#{error.field}").focus()

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    def _run_name(self, corpus: str, cell: str) -> str:
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(corpus).stem).strip("-") or "python"
        return f"{stem[:40]}-{cell}-{self._stamp}"

    def _plan(self) -> TrainingPlan:
        corpus, hidden = self._text("corpus"), self._text("hidden")
        characters, cell = self._text("characters").lower(), self.query_one("#cell", Choice).value
        if corpus and not os.path.isfile(os.path.expanduser(corpus)):
            raise _FieldError("corpus", f"{corpus} is not a file: give the path of a text")
        if not (hidden.isdecimal() and hidden.isascii() and 1 <= int(hidden[:9]) <= MAX_SIZE):
            raise _FieldError("hidden", f"hidden size must be a number from 1 to {MAX_SIZE:,}")
        if not _BUDGET.fullmatch(characters):
            raise _FieldError("characters", "characters must be a number such as 500k or 5m")
        name = self._text("name") or self._run_name(corpus, cell)
        if not re.fullmatch(r"[\w.-]{1,100}", name) or name.strip(".") == "":
            raise _FieldError("name", "a name is letters, digits, '-', '_' and '.' only")
        run = self._runs / name
        if run.exists():
            raise _FieldError("name", f"{name} exists already: choose another name")
        return TrainingPlan(
            run, corpus, cell, self.query_one("#unit", Choice).value, hidden, characters
        )


class _FieldError(InputError):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _field(label: str, widget: Input | Choice) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(label)
        yield widget
