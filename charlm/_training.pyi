"""The typed contract of csrc/train (bindings/training/module.cpp): one pass through a model.

T times, B rows, V characters, E embedding, H hidden. Arrays are
C-contiguous; float32 but for ids, which are int64. Used by `charlm.train.native` alone.
"""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32]
_Ids = NDArray[np.int64]

SOURCE_HASH: str

class TrainingEngineError(ValueError): ...

@final
class Pass:
    """A batch through a model and back. Its buffers are kept from one run to the next."""

    def __init__(
        self,
        *,
        cell: str,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        layers: int,
        bias: bool,
        padding: int,
        regularisers: Mapping[str, float | bool],
        threads: int,
    ) -> None: ...
    def run(
        self,
        *,
        weights: Mapping[str, _Floats],
        inputs: _Ids,
        targets: _Ids,
        states: Sequence[_Floats],
        mask: tuple[int, int, int] | None,
        gradients: Mapping[str, _Floats] | None,
        gates: Sequence[_Floats] | None = None,
        part: tuple[int, int, int] | None = None,
    ) -> tuple[float, int, float]:
        """The sum of the losses over real targets, their number, and the penalty.

        inputs, targets: [T, B]. states: [B, H] each, layer by layer; they are read, then written.
        mask: (seed, step, first row) of what is hidden; None hides nothing. gradients: of the mean
        loss and the penalty, written; None computes none. Both by the names of `parameter_shapes`.
        gates: [T, B, gates x H] of each layer, written, in the order of `Cell.gates`; not together
        with gradients. part: the rows are some of a batch; how many stand before them, and how many
        real targets it has, in all and behind the first time. Gradients and penalty are then their
        part of the whole's; loss and number remain their own.
        """

def adamw(
    *,
    weights: _Floats,
    gradient: _Floats,
    mean: _Floats,
    square: _Floats,
    beta1: float,
    new1: float,
    beta2: float,
    new2: float,
    keep: float,
    rate: float,
    root: float,
    epsilon: float,
) -> None: ...
def sgd(
    *,
    weights: _Floats,
    gradient: _Floats,
    velocity: _Floats,
    rate: float,
    momentum: float,
    decay: float,
) -> None: ...
def approach(*, mean: _Floats, x: _Floats, share: float) -> None: ...
def squares(x: _Floats) -> float: ...
def mask(
    *,
    key: tuple[int, int, int],
    place: int,
    layer: int,
    time: int,
    row: int,
    size: int,
    share: float,
) -> _Floats: ...
