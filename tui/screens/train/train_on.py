"""Training on: a run that is over goes on where it ended."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tui.messages.run import Curves
from tui.screens.sheets import Ask
from tui.screens.train.fields import BUDGET
from tui.widgets.quantities import short

_RESUME = "resume.pt"


def can_go_on(run: Path) -> bool:
    """Whether the run holds what a training needs to go on."""
    return os.path.isfile(run / _RESUME)  # False where nothing may be looked at


def train_on_sheet(curves: Curves) -> Ask:
    """Asks up to how many characters in all.

    It proposes the whole of what a training was to take that did not come so far, and twice what
    another took.
    """
    characters = curves.last.characters if curves.last is not None else 0.0
    progress = curves.progress or 1.0
    cut = curves.ended in (None, "stopped") and progress > 0
    # The share was told with the last line, and where it was cut comes a little later.
    told = curves.of("training")[-1].place.characters if curves.of("training") else characters
    whole = told / progress if cut and progress < 1 else 2 * characters
    return Ask(
        "Train on",
        f"It has learned from {short(characters)} characters so far."
        " Up to how many in all shall it go on?",
        _written(whole) if whole else BUDGET["characters"].default,
        lambda word: _wrong(word.lower(), characters),
    )


def _written(characters: float) -> str:
    """As the trainer reads it, a little more rather than less: 5.1M, 500k."""
    scale, unit = (1e6, "M") if characters >= 1e6 else (1e3, "k")
    return f"{-(-characters * 100 // scale) / 100:g}{unit}"


def _wrong(word: str, so_far: float) -> str:
    kind = BUDGET["characters"]
    if not re.fullmatch(kind.pattern, word):
        return f"a number of characters, as {kind.example}"
    unit = {"k": 1e3, "m": 1e6}.get(word[-1], 1)
    return (
        "" if float(word.rstrip("km")) * unit > so_far else "that many it has learned from already"
    )
