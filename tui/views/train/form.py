"""The form that starts a training: a few fields with good defaults, and what it would take.

What is written in them, and the plan that it means, is `filled_in`'s.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Label, Static

from charlm.display import visible

from ...shell.recent_texts import RecentTexts
from ...training.desk import TrainingDesk
from .choice import Choice
from .choose_text import ChooseText
from .fields import BUDGET, MORE
from .filled_in import FieldError, FilledIn
from .outlook import Outlook
from .training_plan import TrainingPlan
from .typed_path import completed, paths_meant

_CALM = 0.7  # seconds without a change after which it is worth asking what it would take


class TrainForm(VerticalScroll):
    """Asks what to train on and how; posts `Asked` with the plan."""

    class PytorchWanted(Message):
        """Start was asked for, and PyTorch is missing; it can be installed."""

    class Asked(Message):
        """Start was asked for."""

        def __init__(self, plan: TrainingPlan) -> None:
            super().__init__()
            self.plan = plan

    def __init__(
        self, runs: Path, desk: TrainingDesk, recent: RecentTexts, id: str | None = None
    ) -> None:
        super().__init__(id=id, can_focus=False)
        self._recent = recent
        self.outlook = Outlook(desk, id="forecast")
        self._calm: Timer | None = None
        #: Whether the plan changed since it was asked what it would take.
        self._unasked = False
        # Held, not looked up: a message may still come while the form goes away.
        self._filled = FilledIn(runs)
        self._fields = self._filled.fields
        self._main, self._more = Vertical(id="form-main"), Vertical(id="form-more")
        self._other_page = Button("More options", id="more")
        self._error = Static("", id="form-error", markup=False)

    def compose(self) -> ComposeResult:
        """The fields, those for the curious on a page of their own, and the forecast."""
        self._filled.make()
        fields, choices = self._fields, self._filled.choices
        with Horizontal(id="form-columns"):
            with Vertical(id="form-left"):
                with self._main:
                    yield from _line("Corpus", fields["corpus"])
                    yield from _line("Unit", choices["unit"])
                    yield from _line("Cell", choices["cell"])
                    yield from _line("Hidden size", fields["hidden"])
                    yield from _line("Layers", fields["layers"])
                    yield from _line("Until", fields["budget"], choices["kind"])
                    yield from _line("Name", fields["name"])
                with self._more:
                    for name, more in MORE.items():
                        yield from _line(more.label, fields[name])
                yield self._error
                with Horizontal(id="form-buttons"):
                    yield self._other_page
                    yield Button("Start", id="start", variant="primary")
            yield self.outlook

    def on_mount(self) -> None:
        """The first page."""
        self._more.display = False

    def on_unmount(self) -> None:
        """Nothing stays running."""
        self.shut()

    def open(self) -> None:
        """The form is seen: the cursor into its first field."""
        self._filled.begin()
        self.outlook.look()
        self._change()
        self._fields["corpus"].focus()

    def shut(self) -> None:
        """The form is no longer seen."""
        self._unasked = False
        self._wait(None)
        self.outlook.dry_run.close()

    def wake(self) -> None:
        """The view is seen: show what is known, ask what is not."""
        self.outlook.wake()
        self._wait(_CALM if self._unasked else None)

    def rest(self) -> None:
        """Another view lies over it: what was asked is answered, nothing else is asked."""
        self.outlook.rest()
        self._wait(None)

    def on_input_submitted(self) -> None:
        """Enter in a field starts."""
        self.start()

    def on_input_changed(self) -> None:
        """Another plan."""
        self._change()

    def on_choice_changed(self, event: Choice.Changed) -> None:
        """Another plan; what was a good budget of one kind is not of another."""
        budget = self._fields["budget"]
        if event.choice.id == "kind" and budget.value in [each.default for each in BUDGET.values()]:
            budget.value = BUDGET[event.choice.value].default
        self._change()

    def on_outlook_pytorch_came(self) -> None:
        """Now it can be asked what the plan would take."""
        self._change()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Start, or the other page of options."""
        event.stop()
        if event.button.id == "start":
            self.start()
        else:
            self.turn_page()

    @property
    def asks_for_text(self) -> bool:
        """Whether the cursor is where paths of texts are written."""
        return self._fields["corpus"].has_focus if self._fields else False

    def choose_text(self) -> None:
        """Show texts to choose from: those of before, and files."""
        meant = self._filled.corpus
        folder = meant[0] if meant and os.path.exists(meant[0]) else os.curdir
        if not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        self.app.push_screen(ChooseText(self._recent.paths(), folder), self._take_text)

    def _take_text(self, path: str | None) -> None:
        if path is None:
            return
        corpus = self._fields["corpus"]
        corpus.value = path if paths_meant(visible(path)) == [path] else shlex.quote(path)
        corpus.cursor_position = len(corpus.value)
        corpus.focus()

    def complete(self) -> bool:
        """Complete the path that is being typed; whether there was anything to add."""
        corpus = self._fields["corpus"]
        whole = completed(corpus.value) if corpus.has_focus and corpus.value else corpus.value
        if whole == corpus.value:
            return False
        corpus.value, corpus.cursor_position = whole, len(whole)
        return True

    @property
    def shows_more(self) -> bool:
        """Whether the other options are seen."""
        return bool(self._more.display)

    def turn_page(self) -> None:
        """The other options, or back to the first ones."""
        main, more = self._main, self._more
        main.display, more.display = more.display, main.display
        self._other_page.label = "Back" if more.display else "More options"
        self._fields[next(iter(MORE)) if more.display else "corpus"].focus()

    def plan(self) -> TrainingPlan:
        """The plan of the fields. Raises FieldError."""
        return self._filled.plan()

    def start(self) -> None:
        """Give the plan; a field that cannot be is named and gets the focus."""
        self.outlook.look()
        if self.outlook.lacks_pytorch:
            if self.outlook.can_install:
                self.post_message(self.PytorchWanted())
            return
        error = self._tell_error()
        if error is None:
            self.shut()
            plan = self.plan()
            self._recent.add(plan.corpus)
            self.post_message(self.Asked(plan))
            return
        if (error.field in MORE) != self.shows_more:
            self.turn_page()
        self._fields[error.field].focus()

    def _change(self) -> None:
        self.outlook.dry_run.close()  # what it says is of another plan
        self._unasked = bool(self.display) and self.is_attached
        self._wait(_CALM if self._unasked else None)
        self._filled.offer_name()
        self._tell_error()
        self.outlook.draw()

    def _tell_error(self) -> FieldError | None:
        try:
            self.plan()
        except FieldError as error:
            self._error.update(visible(str(error)))
            return error
        self._error.update("")
        return None

    def _wait(self, seconds: float | None) -> None:
        """Ask what the plan would take when the fields were calm for so long; None: do not."""
        if self._calm is not None:
            self._calm.stop()
        self._calm = None if seconds is None else self.set_timer(seconds, self._ask)

    def _ask(self) -> None:
        self._unasked = False
        if self._tell_error() is None:
            self.outlook.ask(self.plan())


def _line(label: str, *widgets: Widget) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(label)
        yield from widgets
