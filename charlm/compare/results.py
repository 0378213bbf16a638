"""What came of the trainings, read from their run logs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.checks import is_number
from charlm.compare.plan import Training, Variant
from charlm.run.log import read_run_log

Array = NDArray[np.float64]
#: Without these a run has no result.
_NEEDED = ("validation_loss", "step", "characters", "seconds")


@dataclass(frozen=True)
class Result:
    """One finished run. Losses are of its best weights, in nats per character.

    learning_rate: its height; older logs have none. seconds: of learning and measuring.
    curve: characters seen and validation loss, of each evaluation. norms: characters seen and
    gradient norm before clipping. speeds: characters/s between two lines of the run log.
    baseline: values of `charlm.text.ngram.Baseline`, if it was measured.
    """

    training: Training
    parameters: int
    learning_rate: float | None
    validation_loss: float
    test_loss: float | None
    steps: int
    characters: int
    seconds: float
    curve: tuple[Array, Array]
    norms: tuple[Array, Array]
    speeds: Array
    baseline: dict[str, Any] | None

    @property
    def bpc(self) -> float:
        """The validation loss in bits per character."""
        return self.validation_loss / math.log(2)


#: Of each variant its runs, seed by seed.
Results = Mapping[Variant, Sequence[Result]]


@dataclass(frozen=True)
class Band:
    """The mean of several curves, and between what they lie."""

    x: Array
    mean: Array
    low: Array
    high: Array


def read_result(training: Training) -> Result | None:
    """The result of a training; None of one that did not come to its end.

    The log may be another's: what is no number in it is not there.
    """
    log = read_run_log(training.folder)
    start = next(_of_kind(log, "start"), {})
    ends = list(_of_kind(log, "end", *_NEEDED))
    if not ends:
        return None
    end, baselines = ends[-1], _of_kind(log, "baseline", "order", "unigram", "ngram")
    return Result(
        training,
        _number(start, "parameters") or training.config.parameter_count,
        _number(start, "learning_rate"),
        end["validation_loss"],
        _number(end, "test_loss"),
        end["step"],
        end["characters"],
        end["seconds"],
        curve=_columns(log, "evaluation", "characters", "validation_loss"),
        norms=_columns(log, "step", "characters", "gradient_norm"),
        speeds=_columns(log, "step", "characters", "characters_per_s")[1],
        baseline=next(baselines, None),
    )


def by_variant(results: Sequence[Result]) -> dict[Variant, list[Result]]:
    """The results of each variant, seed by seed, in the order of the variants."""
    variants: dict[Variant, list[Result]] = {}
    for result in results:
        variants.setdefault(result.training.variant, []).append(result)
    return variants


def best_of(results: Results, most: int) -> dict[Variant, list[Result]]:
    """Those of the lowest mean validation loss, at most so many, in their order."""
    ranked = sorted(results, key=lambda variant: mean_loss(results[variant]))
    return {variant: list(runs) for variant, runs in results.items() if variant in ranked[:most]}


def mean_loss(runs: Sequence[Result]) -> float:
    """The mean validation loss of several runs."""
    return statistics.fmean(run.validation_loss for run in runs)


def counted_losses(results: Results) -> dict[str, float]:
    """The losses of what only counts, by name, if they were measured."""
    baseline = next(iter(results.values()))[0].baseline
    if baseline is None:
        return {}
    return {f"{baseline['order']}-gram": baseline["ngram"], "unigram": baseline["unigram"]}


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


def _columns(log: Sequence[dict[str, Any]], kind: str, x: str, y: str) -> tuple[Array, Array]:
    lines = list(_of_kind(log, kind, x, y))
    return np.array([line[x] for line in lines], float), np.array(
        [line[y] for line in lines], float
    )


def _of_kind(log: Sequence[dict[str, Any]], kind: str, *needed: str) -> Iterator[dict[str, Any]]:
    """The lines of a kind that have all these numbers."""
    for line in log:
        if line.get("kind") == kind and all(is_number(line.get(name)) for name in needed):
            yield line


def _number(line: Mapping[str, Any], name: str) -> Any:
    value = line.get(name)
    return value if is_number(value) else None
