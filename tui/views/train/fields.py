"""The fields of the form that starts a training: what may stand in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from .typed_path import path_meant


class Budget(NamedTuple):
    """How much of something: a pattern, an example for who wrote something else, a good one."""

    pattern: str
    example: str
    default: str


BUDGET = {
    "characters": Budget(r"\d+(\.\d+)?[km]?", "500k or 5M", "5M"),
    "minutes": Budget(r"\d+(\.\d+)?", "10 or 0.5", "5"),
    "epochs": Budget(r"\d+(\.\d+)?", "1 or 2.5", "10"),
}
KINDS = tuple(BUDGET)


class More(NamedTuple):
    """An option that is the trainer's own unless something is written here.

    `hint`: what that is. `rule`: what may stand here, in words.
    """

    label: str
    option: str
    hint: str
    pattern: str
    rule: str

    def holds(self, text: str) -> bool:
        """Whether this may stand here; nothing always may."""
        if self.option or not text:
            return re.fullmatch(f"({self.pattern})?", text) is not None
        try:
            return text.startswith("--") and bool(shlex.split(text))
        except ValueError:
            return False


_WHOLE, _SHARE = r"[1-9]\d{0,8}", r"0(\.\d+)?"
_REAL = r"\d*\.?\d+(e-?\d+)?"
MORE: Mapping[str, More] = {
    "learning-rate": More("Learning rate", "--learning-rate", "by cell and size",
                          _REAL, "a number, such as 0.01"),
    "dropout": More("Dropout", "--dropout", "0.1; more for many passes", _SHARE, "from 0 to 0.9"),
    "batch": More("Batch", "--batch", "32 texts at once", _WHOLE, "a number, such as 32"),
    "length": More(
        "Length", "--length", "64 characters back, in continuous text", _WHOLE,
        "a number, such as 64",
    ),
    "evaluations": More(
        "Evaluations", "--evaluations", "20 along the way", _WHOLE, "a number, such as 20"
    ),
    "seed": More("Seed", "--seed", "1", r"\d{1,9}", "a number, such as 1"),
    "others": More(
        "Others", "", "as on the command line: --tied --case lower", "",
        "options of python -m charlm.train, such as --case lower",
    ),
}  # fmt: skip


def _split(text: str) -> list[str]:
    """Options as a shell reads them; a value that is a path may come from a file manager."""
    words = shlex.split(text)
    return [path_meant(word) if word.startswith(("~", "file://")) else word for word in words]


def more_options(texts: Mapping[str, str]) -> tuple[str, ...]:
    """What was written in those fields, as options."""
    words: list[str] = []
    for field, text in texts.items():
        option = MORE[field].option
        if text:
            words += [option, text] if option else _split(text)
    return tuple(words)
