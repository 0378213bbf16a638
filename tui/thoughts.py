"""What a model thought of the characters of a text, one by one.

T characters, R rivals of each
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Rivals that are told of each character.
RIVALS = 10


@dataclass(frozen=True, eq=False)
class Thoughts:
    """Of T characters in a row; the model's end, if it is one of them, is the last.

    alphabet: the character of each id, "" for the end. ids, ranks: [T]; rank 0 is the most
    probable. log_probs, entropies: [T], nats. rival_ids: the R most probable, [T, R];
    rival_log_probs: of the raw model; rival_kept_log_probs: after the decoder's filters, -inf
    where they cut one.
    """

    alphabet: tuple[str, ...]
    ids: NDArray[np.int32]
    log_probs: NDArray[np.float32]
    ranks: NDArray[np.int32]
    entropies: NDArray[np.float32]
    rival_ids: NDArray[np.int32]
    rival_log_probs: NDArray[np.float32]
    rival_kept_log_probs: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, places: slice) -> Thoughts:
        arrays = (getattr(self, field.name)[places] for field in fields(self)[1:])
        return Thoughts(self.alphabet, *arrays)


def thoughts_of(
    alphabet: tuple[str, ...], ids: Any, log_probs: Any, details: Any, row: int | None = None
) -> Thoughts:
    """From the engine's arrays, [T] each; with a row, that row of [T, N]."""
    arrays = (ids, log_probs, *(getattr(details, field.name) for field in fields(details)))
    return Thoughts(alphabet, *(array if row is None else array[:, row] for array in arrays))
