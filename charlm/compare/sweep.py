"""Learning rates that are tried for each variant, with the first seed; the best serves all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from charlm.compare.jobs import begun
from charlm.compare.options import Comparison
from charlm.compare.plan import Variant, plan_training
from charlm.compare.results import Result
from charlm.compare.trainings import TOO_HIGH
from charlm.errors import TrainingError

#: Between two rates. By the tables of docs/training.md what lies between loses some 0.01 nats.
_FACTOR = 2.0


@dataclass(frozen=True)
class Sweep:
    """The rates that were tried, from the lowest, with their validation losses; inf: diverged."""

    losses: Mapping[float, float]

    @property
    def best(self) -> float:
        """The rate of the lowest loss; of equal ones the lowest."""
        return min(self.losses, key=self.losses.__getitem__)

    @property
    def taken(self) -> str:
        """The best rate, and whether the sweep ends there, so that a better one may lie beyond."""
        rates = list(self.losses)
        ends = {rates[0]: "lowest", rates[-1]: "highest"}
        beyond = f", the {ends[self.best]} tried" if self.best in ends else ""
        return f"{self.best:g}{beyond}"

    def __str__(self) -> str:
        """Each rate with its loss."""
        return ", ".join(
            f"{rate:g}: {loss:.4f}" if math.isfinite(loss) else f"{rate:g}: diverged"
            for rate, loss in self.losses.items()
        )


def rates_around(rate: float, count: int) -> list[float]:
    """`count` rates around one, in two digits; of an even count one more lies below it."""
    powers = range(-(count // 2), (count + 1) // 2)
    return [float(f"{rate * _FACTOR**power:.2g}") for power in powers]


def rates_of(comparison: Comparison, variant: Variant) -> list[float]:
    """The rates that are tried for a variant, around that which it takes by itself; or none."""
    if comparison.rates is None:
        return []
    rule = plan_training(comparison, variant, seed=1).options().learning_rate
    return rates_around(rule, comparison.rates)


def sweep(
    comparison: Comparison,
    rates: Mapping[Variant, Sequence[float]],
    ended: Callable[[Result], None],
) -> dict[Variant, Sweep]:
    """Train every variant at each of its rates. Raises Stopped and TrainingError.

    ended: called with every result.
    """
    tried = {
        variant: {rate: plan_training(comparison, variant, seed=1, rate=rate) for rate in each}
        for variant, each in rates.items()
    }
    losses: dict[str, float] = {}
    trainings = [training for by_rate in tried.values() for training in by_rate.values()]
    with begun(trainings, comparison.jobs) as all_of_them:
        for training, title, result_of in all_of_them:
            try:
                result = result_of()
            except TrainingError as error:
                if TOO_HIGH not in str(error):
                    raise
                print(f"{title}: diverged", flush=True)
                losses[training.name] = math.inf
            else:
                ended(result)
                losses[training.name] = result.validation_loss
    sweeps = {
        variant: Sweep({rate: losses[training.name] for rate, training in by_rate.items()})
        for variant, by_rate in tried.items()
    }
    for variant, each in sweeps.items():
        if not math.isfinite(min(each.losses.values())):
            raise TrainingError(f"{variant.label} diverged at every rate ({each}): nothing to take")
        print(f"{variant.label}: learning rate {each.taken} ({each})", flush=True)
    return sweeps
