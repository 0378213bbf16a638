"""The typed contract of the native engine. Arrays are checked at the door; GIL released inside."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from charlm.engine.contract import Best, DetailArrays, Dice, ScoredDetails, Start
from charlm.model.config import Precision

SOURCE_HASH: str  # of csrc/ when this was built

class EngineError(ValueError): ...

class Model:
    """Immutable weights, packed for this processor; shared by any number of sessions.

    precision: float32, or int8 for the weights and states in products.
    """

    def __init__(
        self,
        *,
        cell: str,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        layers: int,
        bias: bool,
        precision: str,
        tensors: Mapping[str, NDArray[np.float32]],
    ) -> None: ...
    @property
    def isa(self) -> str: ...
    @property
    def precision(self) -> Precision: ...
    def logits(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """ids [N, T] -> logits [N, T, V] of the next character, from the zero state."""

class SamplingSession:
    """N = prompts x samples rows.

    A prompt is the whole list of ids before the text, the start id first; `starts` has one
    entry for each, None where nothing has been fed, and so has `dice`. Row r of a prompt has
    the index of its first sample + r.

    options: by name, all of them, none else (TypeError): the fields of `decoding.Sampling` but ban
    and allow; banned, max_length, min_length, stops; samples, rivals. Banned ids are never written;
    before min_length new characters neither EOS nor a stop ends a row. rivals: -1 for no details,
    else how many.
    """

    def __init__(
        self,
        *,
        model: Model,
        prompts: Sequence[Sequence[int]],
        starts: Sequence[Start | None],
        dice: Sequence[Dice],
        options: Mapping[str, object],
        threads: int,
    ) -> None: ...
    @property
    def rows(self) -> int: ...
    def done(self) -> bool: ...
    def advance(
        self, n: int, budget_ms: float
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_], DetailArrays | None]:
        """ids [n, N], log_probs [n, N], finished [N]; fewer than n positions if time is up."""
    def prompt_state(self, prompt: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The state and logits of a prompt, once it has been fed; else EngineError."""
    def prompt_progress(self) -> tuple[int, int]:
        """How many ids of the prompts have been fed, of how many; more where threads share one."""

class BeamSession:
    """P beam searches of K hypotheses, one per prompt.

    options: the fields of `decoding.NucleusBeam` but ban and allow, with "off" as one mode more;
    banned, max_length, min_length, stops. The rest is as in SamplingSession.
    """

    def __init__(
        self,
        *,
        model: Model,
        prompts: Sequence[Sequence[int]],
        starts: Sequence[Start | None],
        dice: Sequence[Dice],
        options: Mapping[str, object],
        threads: int,
    ) -> None: ...
    @property
    def prompts(self) -> int: ...
    @property
    def width(self) -> int: ...
    def done(self) -> bool: ...
    def advance(
        self, n: int, budget_ms: float
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.bool_]]:
        """parents, ids, scores [n, P, K], finished [P]; an empty slot has parent -1."""
    def best(self, prompt: int) -> list[Best]:
        """(ids, log_prob, score, length, finished) of the K best as they stand, best first."""
    def prompt_state(self, prompt: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The state and logits of a prompt, once it has been fed; else EngineError."""
    def prompt_progress(self) -> tuple[int, int]:
        """How many ids of the prompts have been fed, of how many; more where threads share one."""

class ScoringSession:
    """log_probs of targets[s], fed inputs[s], for every text s. rivals: -1 for no details."""

    def __init__(
        self,
        *,
        model: Model,
        inputs: Sequence[Sequence[int] | NDArray[np.int32]],
        targets: Sequence[Sequence[int] | NDArray[np.int32]],
        rivals: int,
        threads: int,
    ) -> None: ...
    def done(self) -> bool: ...
    def advance(self, n: int, budget_ms: float) -> None: ...
    def progress(self) -> tuple[int, int]:
        """How many targets have been scored, of how many."""
    def log_probs(self) -> list[NDArray[np.float32]]: ...
    def details(self) -> list[ScoredDetails] | None:
        """Of every text; None unless rivals were asked for."""

def instruction_sets() -> list[str]:
    """Those that this processor has and CHARLM_FORCE_ISA can name, best first."""

def philox4x32(counter: Sequence[int], key: Sequence[int]) -> list[int]: ...
def map_function(name: str, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """exp or log, element by element, on the selected instruction set."""
