"""One model in one safetensors file: the only code that knows the format.

The header's metadata has one key, `charlm`, whose JSON holds: format version, sha256, model
and text configuration, the vocabulary in id order (without PAD and EOS), what each tensor's
axes mean, metrics, and the corpus's name and hash. The SHA-256 is that of the whole file with
its own 64 digits taken as zeros, so a flipped byte anywhere is found.

A file is read as bytes and checked wholly before anything of it is used: nothing is mapped
(a file cut while mapped kills the process), nothing is unpickled, nothing is allocated before
its size is known to be honest. It is written to a temporary file beside it, fsynced and
renamed, so that a reader sees the old file or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as parse_safetensors
from safetensors.numpy import save as to_safetensors

from charlm.config import ModelConfig, TextConfig, parameter_shapes
from charlm.errors import CheckpointError, InputError
from charlm.vocabulary import Vocabulary

FORMAT_VERSION = 1
MODEL = "model.safetensors"
LAST = "last.safetensors"

_MAX_HEADER = 2**20
_TEMPORARY = ".charlm-"
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Checkpoint:
    """A model with all that is needed to use it.

    tensors: float32, the names and shapes of `config.parameter_shapes`.
    metrics: JSON values (step, characters, validation_loss in nats per character, ...).
    corpus: name, sha256 of the prepared text, characters, split.
    sha256: of the file, 64 hexadecimal digits; set when loaded or saved.
    """

    config: ModelConfig
    text: TextConfig
    vocabulary: Vocabulary
    tensors: Mapping[str, np.ndarray]
    metrics: Mapping[str, Any]
    corpus: Mapping[str, Any]
    sha256: str = ""


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> str:
    """Write a checkpoint atomically; returns its SHA-256. Raises InputError, OSError."""
    data, digest = checkpoint_bytes(checkpoint)
    write_atomically(path, data)
    return digest


def checkpoint_bytes(checkpoint: Checkpoint) -> tuple[bytes, str]:
    """The bytes of a checkpoint file and its SHA-256."""
    tensors = {name: np.ascontiguousarray(t) for name, t in checkpoint.tensors.items()}
    _check_tensors(checkpoint.config, tensors)
    content = {
        "version": FORMAT_VERSION,
        "sha256": "0" * 64,
        "config": asdict(checkpoint.config),
        "text": asdict(checkpoint.text),
        "vocabulary": list(checkpoint.vocabulary.characters),
        "axes": {name: p.axes for name, p in parameter_shapes(checkpoint.config).items()},
        "metrics": dict(checkpoint.metrics),
        "corpus": dict(checkpoint.corpus),
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = _SURROGATE.sub(lambda m: f"\\u{ord(m.group()):04x}", text)
    data = bytearray(to_safetensors(tensors, metadata={"charlm": text}))
    header = struct.unpack_from("<Q", data)[0]
    if header > _MAX_HEADER:
        raise InputError(f"checkpoint header would take {header:,} bytes, over {_MAX_HEADER:,}")
    digest = hashlib.sha256(data).hexdigest()
    place = _digest_place(bytes(data[: 8 + header]))
    data[place : place + 64] = digest.encode("ascii")
    return bytes(data), digest


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint file, or a run folder's best model. Raises CheckpointError."""
    if Path(path).is_dir() and not checkpoint_path(path).exists():
        raise CheckpointError(f"folder {path} has no {MODEL}: it is not a run, or saved nothing")
    path = checkpoint_path(path)
    data = _read(path)
    header = _header(data, path)
    content = _content(data, header, path)
    try:
        config = ModelConfig(**content["config"])
        text = TextConfig(**content["text"])
        vocabulary = Vocabulary(content["vocabulary"])
        metrics, corpus = dict(content["metrics"]), dict(content["corpus"])
    except InputError as error:
        raise CheckpointError(f"checkpoint {path}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint {path}: incomplete metadata ({error})") from None
    if config.vocabulary_size != len(vocabulary) or text.start_id >= len(vocabulary):
        raise CheckpointError(
            f"checkpoint {path}: the vocabulary has {len(vocabulary)} entries,"
            f" the model expects {config.vocabulary_size} (start id {text.start_id})"
        )
    _check_declared(config, header, path)
    try:
        tensors = parse_safetensors(data)
        _check_tensors(config, tensors)
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(f"checkpoint {path}: {error}") from None
    digest = str(content["sha256"])
    return Checkpoint(config, text, vocabulary, tensors, metrics, corpus, digest)


def checkpoint_path(path: str | Path) -> Path:
    """The file meant by a path: itself, or the best model of a run folder."""
    path = Path(path)
    return path / MODEL if path.is_dir() else path


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` so that `path` is at any instant the old file or the whole new one."""
    descriptor, temporary = tempfile.mkstemp(prefix=_TEMPORARY, dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sweep_temporaries(folder: Path) -> None:
    """Remove what an interrupted `write_atomically` left in a folder no one else writes."""
    for temporary in folder.glob(_TEMPORARY + "*"):
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise CheckpointError(f"checkpoint {path} is not a regular file")
            return file.read()
    except IsADirectoryError:
        raise CheckpointError(f"checkpoint {path} is a folder without {MODEL}") from None
    except FileNotFoundError:
        raise CheckpointError(f"checkpoint {path} does not exist") from None
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be read: {error.strerror}") from None


def _header(data: bytes, path: Path) -> dict[str, Any]:
    """The parsed safetensors header, once the file's size is what the header says."""
    if len(data) < 9:
        raise CheckpointError(
            f"checkpoint {path}: incomplete file ({len(data)} of 9 bytes or more)"
        )
    ours = _looks_ours(data)
    size = struct.unpack_from("<Q", data)[0]
    if not ours and (data[8:9] != b"{" or size > _MAX_HEADER):
        raise CheckpointError(f"{path} is not a charlm checkpoint")
    if size > _MAX_HEADER:
        raise CheckpointError(
            f"checkpoint {path}: header of {size:,} bytes, over the limit of {_MAX_HEADER:,}"
        )
    if len(data) < 8 + size:
        raise CheckpointError(
            f"checkpoint {path}: incomplete file ({len(data)} of {8 + size} bytes or more)"
        )
    try:
        header = json.loads(data[8 : 8 + size], object_pairs_hook=_without_duplicates)
        ends = [int(t["data_offsets"][1]) for n, t in header.items() if n != "__metadata__"]
    except CheckpointError as error:
        raise CheckpointError(f"checkpoint {path}: {error}") from None
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError, IndexError):
        raise CheckpointError(
            f"checkpoint {path}: checksum differs (its header cannot be read)"
            if ours
            else f"{path} is not a charlm checkpoint"
        ) from None
    expected = 8 + size + max(ends, default=0)
    if len(data) < expected:
        raise CheckpointError(
            f"checkpoint {path}: incomplete file ({len(data)} of {expected} bytes)"
        )
    result: dict[str, Any] = header
    return result


def _content(data: bytes, header: dict[str, Any], path: Path) -> dict[str, Any]:
    """Our own part of the header, once the checksum and the version are right."""
    metadata = header.get("__metadata__")
    if not _looks_ours(data):
        raise CheckpointError(f"{path} is not a charlm checkpoint")
    try:
        head = data[: 8 + struct.unpack_from("<Q", data)[0]]
        place = _digest_place(head)
        written = data[place : place + 64]
        digest = hashlib.sha256(data[:place])
        digest.update(b"0" * 64)
        digest.update(data[place + 64 :])
        whole = digest.hexdigest().encode("ascii") == written
        content = json.loads(metadata["charlm"]) if whole and metadata else None
    except (ValueError, RecursionError, TypeError, KeyError):
        whole, content = False, None
    if not whole or not isinstance(content, dict):
        raise CheckpointError(f"checkpoint {path}: checksum differs, the file is damaged")
    version = content.get("version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise CheckpointError(
            f"checkpoint {path}: format version {version} is newer than {FORMAT_VERSION},"
            " which this charlm reads: update charlm"
        )
    return content


def _looks_ours(data: bytes) -> bool:
    """Whether a file was once ours: either of two marks is enough, one byte may be damaged."""
    head = data[: 8 + _MAX_HEADER]
    return b'"charlm"' in head or b'\\"vocabulary\\"' in head


def _digest_place(header: bytes) -> int:
    """Where the 64 digits stand. Quotes inside strings carry more backslashes, so it is unique."""
    places = [m.end() for m in re.finditer(rb'(?<!\\)\\"sha256\\":\\"(?=[0-9a-f]{64}\\")', header)]
    # The corpus has a sha256 of its own, further on: the file's is the first.
    if not places:
        raise ValueError("no checksum")
    return places[0]


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise CheckpointError(f"tensor {key!r} occurs twice")
        result[key] = value
    return result


def _check_declared(config: ModelConfig, header: Mapping[str, Any], path: Path) -> None:
    """Names, types and shapes as the header declares them, before anything is allocated."""
    expected = parameter_shapes(config)
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if name not in expected:
            raise CheckpointError(f"checkpoint {path}: tensor {name!r} does not belong there")
        if entry.get("dtype") != "F32":
            raise CheckpointError(
                f"checkpoint {path}: tensor {name!r} is {entry.get('dtype')!r}, not F32"
            )
        if entry.get("shape") != list(expected[name].shape):
            raise CheckpointError(
                f"checkpoint {path}: tensor {name!r} has shape {entry.get('shape')},"
                f" expected {list(expected[name].shape)}"
            )
    for name in expected:
        if name not in header:
            raise CheckpointError(f"checkpoint {path}: tensor {name!r} is missing")


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
