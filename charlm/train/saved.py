"""All that a run needs to go on, by name, and whether what was read can be that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypedDict

from torch import Tensor

from charlm.errors import InputError
from charlm.model.config import ModelConfig
from charlm.options.train_fields import BUDGETS, OPTIONS, PROPOSED
from charlm.train.model import ModelState, state_shapes
from charlm.train.position import Position

#: What is made of tensors; the rest are plain values.
TENSORS = ("model", "optimiser", "average", "state", "random")


class Saved(TypedDict):
    """Plain values and tensors, of the instant between two steps.

    corpus: SHA-256 of the prepared text. optimiser: what it remembers of each weight, by its
    number. average: of the averaged weights, if there are any. state: what is carried from batch
    to batch in continuous text. random: torch's generator.
    """

    options: dict[str, Any]
    corpus: str
    vocabulary: list[str]
    start_id: int
    position: dict[str, Any]
    model: dict[str, Tensor]
    optimiser: dict[int, dict[str, Tensor]]
    average: dict[str, Tensor] | None
    state: ModelState | None
    random: Tensor


def differences(values: Mapping[str, Any]) -> list[str]:
    """The names that are missing in values that were read, or unknown to this version."""
    names = values.keys() ^ Saved.__annotations__.keys()
    found = {
        "position": (_names(values, "position"), asdict(Position()).keys()),
        "options": (_names(values, "options") - OPTIONS.keys(), set[str]()),
    }
    for part, (there, expected) in found.items():
        names |= {f"{part}.{name}" for name in there ^ expected}
    return sorted(names)


def check_plain(values: Saved) -> None:
    """Raise ValueError for a plain value that no training saves."""
    for name, value in values["options"].items():
        left_open = value is None and name in PROPOSED and name not in BUDGETS
        if left_open or not OPTIONS[name].option.accepts(value):
            raise ValueError(f"option {name} is {repr(value)[:60]}")
    vocabulary, start_id = values["vocabulary"], values["start_id"]
    if not (isinstance(vocabulary, list) and all(isinstance(c, str) for c in vocabulary)):
        raise ValueError("its vocabulary is no list of characters")
    if type(start_id) is not int or not 0 <= start_id < len(vocabulary) + 2:
        raise ValueError(f"its start id is {repr(start_id)[:60]}")
    Position.of(values["position"])


def check_model(values: Saved, config: ModelConfig, averaged: bool) -> None:
    """Raise InputError unless the weights are of such a model, before there is one.

    So nothing is allocated that the file does not hold.
    """
    expected = state_shapes(config)
    parts: dict[str, Mapping[str, Tensor] | None] = {"model": values["model"]}
    if averaged or values["average"] is not None:
        parts["average"] = values["average"]
    for part, weights in parts.items():
        found = {name: tuple(weight.shape) for name, weight in (weights or {}).items()}
        for name in sorted(expected.keys() | found.keys()):
            if found.get(name) != expected.get(name):
                raise misfit(f"{part} {name[:60]}: {found.get(name)}, not {expected.get(name)}")


def check_index(position: Position, batches: int) -> None:
    """Raise ValueError unless the next batch is one of so many."""
    if position.index >= batches:
        raise ValueError(f"batch {position.index} of {batches}")


def check_state(state: ModelState | None, expected: ModelState) -> None:
    """Raise ValueError unless it can be carried into the next batch, as the expected one can."""
    if state is None:
        return
    found, wanted = ([[p.shape for p in layer] for layer in one] for one in (state, expected))
    if found != wanted:
        raise ValueError("what is carried between batches is of another shape")


def misfit(reason: str) -> InputError:
    """What to raise when values and a model do not belong together."""
    return InputError(
        f"what was saved does not fit the model ({reason}): start a new run, from its weights if"
        " you like (--from)"
    )


def _names(values: Mapping[str, Any], part: str) -> set[str]:
    found = values.get(part)
    return set(found) if isinstance(found, dict) else set()
