"""What `resume.pt` holds: all that a run needs to go on, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypedDict

from torch import Tensor

from charlm.train.model import ModelState
from charlm.train.position import Position


class Saved(TypedDict):
    """Plain values and tensors, of the instant between two steps.

    corpus: SHA-256 of the prepared text. average: of the averaged weights, if there are any.
    state: what is carried from batch to batch in continuous text. random: torch's generator.
    """

    options: dict[str, Any]
    corpus: str
    vocabulary: list[str]
    start_id: int
    position: dict[str, Any]
    model: dict[str, Tensor]
    optimiser: dict[str, Any]
    average: dict[str, Tensor] | None
    state: ModelState | None
    random: Tensor


def differences(values: Mapping[str, Any]) -> list[str]:
    """The names that are missing in values that were read, or unknown to this version."""
    names = values.keys() ^ Saved.__annotations__.keys()
    place = values.get("position")
    found = place.keys() if isinstance(place, dict) else set[str]()
    return sorted(names | {f"position.{name}" for name in found ^ asdict(Position()).keys()})
