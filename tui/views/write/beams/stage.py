"""The search by which the text is found, seen thinking."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.geometry import Offset

from charlm.decoding import BeamSearch, Strategy, is_beam

from ....keys.table import bindings_of
from ..stage import Seen, Stage
from ..text.author import TextAuthor
from ..text.stage import TextStage
from .lattice import Lattice

_STEPS = {"left": -1, "right": 1, "up": -10, "down": 10}


class BeamsStage(Stage[TextAuthor], can_focus=True):
    """The hypotheses as a tree, and a way back and forth in time; the text is that of `text`."""

    BINDINGS = bindings_of("write", "walk", "step", "play", "enter")
    group = "Beams"

    def __init__(self, text: TextStage) -> None:
        super().__init__(text.author, "beams")
        self._text = text
        self.lattice = Lattice(id="lattice")

    def compose(self) -> ComposeResult:
        """The tree."""
        yield self.lattice

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where on the screen the best text is."""
        return self.lattice.best_offset

    def states(self) -> set[str]:
        """What holds of the search and of its text, in the words of the key table."""
        playing = {"playing"} if self.lattice.playing else set()
        return self._text.states() | {Seen.BEAMS.value, "aside"} | playing

    def show(self) -> None:
        """The search of the newest text; where it has none, the text."""
        now = self.author.writing.now
        if now is not None and not is_beam(now.request.strategy):
            self.post_message(self.Left(self))
            return
        prompt = now.block.text[: now.block.base] if now is not None else ""
        score = _score(now.request.strategy) if now is not None else ""
        search = now.search if now is not None else None
        over, ended = (now.over, now.ended) if now is not None else (False, False)
        self.lattice.show(search, prompt, score, over, over and ended)

    def action_walk(self, way: str) -> None:
        """To the first position, the newest, or so many on."""
        if way in ("home", "end"):
            self.lattice.seek(0 if way == "home" else None)
        else:
            self.lattice.step(_STEPS[way])
        self.changed()

    def action_step(self, by: int) -> None:
        """Back and on in the search."""
        self.lattice.step(by)
        self.changed()

    def action_play(self) -> None:
        """Play the search from here, or hold."""
        self.lattice.play()
        self.changed()

    def action_enter(self) -> None:
        """Go to the prompt."""
        self._text.action_enter()


def _score(strategy: Strategy) -> str:
    """What a search ranks its texts by, in words."""
    penalty = getattr(strategy, "length_penalty", 0)
    what = "sum of log p" if isinstance(strategy, BeamSearch) else "log p in the nucleus"
    return what + (f" / length^{penalty:g}" if penalty else "")
