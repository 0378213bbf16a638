"""The typed contract of the native engine. Arrays are checked at the door; GIL released inside."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

SOURCE_HASH: str  # of csrc/ when this was built

class EngineError(ValueError): ...

class Model:
    """Immutable weights, packed for this processor; shared by any number of sessions."""

    def __init__(
        self,
        *,
        cell: str,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        layers: int,
        bias: bool,
        tensors: Mapping[str, NDArray[np.float32]],
    ) -> None: ...
    @property
    def isa(self) -> str: ...
    def logits(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """ids [N, T] -> logits [N, T, V] of the next character, from the zero state."""

class SamplingSession:
    """N = prompts x samples rows. A prompt is a list of ids that begins with the start id."""

    def __init__(
        self,
        *,
        model: Model,
        prompts: Sequence[Sequence[int]],
        samples: int,
        temperature: float,
        top_k: int,
        top_p: float,
        min_p: float,
        seed: int,
        max_length: int,
        banned: Sequence[int],
        threads: int,
    ) -> None: ...
    @property
    def rows(self) -> int: ...
    def done(self) -> bool: ...
    def advance(
        self, n: int, budget_ms: float
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_]]:
        """ids [n, N], log_probs [n, N], finished [N]; fewer than n positions if time is up."""

class BeamSession:
    """P beam searches of K hypotheses, one per prompt."""

    def __init__(
        self,
        *,
        model: Model,
        prompts: Sequence[Sequence[int]],
        width: int,
        length_penalty: float,
        nucleus: bool,
        top_p: float,
        seed: int,
        max_length: int,
        banned: Sequence[int],
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
    def best(self, prompt: int) -> list[tuple[list[int], float, float, int, bool]]:
        """(ids, log_prob, score, length, finished) of the K best as they stand, best first."""

class ScoringSession:
    """log_probs of targets[s], fed inputs[s], for every text s."""

    def __init__(
        self,
        *,
        model: Model,
        inputs: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        threads: int,
    ) -> None: ...
    def done(self) -> bool: ...
    def advance(self, n: int, budget_ms: float) -> None: ...
    def log_probs(self) -> list[NDArray[np.float32]]: ...

def philox4x32(counter: Sequence[int], key: Sequence[int]) -> list[int]: ...
def map_function(name: str, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """exp, log, tanh or sigmoid, element by element, on the selected instruction set."""
