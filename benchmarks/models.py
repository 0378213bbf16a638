"""Random models to measure with, and how much work a character of them is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from charlm.engine.engine import Engine
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.run.checkpoint import Checkpoint
from charlm.text.config import TextConfig
from charlm.text.vocabulary import EOS, PAD, Vocabulary

V, E = 100, 64


@dataclass(frozen=True, order=True)
class Size:
    """Cell, hidden size H and layers L of a model."""

    cell: str
    hidden_size: int
    layers: int = 1

    def __str__(self) -> str:
        return f"{self.cell.upper()} H {self.hidden_size} L {self.layers}"


def random_checkpoint(size: Size) -> Checkpoint:
    """A random model whose logits are about as sharp as a trained one's, deviation 2.5.

    Its output bias rules PAD and EOS out, so that every row writes to the last position whoever
    decodes it.
    """
    random = np.random.default_rng(0)
    bias = size.cell != "gru"  # the seeds' GRU has none
    config = ModelConfig(size.cell, V, E, size.hidden_size, size.layers, bias)
    tensors = {
        name: (random.uniform(-2, 2, p.shape) / size.hidden_size**0.5).astype(np.float32)
        for name, p in parameter_shapes(config).items()
    }
    vocabulary = Vocabulary([chr(0x100 + i) for i in range(V - 2)])
    checkpoint = Checkpoint(config, TextConfig("continuous", EOS), vocabulary, tensors, {}, {})
    logits = Engine(checkpoint).logits(random.integers(2, V, (8, 20)).astype(np.int32))
    tensors["output_weight"] *= np.float32(2.5 / logits[:, -1].std())
    tensors["output_bias"][[PAD, EOS]] = -1000
    return replace(checkpoint, tensors=tensors)


def products(config: ModelConfig) -> list[tuple[int, int]]:
    """[outputs, inputs] of every matrix that one character must be multiplied with.

    Layer 0's input weights are not among them: embedding times weights is a table.
    """
    rows = len(config.gates) * config.hidden_size
    layers = [(rows, config.hidden_size * (1 if i == 0 else 2)) for i in range(config.layers)]
    return [*layers, (config.vocabulary_size, config.hidden_size)]


def weight_count(config: ModelConfig) -> int:
    """Weights that one character reads; twice as many operations are done with them."""
    return sum(math.prod(shape) for shape in products(config))
