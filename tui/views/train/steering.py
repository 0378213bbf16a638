"""What the keys do to a training: begin, pause, go on, its rate, stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from charlm.display import visible

from ...training.desk import TrainingDesk
from ...training.snapshots import Curves
from ...training.watcher import RunWatcher
from ..base import View
from .form import TrainForm
from .train_on import train_on_options, train_on_sheet
from .wheel import Wheel


class SteeringActions(View):
    """The form's start, and the wheel. `_run`: the run that is shown, None for the form."""

    _desk: TrainingDesk
    _wheel: Wheel
    _watcher: RunWatcher
    _run: Path | None

    def show_run(self, run: Path) -> None:
        """Show this run."""
        raise NotImplementedError

    @property
    def curves(self) -> Curves | None:
        """The newest snapshot of the run that is shown."""
        latest = self._watcher.latest
        return latest if latest is not None and latest.run == self._run else None

    def on_train_form_asked(self, event: TrainForm.Asked) -> None:
        """Start the training of the form."""
        self._start(event.plan.run, event.plan.options)

    def action_pause(self) -> None:
        """Pause, or go on; a training that is over goes on where it ended."""
        curves = self.curves
        if curves is None or self._wheel.is_alive(curves):
            self._steer(self._wheel.pause_or_go_on)
        else:
            self.app.push_screen(train_on_sheet(curves), self._train_on)

    def action_rate(self, direction: int) -> None:
        """The learning rate down or up."""
        self._steer(lambda curves: self._wheel.turn_rate(curves, direction))

    def action_stop(self) -> None:
        """Stop: it saves first."""
        self._steer(self._wheel.stop)

    def _train_on(self, word: str | None) -> None:
        if word and (curves := self.curves) is not None:
            self._start(curves.run, train_on_options(word, curves))

    def _start(self, run: Path, options: Sequence[str]) -> None:
        try:
            self._desk.start(run, options)
        except (OSError, ValueError) as error:
            self.say(f"the training could not be started: {error}", True)
            return
        self._wheel.forget()
        self.show_run(run)
        self.say(f"training {visible(run.name)}")

    def _steer(self, act: Callable[[Curves], str]) -> None:
        curves = self.curves
        if curves is None or not curves.run.is_dir():
            self.say("one moment: the training is starting")
            return
        try:
            self.say(act(curves))
        except OSError as error:
            self.say(f"the training could not be asked: {error}", True)
