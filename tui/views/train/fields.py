"""The fields of the form that starts a training: what may stand in them.

Which options of a training the form asks for, and what each may be, is said where the options are
(`charlm.options.train_fields`).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import NamedTuple

from charlm.options.train_fields import OPTIONS
from charlm.options.types import AUTO

from .typed_path import path_meant


class Budget(NamedTuple):
    """How much of something: an example for who wrote something else, and a good one."""

    example: str
    default: str


#: By the option that holds it.
BUDGET = {
    "characters": Budget("500k, 5M or auto", AUTO),
    "minutes": Budget("10 or 0.5", "5"),
    "epochs": Budget("1 or 2.5", "10"),
}
KINDS = tuple(BUDGET)


class More(NamedTuple):
    """A field for an option that has its default unless something is written here.

    name: of the option; "" takes options as they are typed in a command. hint: what it is by
    itself. rule: what may stand here, in words.
    """

    name: str
    label: str
    hint: str
    rule: str

    @property
    def option(self) -> str:
        """The option as a command has it."""
        return OPTIONS[self.name].option.name

    def holds(self, text: str) -> bool:
        """Whether this may stand here; nothing always may."""
        if self.name or not text:
            return not text or OPTIONS[self.name].option.takes(text)
        try:
            return text.startswith("--") and bool(shlex.split(text))
        except ValueError:
            return False


#: The options in the order of the form: what is turned most comes first, others behind these.
_ORDER = ("learning_rate", "dropout", "batch", "length", "evaluations", "seed")


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


#: By the id of their widgets.
MORE: Mapping[str, More] = {
    name.replace("_", "-"): More(
        name,
        each.on_form.label,
        each.on_form.hint.format(each.option.default),
        each.on_form.rule.format(each.option.default),
    )
    for name, each in sorted(OPTIONS.items(), key=lambda item: _place(item[0]))
    if each.on_form is not None
} | {
    "others": More(
        "",
        "Others",
        "as on the command line: --tied --case lower",
        "options of python -m charlm.train, such as --case lower",
    )
}


def _split(text: str) -> list[str]:
    """Options as a shell reads them; a value that is a path may come from a file manager."""
    words = shlex.split(text)
    return [path_meant(word) if word.startswith(("~", "file://")) else word for word in words]


def more_options(texts: Mapping[str, str]) -> tuple[str, ...]:
    """What was written in those fields, as options."""
    words: list[str] = []
    for field, text in texts.items():
        more = MORE[field]
        if text:
            words += [more.option, text] if more.name else _split(text)
    return tuple(words)
