"""How far a run has come: plain values, saved with it."""

from __future__ import annotations

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

    def where(self) -> dict[str, Any]:
        """How far, as the run log and a checkpoint tell it."""
        seconds = round(self.seconds, 3)
        return {"step": self.step, "characters": self.characters, "seconds": seconds}
