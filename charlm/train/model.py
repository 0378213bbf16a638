"""The model that is trained: embedding, layers of one cell, a linear map to logits.

Shapes: T times, B rows, V vocabulary, E embedding, H hidden. Weights have the names of
`config.parameter_shapes` (the embedding's, as `nn.Embedding` wants it, with `.weight` behind).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from charlm.cells import State, zero_state
from charlm.config import ModelConfig, parameter_shapes
from charlm.train.sequence import run_cell

ModelState = tuple[State, ...]


class Layer(nn.Module):
    """The weights of one layer; gates stacked in the order of `config.GATES`."""

    def __init__(self, config: ModelConfig, input_size: int) -> None:
        super().__init__()
        rows, size = len(config.gates) * config.hidden_size, config.hidden_size
        self.input_weight = nn.Parameter(torch.empty(rows, input_size))
        self.hidden_weight = nn.Parameter(torch.empty(rows, size))
        self.bias = nn.Parameter(torch.empty(rows)) if config.bias else None

    def forward(self, cell: str, x_TBI: Tensor, state: State) -> tuple[Tensor, State]:
        """The outputs h_TBH and the state after them."""
        x_TBG = nn.functional.linear(x_TBI, self.input_weight, self.bias)
        return run_cell(cell, x_TBG, state, self.hidden_weight)


class CharModel(nn.Module):
    """Ids to logits. `dropout` acts on the embedding, between layers and on the last output."""

    def __init__(self, config: ModelConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size)
        sizes = [config.embedding_size] + [config.hidden_size] * (config.layers - 1)
        self.layers = nn.ModuleList(Layer(config, size) for size in sizes)
        self.output_weight = nn.Parameter(torch.empty(config.vocabulary_size, config.hidden_size))
        self.output_bias = nn.Parameter(torch.empty(config.vocabulary_size))
        self.dropout = nn.Dropout(dropout)
        self.initialise()

    def initialise(self) -> None:
        """Weights uniform in +-1/sqrt(H), biases 0, but 1 for the forget gate: remember first."""
        size = self.config.hidden_size
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if name.endswith("bias"):
                    weight.zero_()
                elif name != "embedding.weight":
                    weight.uniform_(-(size**-0.5), size**-0.5)
            if "f" in self.config.gates and self.config.bias:
                first = self.config.gates.index("f") * size
                for layer in self.layers:
                    layer.bias[first : first + size] = 1  # type: ignore[operator]

    def zero_state(self, rows: int) -> ModelState:
        """The state before any text, one per layer."""
        config = self.config
        return tuple(
            zero_state(config.cell, rows, self.output_bias, config.hidden_size)
            for _ in range(config.layers)
        )

    def forward(self, ids_TB: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """logits_TBV of the character after each id, and the state after the last."""
        x_TBI = self.dropout(self.embedding(ids_TB))
        after = []
        for layer, before in zip(self.layers, state, strict=True):
            h_TBH, last = layer(self.config.cell, x_TBI, before)
            after.append(last)
            x_TBI = self.dropout(h_TBH)
        logits_TBV = nn.functional.linear(x_TBI, self.output_weight, self.output_bias)
        return logits_TBV, tuple(after)

    def to_tensors(self) -> dict[str, np.ndarray]:
        """Copies of the weights as a checkpoint holds them."""
        state = self.state_dict()
        return {name: state[_own(name)].numpy().copy() for name in parameter_shapes(self.config)}

    def from_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take the weights of a checkpoint."""
        self.load_state_dict({_own(n): torch.tensor(t) for n, t in tensors.items()})


def detached(state: ModelState) -> ModelState:
    """The same values, cut from the graph: where back-propagation through time stops.

    Copies: a view of the last time would keep, and save, every time before it.
    """
    return tuple(tuple(tensor.detach().clone() for tensor in layer) for layer in state)


def _own(name: str) -> str:
    return "embedding.weight" if name == "embedding" else name
