"""From the probes of a run to the rows of a heat strip, and words that say what they show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charlm.model.cells import CELLS

from ...training.snapshots import Probe

#: What a strip can show, in the order of its key.
STRIPS = ("open", "stuck", "gradients", "updates")
_TITLES = {
    "open": "Gates: how far open",
    "stuck": "Gates: share that is stuck at an end of its range",
    "gradients": "Gradient norms of the weights",
    "updates": "Updates: how much of each weight a step changes",
}
_ENDS = {
    "open": ("closed", "open"),
    "stuck": ("none", "all"),
    "gradients": ("small", "large"),
    "updates": ("small", "large"),
}
#: A log names gates by their letters, which mean the same in every cell that has them.
_GATES = {gate.letter: gate for cell in CELLS.values() for gate in cell.gates}
_WEIGHT_WORDS = {
    "embedding.weight": "embed", "output_weight": "out", "output_bias": "out b",
    "input_weight": "in", "hidden_weight": "rec", "bias": "bias",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row: at each probe a heat from 0 to 1, None where the probe has none, and its value."""

    label: str
    word: str
    heats: tuple[float | None, ...]
    values: tuple[float | None, ...]


def title(strip: str) -> str:
    """What it shows."""
    return _TITLES[strip]


def ends(strip: str) -> tuple[str, str]:
    """What the coldest and the hottest cell mean."""
    return _ENDS[strip]


def rows(probes: Sequence[Probe], strip: str) -> list[Row]:
    """The rows of a strip, one per gate of each layer or per weight."""
    if strip in ("open", "stuck"):
        names = _names([probe.gates for probe in probes])
        return [_gate_row(probes, name, strip) for name in names]
    norms = [p.gradient_norms if strip == "gradients" else p.update_ratios for p in probes]
    logs = [math.log10(norm) for values in norms for norm in values.values() if norm > 0]
    low, high = (min(logs), max(logs)) if logs else (0.0, 1.0)
    found = []
    for name in _names(norms):
        values = tuple(values.get(name) for values in norms)
        heats = tuple(
            (math.log10(value) - low) / ((high - low) or 1.0) if value else None for value in values
        )
        found.append(Row(*_weight_label(name), heats, values))
    return found


def shown_value(strip: str, value: float | None) -> str:
    """A value as the line above the strip tells it."""
    if value is None:
        return "–"
    return f"{100 * value:.0f} %" if strip == "stuck" else f"{value:.2g}"


def _gate_row(probes: Sequence[Probe], name: str, strip: str) -> Row:
    layer, _, gate = name.removeprefix("layers.").rpartition(".")
    values: list[float | None] = []
    for probe in probes:
        numbers = probe.gates.get(name)
        if numbers is None:
            values.append(None)
            continue
        *quantiles, low, high = numbers
        if strip == "stuck":
            values.append(low + high)
        elif gate in _GATES and not _GATES[gate].opens:  # how large it is, not how far open
            values.append(sum(map(abs, quantiles)) / len(quantiles))
        else:
            values.append(quantiles[len(quantiles) // 2])
    heats = tuple(None if value is None else min(1.0, max(0.0, value)) for value in values)
    number = f"{int(layer) + 1} " if layer.isdecimal() else ""
    word = _GATES[gate].short_words if gate in _GATES else gate
    return Row(f"{number}{gate}", word, heats, tuple(values))


def _weight_label(name: str) -> tuple[str, str]:
    *before, last = name.removeprefix("layers.").split(".")
    word = _WEIGHT_WORDS.get(name) or _WEIGHT_WORDS.get(last, last)
    number = f"{int(before[0]) + 1} " if before and before[0].isdecimal() else ""
    return f"{number}{word}"[:6], word


def _names(found: Sequence[Mapping[str, object]]) -> list[str]:
    """Every name, in the order in which they first come; layers before the rest."""
    names = list(dict.fromkeys(name for values in found for name in values))
    return sorted(names, key=lambda name: (not name.startswith("layers."), names.index(name)))
