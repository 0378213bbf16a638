"""The screen one writes on: text above, prompt below, curves beside, one status line."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.containers import Container

from charlm.display import visible

from ...charts.panel import CurvesPanel
from ...keys.table import bindings_of, decoder_keys, key_named, view_key
from ...widgets.pieces_line import Piece
from ...widgets.prompt import Prompt, PromptRow
from ...writer.knobs import NO_DICE
from ...writer.models import run_of, shown_name
from ...writer.snapshots import (
    DecodeSnapshot,
    Explained,
    Failed,
    Finished,
    LaneWritten,
    Loaded,
    LoadFailed,
    Loading,
    Reading,
    Recorded,
    Started,
    Unanswered,
)
from .export.export import ExportActions
from .knobs import KnobActions
from .lanes.stage import LaneActions
from .model import ModelActions
from .status import comparison_text, knob_pieces, meter_pieces, title_pieces, training_text
from .text.legend import Legend
from .text.rivals_panel import RivalsPanel
from .text.text_view import TextView
from .text.writing import Writing

#: Seconds at least from one frame to the next.
_FRAME = 1 / 30


class WriteScreen(LaneActions, KnobActions, ModelActions, ExportActions):
    """Prompt, text, curves, status."""

    BINDINGS = bindings_of("write")

    def compose_view(self) -> ComposeResult:
        """Text and curves, and the prompt."""
        with Container(id="body"):
            with Container(id="text-area"):
                yield TextView(id="text")
                yield Legend(id="legend")
            yield RivalsPanel(id="rivals")
            yield CurvesPanel(id="curves")
        yield PromptRow(Prompt(id="prompt"))

    def on_mount(self) -> None:
        """Cursor into the prompt; the model is read after the first paint."""
        self.view = self.query_one(TextView)
        self.prompt = self.query_one(Prompt)
        self.panel = self.query_one(CurvesPanel)
        self.rivals, self.legend = self.query_one(RivalsPanel), self.query_one(Legend)
        self.rivals.display = self.legend.display = False
        self.writing = Writing(
            self._worker, self.view, self.say, lambda: self.model_name, self._plain
        )
        self.prompt.focus()
        self.place_panels()
        self._show_empty()
        self.begin()
        self._worker.tell = partial(self.call_later, self._frame)
        if self._model is not None:
            self.call_after_refresh(self.load, self._model)

    def on_resize(self, event: events.Resize) -> None:
        """The curves have a place of their own only where it is wide."""
        self.place_panels(event.size)

    def on_descendant_focus(self) -> None:
        """In the prompt, letters are text and the cursor of the text is gone."""
        if self.prompt.has_focus and self.view.cursor is not None:
            self.hide_cursor()

    # What the keys do.

    def action_escape(self) -> None:
        """Stop the text; else leave the prompt, or go back to it."""
        if self.writing.streaming:
            self.writing.cancel()
        elif self.lanes.streaming:
            self.lanes.cancel()
        elif self.give_up_export():
            pass  # nothing else was meant
        elif self.prompt.has_focus:
            self._edited = None  # what is typed from now on is another text
            self.focus_stage()
        elif self.stage != "text":
            self.set_stage("text")
        elif self.view.cursor is not None:
            self.hide_cursor()
        else:
            self.prompt.focus()
        self.show_state()

    def action_write(self) -> None:
        """Enter, by the mouse or from the palette."""
        self.prompt.send()

    def action_to_prompt(self) -> None:
        """The cursor into the prompt."""
        self.prompt.focus()

    def action_regenerate(self) -> None:
        """The same prompt with the next seed."""
        prompt, now = self.writing.prompt, self.writing.now
        if self.regenerate_lanes() or prompt is None:
            return
        if not self.setting.has_seed:
            self.say(NO_DICE)
            return
        self.setting = self.setting.with_seed(self.setting.seed + 1)
        given = now.block.given if now is not None else None
        self._write(prompt, given, self.writing.newest)

    def action_copy(self) -> None:
        """Prompt and text to the clipboard."""
        self.copy(self.lane_text() or self.view.text)

    def action_scroll(self, by: int) -> None:
        """A page back or on in the text."""
        if self.scroll_lanes(by):
            return
        if by < 0:
            self.view.scroll_page_up(animate=False)
        else:
            self.view.scroll_page_down(animate=False)

    def action_newest(self) -> None:
        """The end of the text, and stay there."""
        if not self.scroll_lanes(None):
            self.view.scroll_end(animate=False, x_axis=False)

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table."""
        writing = self.writing
        states = {f"knob-{knob}" for knob in self.setting.knobs}
        states |= set() if self.in_lanes else self.text_states()
        states |= self.stage_states() | self.lane_states()
        states |= {self.view_name, "prompt" if self.prompt.has_focus else "outside"}
        for name, holds in (
            ("streaming", writing.streaming),
            ("written", bool(self.view.blocks) and not self.in_lanes),
            ("asked", writing.prompt is not None),
            ("again", writing.prompt is not None and self.setting.has_seed),
            ("samples", self.setting.has_samples),
            ("training", self._desk.training),
            ("newest", self._desk.has_newer()),
            ("curves", bool(self.panel.display)),
            ("int8", self._precision == "int8"),
        ):
            if holds:
                states.add(name)
        return frozenset(states)

    # What happens by itself.

    def _frame(self) -> None:
        """Something was posted: show it, now or when the next frame is due."""
        wait = self._framed + _FRAME - time.monotonic()
        if wait > 0:
            self.set_timer(wait, self._drain)
        else:
            self._drain()

    def _drain(self) -> None:
        """Everything the worker posted since the last frame."""
        for snapshot in self._worker.take():
            self._take(snapshot)
        # The first character does not wait behind the word that the engine took the prompt.
        first = self.writing.streaming and not self.writing.characters
        self._framed = 0.0 if first else time.monotonic()
        self.writing.flush()
        self.show_state()

    def _take(self, snapshot: DecodeSnapshot) -> None:
        match snapshot:
            case Loading(path=path):
                self._loading = visible(shown_name(path))
            case Loaded(facts=facts):
                before, self.facts, self._loading = self.facts, facts, ""
                self._run = run_of(facts.path).absolute()
                self.writing.follow(f"{facts.identity} {facts.precision}" if facts.identity else "")
                self._show_empty()
                if before and before.path == facts.path and before.identity != facts.identity:
                    self.say(f"{facts.name} was saved anew: its newer weights write from now on")
                elif self.view.blocks and not self.writing.streaming:
                    self.say(f"{facts.name} writes from now on")
            case LoadFailed(message=message):
                self._loading = ""
                if self.facts is not None:
                    self._precision = self.facts.precision
                self.writing.stay()
                self.say(message, True)
                self._show_empty()
            case Explained() | Recorded() | Unanswered():
                self.writing.look_back.take(snapshot)
                self.view.refresh()
                self.answered(snapshot)
            case LaneWritten():
                self.lanes.take(snapshot)
            case Started() | Reading() | Finished() | Failed() if snapshot.number < 0:
                self.lanes.take(snapshot)
            case _:
                if isinstance(snapshot, Started):
                    self.give_up_export()
                self.writing.take(snapshot)

    def title_pieces(self) -> Sequence[Piece]:
        """The model."""
        return title_pieces(self.facts, self._loading)

    def marked_action(self) -> str:
        """The decoder in use."""
        return f"decoder('{self.setting.name}')"

    def show_status(self) -> None:
        """The knobs, the meters and the curves."""
        self.show_stage()
        writing, curves = self.writing, self.show_curves()
        training = training_text(curves) if self._desk.training else ""
        if self._desk.stopping:
            training = "training stops …"
        self.line("knobs").set_pieces(knob_pieces(self.setting))
        self.line("meters").set_pieces(
            meter_pieces(
                self.facts, 0 if self.in_lanes else writing.characters, writing.nats,
                writing.seconds, not self.view.at_end, training,
                "" if self.in_lanes else comparison_text(writing.comparison),
                self.lanes.read if self.in_lanes else writing.read,
            )
        )  # fmt: skip
        self.show_rivals()

    def _show_empty(self) -> None:
        train, runs = view_key("train"), view_key("runs")
        if self.facts is not None:
            self.view.set_empty(
                f"{self.facts.name} is ready.", "",
                "Type how a text begins, then press Enter.",
                f"{decoder_keys()} change how it is written, {key_named('help')} shows every key.",
            )  # fmt: skip
        elif self._model is not None:
            self.view.set_empty("One moment: the model is being read.")
        else:
            self.view.set_empty(
                "There is no model here yet.", "",
                f"{train} trains one, on a text of yours or on Python's own documentation.",
                f"{runs} lists the runs that were found.",
            )  # fmt: skip
