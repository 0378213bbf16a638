"""A run as it is shown: its progress, its curves, its gates, and what it writes."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.geometry import Size

from ...keys.table import key_named
from ...training.snapshots import Curves
from ...widgets.prompt import Prompt, PromptRow
from ..base import TALL, WIDE
from .answers import Answers
from .curve_board import CurveBoard
from .heat_strip import HeatStrip
from .progress import ProgressLine

_ROOMY = 28


class RunPane(Vertical):
    """The parts of a run, and which of them have room.

    Beside each other where it is wide; else answers or gates stand below the curves.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.progress = ProgressLine(id="progress")
        self.board = CurveBoard(id="board")
        self.strip = HeatStrip(id="strip")
        self.answers = Answers(id="answers")
        self.prompt = Prompt(id="talk-prompt")
        #: Whether the gates are to be seen; None: where there is room, if the run tells of them.
        self._wants_strip: bool | None = None
        self._knows_gates = False
        self._room = Size(0, 0)

    def compose(self) -> ComposeResult:
        """Progress above, the prompt below."""
        yield self.progress
        with Container(id="run-body"):
            with Vertical(id="run-left"):
                yield self.board
                yield self.strip
            yield self.answers
        yield PromptRow(self.prompt)

    def on_mount(self) -> None:
        """Say what the empty parts are for."""
        self.answers.set_empty("What it writes comes here, at every evaluation.")
        self.prompt.placeholder = (
            f"{key_named('to_prompt', 'train')}, then type how a text begins:"
            " it goes on at every evaluation"
        )

    def show(
        self, curves: Curves | None, others: Sequence[Curves], state: str, alive: bool
    ) -> None:
        """Show a run as it stands. state: what stands before its numbers."""
        self.progress.show(curves, state, alive)
        self.board.show(curves, others)
        knows = curves is not None and bool(curves.probes)
        if knows != self._knows_gates:
            self._knows_gates = knows
            self.make_room(self._room)
        if curves is not None:
            self.strip.show(curves, self.board.look, self.board.span(curves))

    def toggle_strip(self) -> bool:
        """Show the gates, or hide them; False where they are wanted and have no room."""
        self._wants_strip = not self.strip.display
        self.make_room(self._room)
        return bool(self.strip.display) or not self._wants_strip

    def make_room(self, room: Size) -> None:
        """Show the parts that have room. room: the size of the whole screen."""
        self._room = room
        wide, roomy = room.width >= WIDE, room.height >= _ROOMY
        wanted = self._wants_strip
        if wanted is None:
            wanted = wide and roomy and self._knows_gates
        strip = wanted and room.height >= TALL
        self.strip.display = strip
        self.answers.display = wide or (room.height >= TALL and not strip)
