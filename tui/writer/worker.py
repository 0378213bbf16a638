"""The thread that writes: it owns the engine and posts snapshots; only the last request runs.

A cancelled text stops at the engine's next return, at most `BUDGET_MS` later.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from charlm.errors import InputError
from charlm.model.config import Precision

from ..keys.table import view_key
from ..threads import Job, Worker
from .contract import Load, Model, Opened, OpenedLanes, Recall, Unwanted
from .snapshots import (
    Answer,
    DecodeSnapshot,
    Failed,
    Finished,
    Loaded,
    LoadFailed,
    Loading,
    ModelFacts,
    Question,
    Reading,
    Request,
    Started,
    Together,
    Unanswered,
    Written,
)

BUDGET_MS = 20.0
_PIECE = 64
#: Snapshots that may wait for the screen before the engine waits for it.
_BACKLOG = 64


def nothing(facts: ModelFacts) -> None:
    """Recall nothing of a model."""


class DecodeWorker(Worker[DecodeSnapshot]):
    """Loads models and writes completions on its own thread; everything it says is posted.

    `waits`: a text waits for a screen that is slower. While nobody looks it need not. recall: finds
    what was kept of a model, once it is there; it raises nothing.
    """

    def __init__(self, load: Load, threads: int = 1, recall: Recall = nothing) -> None:
        super().__init__("decode")
        self.waits = True
        self._load, self._recall = load, recall
        self._threads = threads
        self._wanted: tuple[Path, Precision] | None = None
        self._request: Request | Together | None = None
        self._questions: list[Question] = []  # until answered
        self._model: Model | None = None

    def load(self, path: Path, precision: Precision = "float32") -> None:
        """Read a model next; a text being written ends, and questions about texts fall away."""
        with self._wanting():
            self._wanted, self._request = (path, precision), None
            self._questions.clear()

    def write(self, request: Request | Together) -> None:
        """Write this next, in place of whatever is being written."""
        with self._wanting():
            self._request = request

    def ask(self, question: Question) -> None:
        """Answer this when nothing is being written."""
        with self._wanting():
            self._questions.append(question)

    def dismiss(self, question: Question) -> None:
        """Forget a question: nobody waits for its answer any more."""
        with self._wanting():
            self._questions = [asked for asked in self._questions if asked is not question]

    def cancel(self) -> None:
        """Write nothing more of the current request."""
        with self._wanting():
            self._request = None

    def close(self, timeout: float = 0.1) -> None:
        """End the thread; wait for it no longer than `timeout` seconds."""
        self.cancel()
        super().close(timeout)

    def _next_job(self) -> Job | None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            path, _ = wanted
            return Job(
                partial(self._read, *wanted), lambda said: self._post(LoadFailed(path, said))
            )
        if (request := self._request) is not None:
            return Job(
                partial(self._write, request),
                lambda said: self._post(Failed(request.number, said)),
            )
        if not self._questions:
            return None
        question = self._questions[0]
        return Job(
            partial(self._answer, question),
            lambda said: self._settle(question, Unanswered(question, said)),
        )

    def _read(self, path: Path, precision: Precision) -> None:
        self._post(Loading(path))
        model = self._load(path, self._threads, precision)
        loaded = Loaded(model.facts, self._recall(model.facts))
        self._model = model
        self._post(loaded)

    def _write(self, request: Request | Together) -> None:
        try:
            self._complete(request, self._loaded())
        except Unwanted:
            pass
        finally:
            with self._wake:
                if self._request is request:
                    self._request = None

    def _complete(self, request: Request | Together, model: Model) -> None:
        """Write one completion, or several side by side, as far as they are wanted."""
        if isinstance(request, Together):
            self._stream_lanes(request, model.open_lanes(request))
            return
        opened = model.open(request)
        reading = _Reading(request.number, opened, self._post)
        thoughts = opened.prompt_thoughts(lambda: reading.told() and self._request is request)
        self._post(
            Started(
                request.number,
                opened.prompt,
                opened.notices,
                thoughts,
                opened.dice,
                model.facts.identity,
            )
        )
        self._stream(request, opened, reading)

    def _loaded(self) -> Model:
        if self._model is None:
            raise InputError(f"no model is loaded: {view_key('runs')} lists them")
        return self._model

    def _answer(self, question: Question) -> None:
        """It stays asked where a text, which comes first, interrupts the answer."""
        with suppress(Unwanted):
            answer = self._loaded().answer(question, lambda: self._may_answer(question))
            self._settle(question, answer)

    def _settle(self, question: Question, answer: Answer) -> None:
        """Post the answer, if it is still asked for."""
        with self._wake:
            asked = self._is_asked(question)
            self._questions = [other for other in self._questions if other is not question]
        if asked:
            self._post(answer)

    def _may_answer(self, question: Question) -> bool:
        busy = self._closed or self._wanted or self._request
        return not busy and self._is_asked(question)

    def _is_asked(self, question: Question) -> bool:
        return any(asked is question for asked in self._questions)

    def _stream(self, request: Request, opened: Opened, reading: _Reading) -> None:
        source, pacing, busy = opened.source, _Pacing(request), 0.0
        while not source.done:
            allowed = pacing.allowed(source.characters)
            if allowed < 1 or (self.waits and len(self.posted) > _BACKLOG):
                if self._interrupted(request, 0.015):
                    return
                continue
            before = time.perf_counter()
            changes = source.advance(allowed, BUDGET_MS)
            busy += time.perf_counter() - before
            if self._interrupted(request, 0):
                return
            reading.told()
            thoughts, searched = opened.thoughts(), opened.searched()
            for change in changes:
                if change.row == 0:
                    pacing.take(change.keep, change.text, source.characters)
                    self._post(
                        Written(request.number, change.keep, change.text, source.characters,
                                source.log_prob, busy, thoughts, searched)
                    )  # fmt: skip
                    thoughts = searched = None  # a second change only says: it is over
        self._post(Finished(request.number, opened.ended()))

    def _stream_lanes(self, together: Together, opened: OpenedLanes) -> None:
        self._post(Started(together.number, opened.prompt, opened.notices))
        pacing = _Pacing(together.requests[0])
        reading = _Reading(together.number, opened, self._post)
        while not opened.done:
            allowed = pacing.allowed(opened.characters)
            if allowed < 1 or (self.waits and len(self.posted) > _BACKLOG):
                if self._interrupted(together, 0.015):
                    return
                continue
            changes = opened.advance(allowed, BUDGET_MS)
            if self._interrupted(together, 0):
                return
            reading.told()
            self._post(*changes)
        self._post(Finished(together.number, True))

    def _interrupted(self, request: Request | Together, seconds: float) -> bool:
        """Whether the request is no longer the one wanted, after waiting a moment for that."""
        with self._wake:
            if seconds and self._request is request:
                self._wake.wait(seconds)
            return self._request is not request


class _Reading:
    """Tells how much of a prompt is read, each percent once, while it is not read to its end."""

    def __init__(
        self, number: int, opened: Opened | OpenedLanes, post: Callable[[Reading], object]
    ) -> None:
        self._number, self._opened, self._post = number, opened, post
        self._percent = -1

    def told(self) -> bool:
        """Tell it, if there is more to tell; always true."""
        percent = int(100 * self._opened.read)
        if self._percent < percent < 100:
            self._percent = percent
            self._post(Reading(self._number, percent / 100))
        return True


class _Pacing:
    """How much of a text may be written now; what is shown already may be at once."""

    def __init__(self, request: Request) -> None:
        self._pace, self._known = request.pace, request.known
        self._place = 0
        self._since = (time.monotonic(), 0)

    def allowed(self, characters: int) -> int:
        """Characters that may follow the first `characters`."""
        if not self._pace or self._known:
            return _PIECE
        began, first = self._since
        due = int((time.monotonic() - began) * self._pace) + 1
        return min(_PIECE, due - (characters - first))

    def take(self, keep: int, text: str, characters: int) -> None:
        """The text became old[:keep] + text."""
        if self._known:
            same = keep == self._place and self._known.startswith(text, keep)
            self._place = keep + len(text)
            if not same or self._place >= len(self._known):
                self._known, self._since = "", (time.monotonic(), characters)
