"""A close look at one step: its gates, and per weight the gradient and the update."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from charlm.text.vocabulary import PAD
from charlm.train.dataset import Batch
from charlm.train.gates import ranges_of
from charlm.train.model import CharModel, ModelState
from charlm.train.passes import ModelPass

_ROWS = 4  # of the batch whose gates are looked at
_MOST = 20_000  # values of one gate or gradient: evenly spread over it
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_EDGE = 0.05  # a gate nearer than this to its ends is saturated


@dataclass
class Probe:
    """What was seen in one step, by gate ("layers.0.i") or by weight.

    `gates` and `gradients` (after clipping) are flat samples, `ranges` those of the gates. Norms
    are before and after clipping; `update_ratios` are |update| / |weight|, of Euclidean norms:
    none for a weight that was all 0, as biases are at first.
    """

    passes: ModelPass
    gates: dict[str, Tensor] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    gradients: dict[str, Tensor] = field(default_factory=dict)
    gradient_norms: dict[str, float] = field(default_factory=dict)
    clipped_norms: dict[str, float] = field(default_factory=dict)
    update_ratios: dict[str, float] = field(default_factory=dict)
    _weights: dict[str, Tensor] = field(default_factory=dict)

    def before_batch(self, model: CharModel, batch: Batch, state: ModelState) -> None:
        """Look at the gates on the first rows, over real targets."""
        real_TB = batch.targets_TB[:, :_ROWS] != PAD
        rows = tuple(tuple(tensor[:_ROWS] for tensor in layer) for layer in state)
        gates = self.passes.gates(model, batch.inputs_TB[:, :_ROWS], rows)
        self.gates = {name: sample(gate_TBH[real_TB]) for name, gate_TBH in gates.items()}
        self.ranges = ranges_of(model.config)

    def before_clipping(self, model: CharModel) -> None:
        """Measure the gradients, and remember the weights."""
        self.gradient_norms = self._norms_of(model)
        self._weights = {name: w.detach().clone() for name, w in model.named_parameters()}

    def before_update(self, model: CharModel) -> None:
        """Measure the gradients again."""
        self.clipped_norms = self._norms_of(model)
        self.gradients = {
            name: sample(w.grad) for name, w in model.named_parameters() if w.grad is not None
        }

    def after_update(self, model: CharModel) -> None:
        """Measure how far each weight went."""
        for name, weight in model.named_parameters():
            before = self._weights[name]
            if size := self.passes.norm(before):
                self.update_ratios[name] = self.passes.norm(weight.detach() - before) / size
        self._weights = {}

    def _norms_of(self, model: CharModel) -> dict[str, float]:
        return {
            name: self.passes.norm(weight.grad)
            for name, weight in model.named_parameters()
            if weight.grad is not None
        }

    def as_values(self) -> dict[str, Any]:
        """Compact JSON values, for the run log."""
        return {
            "gates": {
                name: _summary(values, self.ranges[name]) for name, values in self.gates.items()
            },
            "gradient_norms": _rounded(self.gradient_norms),
            "clipped_norms": _rounded(self.clipped_norms),
            "update_ratios": _rounded(self.update_ratios),
        }


def sample(values: Tensor) -> Tensor:
    """At most some 20,000 of the values, evenly spread, flat; all of them if they are fewer."""
    flat = values.detach().flatten()
    return flat[:: -(-len(flat) // _MOST)].clone()


def _summary(values: Tensor, ends: tuple[float, float]) -> dict[str, Any]:
    """Quantiles, and the shares of values near the two ends of the gate's range."""
    quantiles = torch.quantile(values, values.new_tensor(_QUANTILES)).tolist()
    bottom, top = ends
    return {
        "quantiles": [round(quantile, 4) for quantile in quantiles],
        "low": round(float((values < bottom + _EDGE).float().mean()), 4),
        "high": round(float((values > top - _EDGE).float().mean()), 4),
    }


def _rounded(norms: dict[str, float]) -> dict[str, float]:
    return {name: float(f"{norm:.4g}") for name, norm in norms.items()}
