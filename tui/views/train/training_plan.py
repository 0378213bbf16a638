"""What a training is to be: the fields of the form, as options of `python -m charlm.train`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from charlm.options.proposal import cores
from charlm.options.train_config import TrainConfig
from charlm.options.training import parse_options
from charlm.options.types import AUTO

_KEPT_BYTES = 200e6
_MOST_THREADS = 4
_FEWEST_KEPT = 3
_CHARACTERS = 100  # of a usual vocabulary; it hardly counts


@dataclass(frozen=True)
class TrainingPlan:
    """What the form says. No corpus is Python's own documentation; several are one text.

    `budget`: how much of `kind` (characters, minutes or epochs). `more`: further options, in
    pairs of name and value.
    """

    run: Path
    corpus: tuple[str, ...] = ()
    cell: str = TrainConfig.cell
    unit: str = TrainConfig.unit
    hidden: str = AUTO
    layers: str = str(TrainConfig.layers)
    budget: str = AUTO
    kind: str = "characters"
    more: tuple[str, ...] = ()

    @property
    def what(self) -> list[str]:
        """The options that say what is learned: those of a dry run."""
        # A file whose name begins with a dash is no option, and "-" is none's.
        paths = [f"./{path}" if path.startswith("-") else path for path in self.corpus]
        corpus = ["--corpus", *paths] if paths else []
        return [
            *corpus, "--cell", self.cell, "--unit", self.unit, "--hidden", self.hidden,
            "--layers", self.layers, f"--{self.kind}", self.budget,
            "--threads", str(threads()), *self.more,
        ]  # fmt: skip

    @property
    def options(self) -> list[str]:
        """All options. Weights are kept along the way, so that one can go back in time."""
        keep = [] if "--keep" in self.more else ["--keep", str(self.kept)]
        return [*self.what, *keep, "--out", str(self.run)]

    @property
    def kept(self) -> int:
        """How many of the evaluated weights to keep: all, if they take less than 200 MB."""
        sizes = ["--cell", self.cell, "--hidden", self.hidden, "--layers", self.layers]
        config = parse_options(sizes)
        count = config.model(_CHARACTERS).parameter_count
        return max(_FEWEST_KEPT, min(config.evaluations, int(_KEPT_BYTES / (4 * count))))


def threads() -> int:
    """Processor cores for a training: all but the one that the screen needs, and not more than
    share such small products well."""
    return max(1, min(_MOST_THREADS, cores() - 1))
