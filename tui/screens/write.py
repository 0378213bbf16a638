"""The screen one writes on: text above, prompt below, curves beside, one status line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.widgets import Static

from charlm.config import Precision
from charlm.display import visible
from tui.decode_worker import DecodeWorker
from tui.keymap import bindings_of
from tui.knobs import Setting
from tui.messages import DecodeSnapshot, Loaded, LoadFailed, Loading, ModelFacts, TrainingEnded
from tui.models import run_of, runs_folder, shown_name
from tui.run_watcher import RunWatcher
from tui.screens.training_desk import TrainingDesk
from tui.screens.view import TALL, WIDE, View
from tui.screens.writing import Writing
from tui.training import TrainingPlan
from tui.widgets.curves import CurvesPanel
from tui.widgets.pieces_line import Piece
from tui.widgets.prompt import Prompt
from tui.widgets.status import (
    knob_pieces,
    meter_pieces,
    title_pieces,
    training_text,
)
from tui.widgets.text_view import TextView

_FRAME = 1 / 30
_DESK = 0.5


class WriteScreen(View):
    """Prompt, text, curves, status."""

    view_name = "write"
    BINDINGS = bindings_of("write")

    def __init__(
        self, worker: DecodeWorker, watcher: RunWatcher, desk: TrainingDesk, model: Path | None
    ) -> None:
        super().__init__()
        self._worker, self._watcher, self._desk = worker, watcher, desk
        self._model = model
        self.setting = Setting()
        self.facts: ModelFacts | None = None
        self._loading = ""
        self._precision: Precision = "float32"
        self._curves_wanted: bool | None = None

    def compose_view(self) -> ComposeResult:
        """Text and curves, and the prompt."""
        with Container(id="body"):
            yield TextView(id="text")
            yield CurvesPanel(id="curves")
        with Container(id="prompt-row"):
            yield Static("›", id="prompt-mark", markup=False)
            yield Prompt(id="prompt")

    def on_mount(self) -> None:
        """Cursor into the prompt; the model is read after the first paint."""
        self.view = self.query_one(TextView)
        self.prompt = self.query_one(Prompt)
        self.panel = self.query_one(CurvesPanel)
        self.writing = Writing(self._worker, self.view, self.say)
        self.prompt.focus()
        self._place_curves()
        self._show_empty()
        self.begin()
        self.set_interval(_FRAME, self._drain)
        self.set_interval(_DESK, self._look_at_training)
        if self._model is not None:
            self.call_after_refresh(self._load, self._model)

    def on_resize(self, event: events.Resize) -> None:
        """The curves have a place of their own only where it is wide."""
        self._place_curves(event.size)

    def on_prompt_sent(self, event: Prompt.Sent) -> None:
        """Enter: write."""
        self._write(event.text, again=False)

    def load(self, path: Path) -> None:
        """Write with another model."""
        self._load(path)

    # What the keys do.

    def action_escape(self) -> None:
        """Stop the text; else leave the prompt, or go back to it."""
        if self.writing.streaming:
            self.writing.cancel()
        elif self.prompt.has_focus:
            self.view.focus()
        else:
            self.prompt.focus()
        self.show_state()

    def action_to_prompt(self) -> None:
        """The cursor into the prompt."""
        self.prompt.focus()

    def action_decoder(self, name: str) -> None:
        """Another decoder; the text starts again from the prompt."""
        self._set(self.setting.with_decoder(name))

    def action_knob(self, knob: str, by: int) -> None:
        """Move one knob."""
        self._set(self.setting.moved(knob, by))

    def action_turn(self, by: int) -> None:
        """Move the chosen knob."""
        self.action_knob(self.setting.chosen, by)

    def action_choose(self, by: int) -> None:
        """Choose the next knob."""
        self.setting = self.setting.with_next_chosen(by)
        self.show_state()

    def action_pick(self, knob: str) -> None:
        """Choose this knob."""
        while knob in self.setting.knobs and self.setting.chosen != knob:
            self.setting = self.setting.with_next_chosen(1)
        self.show_state()

    def action_pace(self) -> None:
        """Show the text faster or slower, from the next text on."""
        self.setting = self.setting.with_next_pace()
        pace = self.setting.pace
        self.say(f"pace: {pace} characters a second" if pace else "pace: full speed")

    def action_regenerate(self) -> None:
        """The same prompt with the next seed."""
        if self.writing.prompt is None:
            return
        if not self.setting.has_seed:
            self.say("this decoder always writes the same text: F3 samples another")
            return
        self.setting = self.setting.with_seed(self.setting.seed + 1)
        self._write(self.writing.prompt, again=False)

    def action_copy(self) -> None:
        """Prompt and text to the clipboard of the terminal."""
        text = self.view.text
        self.app.copy_to_clipboard(text)
        self.say(f"copied {len(text):,} characters")

    def action_precision(self) -> None:
        """The same model in numbers of 8 bits, or of 32 again; the text starts again."""
        if self._loading:
            self.say("one moment: the model is being read")
            return
        self._precision = "float32" if self._precision == "int8" else "int8"
        self.say(f"numbers: {self._precision}")
        if self.facts is not None:
            prompt = self.writing.prompt
            self._load(self.facts.path)
            if prompt is not None:
                self._write(prompt, again=False)

    def action_train(self) -> None:
        """Open the form; while a training runs, stop it."""
        if self._desk.training:
            self._desk.stop()
            self.say("stopping the training: it saves first")
        else:
            from tui.screens.train_form import TrainForm

            self.app.push_screen(TrainForm(runs_folder()), self._start_training)

    def action_talk(self) -> None:
        """Load the newest weights of the training."""
        run = self._desk.talk()
        if run is not None:
            self._load(run)

    def action_curves(self) -> None:
        """Show or hide the curves."""
        self._curves_wanted = not self.panel.display
        self._place_curves()
        if self._curves_wanted and not self.panel.display:
            self.say(f"the curves need a terminal of {TALL} lines")
        self.show_state()

    def action_scroll(self, by: int) -> None:
        """A page back or on in the text."""
        if by < 0:
            self.view.scroll_page_up(animate=False)
        else:
            self.view.scroll_page_down(animate=False)

    def action_newest(self) -> None:
        """The end of the text, and stay there."""
        self.view.scroll_end(animate=False, x_axis=False)

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table."""
        writing = self.writing
        states = {f"knob-{knob}" for knob in self.setting.knobs}
        states |= {self.view_name, "prompt" if self.prompt.has_focus else "outside"}
        for name, holds in (
            ("streaming", writing.streaming),
            ("written", bool(self.view.blocks)),
            ("training", self._desk.training),
            ("newest", self._desk.has_newer()),
            ("curves", bool(self.panel.display)),
            ("int8", self._precision == "int8"),
        ):
            if holds:
                states.add(name)
        return frozenset(states)

    # What happens by itself.

    def _drain(self) -> None:
        """Everything the worker posted since the last frame."""
        posted = self._worker.posted
        for _ in range(len(posted)):
            self._take(posted.popleft())

    def _take(self, snapshot: DecodeSnapshot) -> None:
        match snapshot:
            case Loading(path=path):
                self._loading = visible(shown_name(path))
            case Loaded(facts=facts):
                self.facts, self._loading = facts, ""
                if not self._desk.training:
                    self._watcher.watch(run_of(facts.path))
                self._show_empty()
            case LoadFailed(message=message):
                self._loading = ""
                self.say(message, True)
                self._show_empty()
            case _:
                self.writing.take(snapshot)
        self.show_state()

    def title_pieces(self) -> Sequence[Piece]:
        """The model."""
        return title_pieces(self.facts, self._loading)

    def marked_action(self) -> str:
        """The decoder in use."""
        return f"decoder('{self.setting.name}')"

    def show_status(self) -> None:
        """The knobs, the meters and the curves."""
        writing, curves = self.writing, self._watcher.latest
        training = training_text(curves) if self._desk.training else ""
        if self._desk.stopping:
            training = "training stops …"
        self.line("knobs").set_pieces(knob_pieces(self.setting))
        self.line("meters").set_pieces(
            meter_pieces(
                self.facts, writing.characters, writing.log_prob, writing.seconds,
                not self.view.at_end, training,
            )
        )  # fmt: skip
        self.panel.show(curves)

    def _look_at_training(self) -> None:
        end = self._desk.ended()
        if end is not None:
            self._training_ended(end)

    def _training_ended(self, end: TrainingEnded) -> None:
        if end.code == 0 or end.stopped:
            how = "stopped" if end.stopped else "done"
            talk = ": Ctrl+L talks to it" if self._desk.has_newer() else ""
            self.say(f"training {how}{talk}")
            return
        how = f"with exit code {end.code}" if end.code > 0 else f"by signal {-end.code}"
        last = "\n".join(end.lines[-4:])
        self.app.notify(f"training ended {how}\n{last}", severity="error", timeout=30, markup=False)

    def _start_training(self, plan: TrainingPlan | None) -> None:
        if plan is None:
            return
        try:
            self._desk.start(plan)
        except OSError as error:
            self.say(f"the training could not be started: {error}", True)
            return
        self._watcher.watch(plan.run)
        self._curves_wanted = True
        self._place_curves()
        self.say(f"training {plan.run.name}: F8 stops it")

    def _load(self, path: Path) -> None:
        self.writing.forget()
        self._worker.load(path, self._precision)

    def _set(self, setting: Setting) -> None:
        changed = setting.strategy != self.setting.strategy or (
            (setting.seed, setting.length) != (self.setting.seed, self.setting.length)
        )
        renamed = setting.name != self.setting.name
        self.setting = setting
        if (changed or renamed) and self.writing.prompt is not None:
            self._write(self.writing.prompt, again=True)
        self.show_state()

    def _write(self, prompt: str, *, again: bool) -> None:
        if self.facts is None and not self._loading and not self._model:
            self.say("there is no model yet: F8 trains one, F7 lists them", True)
            return
        name = self.facts.name if self.facts else self._loading
        if self._precision != "float32":
            name += f" {self._precision}"
        self.writing.start(prompt, self.setting, name, again=again)
        self.show_state()

    def _show_empty(self) -> None:
        if self.facts is not None:
            self.view.set_empty(
                f"{self.facts.name} is ready.", "",
                "Type how a text begins, then press Enter.",
                "F2 to F6 change how it is written, F1 shows every key.",
            )  # fmt: skip
        elif self._model is not None:
            self.view.set_empty("One moment: the model is being read.")
        else:
            self.view.set_empty(
                "There is no model here yet.", "",
                "F8 trains one, on a text of yours or on Python's own documentation.",
                "F7 lists the runs that were found.",
            )  # fmt: skip

    def _place_curves(self, size: Size | None = None) -> None:
        size = size or self.size
        wanted = size.width >= WIDE if self._curves_wanted is None else self._curves_wanted
        self.panel.display = wanted and size.height >= TALL
