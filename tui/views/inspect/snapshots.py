"""What a model made of a text: frozen snapshots of the inspecting thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the first paint does not wait for NumPy
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class InspectRequest:
    """A text to look into with a model. `ended`: its end belongs to it, else it was cut there.

    identity: of the model as Write has read it, "" when not known. own: the user typed
    the text.
    """

    number: int
    path: Path
    text: str
    ended: bool = False
    identity: str = ""
    own: bool = False


@dataclass(frozen=True)
class Scored:
    """How well the model foresaw each of the T characters.

    characters: as the model read them; an end that it foresees is a newline, and its place is one
    of `ends`. nats: float32 [T]. ranks: int32 [T]. best: what it held most probable, T characters.
    best_nats: float32 [T].
    """

    number: int
    name: str
    characters: str
    nats: NDArray[np.float32]
    ranks: NDArray[np.int32]
    best: tuple[str, ...]
    best_nats: NDArray[np.float32]
    notices: tuple[str, ...] = ()
    ends: frozenset[int] = frozenset()

    def count(self, place: int | None = None) -> int:
        """Characters before a place, or in all: an end is none."""
        place = len(self.characters) if place is None else place
        return place - sum(end < place for end in self.ends)


@dataclass(frozen=True)
class TraceProgress:
    """How many characters of the trace are done."""

    number: int
    done: int
    total: int


@dataclass(frozen=True)
class Part:
    """One gate or state of one layer: values float32 [T, H], NaN where the text was cut or ended.

    order: the units, the most varying first; spread: the standard deviation of each unit.
    """

    values: NDArray[np.float32]
    order: NDArray[np.intp]
    spread: NDArray[np.float32]


@dataclass(frozen=True)
class Traced:
    """What every unit did at each of the first T characters of the text; it may be longer."""

    number: int
    cell: str
    layers: int
    parts: tuple[str, ...]
    traces: Mapping[tuple[int, str], Part]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class InspectFailed:
    """There is no answer, and why."""

    number: int
    message: str


InspectSnapshot = Scored | TraceProgress | Traced | InspectFailed
