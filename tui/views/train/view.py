"""The view that trains: a form when nothing is shown, else a run: its curves and what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult

from charlm.display import visible
from charlm.run.layout import MODEL
from charlm.run.lock import training_in
from charlm.run.places import new_runs, runs_folders

from ...keys.editing import TYPING
from ...keys.states import holding
from ...keys.table import bindings_of
from ...shell.recent_texts import RecentTexts
from ...training.desk import TrainingDesk
from ...training.pytorch import SIZE
from ...training.watcher import RunWatcher
from ...widgets.pieces_line import Piece
from ...widgets.prompt import Prompt
from ...writer.contract import Load
from ...writer.knobs import DECODERS, NO_DICE
from ..base import TALL, View
from ..sheets import Question
from .forecast import shown_command
from .form import TrainForm
from .run_pane import RunPane
from .shown import ShownRun
from .steering import Steering
from .talk import Talk
from .wheel import Wheel

_QUIET = "$foreground-muted"


class TrainView(View):
    """Starts, shows and steers a training. Every action is one of its keys."""

    view_name = "train"
    CSS_PATH = "style.tcss"
    BINDINGS = bindings_of("train")

    def __init__(
        self,
        watcher: RunWatcher,
        desk: TrainingDesk,
        load: Load,
        write_with: Callable[[Path], None],
        recent: RecentTexts,
    ) -> None:
        super().__init__()
        self._watcher, self._feed = watcher, watcher.feed(weights=True)
        self._desk, self._write_with = desk, write_with
        self.wheel = Wheel(desk)
        self.shown = ShownRun(self._feed, desk, self.wheel)
        self.steering = Steering(self, desk, self.wheel, self.shown, self.show_run)
        self.form = TrainForm(new_runs().absolute(), desk, recent, id="form")
        self.pane = RunPane(id="run")
        self.talk = Talk(load, self.pane.answers)
        self.shown.show(desk.run if desk.training else training_in(runs_folders()))

    # What other views ask of it.

    def show_run(self, run: Path) -> None:
        """Show this run: one that is over, or one that goes on, whoever started it."""
        self.overlay([run])

    def overlay(self, runs: Sequence[Path]) -> None:
        """Show the first of these runs, the curves of the others over it."""
        if runs:
            self.shown.show(*runs)
            self._turn()

    # Its parts.

    def compose_view(self) -> ComposeResult:
        """The form; the run."""
        yield self.form
        yield self.pane

    def on_mount(self) -> None:
        """The form, or the run that is there already."""
        self._status = self.query_one("#status")
        self.begin()
        self.pane.make_room(self.size)
        self._turn()

    def on_unmount(self) -> None:
        """Nothing stays running."""
        self._watcher.drop(self._feed)
        self.talk.close()

    def wake(self) -> None:
        """Draw what is known by now, and whatever is new from now on."""
        self._feed.wake(self.changed)
        self.talk.wake(self.frames(self.show_state))
        self.form.wake()

    def rest(self) -> None:
        """What is being answered is answered to its end; nothing else is asked."""
        self._feed.rest()
        self.talk.rest()
        self.form.rest()

    def on_resize(self, event: events.Resize) -> None:
        """Curves, gates and answers where there is room for them."""
        if self._ready:
            self.pane.make_room(event.size)

    def on_prompt_sent(self, event: Prompt.Sent) -> None:
        """Enter: this is what it goes on from."""
        self.talk.ask(event.text)
        self.changed()

    def on_train_form_asked(self, event: TrainForm.Asked) -> None:
        """Start the training of the form."""
        self.steering.start(event.plan.run, event.plan.options)

    def on_train_form_pytorch_wanted(self) -> None:
        """Install PyTorch, if that is agreed to."""
        lines = ["It is installed into this environment by", "", shown_command(), "", f"{SIZE}."]
        self.app.push_screen(Question("Install PyTorch?", lines, "Install"), self._install)

    def _install(self, agreed: bool | None) -> None:
        if agreed:
            try:
                self._desk.installation.start()
                self.form.outlook.draw()
            except (OSError, ValueError) as error:
                self.say(f"pip could not be started: {error}", True)

    def on_curve_board_moved(self) -> None:
        """The weights of that moment answer."""
        self.changed()

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table."""
        shown, pane = self.shown, self.pane
        is_run, prompt = shown.run is not None, pane.prompt.has_focus
        answered = is_run and bool(pane.answers.answers) and self.talk.weights is not None
        return frozenset({self.view_name}) | holding({
            "form": not is_run, "run": is_run, "alive": shown.is_alive,
            "in-corpus": not is_run and self.form.asks_for_text,
            "more": not is_run and self.form.shows_more,
            "paused": shown.is_paused,
            "other": self._desk.training and not shown.is_own,
            "new": is_run and not self._desk.training,
            "over": shown.is_over,
            "answered": answered,
            "learned": answered and not shown.is_alive and not prompt,
            "strip": is_run and pane.strip.display,
            "one-chart": is_run and not pane.board.shows_all,
            "prompt": prompt, "outside": not prompt, TYPING: pane.prompt.typing,
        })  # fmt: skip

    def title_pieces(self) -> Sequence[Piece]:
        """The run, and what learns in it."""
        pieces, shown = [Piece("charlm", "bold $primary", 1)], self.shown
        if shown.run is None:
            return [*pieces, Piece("train a new model", "bold")]
        pieces.append(Piece(visible(shown.run.name), "bold"))
        curves = shown.curves
        if curves is not None:
            pieces.append(Piece(curves.model, _QUIET, 2))
        if shown.beside:
            pieces.append(Piece(f"and {len(shown.beside)} more", _QUIET, 3))
        return pieces

    def show_status(self) -> None:
        """Progress, curves, the newest notice."""
        shown = self.shown
        if self.is_current and shown.never_began:
            shown.show(None)  # a toast says why; the form still holds what was asked for
            self._turn()
            return
        curves, alive = shown.curves, shown.is_alive
        self.pane.show(curves, shown.others, shown.state, alive)
        self.talk.look(curves, self.pane.board.look.cursor, alive)
        notice = curves.notices[-1] if curves is not None and curves.notices else ""
        self.line("meters").set_pieces([Piece(notice, _QUIET)])
        self._status.display = bool(notice)

    def marked_action(self) -> str:
        """The decoder it answers by."""
        return f"decoder('{self.talk.decoder}')"

    # What the keys do: the form and the training.

    def action_start(self) -> None:
        """Start what the form says."""
        self.form.start()

    def action_more(self) -> None:
        """More options, and back."""
        self.form.turn_page()

    def action_texts(self) -> None:
        """Texts to choose from."""
        self.form.choose_text()

    def action_field(self, by: int) -> None:
        """To the next field of the form, or the one before; a path is completed first."""
        if by > 0:
            if not self.form.complete():
                self.focus_next()
        else:
            self.focus_previous()

    def action_new(self) -> None:
        """The form; while a training runs, its run."""
        self.shown.show(self._desk.run if self._desk.training else None)
        self._turn()

    def action_pause(self) -> None:
        """Pause, or go on."""
        self.steering.pause()

    def action_rate(self, direction: int) -> None:
        """The learning rate down or up."""
        self.steering.turn_rate(direction)

    def action_stop(self) -> None:
        """Stop: it saves first."""
        self.steering.stop()

    # The curves and the gates.

    def action_kind(self) -> None:
        """Another curve."""
        self.pane.board.next_kind()

    def action_axis(self) -> None:
        """Another axis."""
        self.pane.board.next_axis()

    def action_smooth(self) -> None:
        """Smoother, or as measured."""
        self.pane.board.next_smoothing()

    def action_log(self) -> None:
        """A logarithmic axis, or a plain one."""
        self.pane.board.toggle_log()

    def action_zoom(self, direction: int) -> None:
        """In or out."""
        self.pane.board.zoom_by(direction)

    def action_whole(self) -> None:
        """All of it."""
        self.pane.board.zoom_by(0)

    def action_cursor(self, by: int) -> None:
        """Back and on in time."""
        self.pane.board.move(by)

    def action_first(self) -> None:
        """The beginning."""
        self.pane.board.to_first()

    def action_latest(self) -> None:
        """The newest values."""
        self.pane.board.move_to(None)

    def action_strip(self) -> None:
        """Show the gates, or hide them."""
        if not self.pane.toggle_strip():
            self.say(f"the gates need a terminal of {TALL} lines")

    def action_next_strip(self) -> None:
        """Gates open, gates stuck, gradients, updates."""
        self.pane.strip.next_strip()

    # What it writes.

    def action_to_prompt(self) -> None:
        """The cursor into the prompt."""
        self.pane.prompt.focus()

    def action_decoder(self, name: str) -> None:
        """It answers by another decoder."""
        self.talk.use(name)
        self.say(f"it goes on by {DECODERS[name]}")

    def action_again(self) -> None:
        """Ask again, with other dice."""
        seed = self.talk.again()
        self.say(NO_DICE if seed is None else f"other dice: seed {seed}")

    def action_copy_answer(self) -> None:
        """Prompt and text to the clipboard."""
        self.copy(self.pane.answers.text)

    def action_write_with(self) -> None:
        """Go to writing, with the weights of the cursor's moment, or the newest.

        Of a training that is over it is the model that it made, if no moment is pointed at.
        """
        weights, over = self.talk.weights, None if self.shown.is_alive else self.shown.run
        if over is not None and self.pane.board.look.cursor is None and (over / MODEL).exists():
            self._write_with(over)
            self.say("with the best weights of its training")
        elif weights is not None:
            self._write_with(weights.path)
            self.say(f"with the weights of step {weights.step:,}")  # maybe not the cursor's

    def action_write_with_made(self) -> None:
        """The same, by a letter, once it is over."""
        self.action_write_with()

    def action_escape(self) -> None:
        """Out of the prompt; back to the newest values; else back to writing."""
        board = self.pane.board
        if self.pane.prompt.has_focus:
            board.focus()
        elif self.shown.run is not None and board.look.cursor is not None:
            board.move_to(None)
        elif "more" in self.states():
            self.form.turn_page()
        else:
            self.leave()

    def _turn(self) -> None:
        """Turn to the form or to the run, as it is now."""
        if not self._ready:
            return
        is_run = self.shown.run is not None
        self.form.display, self.pane.display = not is_run, is_run
        if is_run:
            self.form.shut()
            self.pane.board.move_to(None)
            self.pane.board.focus()
        else:
            self.form.open()
        self.show_state()
