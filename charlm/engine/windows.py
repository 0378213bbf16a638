"""The loss of windows of a text at random places, each from the zero state: nanoGPT's estimate.

A window of W characters is W + 1 that stand one behind another in the text. The first is read and
is no target: before it the model knows nothing, not even its own start id. Each of the other W is
a target, the first of them foreseen from one character alone. So a model that carries its memory
on looks worse here than in one stream, by what the first characters of a window cost.

Windows are drawn with replacement, every place that has W + 1 characters as likely as any other;
they may overlap. Place k is the same on every machine, however many follow.

N windows, W characters of each, L of the text
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.checks import check_integer
from charlm.engine.encoded_text import EncodedText
from charlm.engine.scoring import ScoreTotal
from charlm.errors import InputError, argument
from charlm.run.checkpoint import Checkpoint
from charlm.wording import counted

MOST, LONGEST = 100_000, 65_536
_MAX_SEED = 2**64 - 1


@dataclass(frozen=True)
class WindowScore:
    """The sum over N windows. standard_error: of its loss, for the drawing of the windows."""

    total: ScoreTotal
    window: int
    windows: int
    seed: int
    standard_error: float


def check_windows(checkpoint: Checkpoint, window: int, windows: int, seed: int) -> None:
    """Raise InputError for numbers out of range, and unless the model's text is continuous."""
    check_integer("window", window, 1, LONGEST)
    check_integer("windows", windows, 2, MOST)
    check_integer("seed", seed, 0, _MAX_SEED)
    unit = checkpoint.text.unit
    if unit != "continuous":
        raise InputError(
            f"windows are of continuous text, and this model's unit is {unit}: each {unit} begins"
            " at the zero state anyway"
        )


def cut_windows(
    ids: NDArray[np.integer[Any]], window: int, windows: int, seed: int
) -> list[EncodedText]:
    """N windows of the ids [L] of a text, each a text by itself. Raises InputError."""
    room = len(ids) - window
    if room < 1:
        raise InputError(
            f"the text has {counted(len(ids), 'character')}, and a window of {window:,} needs"
            f" {window + 1:,}: make ",
            argument("window"),
            " smaller",
        )
    words = np.random.Philox(key=seed).random_raw(windows) >> np.uint64(32)
    places: NDArray[np.uint64] = words * np.uint64(room) >> np.uint64(32)
    whole = np.array([[0, window, 0]])
    return [EncodedText(ids[place : place + window + 1], whole) for place in places.tolist()]


def mean_of(windows: Sequence[ScoreTotal], window: int, seed: int) -> WindowScore:
    """The score of N windows: all their characters count alike, as all are of W."""
    losses = np.array([each.loss for each in windows])
    error = float(losses.std(ddof=1)) / math.sqrt(len(windows))
    count, nats = sum(each.count for each in windows), math.fsum(each.nats for each in windows)
    return WindowScore(ScoreTotal(count, nats), window, len(windows), seed, error)
