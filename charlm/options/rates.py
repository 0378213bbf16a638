"""The learning rate of a training where none is given: measured (docs/training.md), not guessed.

The grid of `benchmarks/rates.py` asked for cell, units, layers and updates. An LSTM's best rate
falls with the root of its units, and with its layers; a GRU, and a plain cell more so, diverges
early where its rate does not fall faster. Between 500 and 2,500 updates the best rate moved little.
A warm-up helps where layers stand on each other, and costs one layer alone a little.
"""

from __future__ import annotations

from charlm.model.cells import CELLS

_SIZE = 128  # units up to which a rate does not fall
_WARM_UP = 60  # updates
_WARM_SHARE = 1 / 8  # of all updates, at most

#: AdamW's where weights are begun with that were learned before: they are to change a little.
FINE_TUNING_RATE = 0.003


def default_rate(cell: str, hidden: int, layers: int = 1) -> float:
    """AdamW's rate at its height for layers of a cell with `hidden` units, in two digits."""
    rule = CELLS[cell].rate
    by_size = (_SIZE / max(hidden, _SIZE)) ** rule.power
    return float(f"{rule.rate * by_size / layers**rule.depth:.2g}")


def default_warm_up(layers: int, updates: float) -> int:
    """Steps in which the rate rises from 0, of a training of so many updates."""
    return 0 if layers == 1 else min(_WARM_UP, int(updates * _WARM_SHARE))


def rates_in_words(sizes: tuple[int, ...]) -> str:
    """What `default_rate` gives for some sizes, for the help."""
    each = [
        f"{cell} {' / '.join(f'{default_rate(cell, size):g}' for size in sizes)}"
        for cell in reversed(CELLS)
    ]
    return f"{', '.join(each)} for {' / '.join(map(str, sizes))} units"
