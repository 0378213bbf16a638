"""What a training can be asked: to begin, to pause, to go on, another rate, to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from charlm.display import visible

from ...training.desk import TrainingDesk
from ...training.snapshots import Curves
from ..base import View
from .shown import ShownRun
from .train_on import maker_of, text_options, text_sheet, train_on_options, train_on_sheet
from .wheel import Wheel


class Steering:
    """Starts trainings, and steers the one that is shown.

    view: says how it went, and asks how far a training shall go on. begun: told of the run that a
    training of this screen is for.
    """

    def __init__(
        self,
        view: View,
        desk: TrainingDesk,
        wheel: Wheel,
        shown: ShownRun,
        begun: Callable[[Path], object],
    ) -> None:
        self._view, self._desk, self._wheel, self._shown = view, desk, wheel, shown
        self._begun = begun

    def start(self, run: Path, options: Sequence[str]) -> None:
        """Start a training with these options; where that cannot be, it is said."""
        try:
            self._desk.start(run, options)
        except (OSError, ValueError) as error:
            self._view.say(f"the training could not be started: {error}", True)
            return
        self._wheel.forget()
        self._begun(run)
        self._view.say(f"training {visible(run.name)}")

    def pause(self) -> None:
        """Pause, or go on; a training that is over goes on where it ended."""
        curves = self._shown.curves
        if curves is None or self._shown.is_alive:
            self._ask(self._wheel.pause_or_go_on)
        else:
            self._view.app.push_screen(train_on_sheet(curves), self._train_on)

    def turn_rate(self, direction: int) -> None:
        """Turn the learning rate down (-1) or up (1)."""
        self._ask(lambda curves: self._wheel.turn_rate(curves, direction))

    def stop(self) -> None:
        """Stop: it saves first."""
        self._ask(self._wheel.stop)

    def _train_on(self, word: str | None) -> None:
        if not word or (curves := self._shown.curves) is None:
            return
        run, options = curves.run, train_on_options(word, curves)
        if maker := maker_of(run):
            self._view.app.push_screen(
                text_sheet(maker),
                lambda path: self.start(run, [*options, *text_options(path)]) if path else None,
            )
        else:
            self.start(run, options)

    def _ask(self, act: Callable[[Curves], str]) -> None:
        curves = self._shown.curves
        if curves is None or not curves.run.is_dir():
            self._view.say("one moment: the training is starting")
            return
        try:
            self._view.say(act(curves))
        except OSError as error:
            self._view.say(f"the training could not be asked: {error}", True)
