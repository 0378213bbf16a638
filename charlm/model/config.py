"""What a model is: a frozen value, checked when made.

`parameter_shapes` lists the name, shape and meaning of every weight; a checkpoint is held to it,
and the trainer's model, the reference and the engines have weights by these names. What the gates
of a cell are, and their order, is `charlm.model.cells`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from charlm.checks import check_range, shown
from charlm.errors import InputError
from charlm.model.cells import CELLS
from charlm.text.config import MAX_VOCABULARY

Precision = Literal["float32", "int8"]

#: Of the weights and states that the engine multiplies.
PRECISIONS: tuple[str, ...] = ("float32", "int8")

MAX_SIZE = 16_384
MAX_LAYERS = 64
#: What a new model has where nothing else is said, on the command line and in the screen's form.
EMBEDDING_SIZE = 64


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a model. `cell` is a name in `CELLS`; `bias`: whether its gates have one."""

    cell: str
    vocabulary_size: int
    embedding_size: int = 64
    hidden_size: int = 256
    layers: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise InputError(f"cell {shown(self.cell)} is not one of {', '.join(CELLS)}")
        check_range("vocabulary size", self.vocabulary_size, 3, MAX_VOCABULARY + 2)
        check_range("embedding size", self.embedding_size, 1, MAX_SIZE)
        check_range("hidden size", self.hidden_size, 1, MAX_SIZE)
        check_range("layers", self.layers, 1, MAX_LAYERS)
        if not isinstance(self.bias, bool):
            raise InputError(f"bias is {shown(self.bias)}: it must be true or false")

    @property
    def gates(self) -> tuple[str, ...]:
        """The letters of the cell's gates, in the order of the stacked weights."""
        return CELLS[self.cell].letters

    @property
    def state_shape(self) -> tuple[int, int, int]:
        """The shape of one text's state: [L, S, H], S arrays of H numbers in each of L layers."""
        return self.layers, len(CELLS[self.cell].states), self.hidden_size

    @property
    def parameter_count(self) -> int:
        """How many numbers the model learns."""
        total = 0
        for parameter in parameter_shapes(self).values():
            size = 1
            for axis in parameter.shape:
                size *= axis
            total += size
        return total


class Parameter(NamedTuple):
    """Shape of one weight, and what its axes mean."""

    shape: tuple[int, ...]
    axes: str


def parameter_shapes(config: ModelConfig) -> dict[str, Parameter]:
    """Every weight of a model by name, in order: the one list of them.

    V, E, H, G: vocabulary, embedding and hidden sizes, number of gates. All are float32.
    """
    rows = len(config.gates) * config.hidden_size
    stacked = f"gates {' '.join(config.gates)} x H"
    shapes = {"embedding": Parameter((config.vocabulary_size, config.embedding_size), "V, E")}
    for layer in range(config.layers):
        size, axis = (config.embedding_size, "E") if layer == 0 else (config.hidden_size, "H")
        shapes[f"layers.{layer}.input_weight"] = Parameter((rows, size), f"{stacked}, {axis}")
        if CELLS[config.cell].recurrent:
            shapes[f"layers.{layer}.hidden_weight"] = Parameter(
                (rows, config.hidden_size), f"{stacked}, H"
            )
        if config.bias:
            shapes[f"layers.{layer}.bias"] = Parameter((rows,), stacked)
    shapes["output_weight"] = Parameter((config.vocabulary_size, config.hidden_size), "V, H")
    shapes["output_bias"] = Parameter((config.vocabulary_size,), "V")
    return shapes
