"""The wheel in hand: what a running training can be asked, its own or one started elsewhere."""

from __future__ import annotations

from pathlib import Path

from charlm.run.control import MAX_LEARNING_RATE, steer
from charlm.run.lock import is_training

from ...training.desk import TrainingDesk
from ...training.snapshots import Curves

_FACTOR = 1.5


class Wheel:
    """Asks through the run's control file; the run log tells when it is done."""

    def __init__(self, desk: TrainingDesk) -> None:
        self._desk = desk
        self._run: Path | None = None
        self._told: float | None = None
        self._asked: list[float | None] = []

    def forget(self) -> None:
        """A training begins: what the one before was asked is nothing to it."""
        self._asked = []

    def is_alive(self, curves: Curves | None) -> bool:
        """Whether someone is training this run now."""
        if curves is None:
            return False
        if self.is_own(curves.run):
            return True
        return curves.ended is None and is_training(curves.run)

    def is_own(self, run: Path) -> bool:
        """Whether this screen started the training of that run, and it is running."""
        return self._desk.training and self._desk.run == run

    def pause_or_go_on(self, curves: Curves) -> str:
        """Ask for a pause, or for its end; what to say of it. Raises OSError."""
        steer(curves.run, "resume" if curves.paused else "pause")
        return "it goes on before its next step" if curves.paused else "it pauses: it saves first"

    def turn_rate(self, curves: Curves, direction: int) -> str:
        """Ask for a lower (-1) or higher (1) learning rate; what to say. Raises OSError."""
        now = self._rate(curves)
        if not now:
            return "its learning rate is not known yet"
        rate = float(f"{min(MAX_LEARNING_RATE, now * _FACTOR**direction):.2g}")
        steer(curves.run, "learning_rate", rate)
        self._asked.append(rate)
        return f"the highest learning rate: {now:.2g} → {rate:.2g}"

    def stop(self, curves: Curves) -> str:
        """Ask it to save and end; what to say. Raises OSError."""
        if self.is_own(curves.run):
            self._desk.stop()
        else:
            steer(curves.run, "stop")
        return "stopping the training: it saves first"

    def _rate(self, curves: Curves) -> float | None:
        """The rate once all that was asked for is done: the log tells of it a moment later."""
        told = curves.rate
        if (curves.run, told) != (self._run, self._told) or curves.ended is not None:
            asked = self._asked if curves.run == self._run and curves.ended is None else []
            # What was asked before it is done too; one that was not asked here undoes them all.
            self._asked = asked[asked.index(told) + 1 :] if told in asked else []
            self._run, self._told = curves.run, told
        if self._asked:
            return self._asked[-1]
        rates = curves.of("learning_rate")
        return told or (rates[-1].value if rates else None)
