"""The model that is trained: embedding, layers of one cell, a linear map to logits.

Shapes: T times, B rows, V vocabulary, E embedding, H hidden. Weights have the names of
`config.parameter_shapes` (the embedding's, as `nn.Embedding` wants it, with `.weight` behind).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from charlm.errors import InputError
from charlm.model.cells import CELLS, State
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.train.dataset import OwnRows
from charlm.train.initial import normal, uniform
from charlm.train.regularise import Dropout, Regularisers, drop_characters, mask_of
from charlm.train.sequence import run_cell
from charlm.train.torch_layer import has_layer, run_layer

ModelState = tuple[State, ...]

#: Of initial weights, times the square root of how many inputs they have.
_BOUNDS = {"input_weight": math.sqrt(3), "hidden_weight": 1.0, "output_weight": 3.0}


class Forward(NamedTuple):
    """One forward pass over a batch: its results, and what a loss may be added for.

    h: the outputs of the last layer. output: the same as dropout left them, before the logits.
    """

    logits_TBV: Tensor
    state: ModelState
    h_TBH: Tensor
    output_TBH: Tensor


class Layer(nn.Module):
    """The weights of one layer; gates are stacked in the order of `Cell.gates`."""

    def __init__(
        self, config: ModelConfig, input_size: int, regularisers: Regularisers, by_layers: bool
    ) -> None:
        super().__init__()
        self.regularisers, self.cell = regularisers, CELLS[config.cell]
        self.by_layers = by_layers
        rows, size = len(config.gates) * config.hidden_size, config.hidden_size
        self.input_weight = nn.Parameter(torch.empty(rows, input_size))
        recurrent = self.cell.recurrent
        self.hidden_weight = nn.Parameter(torch.empty(rows, size)) if recurrent else None
        self.bias = nn.Parameter(torch.empty(rows)) if config.bias else None

    def forward(
        self, x_TBI: Tensor, state: State, part: OwnRows | None = None
    ) -> tuple[Tensor, State]:
        """The outputs h_TBH and the state after them."""
        active, keep_TBH = self.regularisers, None
        hides = active.recurrent_dropout if self.training else 0.0
        weight: Tensor | None = self.hidden_weight
        if self.training and active.weight_dropout and weight is not None:
            weight = nn.functional.dropout(weight, active.weight_dropout)
        if self.by_layers and weight is not None and has_layer(self.cell, hides):
            return run_layer(self.cell, x_TBI, state, self.input_weight, weight, self.bias)
        x_TBG = nn.functional.linear(x_TBI, self.input_weight, self.bias)
        if hides:
            h_BH = state[0]
            keep_TBH = mask_of(h_BH.new_empty(len(x_TBI), *h_BH.shape), hides, part)
        return run_cell(self.cell, x_TBG, state, weight, keep_TBH)


class CharModel(nn.Module):
    """Ids to logits. by_layers: torch's own layers compute what they can (`torch_layer`)."""

    def __init__(
        self,
        config: ModelConfig,
        regularisers: Regularisers = Regularisers(),  # noqa: B008
        seed: int = 1,
        by_layers: bool = False,
    ) -> None:
        super().__init__()
        self.config, self.regularisers = config, regularisers
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size)
        self.output_weight: nn.Parameter
        sizes = [config.embedding_size] + [config.hidden_size] * (config.layers - 1)
        self.layers = nn.ModuleList(Layer(config, n, regularisers, by_layers) for n in sizes)
        if regularisers.tied:
            check_tied(config)
            self.output_weight = self.embedding.weight  # type: ignore[assignment]
        else:
            shape = config.vocabulary_size, config.hidden_size
            self.output_weight = nn.Parameter(torch.empty(shape))
        self.output_bias = nn.Parameter(torch.empty(config.vocabulary_size))
        self.dropout = Dropout(regularisers.dropout, regularisers.locked)
        self.initialise(seed)

    def initialise(self, seed: int) -> None:
        """The embedding normal, weights uniform, biases 0.

        What is read has weights of variance 1 / I (I inputs; LeCun et al. 1998), the memory's are
        in +-1/sqrt(H), the output's three times as wide: measured (docs/training.md). The bias of
        a forget gate is 1: remember first. A weight is a function of seed and name, the same bits
        on every machine (`charlm.train.initial`).
        """
        size = self.config.hidden_size
        with torch.no_grad():
            for name, weight in self.weights().items():
                if name.endswith("bias"):
                    weight.zero_()
                elif name == "embedding":
                    weight.copy_(torch.from_numpy(normal(seed, name, weight.shape)))
                else:
                    inputs = weight.shape[1]
                    bound = _BOUNDS[name.rpartition(".")[2]] / math.sqrt(inputs)
                    values = uniform(seed, name, weight.shape, bound)
                    weight.copy_(torch.from_numpy(values))
            for number, gate in enumerate(CELLS[self.config.cell].gates):
                if gate.forgets and self.config.bias:
                    for layer in self.layers:
                        layer.bias[number * size : (number + 1) * size] = 1  # type: ignore[operator]

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.output_bias.device

    def zero_state(self, rows: int) -> ModelState:
        """The state before any text, one per layer."""
        layers, states, size = self.config.state_shape
        zeros = self.output_bias.new_zeros
        return tuple(tuple(zeros(rows, size) for _ in range(states)) for _ in range(layers))

    def forward(self, ids_TB: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """logits_TBV of the character after each id, and the state after the last."""
        result = self.forward_pass(ids_TB, state)
        return result.logits_TBV, result.state

    def forward_pass(
        self, ids_TB: Tensor, state: ModelState, part: OwnRows | None = None
    ) -> Forward:
        """The same, with the outputs of the last layer, which penalties are computed from.

        part: what the rows are a part of, for the masks.
        """
        x_TBI = self.dropout(self._embedded(ids_TB), part)
        h_TBH = x_TBI
        after = []
        for layer, before in zip(self.layers, state, strict=True):
            h_TBH, last = layer(x_TBI, before, part)
            after.append(last)
            x_TBI = self.dropout(h_TBH, part)
        logits_TBV = nn.functional.linear(x_TBI, self.output_weight, self.output_bias)
        return Forward(logits_TBV, tuple(after), h_TBH, x_TBI)

    def _embedded(self, ids_TB: Tensor) -> Tensor:
        share = self.regularisers.embedding_dropout
        if not (self.training and share):
            return self.embedding(ids_TB)  # type: ignore[no-any-return]
        return nn.functional.embedding(ids_TB, drop_characters(self.embedding.weight, share))

    def weights(self) -> dict[str, Tensor]:
        """The weights by the names of `parameter_shapes`; tied, two names are of one."""
        return {name: self.get_parameter(_own(name)) for name in parameter_shapes(self.config)}

    def to_tensors(self) -> dict[str, np.ndarray]:
        """Copies of the weights as a checkpoint holds them."""
        weights = self.weights().items()
        return {name: weight.detach().cpu().numpy().copy() for name, weight in weights}

    def from_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take the weights of a checkpoint."""
        self.load_state_dict({_own(n): torch.tensor(t) for n, t in tensors.items()})


def state_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a model's `state_dict`."""
    return {_own(name): parameter.shape for name, parameter in parameter_shapes(config).items()}


def check_tied(config: ModelConfig) -> None:
    """Raise InputError unless the embedding can be the output weights too."""
    if config.embedding_size != config.hidden_size:
        raise InputError(
            f"tied weights need one size: --embedding is {config.embedding_size}, --hidden is"
            f" {config.hidden_size}"
        )


def detached(state: ModelState) -> ModelState:
    """The same values, cut from the graph: where back-propagation through time stops.

    Copies: a view of the last time would keep, and save, every time before it.
    """
    return tuple(tuple(tensor.detach().clone() for tensor in layer) for layer in state)


def _own(name: str) -> str:
    return "embedding.weight" if name == "embedding" else name
