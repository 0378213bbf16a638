"""`resume.pt`, which older versions wrote: read once more, and replaced by the next save."""

from __future__ import annotations

import errno
import json
import os
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from charlm.errors import InputError


def read_old_resume(file: BinaryIO, path: Path) -> dict[str, Any]:
    """What such a file holds, by the names of `Saved`. Raises InputError, OSError.

    It has no checksum. Nothing but tensors and plain values is unpickled, and no tensor is taken
    that claims to be larger than the file. What torch says of a bad file is not passed on: it
    advises to unpickle anything.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("compressed")
        file.seek(0)
        values = torch.load(file, map_location="cpu", weights_only=True)
        parts = {
            "model": dict(values.pop("model")),
            "optimiser": {
                int(number): {name: item for name, item in kept.items() if item is not None}
                for number, kept in values.pop("optimiser")["state"].items()
            },
            "average": values.pop("average"),
            "state": values.pop("state"),
            "random": values.pop("random"),
        }
        _check_tensors(parts, os.fstat(file.fileno()).st_size)
        plain: dict[str, Any] = json.loads(json.dumps(values, allow_nan=False))
    except Exception as error:  # the unpickler raises types of its own
        _raise_fault_of_disk(error)
        raise InputError(
            f"{path} is damaged, or not a charlm resume file: start a new run, from its weights if"
            f" you like (--from {path.parent})"
        ) from None
    return plain | parts


def _raise_fault_of_disk(error: BaseException) -> None:
    """Raise the OSError, if any, from which an error came: the file may be whole.

    A place that lies outside a file, which a damaged one names, is no fault of the disk.
    """
    from_: BaseException | None = error
    while from_ is not None:
        if isinstance(from_, OSError) and from_.errno not in (None, errno.EINVAL):
            raise from_ from None
        from_ = from_.__context__


def _check_tensors(value: object, size: int) -> None:
    """Raise ValueError unless all that is nested here is tensors that have what they claim."""
    if isinstance(value, Tensor):
        held = value.untyped_storage().nbytes()
        if value.dtype not in (torch.float32, torch.uint8):
            raise ValueError("no plain tensor")
        if value.numel() * value.element_size() > min(held, size):
            raise ValueError("larger than what is there")
        if value.dtype == torch.float32 and not value.isfinite().all():
            raise ValueError("no number")
    elif isinstance(value, dict):
        for item in value.values():
            _check_tensors(item, size)
    elif isinstance(value, tuple):
        for item in value:
            _check_tensors(item, size)
    elif value is not None:
        raise ValueError("no tensor")
