"""What came of the trainings, read from their run logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.compare.plan import Training
from charlm.run.log import read_run_log

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """One finished run. Losses are of its best weights, in nats per character.

    curve: characters seen and validation loss, of each evaluation. norms: characters seen and
    gradient norm before clipping. speeds: characters/s between two lines of the run log.
    baseline: values of `charlm.text.ngram.Baseline`, if it was measured.
    """

    training: Training
    validation_loss: float
    test_loss: float | None
    steps: int
    characters: int
    curve: tuple[Array, Array]
    norms: tuple[Array, Array]
    speeds: Array
    baseline: dict[str, Any] | None


@dataclass(frozen=True)
class Band:
    """The mean of several curves, and between what they lie."""

    x: Array
    mean: Array
    low: Array
    high: Array


def read_result(training: Training) -> Result:
    """The result of a training that came to its end."""
    log = read_run_log(training.folder)
    end = next(line for line in reversed(log) if line["kind"] == "end")
    return Result(
        training,
        end["validation_loss"],
        end["test_loss"],
        end["step"],
        end["characters"],
        curve=_columns(log, "evaluation", "characters", "validation_loss"),
        norms=_columns(log, "step", "characters", "gradient_norm"),
        speeds=_columns(log, "step", "characters", "characters_per_s")[1],
        baseline=next((line for line in log if line["kind"] == "baseline"), None),
    )


def by_cell(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The results of each cell, seed by seed, in the order of the cells."""
    cells = dict.fromkeys(result.training.cell for result in results)
    return {cell: [r for r in results if r.training.cell == cell] for cell in cells}


def band(curves: Sequence[tuple[Array, Array]]) -> Band:
    """Curves over the same budget, at the places of the first."""
    x = curves[0][0]
    values = np.stack([np.interp(x, *curve) for curve in curves])
    return Band(x, values.mean(axis=0), values.min(axis=0), values.max(axis=0))


def thinned(curve: tuple[Array, Array], most: int = 100) -> tuple[Array, Array]:
    """The means of at most `most` stretches of a curve."""
    count = min(most, len(curve[0]))
    x, y = ([part.mean() for part in np.array_split(values, count)] for values in curve)
    return np.array(x), np.array(y)


def _columns(log: list[dict[str, Any]], kind: str, x: str, y: str) -> tuple[Array, Array]:
    lines = [line for line in log if line["kind"] == kind and line[y] is not None]
    return np.array([line[x] for line in lines], float), np.array(
        [line[y] for line in lines], float
    )
