"""The keys of the model: its numbers, its curves, the newest weights of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Size

from ...keys.table import key_named
from ..base import TALL, WIDE
from .base import WriteBase

if TYPE_CHECKING:
    from ...training.snapshots import Curves  # the first paint has none


class ModelActions(WriteBase):
    """Numbers, newest weights, curves."""

    def action_precision(self) -> None:
        """The same model in numbers of 8 bits, or of 32 again; the text starts again."""
        if self._loading:
            self.say("one moment: the model is being read")
            return
        self._precision = "float32" if self._precision == "int8" else "int8"
        back = key_named("precision", self.view_name)
        self.say(
            f"numbers of 8 bits: faster, nearly the same model ({back} goes back)"
            if self._precision == "int8"
            else "numbers of 32 bits: the model as it was trained"
        )
        if self.facts is not None:
            prompt, now, like = self.shown_prompt, self.writing.now, self.writing.newest
            self.load(self.facts.path)
            if prompt is not None:
                self._write(prompt, now.block.given if now is not None else None, like)

    def action_talk(self) -> None:
        """Load the newest weights of the training."""
        run = self._desk.talk()
        if run is not None:
            self.load(run)

    def action_curves(self) -> None:
        """Show or hide the curves."""
        if self.states() & {"lanes", "cursor"}:
            self.say("their place is taken: Esc goes back to the text alone")
            return
        self._curves_wanted = not self.panel.display
        self.place_panels()
        if self._curves_wanted and not self.panel.display:
            self.say(f"the curves need a terminal of {TALL} lines")
        self.show_state()

    def show_curves(self) -> Curves | None:
        """Those of the training that runs, else those of the model; other runs are named."""
        run = self._desk.run if self._desk.training else self._run
        if run is not None:
            self._watcher.watch(run.absolute())
        curves = self._watcher.latest
        other = "" if curves is None or curves.run == self._run else curves.run.name
        self.panel.show(curves, other)
        return curves

    def place_panels(self, size: Size | None = None) -> None:
        """Curves where there is room, or where they are asked for; rivals come before them."""
        size = size or self.size
        wanted = size.width >= WIDE if self._curves_wanted is None else self._curves_wanted
        self.panel.display = wanted and size.height >= TALL and self.view.cursor is None
