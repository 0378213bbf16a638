"""The learning rate of a training where none is given: measured (docs/training.md), not guessed.

The grid of `benchmarks/rates.py` asked for cell, units and updates. What an LSTM learns best with
hardly falls as it grows; a GRU, and a plain cell more so, diverges early where its rate does not
fall as its units grow. Between 1,000 and 3,000 updates the best rate stayed the same, and a warm-up
helped only where the rate was too high without one.
"""

from __future__ import annotations

from typing import NamedTuple


class _Rule(NamedTuple):
    """AdamW's rate for up to SIZE units, and the power of the units by which it falls beyond."""

    rate: float
    power: float


_SIZE = 128
_RULES = {"lstm": _Rule(0.02, 0.25), "gru": _Rule(0.015, 0.6), "rnn": _Rule(0.015, 1.2)}

#: AdamW's where weights are begun with that were learned before: they are to change a little.
FINE_TUNING_RATE = 0.003


def default_rate(cell: str, hidden: int) -> float:
    """AdamW's rate at its height for a cell of `hidden` units, in two digits."""
    rule = _RULES[cell]
    return float(f"{rule.rate * (_SIZE / max(hidden, _SIZE)) ** rule.power:.2g}")


def rates_in_words(sizes: tuple[int, ...]) -> str:
    """What `default_rate` gives for some sizes, for the help."""
    each = [f"{cell} {' / '.join(f'{default_rate(cell, h):g}' for h in sizes)}" for cell in _RULES]
    return f"{', '.join(each)} for {' / '.join(map(str, sizes))} units"
