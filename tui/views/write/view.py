"""The screen one writes on: text above, prompt below, curves beside, one status line.

This file is long because every key has its action here: a line or two that say whose act it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.containers import Container
from textual.dom import DOMNode

from charlm.options.escapes import unescaped

from ...charts.panel import CurvesPanel
from ...keys.editing import TYPING
from ...keys.states import holding
from ...keys.table import bindings_of
from ...training.desk import TrainingDesk
from ...training.watcher import RunWatcher
from ...widgets.prompt import Prompt, PromptRow
from ...writer.kept.keeper import Keeper
from ...writer.knobs import Setting
from ...writer.models import run_or_file
from ...writer.snapshots import Newest
from ...writer.worker import DecodeWorker
from ..base import Made, View
from .author import Asked, Tools
from .curves import CurvesBeside
from .export.export import Exporter
from .frames import Frames
from .keeping import ALL, Keeping
from .knobs import Knobs
from .model import Model
from .stage import AnyStage, Seen, Stage
from .stages import Stages
from .status import engine_text, knob_pieces, meter_pieces, title_pieces

if TYPE_CHECKING:  # the first paint shows the text alone
    from .lanes.stage import LanesStage


class WriteScreen(View):
    """Prompt, text, curves, status. What is seen above the prompt is a stage; `text` is the first.

    setting: the one to begin with. plain: texts appear when they are finished. keeper: what keeps
    texts, None for nothing; said_decoder: as in Keeping. greets: it is seen for the first time.
    """

    view_name = "write"
    BINDINGS = bindings_of("write")

    def __init__(
        self, worker: DecodeWorker, watcher: RunWatcher, desk: TrainingDesk, model: Path | None,
        setting: Setting, *, plain: bool = False, keeper: Keeper | None = None,
        said_decoder: bool = False, greets: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self._desk = desk
        self.prompt, self.panel = Prompt(id="prompt"), CurvesPanel(id="curves")
        self.prompt_row = PromptRow(self.prompt)
        self.knobs, self.model = Knobs(setting), Model(worker, model)
        tools = Tools(worker, self.knobs, self.model, self.prompt, self.say, plain)
        self.stages = Stages(tools, self._mount)
        self.text = self.stages.text
        self.exporter = Exporter(self, worker, self.model)
        self._keeper = keeper
        self._keeping = Keeping(keeper, tools, self.text, said_decoder)
        self._frames = Frames(
            self, worker, self.model, self.stages, self.exporter, self._keeping, greets
        )  # fmt: skip
        self._curves = CurvesBeside(self.panel, watcher.feed(), desk)

    def compose_view(self) -> ComposeResult:
        """Text and curves, and the prompt."""
        with Container(id="body"):
            yield self.text
            yield self.panel
        yield self.prompt_row

    def on_mount(self) -> None:
        """Cursor into the prompt; the model is read after the first paint."""
        self.prompt.focus()
        self.text.view.set_empty(*self.model.first_steps())
        self.watch(self.text.view, "follows", self.changed, init=False)
        self.begin()
        if self._keeper is not None:
            self._keeper.tell = partial(self.call_later, self._tell_kept)
        self.call_after_refresh(self.model.load_first)

    def on_resize(self, event: events.Resize) -> None:
        """The curves have a place of their own only where it is wide."""
        self._curves.place(event.size, self.stages.shown.crowded)

    def on_descendant_focus(self) -> None:
        """In the prompt, letters are text and the cursor of the text is gone."""
        if self.prompt.has_focus and self.text.view.cursor is not None:
            self.text.put_cursor(None)

    def _mount(self, stage: AnyStage) -> None:
        self.query_one("#body").mount(stage, before=self.panel)

    def wake(self) -> None:
        """Show what was written meanwhile, and what is written from now on."""
        self._curves.feed.wake(self.changed)
        self._frames.wake()

    def rest(self) -> None:
        """The text goes on; nobody reads it."""
        self._curves.feed.rest()
        self._frames.rest()

    def on_unmount(self) -> None:
        """What is being written is kept as far as it is."""
        self.text.author.cancel()
        self._keeping.save()

    def _tell_kept(self) -> None:
        """What went wrong with keeping."""
        for notice in self._keeping.told():
            self.say(notice, True)

    # What the app asks of it.

    def load(self, path: Path) -> None:
        """Read a model; what is being written stops."""
        self.exporter.give_up()
        self.stages.author.cancel()
        self.model.load(path)

    def newest(self) -> Newest:
        """What is written with, and the newest text as far as it is written."""
        self._frames.catch_up()
        now, facts = self.text.writing.now, self.model.facts
        ended = now is not None and now.ended
        identity = facts.identity if facts is not None else ""
        path = None if facts is None else run_or_file(facts.path)
        growing = self.text.author.streaming
        return Newest(path, self.text.view.text, ended, identity, growing)

    # What is seen.

    def help_group(self) -> str:
        """What the keys do to what is seen."""
        return self.stages.shown.group

    def help_end(self) -> str:
        """What writes: for who measures, and nobody else."""
        return engine_text(self.model.facts)

    def owner_of(self, action: str) -> DOMNode:
        """The prompt and the stage have keys of their own."""
        owners = (self, self.prompt_row, self.stages.shown)
        return next((owner for owner in owners if hasattr(owner, f"action_{action}")), self)

    def on_stage_changed(self) -> None:
        """A stage did what one of its keys says."""
        self.changed()

    def on_stage_left(self, event: Stage.Left) -> None:
        """There is nothing to see in it any more."""
        if event.stage is self.stages.shown:
            self.stages.show(Seen.TEXT)
            self.changed()

    def on_lanes_stage_taken(self, event: LanesStage.Taken) -> None:
        """One of several texts becomes the text."""
        self.stages.take_lane(event)
        self.changed()

    # What the keys do.

    def on_prompt_sent(self, event: Prompt.Sent) -> None:
        """Enter: write; an edited text whose first character stayed is a branch of what it was."""
        self.model.load_first()  # a hand may be quicker than the first paint
        self._keeping.sent(event.text)
        if not self.text.author.send(event.text):
            self.stages.write(Asked(event.text))
        self.changed()

    def action_escape(self) -> None:
        """Stop the text; else leave the prompt, or go back to it."""
        if self.stages.author.streaming:
            self.stages.author.cancel()
        elif self.exporter.give_up():
            pass  # nothing else was meant
        elif self.prompt.has_focus:
            self.text.author.forget_edit()
            self.stages.shown.take_focus()
        elif self.stages.seen is not Seen.TEXT:
            self.stages.show(Seen.TEXT)
        elif self.text.view.cursor is not None:
            self.text.put_cursor(None)
        else:
            self.prompt.focus()

    def action_write(self) -> None:
        """Enter, by the mouse or from the palette."""
        self.prompt.send()

    def action_to_prompt(self) -> None:
        """The cursor into the prompt."""
        self.prompt.focus()

    def action_regenerate(self) -> None:
        """The same prompt with the next seed."""
        self.stages.author.regenerate()

    def action_copy(self) -> None:
        """Prompt and text to the clipboard, or the part that is selected."""
        self.copy(self.stages.shown.selected or self.stages.author.text)

    def action_copy_text(self) -> None:
        """Ctrl+C: the part that is selected, if there is one."""
        if not self.stages.shown.selected:
            raise SkipAction
        self.action_copy()

    def action_continue(self) -> None:
        """Go on where the text was cut."""
        self.stages.author.go_on()

    def action_edit(self) -> None:
        """Put the text up to the cursor, or all of it, into the prompt."""
        self.text.author.edit()

    def action_undo(self) -> None:
        """Back to the text that this one came of."""
        self.text.author.undo()

    def action_redo(self) -> None:
        """On to the text last shown of those that came of this one."""
        self.text.author.redo()

    def action_branches(self) -> None:
        """Choose among all texts that came of one another."""
        from .text.branches_sheet import BranchesSheet

        now = self.text.writing.now
        if now is not None:
            self.app.push_screen(BranchesSheet(now), self.text.author.go_to)

    def action_forget(self) -> None:
        """Ask, then keep nothing of this model."""
        self._forget(self._keeping.question(), self._keeping.forget)

    def action_forget_all(self) -> None:
        """Ask, then keep nothing of any model."""
        self._forget(ALL, self._keeping.forget_all)

    def _forget(self, lines: Sequence[str], forget: Callable[[], object]) -> None:
        from ..sheets import Question

        def answered(yes: bool | None) -> None:
            if yes:
                self.exporter.give_up()
                self.stages.author.cancel()
                if self.stages.seen is not Seen.TEXT:
                    self.stages.show(Seen.TEXT)
                forget()

        self.app.push_screen(Question("Forget?", lines, "Forget"), answered)

    def action_surprise(self) -> None:
        """Colour the text by how surprising it was; the colours are those of one text: show it."""
        if self.stages.seen.side_by_side:
            self.say("Enter takes the chosen text alone: then its surprise can be seen")
            return
        if self.stages.seen is not Seen.TEXT:
            self.stages.show(Seen.TEXT)
        self.text.colour()

    def action_export(self) -> None:
        """Ask for a format, then save or copy."""
        self.exporter.ask(self.stages.author)

    def action_receipt(self) -> None:
        """Save the receipt of the text."""
        self.exporter.save_receipt(self.stages.author)

    def action_scroll(self, by: int) -> None:
        """A page back or on."""
        self.stages.shown.turn_page(by)

    def action_newest(self) -> None:
        """The end of the text, and stay there."""
        self.stages.shown.turn_page(None)

    def action_decoder(self, name: str) -> None:
        """Another decoder; the text starts again from the prompt."""
        self._turn(self.knobs.setting.with_decoder(name))

    def action_knob(self, knob: str, by: int) -> None:
        """Move one knob."""
        if missing := self.knobs.missing(knob):
            self.say(missing)
        else:
            self._turn(self.knobs.setting.moved(knob, by))

    def action_turn(self, by: int) -> None:
        """Move the chosen knob."""
        self.action_knob(self.knobs.setting.chosen, by)

    def action_choose(self, by: int) -> None:
        """Choose the next knob."""
        self.knobs.choose(by)

    def action_option(self, name: str) -> None:
        """Type an option that is a text."""

        def given(text: str | None) -> None:
            if text is not None:
                self._turn(self.knobs.setting.with_text(name, unescaped(text)))

        self.app.push_screen(self.knobs.ask_for(name), given)

    def action_pick(self, knob: str) -> None:
        """Choose this knob."""
        self.knobs.pick(knob)

    def action_pace(self) -> None:
        """Show the text faster or slower, from the next text on."""
        self.say(self.knobs.turn_pace())

    def action_beams(self) -> None:
        """The hypotheses of the search, or the text again."""
        self.stages.turn_beams()

    def action_grid(self) -> None:
        """Several samples of the prompt, or one text again."""
        self.stages.turn_grid()

    def action_duel(self) -> None:
        """Two settings on one prompt and the same dice, or one text again."""
        self.stages.turn_duel()

    def action_precision(self) -> None:
        """The same model in numbers of 8 bits, or of 32 again; the text starts again."""
        if self.model.loading:
            self.say("one moment: the model is being read")
            return
        self.say(self.model.turn_precision())
        if self.model.facts is not None:
            asked = self.stages.author.asked
            self.load(self.model.facts.path)
            if asked is not None:
                self.stages.write(asked)

    def action_talk(self) -> None:
        """Load the newest weights of the training."""
        run = self._desk.talk()
        if run is not None:
            self.load(run)

    def action_curves(self) -> None:
        """Show or hide the curves."""
        if said := self._curves.toggle(self.size, self.stages.shown.crowded):
            self.say(said)

    def _turn(self, setting: Setting) -> None:
        self.stages.author.turn(setting)

    # What is drawn.

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table."""
        states = self.knobs.states | self.stages.shown.states()
        states |= {self.view_name, "prompt" if self.prompt.has_focus else "outside"}
        return states | holding({
            TYPING: self.prompt.typing,
            "training": self._desk.training,
            "newest": self._desk.has_newer(),
            "curves": bool(self.panel.display),
            "int8": self.model.precision == "int8",
        })  # fmt: skip

    def marked_action(self) -> str:
        """The decoder in use."""
        return f"decoder('{self.knobs.setting.name}')"

    def show_status(self) -> None:
        """What is seen, and the curves beside it."""
        stage = self.stages.shown
        stage.show()
        self._keeping.look()
        self._curves.show(self.model.run, self.size, stage.crowded)

    def lines(self) -> dict[str, Made]:
        """The model; the knobs; what is measured."""
        facts, meters = self.model.facts, self.stages.shown.author.meters
        return {
            "title": partial(title_pieces, facts, self.model.loading),
            "knobs": partial(knob_pieces, self.knobs.setting),
            "meters": partial(meter_pieces, facts, meters, self._curves.training),
        }
