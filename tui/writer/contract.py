"""What the writing thread asks of a model; `engine_model` has it of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from charlm.model.config import Precision

from .snapshots import Answer, LaneWritten, ModelFacts, Question, Request, Together
from .thoughts import Thoughts

if TYPE_CHECKING:
    from .kept.values import Kept
    from .search import SearchPart  # the first paint does not need it


#: Asked again and again by what takes long: whether somebody still waits for it.
StillWanted = Callable[[], bool]


class Unwanted(Exception):
    """Nobody waits for this any more."""


class Change(Protocol):
    """What charlm.engine.stream.Change is: the text of `row` = old[:keep] + text."""

    @property
    def row(self) -> int: ...
    @property
    def keep(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def finished(self) -> bool: ...


class TextSource(Protocol):
    """What charlm.engine.stream.TextStream is."""

    @property
    def done(self) -> bool: ...
    @property
    def characters(self) -> int: ...
    @property
    def log_prob(self) -> float: ...
    def advance(self, n: int = 64, budget_ms: float = 20) -> Sequence[Change]: ...


class Opened(Protocol):
    """A completion begun: its source, the prompt as fed, the name of its dice, notices.

    read: the share of the prompt that the model has read, from 0 to 1.
    """

    @property
    def source(self) -> TextSource: ...
    @property
    def prompt(self) -> str: ...
    @property
    def dice(self) -> str: ...
    @property
    def read(self) -> float: ...
    @property
    def notices(self) -> tuple[str, ...]: ...
    def prompt_thoughts(self, wanted: StillWanted) -> Thoughts | None: ...
    def thoughts(self) -> Thoughts | None: ...
    def searched(self) -> SearchPart | None: ...
    def ended(self) -> bool: ...


class OpenedLanes(Protocol):
    """Several texts begun side by side. characters: of the longest; read: of the prompt."""

    @property
    def prompt(self) -> str: ...
    @property
    def notices(self) -> tuple[str, ...]: ...
    @property
    def read(self) -> float: ...
    @property
    def done(self) -> bool: ...
    @property
    def characters(self) -> int: ...
    def advance(self, n: int, budget_ms: float) -> Sequence[LaneWritten]: ...


class Model(Protocol):
    """A loaded model: facts, `open` to begin a completion, `answer` to look back at one.

    Looking back raises Unwanted soon after nobody waits for it.
    """

    @property
    def facts(self) -> ModelFacts: ...
    def open(self, request: Request) -> Opened: ...
    def open_lanes(self, together: Together) -> OpenedLanes: ...
    def answer(self, question: Question, wanted: StillWanted) -> Answer: ...


Load = Callable[[Path, int, Precision], Model]
#: Finds what was kept of a model.
Recall = Callable[[ModelFacts], "Kept | None"]
