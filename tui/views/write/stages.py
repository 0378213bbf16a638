"""Which stage is seen above the prompt, and how one comes from one to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from charlm.decoding import is_beam

from ...keys.table import key_named
from .author import Asked, Author, Tools
from .stage import AnyStage, Seen
from .text.stage import TextStage

if TYPE_CHECKING:  # the first paint shows the text alone
    from .beams.stage import BeamsStage
    from .lanes.stage import LanesStage


class Stages:
    """The text, which is always there, and the others, made when they are first seen.

    shown: the one that is seen. mount: puts a new one beside the text.
    """

    def __init__(self, tools: Tools, mount: Callable[[AnyStage], object]) -> None:
        self._tools, self._mount = tools, mount
        self.text = TextStage(tools)
        self.beams: BeamsStage | None = None
        self.lanes: LanesStage | None = None
        self.shown: AnyStage = self.text
        self.seen = Seen.TEXT

    @property
    def author(self) -> Author:
        """Who writes what is seen."""
        return self.shown.author

    @property
    def prompt(self) -> str:
        """That of what is seen; or what is typed, if that was not written with yet."""
        asked, prompt = self.author.asked, self._tools.prompt
        return prompt.text if asked is None or prompt.unsent else asked.prompt

    def show(self, seen: Seen) -> None:
        """Show this; what is written for another stage stops."""
        before, shown = self.shown, self._stage(seen)
        before.leave()
        if before is self.lanes and seen is Seen.TEXT:
            self.text.author.restore_knobs()
        elif seen.side_by_side and self.text.author.streaming:
            self.text.author.cancel()
            on = key_named("continue", "write")
            self._tools.say(f"the text stopped where it was: back in it, {on} goes on", False)
        before.display, shown.display = False, True
        self.shown, self.seen = shown, seen
        if not self._tools.prompt.has_focus or seen is not Seen.TEXT:
            shown.take_focus()

    def write(self, asked: Asked) -> None:
        """Write from a prompt, if there is a model to write with."""
        if self._has_model():
            self.author.write(asked)
            if self.seen.side_by_side:
                self.shown.take_focus()

    def turn_beams(self) -> None:
        """The hypotheses of the search, or the text again."""
        if self.seen is Seen.BEAMS:
            self.show(Seen.TEXT)
        elif "searched" in self.shown.states():
            self.show(Seen.BEAMS)
            now = self.text.writing.now
            if now is not None and now.block.earlier and is_beam(now.request.strategy):
                said = "how it was found is not kept: its prompt, sent again, finds it again"
                self._tools.say(said, False)
        else:
            beam, nucleus_beam = (
                key_named(f"decoder('{name}')", "write") for name in ("beam", "nucleus-beam")
            )
            said = f"this decoder follows one text: {beam} and {nucleus_beam} search among many"
            self._tools.say(said, False)

    def turn_grid(self) -> None:
        """Several samples of the prompt, or one text again."""
        if self.seen is Seen.GRID:
            self.show(Seen.TEXT)
        elif not self._tools.knobs.setting.has_samples:
            said = "this decoder has no samples to choose from: take sampling or nucleus first"
            self._tools.say(said, False)
        elif self._has_model():
            prompt, lanes = self.prompt, self._lanes()
            self.show(Seen.GRID)
            lanes.author.open_grid(prompt, lanes.fitting)

    def turn_duel(self) -> None:
        """Two settings on one prompt and the same dice, or one text again."""
        if self.seen is Seen.DUEL:
            self.show(Seen.TEXT)
        elif self._has_model():
            prompt, setting = self.prompt, self._tools.knobs.setting
            other = setting.with_decoder("greedy" if setting.name != "greedy" else "nucleus")
            self.show(Seen.DUEL)
            self._lanes().author.open_duel(prompt, other)

    def take_lane(self, taken: LanesStage.Taken) -> None:
        """One of several texts becomes the text."""
        self.show(Seen.TEXT)
        self.text.author.take(taken.prompt, taken.setting, taken.text)

    def _stage(self, seen: Seen) -> AnyStage:
        if seen is Seen.TEXT:
            return self.text
        if seen is not Seen.BEAMS:
            return self._lanes()
        if self.beams is None:
            from .beams.stage import BeamsStage

            self.beams = BeamsStage(self.text)
            self._mount(self.beams)
        return self.beams

    def _lanes(self) -> LanesStage:
        if self.lanes is None:
            from .lanes.author import LanesAuthor
            from .lanes.stage import LanesStage

            self.lanes = LanesStage(LanesAuthor(self._tools, self.text.author))
            self._mount(self.lanes)
        return self.lanes

    def _has_model(self) -> bool:
        """Whether there is, or will be, a model to write with; if not, that is said."""
        missing = self._tools.model.missing
        if missing:
            self._tools.say(missing, True)
        return not missing
