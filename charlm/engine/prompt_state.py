"""What a model knows of a text it has been fed: a value of a few KB that writing starts from.

    state = engine.feed(long_text)
    state.save("here.state")
    engine.write(PromptState.load("here.state") + " and then")

A state belongs to one model and one precision. It holds the ids of its text and the name of its
dice, so that a text goes on from its state as if it had never stopped; with a text behind it, it is
a new prompt, with dice of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm import dice
from charlm.checks import shown
from charlm.errors import InputError
from charlm.run.checkpoint import Checkpoint
from charlm.run.sealed_file import Kind, seal, unseal, write_atomically
from charlm.wording import shortened

#: Version 1 named the model's file as `checkpoint` and no dice: those were shared.
_KIND = Kind("prompt state", key="charlm_state", version=2, mark="precision", error=InputError)
_TENSORS = {"ids": ("I32", 1), "state": ("F32", 3), "logits": ("F32", 1)}


@dataclass(frozen=True, eq=False)
class PromptState:
    """A text as a model remembers it, and what is to follow it.

    ids: int32 [T], the start id first. state: float32 [L, S, H], S states of the cell (h, and c
    of an LSTM). logits: float32 [V], of the next character. model: its identity, or of old the
    SHA-256 of its file. dice: their name. more: text that follows and has not been fed.
    """

    ids: NDArray[np.int32]
    state: NDArray[np.float32]
    logits: NDArray[np.float32]
    model: str
    precision: str
    dice: int = dice.SHARED
    more: str = ""

    def __add__(self, text: str) -> PromptState:
        """The state with a text behind it, to be used as a prompt."""
        return replace(self, more=self.more + text)

    def save(self, path: str | Path) -> None:
        """Write it atomically. Raises InputError while text behind it has not been fed."""
        if self.more:
            raise InputError("a state with text behind it cannot be saved: feed it first")
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in _TENSORS}
        named = {"model": self.model, "precision": self.precision}
        content = named | {"dice": dice.spelled(self.dice)}
        write_atomically(Path(path), seal(_KIND, content, tensors)[0])

    @classmethod
    def load(cls, path: str | Path) -> PromptState:
        """Read one; whether it fits a model is seen when it is used. Raises InputError."""
        file = unseal(_KIND, Path(path), _check_declared)
        _check_declared(file.path, file.content, file.declared)
        try:
            content = file.content
            precision, tensors = str(content["precision"]), file.tensors()
            if content["version"] == 1:
                model, name_of_dice = str(content["checkpoint"]), dice.SHARED
            else:
                model, name_of_dice = str(content["model"]), dice.read_name(content["dice"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"prompt state {path}: {shortened(str(error))}") from None
        whole = tensors["ids"], tensors["state"], tensors["logits"]
        return cls(*whole, model, precision, name_of_dice)

    def check(self, checkpoint: Checkpoint, precision: str) -> None:
        """Raise InputError unless this is a state of that model at that precision."""
        if not checkpoint.is_named(self.model):
            raise InputError(
                f"the prompt state is of model {self.model[:12]}, not of {checkpoint.identity[:12]}"
            )
        if self.precision != precision:
            raise InputError(
                f"the prompt state is of precision {self.precision:.60}, not {precision}"
            )
        config, ids = checkpoint.config, self.ids
        logits_fit = self.logits.shape == (config.vocabulary_size,)
        fits = self.state.shape == config.state_shape and logits_fit
        finite = np.isfinite(self.state).all() and np.isfinite(self.logits).all()
        known = ids.size and 0 < ids.min() <= ids.max() < config.vocabulary_size
        if not (fits and finite and known and ids[0] == checkpoint.text.start_id):
            raise InputError("the prompt state does not fit its checkpoint")


def _check_declared(
    path: Path, _: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]]
) -> None:
    """Raise InputError unless the tensors that a file declares are those of a state."""
    if declared.keys() != _TENSORS.keys():
        raise InputError(f"prompt state {path}: its tensors are {shown(sorted(declared))}")
    for name, (dtype, dimensions) in _TENSORS.items():
        found, shape = declared[name].get("dtype"), declared[name].get("shape")
        if found != dtype or not isinstance(shape, list) or len(shape) != dimensions:
            raise InputError(
                f"prompt state {path}: tensor {name!r} is {shown(found)} {shown(shape)}"
            )
