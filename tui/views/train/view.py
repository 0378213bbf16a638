"""The view that trains: a form when nothing is shown, else a run: its curves and what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from charlm.display import visible
from charlm.run.lock import training_in

from ...keys.table import bindings_of, key_named
from ...training.desk import TrainingDesk
from ...training.watcher import RunWatcher
from ...widgets.pieces_line import Piece
from ...widgets.prompt import Prompt, PromptRow
from ...writer.contract import Load
from ...writer.knobs import DECODERS, NO_DICE
from ...writer.models import runs_folder
from .answers import Answers
from .curve_board import CurveBoard
from .curves import CurveActions
from .form import TrainForm
from .heat_strip import HeatStrip
from .progress import ProgressLine
from .steering import SteeringActions
from .talk import Talk
from .train_on import can_go_on
from .wheel import Wheel

_QUIET = "$foreground-muted"
_FRAME = 1 / 30


class TrainView(CurveActions, SteeringActions):
    """Starts, shows and steers a training. Every action is one of its keys."""

    view_name = "train"
    CSS_PATH = "style.tcss"
    BINDINGS = bindings_of("train")

    def __init__(self, desk: TrainingDesk, load: Load, write_with: Callable[[Path], None]) -> None:
        super().__init__()
        self._desk, self._wheel = desk, Wheel(desk)
        self._load, self._write_with = load, write_with
        self._watcher = RunWatcher(weights=True)
        self._run: Path | None = desk.run if desk.training else training_in(runs_folder())
        self._others: tuple[Path, ...] = ()

    # What other views ask of it.

    def show_run(self, run: Path) -> None:
        """Show this run: one that is over, or one that goes on, whoever started it."""
        self._run, self._others = run, ()
        self._watch()

    def overlay(self, runs: Sequence[Path]) -> None:
        """Show the first of these runs, the curves of the others over it."""
        if runs:
            self._run, self._others = runs[0], tuple(runs[1:])
            self._watch()

    # Its parts.

    def compose_view(self) -> ComposeResult:
        """The form; the run."""
        yield TrainForm(runs_folder().absolute(), self._desk.command, id="form")
        with Vertical(id="run"):
            yield ProgressLine(id="progress")
            with Container(id="run-body"):
                with Vertical(id="run-left"):
                    yield CurveBoard(id="board")
                    yield HeatStrip(id="strip")
                yield Answers(id="answers")
            yield PromptRow(Prompt(id="talk-prompt"))

    def on_mount(self) -> None:
        """The form, or the run that is there already."""
        self._form, self._board = self.query_one(TrainForm), self.query_one(CurveBoard)
        self._strip = self.query_one(HeatStrip)
        self._progress, self._status = self.query_one(ProgressLine), self.query_one("#status")
        self._answers = self.query_one(Answers)
        self._answers.set_empty("What it writes comes here, at every evaluation.")
        self._talk = Talk(self._load, self._answers)
        self._prompt = self.query_one(Prompt)
        self._prompt.placeholder = (
            f"{key_named('to_prompt', 'train')}, then type how a text begins:"
            " it goes on at every evaluation"
        )
        self.begin()
        self.set_interval(_FRAME, self._talk.drain)
        self._place()
        self._watch()

    def on_unmount(self) -> None:
        """The threads end."""
        self._watcher.close()
        self._talk.close()

    def on_resize(self, event: events.Resize) -> None:
        """Curves, gates and answers where there is room for them."""
        if self._ready:
            self._place(event.size)

    def on_prompt_sent(self, event: Prompt.Sent) -> None:
        """Enter: this is what it goes on from."""
        self._talk.ask(event.text)

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table."""
        curves, shown = self.curves, self._run is not None
        alive = self._wheel.is_alive(curves)
        own = shown and self._run == self._desk.run
        holding = {
            "form": not shown, "run": shown, "alive": alive,
            "more": not shown and self._form.shows_more,
            "paused": alive and curves is not None and curves.paused,
            "other": self._desk.training and not own,
            "new": shown and not self._desk.training,
            "over": curves is not None and not self._desk.training and can_go_on(curves.run),
            "answered": shown and bool(self._answers.answers),
            "strip": shown and self._strip.display,
            "one-chart": shown and not self._board.shows_all,
            "prompt": self._prompt.has_focus, "outside": not self._prompt.has_focus,
        }  # fmt: skip
        return frozenset({self.view_name, *(name for name, holds in holding.items() if holds)})

    def title_pieces(self) -> Sequence[Piece]:
        """The run, and what learns in it."""
        pieces = [Piece("charlm", "bold $primary", 1)]
        if self._run is None:
            return [*pieces, Piece("train a new model", "bold")]
        pieces.append(Piece(visible(self._run.name), "bold"))
        curves = self.curves
        if curves is not None:
            pieces.append(Piece(curves.model, _QUIET, 2))
        if self._others:
            pieces.append(Piece(f"and {len(self._others)} more", _QUIET, 3))
        return pieces

    def show_status(self) -> None:
        """Progress, curves, the newest notice."""
        curves = self.curves
        if self.is_current and self._run == self._desk.run and self._desk.never_began:
            self._run = None  # a toast says why; the form still holds what was asked for
            self._watch()
            return
        alive = self._wheel.is_alive(curves)
        state = "paused" if alive and curves is not None and curves.paused else ""
        if self._run is not None and self._run == self._desk.run and self._desk.stopping:
            state = "stopping"
        elif self._run == self._desk.run and self._desk.training and curves and curves.ended:
            state = "starting"  # what is known is of the time before it goes on
        self._progress.show(curves, state, alive)
        self._board.show(curves, self._watcher.others if curves is not None else ())
        known = curves is not None and bool(curves.probes)
        if known != self._strip_known:
            self._strip_known = known
            self._place()
        if curves is not None:
            self._strip.show(curves, self._board.look, self._board.span(curves))
        self._talk.look(curves, self._board.look.cursor, alive)
        notice = curves.notices[-1] if curves is not None and curves.notices else ""
        self.line("meters").set_pieces([Piece(notice, _QUIET)])
        self._status.display = bool(notice)

    def marked_action(self) -> str:
        """The decoder it answers by."""
        return f"decoder('{self._talk.decoder}')"

    # What the keys do.

    def action_start(self) -> None:
        """Start what the form says."""
        self._form.start()

    def action_more(self) -> None:
        """More options, and back."""
        self._form.turn_page()

    def action_field(self, by: int) -> None:
        """To the next field of the form, or the one before."""
        if by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_new(self) -> None:
        """The form; while a training runs, its run."""
        self._run, self._others = (self._desk.run, ()) if self._desk.training else (None, ())
        self._watch()

    def action_to_prompt(self) -> None:
        """The cursor into the prompt."""
        self._prompt.focus()

    def action_decoder(self, name: str) -> None:
        """It answers by another decoder."""
        self._talk.use(name)
        self.say(f"it goes on by {DECODERS[name]}")

    def action_again(self) -> None:
        """Ask again, with other dice."""
        seed = self._talk.again()
        self.say(NO_DICE if seed is None else f"other dice: seed {seed}")

    def action_copy_answer(self) -> None:
        """Prompt and text to the clipboard."""
        self.copy(self._answers.text)

    def action_write_with(self) -> None:
        """Go to writing, with the weights of the cursor's moment, or the newest."""
        weights = self._talk.weights
        if weights is not None:
            self._write_with(weights.path)
            self.say(f"with the weights of step {weights.step:,}")  # maybe not the cursor's

    def action_escape(self) -> None:
        """Out of the prompt; back to the newest values; else back to writing."""
        if self._prompt.has_focus:
            self._board.focus()
        elif self._run is not None and self._board.look.cursor is not None:
            self._board.move_to(None)
        elif "more" in self.states():
            self._form.turn_page()
        else:
            self.leave()

    def _watch(self) -> None:
        """Show the form or the run, as it is now."""
        if self._run is not None:
            self._watcher.watch(self._run, *self._others)
        if not self._ready:
            return
        shown = self._run is not None
        self._form.display, self.query_one("#run").display = not shown, shown
        if shown:
            self._form.shut()
            self._board.move_to(None)
            self._board.focus()
        else:
            self._form.open()
        self.show_state()
