"""The thread that writes: it owns the engine and posts snapshots; only the last request runs.

A daemon thread with a wake-up, not a Textual worker: quitting does not wait for it, and a
cancelled text stops at the engine's next return, at most `BUDGET_MS` later.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from charlm.config import Precision
from charlm.display import visible, visible_text
from charlm.errors import CharlmError
from tui.messages import (
    DecodeSnapshot,
    Failed,
    Finished,
    Loaded,
    LoadFailed,
    Loading,
    ModelFacts,
    Request,
    Started,
    Written,
)
from tui.models import shown_name

BUDGET_MS = 20.0
#: Snapshots that may wait for the screen before the engine waits for it.
_BACKLOG = 64


class Change(Protocol):
    """What charlm.stream.Change is: shown text of `row` = old[:keep] + text."""

    @property
    def row(self) -> int: ...
    @property
    def keep(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def finished(self) -> bool: ...


class TextSource(Protocol):
    """What charlm.stream.TextStream is."""

    @property
    def done(self) -> bool: ...
    @property
    def characters(self) -> int: ...
    @property
    def log_prob(self) -> float: ...
    def advance(self, n: int = 64, budget_ms: float = 20) -> Sequence[Change]: ...


class Opened(Protocol):
    """A completion begun: its source, the prompt as fed, notices about it."""

    @property
    def source(self) -> TextSource: ...
    @property
    def prompt(self) -> str: ...
    @property
    def notices(self) -> tuple[str, ...]: ...
    def ended(self) -> bool: ...


class Model(Protocol):
    """A loaded model: facts, and `open` to begin a completion."""

    @property
    def facts(self) -> ModelFacts: ...
    def open(self, request: Request) -> Opened: ...


Load = Callable[[Path, int, Precision], Model]


class DecodeWorker:
    """Loads models and writes completions on its own thread; everything it says is in `posted`."""

    def __init__(self, load: Load, threads: int = 1) -> None:
        self.posted: deque[DecodeSnapshot] = deque()
        self._load = load
        self._threads = threads
        self._wake = threading.Condition()
        self._wanted: tuple[Path, Precision] | None = None
        self._request: Request | None = None
        self._closed = False
        self._model: Model | None = None
        self._thread = threading.Thread(target=self._run, name="decode", daemon=True)
        self._thread.start()

    def load(self, path: Path, precision: Precision = "float32") -> None:
        """Read a model next; a text being written ends."""
        with self._wake:
            self._wanted, self._request = (path, precision), None
            self._wake.notify_all()

    def write(self, request: Request) -> None:
        """Write this next, in place of whatever is being written."""
        with self._wake:
            self._request = request
            self._wake.notify_all()

    def cancel(self) -> None:
        """Write nothing more of the current request."""
        with self._wake:
            self._request = None
            self._wake.notify_all()

    def close(self, timeout: float = 0.1) -> None:
        """End the thread; wait for it no longer than `timeout` seconds."""
        with self._wake:
            self._closed, self._request = True, None
            self._wake.notify_all()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not (self._closed or self._wanted or self._request):
                    self._wake.wait()
                if self._closed:
                    return
                wanted, self._wanted = self._wanted, None
                request = self._request
            if wanted is not None:
                self._read(*wanted)
            elif request is not None:
                self._write(request)
                with self._wake:
                    if self._request is request:
                        self._request = None

    def _read(self, path: Path, precision: Precision) -> None:
        self.posted.append(Loading(path))
        try:
            self._model = self._load(path, self._threads, precision)
        except Exception as error:  # whatever a file does to its reader, the screen goes on
            self.posted.append(LoadFailed(path, _message(error)))
        else:
            self.posted.append(Loaded(self._model.facts))

    def _write(self, request: Request) -> None:
        if self._model is None:
            self.posted.append(Failed(request.number, "no model is loaded: press F7"))
            return
        try:
            opened = self._model.open(request)
            self.posted.append(Started(request.number, opened.prompt, opened.notices))
            self._stream(request, opened)
        except Exception as error:  # an engine error ends a text, never the screen
            self.posted.append(Failed(request.number, _message(error)))

    def _stream(self, request: Request, opened: Opened) -> None:
        source = opened.source
        began, busy = time.monotonic(), 0.0
        while not source.done:
            allowed = 64
            if request.pace:
                due = (time.monotonic() - began) * request.pace
                allowed = min(64, int(due) + 1 - source.characters)
            if allowed < 1 or len(self.posted) > _BACKLOG:
                if self._interrupted(request, 0.015):
                    return
                continue
            before = time.perf_counter()
            changes = source.advance(allowed, BUDGET_MS)
            busy += time.perf_counter() - before
            if self._interrupted(request, 0):
                return
            for change in changes:
                if change.row == 0:
                    self.posted.append(
                        Written(request.number, change.keep, change.text,
                                source.characters, source.log_prob, busy)
                    )  # fmt: skip
        self.posted.append(Finished(request.number, opened.ended()))

    def _interrupted(self, request: Request, seconds: float) -> bool:
        """Whether the request is no longer the one wanted, after waiting a moment for that."""
        with self._wake:
            if seconds and self._request is request:
                self._wake.wait(seconds)
            return self._request is not request


def load_engine(path: Path, threads: int, precision: Precision) -> Model:
    """A checkpoint on the native engine. Imported here: NumPy waits for the first paint."""
    from charlm.engine import Engine

    return EngineModel(Engine.load(path, threads=threads, precision=precision), path)


class EngineModel:
    """The thin adapter from charlm.engine and charlm.stream to what the worker asks for."""

    def __init__(self, engine: Any, path: Path) -> None:
        self._engine = engine
        checkpoint = engine.checkpoint
        config = checkpoint.config
        self.facts = ModelFacts(
            name=visible(shown_name(path)),
            path=path,
            cell=str(config.cell).upper(),
            layers=config.layers,
            hidden=config.hidden_size,
            parameters=config.parameter_count,
            characters=len(checkpoint.vocabulary.characters),
            unit=checkpoint.text.unit,
            bpc=_bpc(checkpoint.metrics),
            isa=str(engine.isa),
            threads=int(engine.threads),
            precision=engine.precision,
        )

    def open(self, request: Request) -> Opened:
        """Begin a completion; unknown characters are mapped or left out, with a notice."""
        from charlm.stream import TextStream

        session = self._engine.start(
            [request.prompt], request.strategy,
            max_length=request.length, seed=request.seed, unknown="map",
        )  # fmt: skip
        return _EngineText(session, TextStream(session))


class _EngineText:
    def __init__(self, session: Any, source: TextSource) -> None:
        self._session = session
        self.source = source
        self.prompt = visible_text(session.prompts[0])
        self.notices = tuple(visible(str(notice)) for notice in session.notices)

    def ended(self) -> bool:
        """Whether the model wrote its end."""
        return bool(self._session.completions()[0][0].finished)


def _bpc(metrics: Any) -> float | None:
    for key in ("test_loss", "validation_loss"):
        loss = metrics.get(key)
        if isinstance(loss, int | float) and math.isfinite(loss):
            return loss / math.log(2)
    return None


def _message(error: Exception) -> str:
    if isinstance(error, CharlmError):
        return visible(str(error))
    return visible(f"{type(error).__name__}: {error}")
