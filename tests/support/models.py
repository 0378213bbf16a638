"""Small random checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from charlm.model.config import ModelConfig, parameter_shapes
from charlm.run.checkpoint import Checkpoint
from charlm.text.config import TextConfig, Unit
from charlm.text.vocabulary import EOS, Vocabulary

CHARACTERS = "\n !,.?abcdefghijklmnopqrstuvwxyzé"

MakeRun = Callable[..., Path]


def random_checkpoint(
    cell: str = "lstm",
    unit: Unit = "continuous",
    characters: str = CHARACTERS,
    hidden_size: int = 24,
    layers: int = 1,
    seed: int = 0,
    end: float = 0.0,
) -> Checkpoint:
    """A checkpoint with weights from U(-3, 3) / sqrt(H). `end`: added to the logit of EOS."""
    vocabulary = Vocabulary(sorted(characters))
    config = ModelConfig(cell, len(vocabulary), 8, hidden_size, layers, bias=cell != "gru")
    continuous = unit == "continuous"
    start_id = vocabulary.to_id["\n"] if continuous and "\n" in vocabulary else EOS
    random = np.random.default_rng(seed)
    tensors = {
        name: (random.uniform(-3, 3, parameter.shape) / hidden_size**0.5).astype(np.float32)
        for name, parameter in parameter_shapes(config).items()
    }
    tensors["output_bias"][EOS] += end
    metrics = {"step": 12, "characters": 3456, "validation_loss": 1.5, "seconds": 7.25}
    corpus = {"name": "some.txt", "sha256": "0" * 64, "characters": 1000, "split": "90/5/5"}
    return Checkpoint(config, TextConfig(unit, start_id), vocabulary, tensors, metrics, corpus)


def overflowing_checkpoint() -> Checkpoint:
    """A model of "a" and "b" whose logits leave float32 after a "b"."""
    checkpoint = random_checkpoint("rnn", characters="ab", hidden_size=4)
    tensors: dict[str, Any] = dict(checkpoint.tensors)
    for name in tensors:
        tensors[name][...] = 0
    b = checkpoint.vocabulary.to_id["b"]
    tensors["embedding"][b, 0] = 1
    tensors["layers.0.input_weight"][:, 0] = 9  # tanh 9 is 1
    tensors["output_weight"][:] = 2e38
    return checkpoint
