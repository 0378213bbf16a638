"""The form that starts a training: a few fields with good defaults, and what it would take."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from charlm.display import visible
from charlm.errors import InputError
from charlm.model.config import MAX_LAYERS, MAX_SIZE
from charlm.options.train_config import OPTIONS
from charlm.run.places import can_be_name, named_after

from ...training.snapshots import Forecast
from ...widgets.field import Field
from .choice import Choice
from .dry_run import DryRun
from .fields import BUDGET, KINDS, MORE, more_options
from .forecast import forecast_content
from .training_plan import TrainingPlan
from .typed_path import path_meant

_CALM = 0.7  # seconds without a change after which it is worth asking what it would take
_LOOK = 0.25
_NAME_BYTES = 200
_MOST_AT_ONCE = 1000


class TrainForm(VerticalScroll):
    """Asks what to train on and how; posts `Asked` with the plan."""

    class Asked(Message):
        """Start was asked for."""

        def __init__(self, plan: TrainingPlan) -> None:
            super().__init__()
            self.plan = plan

    def __init__(self, runs: Path, command: Sequence[str], id: str | None = None) -> None:
        super().__init__(id=id, can_focus=False)
        self._runs = runs
        self._stamp = time.strftime("%m%d-%H%M%S")
        self._dry_run = DryRun(command)
        self._changed: float | None = None
        self._shown: Forecast | None = None
        self._wrong = False

    def compose(self) -> ComposeResult:
        """The fields, those for the curious on a page of their own, and the forecast."""
        with Horizontal(id="form-columns"):
            with Vertical(id="form-left"):
                with Vertical(id="form-main"):
                    yield from _field(
                        "Corpus",
                        Field(
                            id="corpus", placeholder="a text file; empty: Python's documentation"
                        ),
                    )
                    yield from _field("Unit", _choice("unit"))
                    yield from _field("Cell", _choice("cell"))
                    yield from _field("Hidden size", _entry("hidden"))
                    yield from _field("Layers", _entry("layers"))
                    yield from _field(
                        "Until",
                        Field(BUDGET[KINDS[0]].default, id="budget"),
                        Choice(KINDS, KINDS[0], id="kind"),
                    )
                    yield from _field("Name", Field(id="name", placeholder=self._run_name("", "")))
                with Vertical(id="form-more"):
                    for name, more in MORE.items():
                        yield from _field(more.label, Field(id=name, placeholder=more.hint))
                yield Static("", id="form-error", markup=False)
                with Horizontal(id="form-buttons"):
                    yield Button("More options", id="more")
                    yield Button("Start", id="start", variant="primary")
            yield Static("", id="forecast", markup=False)

    def on_mount(self) -> None:
        """Ask what the defaults would take."""
        self.query_one("#form-more").display = False
        self.set_interval(_LOOK, self._look)

    def on_unmount(self) -> None:
        """Nothing stays running."""
        self.shut()

    def open(self) -> None:
        """The form is seen: the cursor into its first field."""
        self._stamp = time.strftime("%m%d-%H%M%S")
        self._change()
        self.query_one("#corpus").focus()

    def shut(self) -> None:
        """The form is no longer seen."""
        self._changed = None
        self._dry_run.close()

    def on_input_submitted(self) -> None:
        """Enter in a field starts."""
        self.start()

    def on_input_changed(self) -> None:
        """Another plan."""
        self._change()

    def on_choice_changed(self, event: Choice.Changed) -> None:
        """Another plan; what was a good budget of one kind is not of another."""
        budget = self.query_one("#budget", Input)
        if event.choice.id == "kind" and budget.value in [each.default for each in BUDGET.values()]:
            budget.value = BUDGET[event.choice.value].default
        self._change()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Start, or the other page of options."""
        event.stop()
        if event.button.id == "start":
            self.start()
        else:
            self.turn_page()

    @property
    def shows_more(self) -> bool:
        """Whether the other options are seen."""
        return any(more.display for more in self.query("#form-more"))  # at the end there is none

    def turn_page(self) -> None:
        """The other options, or back to the first ones."""
        main, more = self.query_one("#form-main"), self.query_one("#form-more")
        main.display, more.display = more.display, main.display
        self.query_one("#more", Button).label = "Back" if more.display else "More options"
        (more if more.display else main).query(Input).first().focus()

    def start(self) -> None:
        """Give the plan; a field that cannot be is named and gets the focus."""
        error = self._tell_error()
        if error is None:
            self.shut()
            self.post_message(self.Asked(self._plan()))
            return
        field = self.query_one(f"#{error.field}")
        if not field.parent.parent.display:  # type: ignore[union-attr]
            self.turn_page()
        field.focus()

    def _change(self) -> None:
        self._changed = time.monotonic()
        self._dry_run.close()  # what it says is of another plan
        self.query_one("#name", Input).placeholder = self._run_name(
            path_meant(self._text("corpus")), self.query_one("#cell", Choice).value
        )
        self._wrong = self._tell_error() is not None

    def _tell_error(self) -> FieldError | None:
        line = self.query_one("#form-error", Static)
        try:
            self._plan()
        except FieldError as error:
            line.update(visible(str(error)))
            return error
        line.update("")
        return None

    def _look(self) -> None:
        """Ask what it would take when the fields are calm; show what is known of it."""
        if self._changed is not None and time.monotonic() - self._changed > _CALM:
            self._changed = None
            self._wrong = self._tell_error() is not None
            if not self._wrong:
                self._dry_run.ask(self._plan())
        forecast = None if self._wrong else self._dry_run.latest
        if forecast is not self._shown:
            self._shown = forecast
            self.query_one("#forecast", Static).update(forecast_content(forecast))

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    def _run_name(self, corpus: str, cell: str) -> str:
        cell = cell or OPTIONS["cell"].option.default
        name = f"{named_after(corpus, 'python')}-{cell}-{self._stamp}"
        names = [name, *(f"{name}-{number}" for number in range(2, _MOST_AT_ONCE))]
        return next((free for free in names if not os.path.lexists(self._runs / free)), name)

    def _plan(self) -> TrainingPlan:
        """The plan of the fields. Raises FieldError."""
        corpus, cell = path_meant(self._text("corpus")), self.query_one("#cell", Choice).value
        kind = self.query_one("#kind", Choice).value
        if corpus and not os.path.exists(corpus):
            raise FieldError("corpus", f"{corpus} is not there: give the path of a text")
        hidden = self._number("hidden", "hidden size", MAX_SIZE)
        layers = self._number("layers", "layers", MAX_LAYERS)
        budget = self._text("budget").lower()
        if not OPTIONS[kind].option.takes(budget):
            raise FieldError("budget", f"{kind}: a number such as {BUDGET[kind].example}")
        name = self._text("name") or self._run_name(corpus, cell)
        if not can_be_name(name):
            raise FieldError("name", "a name is letters, digits, '-', '_' and '.' only")
        if not _can_be_named(name):
            raise FieldError("name", "no folder can have this name: choose a shorter, plainer one")
        run = self._runs / name
        if os.path.lexists(run):
            raise FieldError("name", f"{name} exists already: choose another name")
        more = {field: self._text(field) for field in MORE}
        wrong = next((f for f, text in more.items() if not MORE[f].holds(text)), None)
        if wrong is not None:
            raise FieldError(wrong, f"{MORE[wrong].label.lower()} must be {MORE[wrong].rule}")
        return TrainingPlan(
            run, corpus, cell, self.query_one("#unit", Choice).value, hidden, layers, budget, kind,
            more_options(more),
        )  # fmt: skip

    def _number(self, field: str, label: str, most: int) -> str:
        text = self._text(field)
        if not OPTIONS[field].option.takes(text):
            raise FieldError(field, f"{label} must be a number from 1 to {most:,}")
        return text


class FieldError(InputError):
    """A field that cannot be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _can_be_named(name: str) -> bool:
    """Whether a file system takes it, with room for what is added to it."""
    try:
        return len(os.fsencode(name)) <= _NAME_BYTES
    except UnicodeEncodeError:
        return False


def _choice(name: str) -> Choice:
    """A widget for an option that is one of a few words."""
    option = OPTIONS[name].option
    return Choice(option.values["choices"], option.default, id=name)


def _entry(name: str) -> Field:
    """A widget for an option that is a number."""
    return Field(str(OPTIONS[name].option.default), id=name)


def _field(label: str, *widgets: Widget) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(label)
        yield from widgets
