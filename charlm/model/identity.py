"""What makes a model that model and no other: the name by which records and states know it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from charlm.model.config import ModelConfig, parameter_shapes
from charlm.text.config import TextConfig
from charlm.text.vocabulary import Vocabulary


def identity_of(
    config: ModelConfig,
    text: TextConfig,
    vocabulary: Vocabulary,
    tensors: Mapping[str, np.ndarray],
) -> str:
    """The identity of a model, 64 hexadecimal digits.

    It is the SHA-256 of what the model computes from: canonical JSON (ASCII, sorted keys, no
    spaces) of sizes, text settings and vocabulary, then every weight as little-endian float32 in
    the order of `parameter_shapes`. Fields at their default are left out, so that a new one
    changes no identity; the defaults therefore never change. Times, losses and the corpus's name
    are no part of it: a training that comes to the same bits makes the same model.
    """
    described = {
        "config": _not_default(config),
        "text": _not_default(text),
        "vocabulary": list(vocabulary.characters),
    }
    canonical = json.dumps(described, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode("ascii"))
    for name in parameter_shapes(config):
        digest.update(np.ascontiguousarray(tensors[name], dtype="<f4").data)
    return digest.hexdigest()


def _not_default(value: ModelConfig | TextConfig) -> dict[str, Any]:
    """The fields that are not at their default."""
    values = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
    return {
        name: here
        for name, (here, default) in values.items()
        if default is MISSING or here != default
    }
