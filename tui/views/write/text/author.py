"""Has one text written, as the knobs say, and changes its course: branches, going on, edits."""

from __future__ import annotations

from dataclasses import replace

from ....keys.states import holding
from ....keys.table import key_named, view_key
from ....writer.knobs import NO_DICE, Setting
from ....writer.snapshots import Request
from ..author import STREAMING, Asked, Kept, Meters, Tools
from .branches import Branch
from .text_view import TextView
from .writing import Writing

#: Characters that are written the first time, which nobody asked for.
_GREETING = 300


class TextAuthor:
    """What the keys do to the one text; `writing` has it written and keeps how it came to be."""

    def __init__(self, tools: Tools, view: TextView) -> None:
        self._tools, self._view = tools, view
        self.writing = Writing(
            tools.worker, view, tools.say, lambda: tools.model.name, tools.plain
        )  # fmt: skip
        self._edited: Branch | None = None

    @property
    def streaming(self) -> bool:
        """Whether it is being written."""
        return self.writing.state in STREAMING

    @property
    def asked(self) -> Asked | None:
        """By what the newest text was asked for."""
        writing = self.writing
        prompt, now = writing.prompt, writing.now
        given = None if now is None else now.block.given
        return None if prompt is None else Asked(prompt, given, writing.newest)

    @property
    def text(self) -> str:
        """Prompt and text."""
        return self._view.text

    @property
    def meters(self) -> Meters:
        """What the status line says of it."""
        writing = self.writing
        return Meters(
            writing.characters, writing.log_prob, writing.ended, writing.seconds,
            not self._view.follows, writing.comparison, writing.read,
        )  # fmt: skip

    def states(self) -> set[str]:
        """What holds of it, in the words of the key table."""
        now, asked = self.writing.now, self.writing.prompt is not None
        setting = self._tools.knobs.states
        return holding({
            "streaming": self.streaming,
            "asked": asked,
            "again": asked and "seeded" in setting,
            "searched": "searching" in setting or (now is not None and now.search is not None),
            "cut": now is not None and now.can_continue,
            "undo": now is not None and now.parent is not None,
            "redo": now is not None and now.last_shown is not None,
            "branches": now is not None and (now.parent is not None or bool(now.children)),
        })  # fmt: skip

    def write(self, asked: Asked) -> None:
        """Write on from a prompt, below what is there."""
        self.writing.write(asked.prompt, self._tools.knobs.setting, asked.given, like=asked.like)

    def greet(self) -> None:
        """Write a few lines that nobody asked for, below the keys that lead on."""
        runs, train, inspect = view_key("runs"), view_key("train"), view_key("inspect")
        write = key_named("write", "write")
        heading = f"type, and {write} writes on · {runs} models · {train} train · {inspect} look in"
        self.writing.greet(self._tools.knobs.setting, _GREETING, heading)

    def take(self, prompt: str, setting: Setting, text: str) -> None:
        """Go on with a text that was written beside others: what there is of it comes at once."""
        self._tools.knobs.setting = setting
        self.writing.write(prompt, setting, known=text, like=self.like(prompt))

    def like(self, prompt: str) -> Request | None:
        """The request of the newest text, if that has this prompt."""
        newest = self.writing.newest
        return newest if newest is not None and newest.prompt == prompt else None

    def send(self, prompt: str) -> bool:
        """Branch off the text that was edited; False where the prompt is none of its edits."""
        edited, self._edited = self._edited, None
        if edited is None or edited is not self.writing.now:
            return False
        if prompt[:1] != edited.block.text[:1]:
            return False
        self.writing.branch(prompt, None, self._tools.knobs.setting)
        return True

    def turn(self, setting: Setting) -> None:
        """Take a setting; where it changes the text, the text starts again from its prompt.

        While another prompt is being typed, it is for that one: the text stays.
        """
        changed = setting.names_text != self._tools.knobs.setting.names_text
        self._tools.knobs.setting = setting
        if changed and not self._tools.prompt.unsent:
            self.writing.write_again(setting)

    def regenerate(self) -> None:
        """The same prompt with the next seed."""
        asked, knobs = self.asked, self._tools.knobs
        if asked is None:
            return
        if not knobs.setting.has_seed:
            self._tools.say(NO_DICE, False)
            return
        knobs.setting = knobs.setting.with_seed(knobs.setting.seed + 1)
        self.write(asked)

    def restore_knobs(self) -> None:
        """The text is what it was: so are the knobs above it."""
        if self.writing.now is not None:
            knobs = self._tools.knobs
            knobs.setting = replace(self.writing.now.setting, pace=knobs.setting.pace)

    def go_on(self) -> None:
        """Go on where the text was cut."""
        now = self.writing.now
        if now is not None and now.can_continue:
            self.branch(self._view.text, now.request.dice)
        elif self.has_this_models():
            streams = "the text is still being written"
            self._tools.say(streams if self.streaming else "the text is at its end", False)

    def branch(self, prompt: str, dice: str = "prompt") -> None:
        """Write on from a prompt that came of the text shown, in whose place it stands."""
        now = self.writing.now
        assert now is not None
        given = min(now.block.given, len(prompt))
        self.writing.branch(prompt, given, self._tools.knobs.setting, dice, as_fed=True)

    def edit(self) -> None:
        """Put the text up to the cursor, or all of it, into the prompt."""
        self._edited, prompt = self.writing.now, self._tools.prompt
        prompt.text = self._view.text[: self._view.cursor]
        prompt.move_cursor(prompt.document.end)
        prompt.focus()

    def forget_edit(self) -> None:
        """What is typed from now on is another text."""
        self._edited = None

    def undo(self) -> None:
        """Back to the text that this one came of."""
        if self.writing.now is not None and self.writing.now.parent is not None:
            self.go_to(self.writing.now.parent)
        else:
            said = "this text came of no other; a knob that is turned back brings its text back"
            self._tools.say(said, False)

    def redo(self) -> None:
        """On to the text last shown of those that came of this one."""
        if self.writing.now is not None and self.writing.now.last_shown is not None:
            self.go_to(self.writing.now.last_shown)

    def go_to(self, branch: Branch | None) -> None:
        """Show this text of the tree, and the knobs it was written with; None: none was chosen."""
        if branch is not None and branch is not self.writing.now:
            knobs = self._tools.knobs
            knobs.setting = replace(branch.setting, pace=knobs.setting.pace)
            self.writing.show(branch)

    def kept(self) -> Kept | None:
        """What can be exported; where nothing can, it is said why."""
        if self._tools.model.loading:
            self._tools.say("one moment: the model is being read", False)
        elif self.streaming:
            self._tools.say("the text is still being written: Esc stops it", False)
        elif self._view.blocks:
            return Kept(self._view.blocks[-1], self.writing.now, self._view)
        return None

    def cancel(self) -> None:
        """Stop writing; what is there stays."""
        self.writing.cancel()

    def has_this_models(self) -> bool:
        """Whether the text seen is of the model that is loaded; if not, that is said."""
        ours = self.writing.now is not None
        if not ours:
            said = "this text is of another model: e puts it into the prompt, to write on"
            self._tools.say(said, False)
        return ours
