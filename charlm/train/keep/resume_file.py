"""`resume.safetensors`: all that a run needs to go on, in a sealed file.

Its tensors are `model.NAME`, `average.NAME`, `optimiser.NUMBER.NAME`, `state.LAYER.PART` and
`random`. The plain values are JSON, as the bytes of the tensor `plain`: a vocabulary, or the paths
of a corpus of many files, may be longer than a header may be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import torch
from torch import Tensor

from charlm.errors import InputError
from charlm.run.sealed_file import DuplicateKey, Kind, parse_json, read_whole, seal, unsealed
from charlm.train.model import ModelState
from charlm.train.saved import TENSORS, Saved

_KIND = Kind("resume file", key="charlm_resume", version=1, mark="resumes", error=InputError)
_PLAIN, _RANDOM = "plain", "random"
_BYTES = (_PLAIN, _RANDOM)  # the rest are float32


def resume_bytes(values: Saved) -> bytes:
    """Make the bytes of a file that holds these values."""
    plain = {name: value for name, value in values.items() if name not in TENSORS}
    text = json.dumps(plain, allow_nan=False).encode("ascii")
    tensors = {_PLAIN: torch.frombuffer(bytearray(text), dtype=torch.uint8)}
    tensors[_RANDOM] = values["random"]
    for part in ("model", "average"):
        weights = cast(Mapping[str, Tensor], values.get(part) or {})
        tensors |= {f"{part}.{name}": weight for name, weight in weights.items()}
    for number, remembered in values["optimiser"].items():
        tensors |= {f"optimiser.{number}.{name}": value for name, value in remembered.items()}
    for layer, parts in enumerate(values["state"] or ()):
        tensors |= {f"state.{layer}.{part}": value for part, value in enumerate(parts)}
    arrays = {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in tensors.items()}
    return seal(_KIND, {"resumes": True}, arrays)[0]


def resume_data(file: BinaryIO, path: Path) -> bytes:
    """The bytes of an open file, once its header is honest. Raises InputError, OSError."""
    return read_whole(_KIND, path, file)


def read_resume(data: bytes, path: Path) -> dict[str, Any]:
    """Read what a file holds, by the names of `Saved`. Raises InputError."""
    file = unsealed(_KIND, path, data)
    try:
        for name, entry in file.declared.items():
            if entry["dtype"] != ("U8" if name in _BYTES else "F32"):
                raise ValueError(f"tensor {name[:60]!r} is {entry['dtype']!r}")
        arrays = file.tensors()
        plain = parse_json(arrays.pop(_PLAIN).tobytes())
        if not isinstance(plain, dict):
            raise ValueError("its plain values are none")
        return plain | _parts(arrays)
    except (LookupError, TypeError, ValueError, RecursionError, DuplicateKey) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"resume file {path} cannot be used: {reason}") from None


def _parts(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Sort the tensors by the part of `Saved` that they belong to. Raises ValueError."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, array in arrays.items():
        if name != _RANDOM and not np.isfinite(array).all():
            raise ValueError(f"tensor {name[:60]!r} holds a NaN or infinite number")
        part, _, rest = name.partition(".")
        if part not in TENSORS:
            raise ValueError(f"tensor {name[:60]!r} does not belong there")
        found.setdefault(part, {})[rest] = torch.from_numpy(array.copy())
    optimiser: dict[int, dict[str, Tensor]] = {}
    for name, tensor in found.get("optimiser", {}).items():
        number, _, rest = name.partition(".")
        if str(int(number)) != number:
            raise ValueError(f"tensor 'optimiser.{name[:60]}' does not belong there")
        optimiser.setdefault(int(number), {})[rest] = tensor
    if found[_RANDOM].keys() != {""}:
        raise ValueError("its random state is more than one tensor")
    return {
        "model": found.get("model", {}),
        "optimiser": optimiser,
        "average": found.get("average"),
        "state": _state(found["state"]) if "state" in found else None,
        "random": found[_RANDOM][""],
    }


def _state(parts: Mapping[str, Tensor]) -> ModelState:
    """Build the states of the layers from names such as `1.0`; shapes are checked later."""
    layers: dict[int, list[Tensor]] = {}
    for layer, part in sorted(tuple(map(int, name.split("."))) for name in parts):
        layers.setdefault(layer, []).append(parts[f"{layer}.{part}"])
    return tuple(map(tuple, layers.values()))
