"""One option of a strategy, as a row: what it may be, what it does, how the screen shows it."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field
from typing import Any

from charlm.checks import ANY_TEXT, Rule


@dataclass(frozen=True)
class Knob:
    """One option of a strategy.

    help: on the command line. rule: what it may be. neutral: where it does nothing, None where it
    always acts; said of a filter there: off.

    On the screen: label; said: what its keys do; letter: the key that turns it down, its capital
    up, or that lets one type a text; ladder: where keys can put it, inf for no limit, which is the
    neutral value; quiet: it comes after the others where they are chosen in turn.
    """

    help: str
    rule: Rule = ANY_TEXT
    neutral: float | str | None = None
    label: str = ""
    said: str = ""
    letter: str = ""
    ladder: tuple[float, ...] = ()
    quiet: bool = False

    @property
    def is_text(self) -> bool:
        """Whether it is any text."""
        return self.rule is ANY_TEXT


def row(
    default: float | str,
    help: str,
    rule: Rule = ANY_TEXT,
    *,
    by_name: bool = False,
    **rest: Any,
) -> Any:
    """A field with a row of its own. by_name: it has no place among the arguments without names."""
    return row_of(Knob(help, rule, **rest), default, by_name)


def row_of(knob: Knob, default: float | str, by_name: bool = False) -> Any:
    """A field of a row that several strategies share."""
    return field(default=default, kw_only=by_name or MISSING, metadata={"knob": knob})
