"""Which trainings a comparison is made of: variants with their sizes, seeds, folders."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from charlm.compare.options import Comparison
from charlm.compare.vary import Setting, in_order, spoken
from charlm.errors import errors_of
from charlm.model.config import MAX_SIZE, ModelConfig
from charlm.options.train_config import TrainConfig
from charlm.options.training import parse_options
from charlm.run.layout import COMPARED


@dataclass(frozen=True)
class Variant:
    """One of those that are compared: a cell of a size, and a value of each option that is varied.

    label: what tells it from the others.
    """

    label: str
    config: ModelConfig
    settings: tuple[Setting, ...] = ()

    @property
    def cell(self) -> str:
        """Its cell."""
        return self.config.cell


@dataclass(frozen=True)
class Training:
    """One run: a variant and a seed. `arguments`: of `charlm.train`."""

    variant: Variant
    seed: int
    folder: Path
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """As its folder is called."""
        return self.folder.name

    @property
    def config(self) -> ModelConfig:
        """The model that it trains."""
        return self.variant.config

    def options(self) -> TrainConfig:
        """What its arguments mean. Raises InputError."""
        return parse_options(self.arguments)


def plan_variants(comparison: Comparison, vocabulary_size: int) -> list[Variant]:
    """List what is compared: cell by cell, every combination of what is varied.

    Raises InputError for options that do not go together, saying of what.
    """
    grid = comparison.grid
    by_settings = [sizes(comparison, vocabulary_size, settings) for settings in grid]
    return [
        Variant(_label(comparison, configs[index].cell, settings), configs[index], settings)
        for index in range(len(comparison.cells))
        for configs, settings in zip(by_settings, grid, strict=True)
    ]


def _label(comparison: Comparison, cell: str, settings: Sequence[Setting]) -> str:
    """What tells a variant from the others: what all of them have does not."""
    differ = [each for each, axis in zip(settings, comparison.axes, strict=True) if len(axis) > 1]
    named = cell if len(comparison.cells) > 1 or not differ else ""
    return ", ".join(filter(None, (named, spoken(differ))))


def sizes(
    comparison: Comparison, vocabulary_size: int, settings: Sequence[Setting] = ()
) -> list[ModelConfig]:
    """The model of each cell, in their order, with these settings."""
    options = comparison.options(settings)

    def config(cell: str, hidden: int) -> ModelConfig:
        with errors_of(spoken(settings)):
            return replace(options, cell=cell, hidden=hidden).model(vocabulary_size)

    first = config(comparison.cells[0], options.hidden)
    if comparison.equal == "hidden":
        return [config(cell, options.hidden) for cell in comparison.cells]
    return [first, *(_nearest(cell, first, config) for cell in comparison.cells[1:])]


def _nearest(
    cell: str, first: ModelConfig, config: Callable[[str, int], ModelConfig]
) -> ModelConfig:
    """The model of a cell with the number of parameters that is nearest to the first's."""
    wanted = first.parameter_count

    def parameters(hidden: int) -> int:
        return config(cell, hidden).parameter_count

    above = bisect_left(range(1, MAX_SIZE), wanted, key=parameters) + 1
    hidden = min((max(1, above - 1), above), key=lambda size: abs(parameters(size) - wanted))
    return config(cell, hidden)


def plan_trainings(
    comparison: Comparison, variants: Sequence[Variant], rates: Sequence[float | None]
) -> list[Training]:
    """List every training, all variants of a seed together, so that none is ahead of the others.

    rates: of each variant the learning rate; None is what a training takes by itself.
    """
    return [
        plan_training(comparison, variant, seed, rate)
        for seed in range(1, comparison.seeds + 1)
        for variant, rate in zip(variants, rates, strict=True)
    ]


def plan_training(
    comparison: Comparison, variant: Variant, seed: int, rate: float | None = None
) -> Training:
    """One training, in the folder that its cell, settings and seed name."""
    settings = in_order(variant.settings)
    if rate is not None:
        settings = in_order([*settings, Setting("learning_rate", rate)])
    named = (f"{setting.option}={setting.text}" for setting in settings)
    folder = comparison.out / COMPARED / "-".join([variant.cell, *named, str(seed)])
    corpus = ("--corpus", *comparison.corpus) if comparison.corpus else ()
    hidden = str(variant.config.hidden_size)
    own = ("--cell", variant.cell, "--hidden", hidden, "--seed", str(seed))
    # Units are the variant's own: those that are set are the first cell's.
    varied = (word for each in settings if each.name != "hidden" for word in each.words)
    shared = (*comparison.others, *comparison.budget, "--no-texts")
    arguments = (*corpus, "--out", str(folder), *own, *varied, *shared)
    return Training(variant, seed, folder, arguments)
