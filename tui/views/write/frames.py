"""What the thread that writes posted, handed to whom it concerns, a frame at a time."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from ...threads import nobody
from ...writer.models import first_model, run_or_file
from ...writer.snapshots import (
    DecodeSnapshot,
    Explained,
    LaneWritten,
    Loaded,
    LoadFailed,
    Loading,
    Recorded,
    Started,
    Unanswered,
    Written,
)
from ...writer.worker import DecodeWorker
from ..base import View
from .export.export import Exporter
from .keeping import Keeping
from .model import Model
from .stages import Stages
from .text.kept_texts import weights

#: Seconds at least from one frame to the next.
_FRAME = 1 / 30


class Frames:
    """Takes snapshots as they come, and has the view drawn after them."""

    def __init__(
        self, view: View, worker: DecodeWorker, model: Model, stages: Stages, exporter: Exporter,
        keeping: Keeping, greets: bool = False,
    ) -> None:  # fmt: skip
        self._view, self._worker = view, worker
        self._model, self._stages, self._exporter = model, stages, exporter
        self._keeping, self._greets = keeping, greets
        self._drawn_at = 0.0

    def wake(self) -> None:
        """Take what was posted, and what will be."""
        self._worker.waits = True
        self._worker.tell = partial(self._view.call_later, self._come)
        self.catch_up()

    def rest(self) -> None:
        """Nobody looks. A model that is being read is waited for."""
        self._worker.waits = False
        model = self._model
        if not model.loading and (model.facts is not None or model.first is None):
            self._worker.tell = nobody

    def _come(self) -> None:
        """Something was posted: show it, now or when the next frame is due."""
        wait = self._drawn_at + _FRAME - time.monotonic()
        if wait > 0:
            self._view.set_timer(wait, self.catch_up)
        else:
            self.catch_up()

    def catch_up(self) -> None:
        """Everything the worker posted since the last frame."""
        for snapshot in self._worker.take():
            self._take(snapshot)
        # The first character does not wait behind the word that the engine took the prompt.
        writing = self._stages.text.writing
        first = writing.streaming and not writing.characters
        self._drawn_at = 0.0 if first else time.monotonic()
        writing.flush()
        if self._view.seen:
            self._view.show_state()
        else:
            self.rest()

    def _take(self, snapshot: DecodeSnapshot) -> None:
        text, lanes = self._stages.text, self._stages.lanes
        match snapshot:
            case Loading() | Loaded() | LoadFailed():
                self._take_model(snapshot)
            case Explained() | Recorded() | Unanswered():
                text.writing.look_back.take(snapshot)
                text.view.refresh()
                self._exporter.take(snapshot)
            case LaneWritten():
                if lanes is not None:
                    lanes.author.lanes.take(snapshot)
            case Written():
                text.writing.take(snapshot)
            case _ if snapshot.number < 0:
                if lanes is not None:
                    lanes.author.lanes.take(snapshot)
            case _:
                if isinstance(snapshot, Started):
                    self._exporter.give_up()
                text.writing.take(snapshot)

    def _greet(self) -> None:
        """The first time, a few lines are written that nobody asked for, in colours."""
        greets, self._greets, text = self._greets, False, self._stages.text
        if greets and not text.view.blocks and not self._stages.author.streaming:
            if not text.view.surprise:
                text.colour()
            text.author.greet()

    def _begin_with_another(self, path: Path) -> None:
        """The model to begin with cannot be read: take the one that comes with charlm."""
        self._model.first = None
        other = first_model()
        if other is not None and run_or_file(other) != run_or_file(path):
            self._model.load(other)

    def _take_model(self, snapshot: Loading | Loaded | LoadFailed) -> None:
        before, text = self._model.facts, self._stages.text
        if isinstance(snapshot, Loaded):
            self._keeping.save()  # of the one before
        self._model.take(snapshot)
        match snapshot:
            case Loaded(facts=facts):
                text.writing.follow(weights(facts.identity, facts.precision))
                if before and before.path == facts.path and before.identity != facts.identity:
                    self._view.say(
                        f"{facts.name} was saved anew: its newer weights write from now on"
                    )
                elif text.view.blocks and not text.author.streaming:
                    self._view.say(f"{facts.name} writes from now on")
                self._keeping.follow(before, snapshot)
                self._greet()
            case LoadFailed(path=path, message=message):
                text.writing.stay()
                self._view.say(message, True)
                if before is None and path == self._model.first:
                    self._begin_with_another(path)
        if not isinstance(snapshot, Loading):
            text.view.set_empty(*self._model.first_steps())
