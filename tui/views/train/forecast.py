"""What a training would take, as a short page."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping

from textual.content import Content

from ...keys.table import key_named
from ...training.pytorch import SIZE, Installation, install_command, why_by_hand
from ...training.snapshots import Forecast

#: The labels of a dry run that the page tells, and the words it uses for them.
_TOLD = {
    "unit": "unit",
    "time": "time",
    "hidden size": "hidden",
    "parameters": "parameters",
    "characters to learn from": "characters",
    "budget": "budget",
    "passes over the text": "passes",
    "dropout": "dropout",
    "learning rate": "rate",
    "batch": "batch",
    "speed": "speed",
    "memory": "memory",
}
_QUIET = "$foreground-muted"
_INDENT = 12  # cells before a value
_NARROWEST = 12  # cells for a value; where there are fewer, the widget breaks the lines


def forecast_content(forecast: Forecast | None, width: int = 0) -> Content:
    """The page: warnings, numbers, or why it cannot be. width: in cells; 0 breaks no value."""
    parts: list[str | tuple[str, str]] = [("What it would take", "bold $primary")]
    if forecast is None:
        return Content.assemble(*parts, ("\n…", _QUIET))
    if forecast.error:
        return Content.assemble(*parts, ("\n" + forecast.error, "$error"))
    facts = dict(forecast.facts)
    # In the first line, for the numbers may be longer than what is seen of the page. Not Enter:
    # a choice that has the focus has no use for it.
    starts = f"{key_named('start', 'train')} starts it"
    parts.append((f"  {starts if forecast.done else _doing(facts)}\n", _QUIET))
    for warning in forecast.warnings:
        parts.append((f"! {warning}\n", "$warning"))
    for label, word in _TOLD.items():
        if label in facts:
            parts.append((f"{word:<{_INDENT}}", _QUIET))
            parts += _value(_plain(label, facts[label]), width - _INDENT)
    return Content.assemble(*parts)


def _plain(label: str, value: str) -> str:
    """A value without what the page has no room for: it is about that, and by which threads."""
    value = value.removeprefix("about ")
    return value.partition(" on ")[0] if label == "speed" else value


def _value(value: str, width: int) -> Iterator[str | tuple[str, str]]:
    """A value and, quieter, its reason in brackets; lines behind the first begin below it."""
    lines = textwrap.wrap(value, width) if width >= _NARROWEST else [value]
    quiet = False
    for number, line in enumerate(lines):
        if number:
            yield " " * _INDENT
        told, bracket, why = ("", "", line) if quiet else line.partition("(")
        yield told
        yield bracket + why + "\n", _QUIET
        quiet = quiet or bool(bracket)


def _doing(facts: Mapping[str, str]) -> str:
    """What the dry run does now; a large text takes a while."""
    if "text" in facts:
        return "trying a few steps …"
    return f"{facts.get('preparing', 'reading the text')} …"


def pytorch_content(installation: Installation) -> Content:
    """The page where PyTorch is missing: the command that installs it, or how far that is."""
    parts: list[str | tuple[str, str]] = [("Training needs PyTorch\n", "bold $primary")]
    lines = "\n".join(installation.lines)
    if installation.running:
        return Content.assemble(*parts, ("It is being installed.\n\n", _QUIET), lines)
    if installation.code:
        parts += [(f"pip ended with exit code {installation.code}:\n", "$error"), (lines, _QUIET)]
        parts.append("\n\n")
    by_hand = why_by_hand()
    parts += ["It is not here. This command installs it:\n\n", (shown_command(), "bold"), "\n\n"]
    parts.append((f"{SIZE}.\n", _QUIET))
    parts.append((by_hand or f"{key_named('start', 'train')} runs it, if you agree.", _QUIET))
    return Content.assemble(*parts)


def shown_command() -> str:
    """The command that installs PyTorch, as one types it."""
    return shlex.join(install_command())
