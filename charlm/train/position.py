"""How far a run has come: plain values, saved with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Position:
    """How far a run has come. `epoch` and `index` name the next batch.

    `share`: of the evaluations that the budget allows, how many are due; `evaluated`: step of
    the last. `best`: the lowest validation loss. `has_best`: whether a best model was saved.
    `stale`: evaluations since the best. `lowered`: how often a plateau lowered the rate.
    `kept`: validation loss and step of the models kept beside the best, the best first.
    `losses`: of the steps that no line of the run log tells of yet.
    """

    step: int = 0
    characters: int = 0
    seconds: float = 0.0
    epoch: int = 0
    index: int = 0
    share: int = 0
    evaluated: int = 0
    best: float | None = None
    has_best: bool = False
    stale: int = 0
    lowered: int = 0
    kept: list[tuple[float, int]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Position:
        """A position that `asdict` gave and a file held. Raises ValueError."""
        for name, value in values.items():
            if not _CHECKS.get(name, _is_count)(value):
                raise ValueError(f"position {name} is {repr(value)[:60]}")
        return cls(**{**values, "kept": [(loss, step) for loss, step in values["kept"]]})

    def where(self) -> dict[str, Any]:
        """How far, as the run log and a checkpoint tell it."""
        seconds = round(self.seconds, 3)
        return {"step": self.step, "characters": self.characters, "seconds": seconds}


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= 2**53


def _is_number(value: object) -> bool:
    """Whether it is finite; compared as it is, for an integer may be too large for a float."""
    return type(value) in (int, float) and abs(value) <= 1e300  # type: ignore[arg-type]


def _is_kept(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(entry, list | tuple)
        and len(entry) == 2
        and _is_number(entry[0])
        and _is_count(entry[1])
        for entry in value
    )


#: What the values of a position are; those that are not named are counts.
_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "seconds": lambda value: _is_number(value) and value >= 0,
    "best": lambda value: value is None or _is_number(value),
    "has_best": lambda value: isinstance(value, bool),
    "kept": _is_kept,
    "losses": lambda value: isinstance(value, list) and all(map(_is_number, value)),
}
