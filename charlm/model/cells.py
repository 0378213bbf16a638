"""The cells: what each consists of, what people call its parts, and its equations, written once.

This is the one place that knows the cells. The trainer, the checkpoint, the reference, the trace,
the engine on torch tensors, the comparison and the screen read `CELLS`; the native engine has its
own table (csrc/model) and its own loops (csrc/kernels/cells.inc), and tests hold the two equal.

The equations work on NumPy's arrays and on torch's alike, on one row or many, at one time or at
all times at once: they use operators, slices of the last axis, and the few functions of `Arrays`.

Shapes: H hidden units, G = gates x H stacked in the order of a cell's gates. `x` [..., G] is what
the input adds to the gates, W_x x_t + b. `product(h)` is W_h h [..., G]. Written [W_x | W_h] side
by side, these are the W [h, x] of the equations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple, Protocol

#: An array of NumPy or of torch. No type has both, and this module imports neither.
Array = Any
#: The arrays of a state [..., H], in the order of `Cell.states`; the hidden state h comes first.
State = tuple[Array, ...]
#: The values of the gates [..., H], by letter.
GateValues = dict[str, Array]


@dataclass(frozen=True)
class Arrays:
    """The functions that the equations need beside operators, on one kind of array."""

    sigmoid: Callable[[Array], Array]
    tanh: Callable[[Array], Array]
    where: Callable[[Array, Array, Array], Array]

    @classmethod
    def of(cls, module: ModuleType) -> Arrays:
        """Those of a module that has them by these names, as torch does."""
        return cls(module.sigmoid, module.tanh, module.where)


class Product(Protocol):
    """Multiplies a hidden state with the stacked hidden weight, or with some of its rows."""

    def __call__(self, h: Array, rows: slice = ..., /) -> Array: ...


@dataclass(frozen=True)
class Part:
    """A gate or a state of a cell, and what people call it.

    words: its name. low, high: what its two ends mean. short: its name where there is little
    room ("" takes it from `words`). range: between which values it lies. forgets: whether it
    decides what stays of the memory; such a gate begins open.
    """

    letter: str
    words: str
    low: str = "negative"
    high: str = "positive"
    short: str = ""
    range: tuple[float, float] = (-1.0, 1.0)
    forgets: bool = False

    @property
    def opens(self) -> bool:
        """Whether it is a gate in the narrow sense, which goes from closed (0) to open (1)."""
        return self.range == (0.0, 1.0)

    @property
    def short_words(self) -> str:
        """Its name in one short word."""
        return self.short or self.words.removesuffix(" gate")


class RateRule(NamedTuple):
    """AdamW's learning rate for up to 128 units of one layer, and the powers by which it falls.

    power: of the units. depth: of the layers.

    Measured, not guessed: docs/training.md has the table, `charlm.options.rates` the formula.
    """

    rate: float
    power: float
    depth: float = 0.0


@dataclass(frozen=True)
class Cell:
    """One recurrent cell.

    about: how it compares with the others, in a few words for the help.
    gates: in the order in which they lie in every stacked weight.
    states: what it hands on from one time to the next; h is always the first.
    gate_values: computes the gates from `x`, the state h before, and the product.
    next_state: computes the new state from the gates and the state before.
    rate: the learning rate that it takes by itself.
    candidate: the gate that enters the memory, which recurrent dropout masks; "" has none.
    biased: whether its gates have a bias unless one is asked for; every cell may have one.
    recurrent: whether its gates see h, through a hidden weight; else they depend on x alone.
    bounded: whether |h| stays below 1. int8 rounds h to 127ths and is refused where it does not.
    """

    name: str
    about: str
    gates: tuple[Part, ...]
    states: tuple[Part, ...]
    gate_values: Callable[[Arrays, Array, Array, Product], GateValues]
    next_state: Callable[[Arrays, GateValues, State], State]
    rate: RateRule
    candidate: str = ""
    biased: bool = True
    recurrent: bool = True
    bounded: bool = True

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of its gates, in order."""
        return tuple(gate.letter for gate in self.gates)

    @property
    def parts(self) -> Mapping[str, Part]:
        """What there is to look at, by letter: its gates, then its states."""
        return {part.letter: part for part in (*self.gates, *self.states)}

    @property
    def gated(self) -> bool:
        """Whether any of its gates opens and closes."""
        return any(gate.opens for gate in self.gates)

    def step(
        self, arrays: Arrays, x: Array, state: State, product: Product, keep: Array | None = None
    ) -> State:
        """One time: the state after `x`.

        keep: multiplies the candidate before it enters the state [..., H]; the mask of recurrent
        dropout (Semeniuta et al. 2016), which only training uses.
        """
        gates = self.gate_values(arrays, x, state[0], product)
        if keep is not None:
            gates[self.candidate] = gates[self.candidate] * keep
        return self.next_state(arrays, gates, state)


def product_with(weight: Array) -> Product:
    """The product with a hidden weight [G, H]. It is never called for a cell without one."""
    return lambda h, rows=slice(None): h @ weight[rows].T


def _split(x: Array, count: int) -> list[Array]:
    """The equal parts of the last axis."""
    size = x.shape[-1] // count
    return [x[..., i * size : (i + 1) * size] for i in range(count)]


def _rnn_gates(arrays: Arrays, x: Array, h: Array, product: Product) -> GateValues:
    """Elman's cell has one product and no gate.

    h' = tanh(W [h, x] + b)
    """
    return {"h": arrays.tanh(x + product(h))}


def _rnn_state(arrays: Arrays, gates: GateValues, state: State) -> State:
    return (gates["h"],)


def _gru_gates(arrays: Arrays, x: Array, h: Array, product: Product) -> GateValues:
    """Gated recurrent unit (Cho et al. 2014); the reset gate acts before the product.

    z  = sigmoid(W_z [h, x])
    r  = sigmoid(W_r [h, x])
    n  = tanh(W_n [r * h, x])
    """
    size = h.shape[-1]
    zr_rows, n_rows = slice(0, 2 * size), slice(2 * size, 3 * size)
    z, r = _split(arrays.sigmoid(x[..., zr_rows] + product(h, zr_rows)), 2)
    n = arrays.tanh(x[..., n_rows] + product(r * h, n_rows))
    return {"z": z, "r": r, "n": n}


def _gru_state(arrays: Arrays, gates: GateValues, state: State) -> State:
    """h' = (1 - z) * h + z * n"""
    z, (h,) = gates["z"], state
    return ((1 - z) * h + z * gates["n"],)


def _lstm_gates(arrays: Arrays, x: Array, h: Array, product: Product) -> GateValues:
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

    i  = sigmoid(W_i [h, x] + b_i)
    f  = sigmoid(W_f [h, x] + b_f)
    g  = tanh(W_C [h, x] + b_C)
    o  = sigmoid(W_o [h, x] + b_o)
    """
    i, f, g, o = _split(x + product(h), 4)
    return {
        "i": arrays.sigmoid(i),
        "f": arrays.sigmoid(f),
        "g": arrays.tanh(g),
        "o": arrays.sigmoid(o),
    }


def _lstm_state(arrays: Arrays, gates: GateValues, state: State) -> State:
    """
    c' = f * c + i * g
    h' = o * tanh(c')
    """
    _, c = state
    c = gates["f"] * c + gates["i"] * gates["g"]
    return (gates["o"] * arrays.tanh(c), c)


def _positive(arrays: Arrays, a: Array) -> Array:
    """g(a) = a + 0.5, or sigmoid(a) below 0: what enters the cells of Feng et al. is above 0."""
    return arrays.where(a >= 0, a + 0.5, arrays.sigmoid(a))


def _mingru_gates(arrays: Arrays, x: Array, h: Array, product: Product) -> GateValues:
    """Minimal GRU (Feng et al. 2024, "Were RNNs all we needed?"): its gates see x alone.

    z  = sigmoid(W_z x + b_z)
    n  = g(W_n x + b_n)
    """
    z, n = _split(x, 2)
    return {"z": arrays.sigmoid(z), "n": _positive(arrays, n)}


#: Where the sums of minLSTM's gates are held: two sigmoids that are both 0 would have no ratio.
_CLOSED = -80.0


def _minlstm_gates(arrays: Arrays, x: Array, h: Array, product: Product) -> GateValues:
    """Minimal LSTM (Feng et al. 2024): its gates see x alone; what stays and what enters sum to 1.

    f', i' = sigmoid(W_f x + b_f), sigmoid(W_i x + b_i)
    f, i   = f' / (f' + i'), i' / (f' + i')
    g      = g(W_C x + b_C)
    """
    f, i, g = _split(x, 3)
    f, i = (arrays.sigmoid(arrays.where(a < _CLOSED, 0 * a + _CLOSED, a)) for a in (f, i))
    return {"f": f / (f + i), "i": i / (f + i), "g": _positive(arrays, g)}


def _minlstm_state(arrays: Arrays, gates: GateValues, state: State) -> State:
    """h' = f * h + i * g"""
    (h,) = state
    return (gates["f"] * h + gates["i"] * gates["g"],)


def _gate(letter: str, words: str, low: str, high: str, forgets: bool = False) -> Part:
    return Part(letter, words, low, high, range=(0.0, 1.0), forgets=forgets)


_H = Part("h", "state")
_C = Part("c", "memory", range=(-math.inf, math.inf))
_ABOVE_0 = (0.0, math.inf)
_H_ABOVE_0 = Part("h", "state", "small", "large", range=_ABOVE_0)

_CELLS = (
    Cell(
        "rnn",
        "is the plain one",
        gates=(_H,),
        states=(_H,),
        gate_values=_rnn_gates,
        next_state=_rnn_state,
        rate=RateRule(0.015, 1.2),
    ),
    Cell(
        "gru",
        "is smaller",
        gates=(
            _gate("z", "update gate", "keeps the old", "takes the new"),
            _gate("r", "reset gate", "ignores the past", "uses the past"),
            Part("n", "candidate", short="new"),
        ),
        states=(_H,),
        gate_values=_gru_gates,
        next_state=_gru_state,
        rate=RateRule(0.015, 0.6),
        candidate="n",
        biased=False,  # its equations in the practical have none
    ),
    Cell(
        "lstm",
        "learns best",
        gates=(
            _gate("i", "input gate", "lets nothing in", "lets all in"),
            _gate("f", "forget gate", "forgets", "keeps", forgets=True),
            Part("g", "candidate", short="new"),
            _gate("o", "output gate", "hides", "tells"),
        ),
        states=(_H, _C),
        gate_values=_lstm_gates,
        next_state=_lstm_state,
        rate=RateRule(0.028, 0.5, depth=0.75),
        candidate="g",
    ),
    Cell(
        "mingru",
        "is the smallest",
        gates=(
            _gate("z", "update gate", "keeps the old", "takes the new"),
            Part("n", "candidate", "small", "large", short="new", range=_ABOVE_0),
        ),
        states=(_H_ABOVE_0,),
        gate_values=_mingru_gates,
        next_state=_gru_state,
        rate=RateRule(0.015, 0.2),
        candidate="n",
        recurrent=False,
        bounded=False,
    ),
    Cell(
        "minlstm",
        "is small",
        gates=(
            _gate("f", "forget gate", "forgets", "keeps", forgets=True),
            _gate("i", "input gate", "lets nothing in", "lets all in"),
            Part("g", "candidate", "small", "large", short="new", range=_ABOVE_0),
        ),
        states=(_H_ABOVE_0,),
        gate_values=_minlstm_gates,
        next_state=_minlstm_state,
        rate=RateRule(0.015, 0.2),
        candidate="g",
        recurrent=False,
        bounded=False,
    ),
)
#: Every cell, by the name that the commands and the checkpoints call it.
CELLS: dict[str, Cell] = {cell.name: cell for cell in _CELLS}
