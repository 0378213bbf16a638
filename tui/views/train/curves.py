"""What the keys do to the curves and the strip of gates, and where these have room."""

from __future__ import annotations

from textual.geometry import Size

from ..base import TALL, WIDE, View
from .answers import Answers
from .curve_board import CurveBoard
from .heat_strip import HeatStrip

_ROOMY = 28


class CurveActions(View):
    """Curves, cursor, zoom, gates."""

    _board: CurveBoard
    _strip: HeatStrip
    _answers: Answers
    #: Whether the gates are to be seen; None: where there is room, if the run tells of them.
    _strip_wanted: bool | None = None
    _strip_known = False

    def action_kind(self) -> None:
        """Another curve."""
        self._board.next_kind()

    def action_axis(self) -> None:
        """Another axis."""
        self._board.next_axis()

    def action_smooth(self) -> None:
        """Smoother, or as measured."""
        self._board.next_smoothing()

    def action_log(self) -> None:
        """A logarithmic axis, or a plain one."""
        self._board.toggle_log()

    def action_zoom(self, direction: int) -> None:
        """In or out."""
        self._board.zoom_by(direction)

    def action_whole(self) -> None:
        """All of it."""
        self._board.zoom_by(0)

    def action_cursor(self, by: int) -> None:
        """Back and on in time."""
        self._board.move(by)

    def action_first(self) -> None:
        """The beginning."""
        self._board.to_first()

    def action_latest(self) -> None:
        """The newest values."""
        self._board.move_to(None)

    def action_strip(self) -> None:
        """Show the gates, or hide them."""
        self._strip_wanted = not self._strip.display
        self._place()
        if self._strip_wanted and not self._strip.display:
            self.say(f"the gates need a terminal of {TALL} lines")

    def action_next_strip(self) -> None:
        """Gates open, gates stuck, gradients, updates."""
        self._strip.next_strip()
        self.show_state()

    def _place(self, size: Size | None = None) -> None:
        """Beside each other where it is wide; else answers or gates below the curves."""
        size = size or self.size
        wide, roomy = size.width >= WIDE, size.height >= _ROOMY
        wanted = self._strip_wanted
        if wanted is None:
            wanted = wide and roomy and self._strip_known
        strip = wanted and size.height >= TALL
        self._strip.display = strip
        self._answers.display = wide or (size.height >= TALL and not strip)
