"""The kinds of options: what their values may be, and parsers that say what they expected."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any, NamedTuple

from charlm.errors import InputError
from charlm.options.escapes import unescaped

#: What leaves an option open: it is proposed when the text is known.
AUTO = "auto"
_FLAGS = {"store_true": False, "store_false": True}


class Option(NamedTuple):
    """One option: its name, and what `ArgumentParser.add_argument` takes beside it."""

    name: str
    values: dict[str, Any]

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return self.values.get("action") in _FLAGS

    @property
    def default(self) -> Any:
        """The value that it has where it is not given."""
        return _FLAGS[self.values["action"]] if self.is_flag else self.values["default"]

    def parse(self, text: str) -> Any:
        """The value that a text means. Raises ArgumentTypeError."""
        value = self.values.get("type", str)(text)
        if value not in self.values.get("choices", (value,)):
            raise argparse.ArgumentTypeError(f"{text!r} is not one of the choices")
        return value

    def takes(self, text: str) -> bool:
        """Whether a text means a value of this option."""
        try:
            self.parse(text)
        except argparse.ArgumentTypeError:
            return False
        return True

    def accepts(self, value: object) -> bool:
        """Whether this plain value, as JSON has it, is one that the option can have."""
        if self.is_flag:
            return isinstance(value, bool)
        if value is None:
            return self.default is None
        if self.values.get("type") is unescaped:
            return isinstance(value, str)
        if "nargs" in self.values:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        if "choices" in self.values:
            return value in tuple(self.values["choices"])
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return False
        try:
            return bool(self.parse(str(value)) == value)
        except (argparse.ArgumentTypeError, ValueError, OverflowError):
            return False


class FormEntry(NamedTuple):
    """An option as the screen's form asks for it. {} stands for the default.

    hint: what it is where nothing is written. rule: what may be written, in words.
    """

    label: str
    hint: str
    rule: str = "a number, such as {}"


@dataclass(frozen=True)
class TrainOption:
    """What there is to know of an option of a training.

    group: its heading in the help. may_change: whether it may differ when a run goes on; what may
    not is the run. of_old: what runs meant that are older than the option; its default where that
    is not said, and nothing where it may change. monitored: whether TensorBoard's table of runs
    shows it; what only says where things are, or how the command is to behave, is not in it.
    on_form: how the screen asks for it.
    """

    option: Option
    group: str
    may_change: bool
    of_old: Any
    monitored: bool
    on_form: FormEntry | None


class Group:
    """A group of options; called, it makes the field of one."""

    def __init__(self, title: str) -> None:
        self.title = title

    def __call__(
        self,
        option: Option,
        *,
        may_change: bool = False,
        of_old: Any = MISSING,
        monitored: bool = True,
        on_form: FormEntry | None = None,
    ) -> Any:
        """A dataclass field of the option's default, with what there is to know of it."""
        known = TrainOption(option, self.title, may_change, of_old, monitored, on_form)
        return field(default=option.default, metadata={"option": known})


def text(name: str, metavar: str, default: str | None, help: str, **more: Any) -> Option:
    """A text: a name, a path, or what `type` makes of it."""
    return Option(name, {"metavar": metavar, "default": default, "help": help, **more})


def flag(name: str, help: str, **more: Any) -> Option:
    """An option without a value."""
    return Option(name, {"action": "store_true", "help": help, **more})


def choice(name: str, choices: Sequence[str], default: str | None, help: str) -> Option:
    """One of a few words; without a default it is left open."""
    return Option(name, {"choices": choices, "default": default, "help": help})


def or_auto(option: Option) -> Option:
    """The same, left open (None) where nothing is given, or `auto`."""
    parse = option.values["type"]

    def parse_or_not(text: str) -> Any:
        if text.lower() == AUTO:
            return None
        try:
            return parse(text)
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(f"{error}, or {AUTO}") from None

    return Option(option.name, option.values | {"type": parse_or_not, "default": None})


def whole(name: str, low: int, high: int, default: int | None, help: str) -> Option:
    """An integer from `low` to `high`."""
    values = {"type": _integer(low, high), "metavar": "N", "default": default, "help": help}
    return Option(name, values)


def real(name: str, above: float, most: float, default: float | None, help: str) -> Option:
    """A number above `above` (-1 stands for "from 0"), at most `most`."""
    values = {"type": _number(above, most), "metavar": "X", "default": default, "help": help}
    return Option(name, values)


def share(name: str, default: float, help: str) -> Option:
    """A probability from 0 to 0.99."""
    values = {"type": _number(-1, 0.99), "metavar": "P", "default": default, "help": help}
    return Option(name, values)


def amount(name: str, help: str, default: int | None = None, least: int = 1) -> Option:
    """A large count, as 300k or 5m."""
    values = {"type": _count(least), "metavar": "N", "default": default, "help": help}
    return Option(name, values)


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not an integer from {low} to {high}")
        return value

    return parse


def _number(above: float, most: float) -> Callable[[str], float]:
    """`above` itself is out, except that -1 stands for "from 0"."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (above < value <= most and value >= 0):
            low = "from 0" if above < 0 else f"above {above:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {low}, at most {most:g}")
        return value

    return parse


def _count(least: int) -> Callable[[str], int]:
    """ "5m" -> 5,000,000."""

    def parse(text: str) -> int:
        factor = {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000}.get(text[-1:].lower(), 0)
        try:
            value = round(float(text[:-1] if factor else text.replace("_", "")) * (factor or 1))
        except (ValueError, OverflowError):
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a count, as 500, 300k or 5m")
        return value

    return parse


def checked(check: Callable[[str], object], result: Callable[[str], str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            check(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(error.typed) from None
        return result(text)

    return parse
