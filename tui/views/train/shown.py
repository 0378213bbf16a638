"""The run that is looked at: what is known of it, and how it stands with this screen's training."""

from __future__ import annotations

from pathlib import Path

from ...training.desk import TrainingDesk
from ...training.snapshots import Curves
from ...training.watcher import RunFeed
from .wheel import Wheel


class ShownRun:
    """One run and others beside it, or none: then a new training is asked for.

    `run`: the one that is shown, None for the form; `beside`: those whose curves lie over its own.
    """

    def __init__(self, feed: RunFeed, desk: TrainingDesk, wheel: Wheel) -> None:
        self.run: Path | None = None
        self.beside: tuple[Path, ...] = ()
        self._feed, self._desk, self._wheel = feed, desk, wheel

    def show(self, run: Path | None, *beside: Path) -> None:
        """Look at this run from now on."""
        self.run, self.beside = run, beside
        if run is not None:
            self._feed.watch(run, *beside)

    def follow(self, path: Path, new: Path) -> None:
        """A run has another place now."""
        if self.run is not None and path in (self.run, *self.beside):
            self.show(*(new if each == path else each for each in (self.run, *self.beside)))

    @property
    def curves(self) -> Curves | None:
        """The newest snapshot of the run, None before its first."""
        latest = self._feed.latest
        return latest if latest is not None and latest.run == self.run else None

    @property
    def others(self) -> tuple[Curves, ...]:
        """Those of the runs beside it."""
        return self._feed.others if self.curves is not None else ()

    @property
    def is_own(self) -> bool:
        """Whether this screen trains it, or trained it last."""
        return self.run is not None and self.run == self._desk.run

    @property
    def is_alive(self) -> bool:
        """Whether someone trains it now."""
        return self._wheel.is_alive(self.curves)

    @property
    def is_paused(self) -> bool:
        """Whether its training waits for a word to go on."""
        curves = self.curves
        return curves is not None and curves.paused and self.is_alive

    @property
    def is_over(self) -> bool:
        """Whether its training could go on where it ended."""
        curves = self.curves
        return curves is not None and curves.resumable and not self._desk.training

    @property
    def never_began(self) -> bool:
        """Whether this screen's training of it ended before there was a run."""
        return self.is_own and self._desk.never_began

    @property
    def state(self) -> str:
        """What stands before its numbers; "" for nothing."""
        curves = self.curves
        if self.is_own and self._desk.stopping:
            return "stopping"
        if self.is_own and self._desk.training and curves and curves.ended:
            return "starting"  # what is known is of the time before it goes on
        return "paused" if self.is_paused else ""
