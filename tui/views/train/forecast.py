"""What a training would take, as a short page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

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


def forecast_content(forecast: Forecast | None) -> Content:
    """The page: warnings, numbers, or why it cannot be."""
    parts: list[str | tuple[str, str]] = [("What it would take\n", "bold $primary")]
    if forecast is None:
        return Content.assemble(*parts, ("…", _QUIET))
    if forecast.error:
        return Content.assemble(*parts, (forecast.error, "$error"))
    facts = dict(forecast.facts)
    for warning in forecast.warnings:  # first: the numbers may be longer than the page
        parts.append((f"! {warning}\n", "$warning"))
    for label, word in _TOLD.items():
        if label in facts:
            value = facts[label].removeprefix("about ").partition(" on ")[0]
            parts += [(f"{word:<12}", _QUIET), value, "\n"]
    if not forecast.done:
        parts.append((_doing(facts), _QUIET))
    if forecast.done:
        # Not Enter: a choice that has the focus has no use for it.
        parts.append((f"{key_named('start', 'train')} starts it.", _QUIET))
    return Content.assemble(*parts)


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
