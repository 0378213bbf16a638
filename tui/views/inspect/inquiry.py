"""What the inspecting thread is asked: the newest text of Write, or one of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ...writer.snapshots import Newest
from .snapshots import InspectFailed, InspectRequest, InspectSnapshot, Scored, Traced, TraceProgress
from .worker import InspectWorker


class Inquiry:
    """Asks for one text at a time, and takes the answers about it.

    current: the model and the newest text of Write. `request`: what was asked last, `shown`: what
    was answered last. `own_text`: what the user typed, None for the newest text. `working`: whether
    an answer is being computed, `progress`: how far that is.
    """

    def __init__(self, worker: InspectWorker, current: Callable[[], Newest]) -> None:
        self._worker, self._current = worker, current
        self.request = self.shown = InspectRequest(0, Path(), "")
        self.own_text: str | None = None
        self.working = False
        self.progress: TraceProgress | None = None
        self._newest = Newest(None, "", False)

    def look(self) -> bool:
        """Look whether Write has a newer text than was asked for, with a model to ask of."""
        asked, newest = self.request, self._current()
        self._newest = newest
        known = Newest(asked.path, asked.text, asked.ended, asked.identity, newest.growing)
        return bool(newest.path and newest.text) and newest != known

    @property
    def is_older(self) -> bool:
        """Whether another text than the newest of Write, as far as it is known, was asked for."""
        newest, asked = self._newest, self.request
        known = Newest(asked.path, asked.text, asked.ended, asked.identity)
        return self.own_text is not None or (bool(newest.path and newest.text) and newest != known)

    def ask(self) -> str:
        """Ask for the text of one's own, or the newest; what is missing for it, "" for nothing."""
        self._newest = newest = self._current()
        own = self.own_text is not None
        text, ended = (self.own_text or "", False) if own else (newest.text, newest.ended)
        if newest.path is None:
            return "there is no model yet"
        if not text:
            return "there is no text yet"
        number = self.request.number + 1
        self.request = InspectRequest(number, newest.path, text, ended, newest.identity, own)
        self.working, self.progress = True, None
        self._worker.ask(self.request)
        return ""

    def cancel(self) -> None:
        """Stop computing; nothing more of it is answered."""
        self._worker.cancel()
        self.request = replace(self.request, number=self.request.number + 1)
        self.working, self.progress = False, None

    def answers(self) -> Iterator[InspectSnapshot]:
        """Give what was answered since the last time to what was asked last."""
        for snapshot in self._worker.take():
            if snapshot.number != self.request.number:
                continue
            match snapshot:
                case Scored():
                    self.shown = self.request
                case TraceProgress():
                    self.progress = snapshot
                case Traced() | InspectFailed():
                    self.working = False
            yield snapshot
