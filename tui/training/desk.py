"""The training that this screen started: one at a time, watched, stopped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from charlm.run.layout import MODEL

from ..keys.table import key_named, view_key
from .process import TrainingEnded, TrainingProcess
from .pytorch import Installation


class TrainingDesk:
    """Holds the running training, if any, and knows when it has newer weights."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self._process: TrainingProcess | None = None
        self.run: Path | None = None
        #: Of PyTorch, which a training needs.
        self.installation = Installation()
        self._talked: float = 0.0

    @property
    def training(self) -> bool:
        """Whether a training is running."""
        return self._process is not None

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and has not ended yet."""
        return self._process is not None and self._process.stopped

    @property
    def never_began(self) -> bool:
        """Whether the training ended before there was a run."""
        return self.run is not None and not self.training and not os.path.lexists(self.run)

    @property
    def would_lose(self) -> Path | None:
        """The run whose training would end with the app, None where none would."""
        return self.run if self.training and not self.stopping else None

    def start(self, run: Path, options: Sequence[str]) -> None:
        """Start it. Raises OSError or ValueError where the system cannot."""
        self._process = TrainingProcess(run, options, self.command)
        self.run = run
        self._talked = self._written()

    def follow(self, path: Path, new: Path) -> None:
        """A run that is not being trained has another place now."""
        if self.run == path:
            self.run = new

    def stop(self) -> None:
        """Ask it to save and end."""
        if self._process is not None:
            self._process.stop()

    def ended(self) -> TrainingEnded | None:
        """How the training ended, once."""
        end = self._process.ended() if self._process is not None else None
        if end is not None:
            self._process = None
        return end

    def has_newer(self) -> bool:
        """Whether the run has weights that were not talked to yet."""
        return self._written() > self._talked

    def talk(self) -> Path | None:
        """The run to load; its weights of now count as talked to."""
        if self.run is not None:
            self._talked = self._written()
        return self.run

    def close(self) -> None:
        """Stop, and wait until it is gone; the installation too."""
        self.installation.close()
        if self._process is not None:
            self._process.close()
            self._process = None

    def _written(self) -> float:
        if self.run is None:
            return 0.0
        try:
            return (self.run / MODEL).stat().st_mtime
        except OSError:
            return 0.0


def told_quit(run: Path | None) -> list[str]:
    """What quitting means while this run is being trained; None: while PyTorch is installed."""
    if run is None:
        return ["PyTorch is being installed: that will stop.", "", "It can begin again later."]
    return [
        run.name, "", "It is being trained: it will save itself, and stop.", "",
        f"To train it on later: {how_to_go_on()}.",
    ]  # fmt: skip


def how_to_go_on() -> str:
    """The keys that train a stopped run on."""
    runs = view_key("runs")
    return f"{runs}, {key_named('train', 'runs')}, {key_named('pause', 'train')}"


def told_end(end: TrainingEnded, has_newer: bool) -> tuple[str, bool]:
    """What to say when a training ended, and whether something was wrong."""
    if end.code == 0 or end.stopped:
        talk = f": {key_named('talk', 'write')} writes with it" if has_newer else ""
        return f"training {'stopped' if end.stopped else 'done'}{talk}", False
    how = f"with exit code {end.code}" if end.code > 0 else f"by signal {-end.code}"
    last = "\n".join(end.lines[-4:])
    return f"training ended {how}\n{last}", True
