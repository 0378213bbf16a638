"""Training on: a run that is over goes on where it ended."""

from __future__ import annotations

import os
import re
from pathlib import Path

from charlm.options.train_fields import OPTIONS
from charlm.options.types import AUTO
from charlm.run.layout import resume_file
from charlm.run.owner import stranger
from charlm.wording import short

from ...training.snapshots import Curves
from ..sheets import Ask
from .typed_path import path_meant

_TIME = re.compile(
    r"(\d{1,6}(\.\d{1,6})?) ?((?P<h>h|hours?)|(?P<min>min(ute)?s?)|(?P<s>s|sec(ond)?s?))"
)
_MINUTES = {"s": 1 / 60, "min": 1.0, "h": 60.0}
_LEAST = 1 / 60
#: Where a training was stopped so near its end, the rest of it is hardly worth a start.
_NEARLY = 0.8
_AS_MANY = "5M"  # where nothing is known


def train_on_sheet(curves: Curves) -> Ask:
    """Asks up to how many characters in all, or for how many minutes more.

    It proposes the whole of what a training was to take that did not come nearly so far, and twice
    what another took.
    """
    characters = curves.last.characters if curves.last is not None else 0.0
    progress = curves.progress or 1.0
    cut = curves.ended in (None, "stopped") and progress < _NEARLY
    # The share was told with the last line, and where it was cut comes a little later.
    told = curves.of("training")[-1].place.characters if curves.of("training") else characters
    whole = told / progress if cut else 2 * characters
    return Ask(
        "Train on",
        f"It has learned from {short(characters)} characters so far."
        " Up to how many in all shall it go on? Or for how much longer, such as 10 min?",
        _written(whole) if whole else _AS_MANY,
        lambda word: _wrong(word.lower(), characters),
    )


def train_on_options(word: str, curves: Curves) -> list[str]:
    """The options of the training that goes on so far."""
    more = _minutes(word.lower())
    if not more:
        return ["--resume", str(curves.run), "--characters", word]
    so_far = curves.last.seconds / 60 if curves.last is not None else 0.0
    return ["--resume", str(curves.run), "--minutes", f"{so_far + more:.3f}"]


def maker_of(run: Path) -> str:
    """What makes a run another's, whose texts are not opened unasked; "" for one's own."""
    file = resume_file(run)
    try:
        return stranger(run, *([file] if file else []))
    except OSError:
        return ""


def text_sheet(maker: str) -> Ask:
    """Asks which text the run of another user shall go on with."""
    return Ask(
        "Its text",
        f"This run {maker}. The text that it names is not opened unasked, as it could"
        " be any file. Which text shall it go on with? Its own, or one with the same words.",
        "",
        lambda path: "" if os.path.exists(path_meant(path)) else "a file or folder that is there",
    )


def text_options(path: str) -> list[str]:
    """The options that name the text of a run that goes on."""
    return ["--corpus", path_meant(path)]


def _minutes(word: str) -> float:
    """What a word such as 10 min says; 0 where it says no time."""
    time = _TIME.fullmatch(word)
    if time is None:
        return 0.0
    return float(time[1]) * next(each for unit, each in _MINUTES.items() if time[unit])


def _written(characters: float) -> str:
    """As the trainer reads it, a little more rather than less: 5.1M, 500k."""
    scale, unit = (1e6, "M") if characters >= 1e6 else (1e3, "k")
    return f"{-(-characters * 100 // scale) / 100:g}{unit}"


def _wrong(word: str, so_far: float) -> str:
    characters = OPTIONS["characters"].option
    if _minutes(word) >= _LEAST:
        return ""
    if word == AUTO or not characters.takes(word):
        return "a number of characters, as 500k or 5M, or a time, as 10 min"
    return "" if characters.parse(word) > so_far else "that many it has learned from already"
