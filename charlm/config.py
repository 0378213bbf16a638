"""What a model is and how its text was prepared: frozen values, checked when made.

The gate order and the name, shape and meaning of every weight stand here and nowhere else
(`GATES`, `parameter_shapes`): the trainer, the checkpoint, the reference and the engine all
read them from this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from charlm.errors import InputError

Cell = Literal["rnn", "gru", "lstm"]
Unit = Literal["sentence", "line", "document", "continuous"]
Precision = Literal["float32", "int8"]

#: Order of the gates in every stacked weight. RNN: h = the only product. GRU: z update,
#: r reset, n candidate. LSTM: i input, f forget, g candidate (C~), o output.
GATES: dict[str, tuple[str, ...]] = {
    "rnn": ("h",),
    "gru": ("z", "r", "n"),
    "lstm": ("i", "f", "g", "o"),
}
UNITS: tuple[str, ...] = ("sentence", "line", "document", "continuous")
#: Of the weights and states that the engine multiplies.
PRECISIONS: tuple[str, ...] = ("float32", "int8")

MAX_VOCABULARY = 65_536
MAX_SIZE = 16_384
MAX_LAYERS = 64
#: What a new model has where nothing else is said, on the command line and in the screen's form.
EMBEDDING_SIZE, HIDDEN_SIZE = 64, 384


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a model. `bias` says whether the gates have one (never, for the seeds' GRU)."""

    cell: Cell
    vocabulary_size: int
    embedding_size: int = 64
    hidden_size: int = 256
    layers: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        if self.cell not in GATES:
            raise InputError(f"cell {self.cell!r} is not one of {', '.join(GATES)}")
        check_range("vocabulary size", self.vocabulary_size, 3, MAX_VOCABULARY + 2)
        check_range("embedding size", self.embedding_size, 1, MAX_SIZE)
        check_range("hidden size", self.hidden_size, 1, MAX_SIZE)
        check_range("layers", self.layers, 1, MAX_LAYERS)
        if not isinstance(self.bias, bool):
            raise InputError(f"bias is {self.bias!r}: it must be true or false")

    @property
    def gates(self) -> tuple[str, ...]:
        """The cell's gates, in the order of the stacked weights."""
        return GATES[self.cell]

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


@dataclass(frozen=True)
class TextConfig:
    """How the text of a checkpoint was prepared, so that prompts are prepared alike.

    `unit`: what one example is. `start_id`: fed before the first character (EOS, or the
    newline in continuous text that has one). `max_length`: where longer examples were cut,
    in characters (0: nowhere). `form` and `case`: Unicode form and case of every text.
    `separator`: what stands between two documents. `sentence_rule`: 1 or 2, where sentences end
    (`charlm.sentences`). Defaults never change: files and identities leave them out.
    """

    unit: Unit = "sentence"
    start_id: int = 1
    max_length: int = 1000
    form: Literal["none", "NFC"] = "none"
    case: Literal["keep", "lower"] = "keep"
    separator: str = ""
    sentence_rule: int = 1

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise InputError(f"unit {self.unit!r} is not one of {', '.join(UNITS)}")
        check_range("start id", self.start_id, 1, MAX_VOCABULARY + 1)
        check_range("maximum length", self.max_length, 0, 2**31 - 1)
        if self.form not in ("none", "NFC"):
            raise InputError(f"Unicode form {self.form!r} is not one of none, NFC")
        if self.case not in ("keep", "lower"):
            raise InputError(f"case {self.case!r} is not one of keep, lower")
        if not isinstance(self.separator, str) or bool(self.separator) != (self.unit == "document"):
            raise InputError(
                f"separator {self.separator!r} does not go with unit {self.unit}: a document has"
                " one, nothing else has"
            )
        check_range("sentence rule", self.sentence_rule, 1, 2 if self.unit == "sentence" else 1)


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
        shapes[f"layers.{layer}.hidden_weight"] = Parameter(
            (rows, config.hidden_size), f"{stacked}, H"
        )
        if config.bias:
            shapes[f"layers.{layer}.bias"] = Parameter((rows,), stacked)
    shapes["output_weight"] = Parameter((config.vocabulary_size, config.hidden_size), "V, H")
    shapes["output_bias"] = Parameter((config.vocabulary_size,), "V")
    return shapes


def check_range(name: str, value: object, low: float, high: float) -> None:
    """Raise InputError unless `value` is an integer in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{name} is {value!r}: it must be an integer from {low} to {high}")
