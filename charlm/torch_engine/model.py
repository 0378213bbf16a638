"""Immutable weights on a device, and one step of many rows.

Shapes: R rows, V vocabulary, L layers, S states of the cell (h, and c of an LSTM), H hidden units,
G = gates x H. A state is one tensor [R, L, S, H], so that rows are taken from it by one index.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charlm.model.cells import CELLS, Arrays, State, product_with
from charlm.model.config import ModelConfig, Precision, parameter_shapes
from charlm.torch_engine.parts import EngineError, check_ids, memory_named

_TORCH = Arrays.of(torch)


class Model:
    """The cells of a checkpoint, on a device. Raises EngineError for weights that do not fit."""

    precision: Precision = "float32"

    def __init__(
        self,
        *,
        cell: str,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        layers: int,
        bias: bool,
        precision: str,
        tensors: Mapping[str, NDArray[np.float32]],
        device: str,
    ) -> None:
        if precision != self.precision:
            raise EngineError(f"precision {precision} runs on the CPU alone: take --device cpu")
        self.config = ModelConfig(cell, vocabulary_size, embedding_size, hidden_size, layers, bias)
        self.device = torch.device(device)
        _check_weights(self.config, tensors)
        self._cell = CELLS[cell]
        with memory_named(self.device), torch.inference_mode():
            w = {n: torch.tensor(t).to(self.device) for n, t in tensors.items()}
            names = [f"layers.{layer}" for layer in range(layers)]
            zero = torch.zeros(len(self.config.gates) * hidden_size, device=self.device)
            self._biases = [w.get(f"{name}.bias", zero) for name in names]
            self._products = [product_with(w.get(f"{name}.hidden_weight")) for name in names]
            self._input = [w[f"{name}.input_weight"] for name in names]
            # What a character adds to the gates of layer 0, looked up instead of computed.
            self._table_VG = torch.addmm(self._biases[0], w["embedding"], self._input[0].T)
            self._output, self._output_bias = w["output_weight"], w["output_bias"]

    @property
    def isa(self) -> str:
        """What computes: the device's name."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        return f"torch on {self.device}"

    @property
    def state_shape(self) -> tuple[int, int, int]:
        """[L, S, H] of one row."""
        return self.config.state_shape

    def zero_state(self, rows: int) -> Tensor:
        """The state before any text, [R, L, S, H]."""
        return torch.zeros(rows, *self.state_shape, device=self.device)

    def step(self, state: Tensor, ids: Tensor) -> Tensor:
        """Feed one character to every row: the new state [R, L, S, H]."""
        x_RG = self._table_VG[ids]
        new: list[State] = []
        for layer in range(self.config.layers):
            if layer > 0:
                x_RG = torch.addmm(self._biases[layer], new[-1][0], self._input[layer].T)
            old = tuple(state[:, layer].unbind(1))
            new.append(self._cell.step(_TORCH, x_RG, old, self._products[layer]))
        return torch.stack([torch.stack(parts, 1) for parts in new], 1)

    def output(self, state: Tensor) -> Tensor:
        """Logits [R, V] of what follows."""
        return torch.addmm(self._output_bias, state[:, -1, 0], self._output.T)

    @torch.inference_mode()
    def logits(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """ids [N, T] -> logits [N, T, V] of the next character, from the zero state."""
        if ids.ndim != 2:
            raise EngineError(f"ids have {ids.ndim} axes: 2 are expected, [N, T]")
        check_ids(np.unique(ids).tolist(), self.config.vocabulary_size)
        with memory_named(self.device):
            fed = torch.tensor(ids, dtype=torch.int64).to(self.device)
            state = self.zero_state(len(fed))
            logits = torch.empty(*fed.shape, self.config.vocabulary_size)
            for t, ids_N in enumerate(fed.unbind(1)):
                state = self.step(state, ids_N)
                logits[:, t] = self.output(state).cpu()
        return logits.numpy()


def _check_weights(config: ModelConfig, tensors: Mapping[str, NDArray[np.float32]]) -> None:
    shapes = parameter_shapes(config)
    if set(tensors) != set(shapes):
        raise EngineError(f"tensors are {', '.join(tensors)}: {', '.join(shapes)} are expected")
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32:
            raise TypeError(f"{name} is {tensor.dtype}: float32 is expected")
        if tensor.shape != shapes[name].shape:
            raise EngineError(
                f"{name} has the shape {tensor.shape}: {shapes[name].shape} is expected"
            )
        if not np.isfinite(tensor).all():
            raise EngineError(f"{name} holds a NaN or an infinity")
