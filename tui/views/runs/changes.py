"""Which run may be deleted or have another name, why not, and what is asked before it is done."""

from __future__ import annotations

import os
import unicodedata
from functools import partial
from pathlib import Path

from charlm.run.layout import COMPARED
from charlm.run.places import wrong_name
from charlm.wording import bytes_text

from ..sheets import Ask, Question
from .snapshots import RunRow

_SHIPPED, _TRAINING = "it came with charlm", "it is being trained"


def why_stays(row: RunRow) -> str:
    """Why a run cannot be deleted; "" where it can."""
    if row.kind == "shipped":
        return _SHIPPED
    return _TRAINING if row.state == "training" else ""


def why_kept(row: RunRow) -> str:
    """Why a run cannot have another name; "" where it can."""
    if row.kind != "run":
        return _SHIPPED if row.kind == "shipped" else "it is a single file"
    if row.path.parent.name == COMPARED:
        return "its comparison knows it by this name"
    return _TRAINING if row.state == "training" else ""


def delete_question(row: RunRow) -> Question:
    """Whether to delete it, and what that takes away."""
    what = "Its folder, with everything in it" if row.kind == "run" else "The file"
    lines = [
        row.name, "", f"{what}, {bytes_text(row.size)}, is deleted:", str(row.path), "",
        "This cannot be undone.",
    ]  # fmt: skip
    return Question("Delete?", lines, "Delete")


def rename_question(row: RunRow) -> Ask:
    """How it is to be called, checked as it is typed."""
    text = f"Another name for {row.name}: letters, digits, '-', '_' and '.'"
    return Ask("Rename", text, row.path.name, partial(_wrong_name, row.path))


def _wrong_name(path: Path, name: str) -> str:
    """What is wrong with another name for a run; "" where nothing is."""
    name = unicodedata.normalize("NFC", name)
    if wrong := wrong_name(name):
        return wrong
    taken = name != path.name and os.path.lexists(path.with_name(name))
    return f"{name} exists already: choose another name" if taken else ""
