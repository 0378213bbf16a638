"""The keys of the text: surprise, the cursor and its rivals, branches, going on."""

from __future__ import annotations

from dataclasses import replace

from ....widgets.prompt import Prompt
from ..base import WriteBase
from .branches import Branch
from .legend import Legend
from .rivals_panel import RivalsPanel
from .text_view import TextView


class TextActions(WriteBase):
    """Looking at a text, and changing its course.

    The cursor walks the newest text; while it is there the panel shows what the model thought.
    """

    rivals: RivalsPanel
    legend: Legend

    def on_text_view_clicked(self, event: TextView.Clicked) -> None:
        """A click puts the cursor there."""
        self._put_cursor(event.place)

    def on_rivals_panel_chosen(self, event: RivalsPanel.Chosen) -> None:
        """A click chooses a rival."""
        self.rivals.choose(event.place)

    def on_prompt_sent(self, event: Prompt.Sent) -> None:
        """Enter: write; an edited text whose first character stayed is a branch of what it was."""
        edited, self._edited = self._edited, None
        same = edited is not None and event.text[:1] == edited.block.text[:1]
        if same and edited is self.writing.now:
            self.writing.branch(event.text, None, self.setting)
            self.show_state()
        else:
            self._write(event.text)

    def action_surprise(self) -> None:
        """Colour the characters by how surprising they were, or no longer."""
        self.view.surprise = not self.view.surprise
        self.legend.display = self.view.surprise
        self._ask_for_details()
        self.view.refresh()

    def action_walk(self, way: str) -> None:
        """Move the cursor; up and down in the panel choose a rival."""
        if self.rivals.has_focus and way in ("up", "down"):
            self.rivals.step(-1 if way == "up" else 1)
        else:
            self._put_cursor(self.view.place_towards(way))

    def action_rival(self, place: int) -> None:
        """Choose a rival of the character under the cursor."""
        self.rivals.choose(place)
        self.show_state()

    def action_enter(self) -> None:
        """Write on with the chosen rival; without a cursor, go to the prompt."""
        cursor, rival = self.view.cursor, self.rivals.rival
        if cursor is None:
            self.prompt.focus()
        elif not self._has_this_models():
            return
        elif rival is None:
            self.say("choose another character first: a digit, or Tab and then ↑ ↓")
        elif rival.character:
            self._branch(self.view.text[:cursor] + rival.character)
        else:
            self.writing.end_at(self.view.text[:cursor])
            self.show_state()

    def action_continue(self) -> None:
        """Go on where the text was cut."""
        now = self.writing.now
        if now is not None and "cut" in self.states():
            self._branch(self.view.text, now.request.dice)
        elif "lanes" in self.states():
            self.say("Enter takes the chosen text alone: then it can go on")
        elif self._has_this_models():
            streams = "the text is still being written"
            self.say(streams if self.writing.streaming else "the text is at its end")

    def action_edit(self) -> None:
        """Put the text up to the cursor, or all of it, into the prompt."""
        self._edited = self.writing.now
        self.prompt.text = self.view.text[: self.view.cursor]
        self.prompt.move_cursor(self.prompt.document.end)
        self.prompt.focus()

    def action_undo(self) -> None:
        """Back to the text that this one came of."""
        if self.writing.now is not None and self.writing.now.parent is not None:
            self._go_to(self.writing.now.parent)
        else:
            self.say("this text came of no other; a knob that is turned back brings its text back")

    def action_redo(self) -> None:
        """On to the text last shown of those that came of this one."""
        if self.writing.now is not None and self.writing.now.last_shown is not None:
            self._go_to(self.writing.now.last_shown)

    def action_branches(self) -> None:
        """Choose among all texts that came of one another."""
        from .branches_sheet import BranchesSheet

        if self.writing.now is not None:
            self.app.push_screen(BranchesSheet(self.writing.now), self._go_to)

    def text_states(self) -> set[str]:
        """What holds of the text, in the words of the key table."""
        now = self.writing.now
        states = {
            "surprise": self.view.surprise,
            "cursor": self.view.cursor is not None,
            "taking": self.view.cursor is not None and self.rivals.rival is not None,
            "rivals": self.view.cursor is not None and self.rivals.known,
            "cut": now is not None and now.can_continue,
            "undo": now is not None and now.parent is not None,
            "redo": now is not None and now.last_shown is not None,
            "branches": now is not None and (now.parent is not None or bool(now.children)),
        }
        return {name for name, holds in states.items() if holds}

    def hide_cursor(self) -> None:
        """The text alone again."""
        self._put_cursor(None)
        if self.rivals.has_focus:
            self.view.focus()

    def show_rivals(self) -> None:
        """The panel, as the cursor and the text stand."""
        cursor, now = self.view.cursor, self.writing.now
        if self.rivals.display != (cursor is not None):
            self.rivals.display = cursor is not None
            self.place_panels()
        if cursor is None or not self.view.blocks:
            return
        block = self.view.blocks[-1]
        thought = block.trace.at(cursor) if block.trace is not None else None
        chose = now is not None and cursor >= block.base
        strategy = now.request.strategy if now is not None and chose else None
        waiting = "The model looks back at its text …"
        if now is None:
            waiting = "This text is of another model."
        elif self.writing.streaming:
            waiting = "It is being written …"
        self.rivals.show(cursor - block.given, thought, strategy, waiting)

    def _has_this_models(self) -> bool:
        """Whether the text seen is of the model that is loaded; if not, that is said."""
        ours = self.writing.now is not None
        if not ours:
            self.say("this text is of another model: e puts it into the prompt, to write on")
        return ours

    def _put_cursor(self, place: int | None) -> None:
        self.view.move_cursor(place)
        self._ask_for_details()
        self.show_state()

    def _ask_for_details(self) -> None:
        self.writing.details = self.view.surprise or self.view.cursor is not None
        if self.writing.details and not self._loading:  # else once it is known whose text it is
            self.writing.explain()

    def _branch(self, prompt: str, dice: str = "prompt") -> None:
        now = self.writing.now
        assert now is not None
        given = min(now.block.given, len(prompt))
        self.writing.branch(prompt, given, self.setting, dice, as_fed=True)
        self.show_state()

    def _go_to(self, branch: Branch | None) -> None:
        if branch is not None and branch is not self.writing.now:
            self.setting = replace(branch.setting, pace=self.setting.pace)
            self.writing.show(branch)
            self.show_state()
