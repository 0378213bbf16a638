"""What is varied: options of a training that have several values, each checked by the option."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from charlm.errors import InputError
from charlm.options.parser import Parser
from charlm.options.train_fields import OPTIONS
from charlm.options.types import AUTO

_ORDER = tuple(OPTIONS)
_FLAG = {"yes": True, "no": False}
#: Combinations at most: more were hardly meant.
_MOST = 1000


class Setting(NamedTuple):
    """A value of one option of a training; None is left open. `name`: of its field."""

    name: str
    value: bool | int | float | str | None

    @property
    def option(self) -> str:
        """The option's name without dashes in front."""
        return OPTIONS[self.name].option.name[2:]

    @property
    def text(self) -> str:
        """The value as it is typed, in one way: 0.10 is 0.1."""
        if self.value is None:
            return AUTO
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if isinstance(self.value, float) and float(f"{self.value:g}") == self.value:
            return f"{self.value:g}"
        return str(self.value)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of a command that say it."""
        if isinstance(self.value, bool):
            return (f"--{self.option}",) if self.value else ()
        return f"--{self.option}", self.text


#: The settings of one option, each another value.
Axis = tuple[Setting, ...]


def parse_axis(option: str, texts: str) -> Axis:
    """The values of an option of a training, "0,0.1,0.3". Raises InputError."""
    name = next(name for name, each in OPTIONS.items() if each.option.name == option)
    axis = tuple(Setting(name, _parsed(name, text)) for text in texts.split(","))
    for index, setting in enumerate(axis):
        if name == "hidden" and setting.value is None:  # all cells are to be as large as the first
            raise InputError(f"--vary hidden: {AUTO} is no size that others could equal")
        if setting in axis[:index]:
            raise InputError(f"--vary {option[2:]} has {setting.text} twice")
    return axis


def check_grid(axes: Sequence[Axis]) -> None:
    """Raise InputError for an option that is varied twice, and for far too many combinations."""
    names = [axis[0].name for axis in axes]
    for axis in axes:
        if names.count(axis[0].name) > 1:
            raise InputError(f"{axis[0].option} is varied twice: give all its values in one --vary")
    if (count := math.prod(map(len, axes))) > _MOST:
        raise InputError(f"--vary makes {count:,} combinations: {_MOST:,} are the most")


def in_order(settings: Iterable[Setting]) -> list[Setting]:
    """Settings in the order of the help, however they were typed."""
    return sorted(settings, key=lambda setting: _ORDER.index(setting.name))


def spoken(settings: Iterable[Setting]) -> str:
    """What is set, as "dropout 0.1, layers 2"."""
    return ", ".join(f"{setting.option} {setting.text}" for setting in settings)


def _parsed(name: str, text: str) -> bool | int | float | str | None:
    option = OPTIONS[name].option
    if option.is_flag:
        if text not in _FLAG:
            raise InputError(f"--vary {option.name[2:]}: {text!r} is neither yes nor no")
        return _FLAG[text]
    parser = Parser(prog="python -m charlm compare")  # of this option alone, with its own errors
    parser.add_argument(option.name, dest="value", **option.values)
    value: bool | int | float | str | None = parser.parse_args([f"{option.name}={text}"]).value
    return value
