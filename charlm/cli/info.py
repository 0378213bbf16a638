"""What a checkpoint holds, for `charlm info`: as JSON values, and as rows for a person."""

from __future__ import annotations

from dataclasses import asdict
from math import log
from typing import Any

from charlm.run.checkpoint import Checkpoint
from charlm.text.config import KEEP
from charlm.wording import counted


def values(checkpoint: Checkpoint) -> dict[str, Any]:
    """JSON values: everything but the tensors."""
    return {
        "identity": checkpoint.identity,
        "sha256": checkpoint.sha256,
        "config": asdict(checkpoint.config),
        "parameters": checkpoint.config.parameter_count,
        "text": asdict(checkpoint.text),
        "vocabulary": "".join(checkpoint.vocabulary.characters),
        "metrics": dict(checkpoint.metrics),
        "corpus": dict(checkpoint.corpus),
    }


def rows(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """(label, value) for a person. Values may hold any character: filter before showing."""
    config, text = checkpoint.config, checkpoint.text
    characters = "".join(checkpoint.vocabulary.characters)
    layers = counted(config.layers, "layer")
    bias = "" if config.bias else ", no bias"
    cut = f", cut at {text.max_length:,}" if text.unit != "continuous" and text.max_length else ""
    apart = f" apart by {text.separator!r}" if text.separator else ""
    chat = "" if text.chat == KEEP else f", {text.chat} of chats"
    measured = {key: value for key, value in checkpoint.metrics.items() if value is not None}
    metrics = {key.replace("_", " "): value for key, value in measured.items()}
    return [
        ("cell", f"{config.cell.upper()}, {layers} of {config.hidden_size:,}{bias}"),
        ("embedding", f"{config.embedding_size:,}"),
        ("parameters", f"{config.parameter_count:,}"),
        ("vocabulary", f"{counted(len(characters), 'character')}, PAD and EOS: {characters}"),
        ("text", f"unit {text.unit}{cut}{apart}{chat}, form {text.form}, case {text.case}"),
        *((f"corpus {key}", _shown(value)) for key, value in checkpoint.corpus.items()),
        *((key, _shown_metric(key, value)) for key, value in metrics.items()),
        ("identity", checkpoint.identity),
        ("file's sha256", checkpoint.sha256),
    ]


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _shown_metric(key: str, value: Any) -> str:
    if key.endswith("loss") and isinstance(value, int | float):
        return f"{value:.4f} nats per character, {value / log(2):.4f} bpc"
    return f"{value:,.1f}" if isinstance(value, float) else _shown(value)
