"""One model in one safetensors file: the only code that knows the format.

The metadata's key `charlm` holds as JSON: format version, sha256, model and text configuration,
the vocabulary in id order (without PAD and EOS), what each tensor's axes mean, metrics, and the
corpus's name and hash. How a file is sealed, read and written is `charlm.run.sealed_file`'s.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from charlm.checks import shown
from charlm.errors import CheckpointError, InputError
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.model.identity import identity_of
from charlm.run.layout import MODEL
from charlm.run.places import RUNS, find_run, known_weights, missing_run
from charlm.run.sealed_file import Kind, read_content, seal, unseal, write_atomically
from charlm.text.config import KEEP, TextConfig
from charlm.text.vocabulary import Vocabulary
from charlm.wording import counted, shortened

#: What version 2 says of a text, where it is not so: a file that needs nothing of it is version 1.
_NEW_IN_2 = {"separator": "", "sentence_rule": 1, "chat": KEEP}
_KIND = Kind("checkpoint", key="charlm", version=2, mark="vocabulary", error=CheckpointError)


@dataclass(frozen=True)
class Checkpoint:
    """A model with all that is needed to use it.

    tensors: float32, the names and shapes of `config.parameter_shapes`.
    metrics: JSON values (step, characters, validation_loss in nats per character, ...).
    corpus: name, sha256 of the prepared text, characters, split.
    sha256: of the file, 64 hexadecimal digits; set when loaded.
    """

    config: ModelConfig
    text: TextConfig
    vocabulary: Vocabulary
    tensors: Mapping[str, np.ndarray]
    metrics: Mapping[str, Any]
    corpus: Mapping[str, Any]
    sha256: str = ""

    @cached_property
    def identity(self) -> str:
        """The model's name in records and prompt states (`charlm.model.identity`)."""
        return identity_of(self.config, self.text, self.vocabulary, self.tensors)

    def is_named(self, name: str) -> bool:
        """Whether a record or a state means this model: by identity or, of old, by file."""
        return bool(name) and name in (self.identity, self.sha256)


@dataclass(frozen=True)
class Description:
    """What a checkpoint says of itself: all but the tensors and the digest."""

    config: ModelConfig
    text: TextConfig
    vocabulary: Vocabulary
    metrics: Mapping[str, Any]
    corpus: Mapping[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> str:
    """Write a checkpoint atomically; returns its SHA-256. Raises InputError, OSError."""
    data, digest = checkpoint_bytes(checkpoint)
    write_atomically(path, data)
    return digest


def checkpoint_bytes(checkpoint: Checkpoint) -> tuple[bytes, str]:
    """The bytes of a checkpoint file and its SHA-256."""
    tensors = {name: np.ascontiguousarray(t) for name, t in checkpoint.tensors.items()}
    _check_tensors(checkpoint.config, tensors)
    text = asdict(checkpoint.text)
    new = {name for name, default in _NEW_IN_2.items() if text[name] != default}
    content = {
        "version": 2 if new else 1,
        "config": asdict(checkpoint.config),
        "text": {name: text[name] for name in text if name in new or name not in _NEW_IN_2},
        "vocabulary": list(checkpoint.vocabulary.characters),
        "axes": {name: p.axes for name, p in parameter_shapes(checkpoint.config).items()},
        "metrics": dict(checkpoint.metrics),
        "corpus": dict(checkpoint.corpus),
    }
    return seal(_KIND, content, tensors)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint file, or the best model of a run's folder, which may be given by its name.

    Raises CheckpointError.
    """
    if not os.path.lexists(find_run(Path(path))):
        raise CheckpointError(missing_run(Path(path)))
    path = checkpoint_path(path)
    if path.name == MODEL and path.parent.is_dir() and not path.exists():
        raise CheckpointError(
            f"folder {path.parent} has no {MODEL}: it is not a run, or saved nothing"
        )
    file = unseal(_KIND, path, _fitting)
    description = _fitting(path, file.content, file.declared)
    try:
        tensors = file.tensors()
        _check_tensors(description.config, tensors)
    except ValueError as error:
        raise CheckpointError(f"checkpoint {path}: {error}") from None
    digest = str(file.content["sha256"])
    return Checkpoint(
        description.config, description.text, description.vocabulary, tensors,
        description.metrics, description.corpus, digest,
    )  # fmt: skip


def find_checkpoints(names: Collection[str]) -> dict[str, tuple[Path, Checkpoint]]:
    """The models of identities (or of old, of files' SHA-256) among the known runs, by name.

    Raises CheckpointError when one of them is nowhere.
    """
    found: dict[str, tuple[Path, Checkpoint]] = {}
    for path in known_weights():
        if len(found) == len(set(names)):
            break
        with contextlib.suppress(CheckpointError, OSError, MemoryError):  # a list shows what it is
            describe_checkpoint(path)  # nothing that is no checkpoint is read whole
            checkpoint = load_checkpoint(path)
            for name in names:
                if checkpoint.is_named(name):
                    found.setdefault(name, (path, checkpoint))
    for name in names:
        if name not in found:
            raise CheckpointError(
                f"model {name:.12} is none of the runs under {RUNS} or those that came with"
                " charlm: name its CHECKPOINT"
            )
    return found


def describe_checkpoint(path: str | Path) -> Description:
    """What a checkpoint says of itself, quickly: neither tensors nor checksum are looked at.

    For lists; to use a checkpoint, load it. Raises CheckpointError.
    """
    path = checkpoint_path(path)
    return _described(path, read_content(_KIND, path))


def checkpoint_path(path: str | Path) -> Path:
    """The file meant by a path or a name: itself, or the best model of a run folder."""
    path = find_run(Path(path))
    return path / MODEL if path.is_dir() else path


def _described(path: Path, content: Mapping[str, Any]) -> Description:
    try:
        config = ModelConfig(**content["config"])
        text = TextConfig(**content["text"])
        vocabulary = Vocabulary(content["vocabulary"])
        metrics, corpus = dict(content["metrics"]), dict(content["corpus"])
    except InputError as error:
        raise CheckpointError(f"checkpoint {path}: ", *error.args) from None
    except (KeyError, TypeError, ValueError) as error:
        said = shortened(str(error))
        raise CheckpointError(f"checkpoint {path}: incomplete metadata ({said})") from None
    if config.vocabulary_size != len(vocabulary) or text.start_id >= len(vocabulary):
        raise CheckpointError(
            f"checkpoint {path}: the vocabulary has {counted(len(vocabulary), 'entry', 'entries')},"
            f" the model expects {config.vocabulary_size} (start id {text.start_id})"
        )
    return Description(config, text, vocabulary, metrics, corpus)


def _fitting(
    path: Path, content: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]]
) -> Description:
    """What a file says of itself, if the tensors that it declares are those of such a model.

    Names, types and shapes, before anything is allocated. Raises CheckpointError.
    """
    description = _described(path, content)
    expected = parameter_shapes(description.config)
    for name, entry in declared.items():
        if name not in expected:
            raise CheckpointError(f"checkpoint {path}: tensor {shown(name)} does not belong there")
        if entry.get("dtype") != "F32":
            raise CheckpointError(
                f"checkpoint {path}: tensor {name!r} is {shown(entry.get('dtype'))}, not F32"
            )
        if entry.get("shape") != list(expected[name].shape):
            raise CheckpointError(
                f"checkpoint {path}: tensor {name!r} has shape {shown(entry.get('shape'))},"
                f" expected {list(expected[name].shape)}"
            )
    for name in expected:
        if name not in declared:
            raise CheckpointError(f"checkpoint {path}: tensor {name!r} is missing")
    return description


def _check_tensors(config: ModelConfig, tensors: Mapping[str, np.ndarray]) -> None:
    expected = parameter_shapes(config)
    if tensors.keys() != expected.keys():
        odd = sorted(tensors.keys() ^ expected.keys())
        raise InputError(f"tensors missing or too many: {', '.join(odd)}")
    for name, parameter in expected.items():
        tensor = tensors[name]
        if tensor.dtype != np.float32 or tensor.shape != parameter.shape:
            raise InputError(
                f"tensor {name!r} is {tensor.dtype} {list(tensor.shape)},"
                f" expected float32 {list(parameter.shape)} ({parameter.axes})"
            )
        if not np.isfinite(tensor).all():
            raise InputError(f"tensor {name!r} holds a NaN or infinite weight")
