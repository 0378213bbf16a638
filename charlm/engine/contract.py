"""What decodes, as the engine asks it: a model and three kinds of session.

`charlm._engine` (as `_engine.pyi` has it) and `charlm.torch_engine` are held to these protocols in
`charlm.engine.devices`, and nothing else makes either. n positions, N rows, P prompts, K slots of
a beam, T targets, R rivals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, TypedDict, TypeVar, Unpack

import numpy as np
from numpy.typing import NDArray

from charlm._engine import EngineError as EngineError
from charlm.errors import InputError
from charlm.model.config import Precision

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
#: A prompt's state: state [L, S, H] (S = 2 for an LSTM: h, c; else 1), logits [V] of the next
#: character, how many ids of the prompt have been fed.
Start = tuple[Floats, Floats, int]
#: The dice of a prompt: its key, 64 bits, and the index of its first sample (charlm.dice).
Dice = tuple[int, int]
#: What `charlm.engine.events.Details` holds, in its order.
DetailArrays = tuple[Ints, Floats, Ints, Floats, Floats]
#: Of one text: ranks [T], entropies [T], rival_ids [T, R], rival_log_probs [T, R].
ScoredDetails = tuple[Ints, Floats, Ints, Floats]
#: (ids, log_prob, score, length, finished) of a hypothesis.
Best = tuple[list[int], float, float, int, bool]


class Given(TypedDict):
    """What a decoding session is given beside its model; starts and dice are of each prompt.

    prompts: the ids of each, the start id first. starts: None where nothing has been fed. options:
    by name, all of them and none else, or TypeError: `_engine.pyi` lists them.
    """

    prompts: Sequence[Sequence[int]]
    starts: Sequence[Start | None]
    dice: Sequence[Dice]
    options: Mapping[str, object]
    threads: int


class NativeModel(Protocol):
    """Immutable weights, shared by any number of sessions."""

    @property
    def isa(self) -> str: ...
    @property
    def precision(self) -> Precision: ...
    def logits(self, ids: Ints) -> Floats:
        """ids [N, T] -> logits [N, T, V] of the next character, from the zero state."""


class NativeSession(Protocol):
    """Prompts being read, and what follows them being decoded. Raises EngineError."""

    def done(self) -> bool: ...
    def prompt_state(self, prompt: int) -> tuple[Floats, Floats]: ...
    def prompt_progress(self) -> tuple[int, int]: ...


class NativeSampling(NativeSession, Protocol):
    """N = prompts x samples rows."""

    def advance(self, n: int, budget_ms: float) -> tuple[Ints, Floats, Flags, DetailArrays | None]:
        """ids [n, N], log_probs [n, N], finished [N]; fewer than n positions if time is up."""


class NativeBeams(NativeSession, Protocol):
    """P beam searches of K hypotheses."""

    def advance(self, n: int, budget_ms: float) -> tuple[Ints, Ints, NDArray[np.float64], Flags]:
        """parents, ids, scores [n, P, K], finished [P]; an empty slot has parent -1."""

    def best(self, prompt: int) -> list[Best]: ...


class NativeScoring(Protocol):
    """The log_probs of the targets of texts, and their details where rivals were asked for."""

    def done(self) -> bool: ...
    def advance(self, n: int, budget_ms: float) -> None: ...
    def progress(self) -> tuple[int, int]: ...
    def log_probs(self) -> list[Floats]: ...
    def details(self) -> list[ScoredDetails] | None: ...


M = TypeVar("M", bound=NativeModel, contravariant=True)
S = TypeVar("S", bound=NativeSession, covariant=True)


class Decodes(Protocol[M, S]):
    """A class of sessions S that decode with models M. Raises EngineError, TypeError."""

    def __call__(self, *, model: M, **given: Unpack[Given]) -> S: ...


class Scores(Protocol[M]):
    """The class of sessions that score with models M. Raises EngineError, TypeError."""

    def __call__(
        self,
        *,
        model: M,
        inputs: Sequence[Ints],
        targets: Sequence[Ints],
        rivals: int,
        threads: int,
    ) -> NativeScoring: ...


@contextmanager
def refusals(kind: type[InputError] = InputError) -> Iterator[None]:
    """Turn what an engine refuses into an error of ours: the one place where that is done."""
    try:
        yield
    except EngineError as error:
        raise kind(str(error)) from None
