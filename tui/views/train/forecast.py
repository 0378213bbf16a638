"""What a training would take, as a short page."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from ...keys.table import key_named
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
    """The page: numbers, warnings, or why it cannot be."""
    parts: list[str | tuple[str, str]] = [("What it would take\n", "bold $primary")]
    if forecast is None:
        return Content.assemble(*parts, ("…", _QUIET))
    if forecast.error:
        return Content.assemble(*parts, (forecast.error, "$error"))
    facts = dict(forecast.facts)
    for label, word in _TOLD.items():
        if label in facts:
            value = facts[label].removeprefix("about ").partition(" on ")[0]
            parts += [(f"{word:<12}", _QUIET), value, "\n"]
    if not forecast.done:
        parts.append((_doing(facts), _QUIET))
    for warning in forecast.warnings:
        parts.append((f"! {warning}\n", "$warning"))
    if forecast.done:
        # Not Enter: a choice that has the focus has no use for it.
        parts.append((f"{key_named('start', 'train')} starts it.", _QUIET))
    return Content.assemble(*parts)


def _doing(facts: Mapping[str, str]) -> str:
    """What the dry run does now; a large text takes a while."""
    if "text" in facts:
        return "trying a few steps …"
    return f"{facts.get('preparing', 'reading the text')} …"
