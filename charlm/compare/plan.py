"""Which trainings a comparison is made of: sizes, seeds, folders."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from charlm.compare.options import Comparison
from charlm.model.config import MAX_SIZE, ModelConfig
from charlm.options.training import parse_options


@dataclass(frozen=True)
class Training:
    """One run: a cell of a size, and a seed. `arguments`: of `charlm.train`."""

    cell: str
    config: ModelConfig
    seed: int
    folder: Path
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """As its folder is called."""
        return self.folder.name


def plan_trainings(comparison: Comparison, vocabulary_size: int) -> list[Training]:
    """List every training, all cells of a seed together, so that no cell is ahead of the others."""
    return [
        _training(comparison, config, seed)
        for seed in range(1, comparison.seeds + 1)
        for config in sizes(comparison, vocabulary_size)
    ]


def sizes(comparison: Comparison, vocabulary_size: int) -> list[ModelConfig]:
    """The model of each cell, in their order."""
    options = parse_options(comparison.others)

    def config(cell: str, hidden: int) -> ModelConfig:
        return replace(options, cell=cell, hidden=hidden).model(vocabulary_size)

    first = config(comparison.cells[0], comparison.hidden)
    if comparison.equal == "hidden":
        return [config(cell, comparison.hidden) for cell in comparison.cells]
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


def _training(comparison: Comparison, config: ModelConfig, seed: int) -> Training:
    folder = comparison.out / "runs" / f"{config.cell}-{seed}"
    corpus = ("--corpus", *comparison.corpus) if comparison.corpus else ()
    own = ("--cell", config.cell, "--hidden", str(config.hidden_size), "--seed", str(seed))
    shared = (*comparison.others, *comparison.budget, "--no-texts")
    arguments = (*corpus, "--out", str(folder), *own, *shared)
    parse_options(arguments)  # what does not go with this cell is said before any training
    return Training(config.cell, config, seed, folder, arguments)
