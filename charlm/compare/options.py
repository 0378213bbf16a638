"""The options of `python -m charlm compare`: its own, and those it hands to every training."""

from __future__ import annotations

import contextlib
import re
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charlm.errors import InputError
from charlm.model.cells import CELLS
from charlm.model.config import MAX_SIZE
from charlm.options.parser import Parser, option_names
from charlm.options.train_config import OPTIONS
from charlm.options.training import parse_options
from charlm.options.types import choice, text, whole
from charlm.options.writing import add_write_options
from charlm.run.places import RUNS

_DESCRIPTION = """\
Train every cell under one budget, over several seeds, and report what came of it: losses and
curves beside those of n-grams, gradients over time and over distance, and what each model writes.

Every other option is one of `python -m charlm train` and goes to every training, as --unit,
--layers, --batch or --learning-rate. The trainings are runs in DIR/runs. After Ctrl-C the same
command goes on; with more seeds or cells it trains what is missing."""

_EXAMPLES = """\
examples:
  python -m charlm compare --corpus my.txt
  python -m charlm compare --corpus my.txt --cells gru,lstm --budget 5min --seeds 1
  python -m charlm compare --corpus plays.txt --unit continuous --equal hidden --hidden 256
"""

#: Options of a training that the comparison sets itself, and what to give in their place.
_DECIDED = {
    "--cell": "--cells",
    "--seed": "--seeds",
    "--resume": "the same command, which goes on",
    "--from": "a corpus",
    "--dry-run": "a small --budget",
    **dict.fromkeys(("--characters", "--steps", "--epochs", "--minutes"), "--budget"),
}


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how.

    equal: "params" (as many parameters as the first cell has at `hidden`) or "hidden" (units).
    budget: the options of a training that hold it. others: those that all trainings share.
    """

    corpus: tuple[str, ...]
    cells: tuple[str, ...]
    equal: str
    hidden: int
    budget: tuple[str, str]
    seeds: int
    out: Path
    prompts: tuple[str, ...]
    others: tuple[str, ...]


def parse_comparison(arguments: Sequence[str]) -> Comparison:
    """The comparison that a command means. Raises InputError."""
    parser = _parser()
    own, others = parser.parse_known_args(arguments)
    for word in others:
        _check_option(word.split("=")[0], parser)
    if own.corpus and "-" in own.corpus:
        raise InputError("--corpus - can be read only once: give a file")
    parse_options([*others, *own.budget])  # wrong ones are said before the text is read
    name = Path(own.corpus[0]).stem if own.corpus else "python"
    return Comparison(
        corpus=tuple(own.corpus or ()),
        cells=own.cells,
        equal=own.equal,
        hidden=own.hidden,
        budget=own.budget,
        seeds=own.seeds,
        out=Path(own.out) if own.out else RUNS / f"compare-{name}",
        prompts=tuple(own.prompt or ()),
        others=tuple(others),
    )


def _check_option(word: str, parser: Parser) -> None:
    """Raise InputError for an option that no training takes here."""
    if word in _DECIDED:
        raise InputError(f"{word} does not go with compare: give {_DECIDED[word]}")
    taken = {each.option.name for each in OPTIONS.values()} - _DECIDED.keys()
    if word.startswith("--") and word not in taken:
        parser.refuse([word], [*taken, *OPTION_NAMES])


def _parser() -> Parser:
    parser = Parser(
        "compare",
        lambda: {"write": option_names(add_write_options)},
        prog="python -m charlm compare",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    for option in _OPTIONS:
        parser.add_argument(option.name, **option.values)
    return parser


def _cells(words: str) -> tuple[str, ...]:
    cells = tuple(words.split(","))
    for cell in cells:
        if cell not in CELLS:
            raise ArgumentTypeError(f"{cell!r} is not one of {', '.join(CELLS)}")
    if len(set(cells)) < len(cells):
        raise ArgumentTypeError(f"{words!r} names a cell twice")
    return cells


def _budget(words: str) -> tuple[str, str]:
    """ "2000steps" -> --steps 2000, "5min" -> --minutes 5."""
    match = re.fullmatch(r"(.+?)(steps?|min)", words)
    if match:
        budget = "--minutes" if match.group(2) == "min" else "--steps", match.group(1)
        with contextlib.suppress(InputError):
            parse_options(budget)
            return budget
    raise ArgumentTypeError(f"{words!r} is not a budget, as 2000steps or 5min")


#: Those of the practical; the others are compared when they are named.
_SEEDS_CELLS = "rnn,gru,lstm"

# fmt: off
_OPTIONS = (
    text("--corpus", "PATH", None, "text files or folders, read as one text (default: the"
         " documentation inside this Python)", nargs="+"),
    text("--cells", "A,B,..", _SEEDS_CELLS, "which ones (%(default)s)", type=_cells),
    choice("--equal", ("params", "hidden"), "params", "what all cells have alike: the number of"
           " parameters, as near as it gets to the first cell's, or of units (%(default)s)"),
    whole("--hidden", 1, MAX_SIZE, 128, "units of the first cell (%(default)s)"),
    text("--budget", "B", "2000steps", "of each training: 2000steps, or 5min by the"
         " clock (%(default)s)", type=_budget),
    whole("--seeds", 1, 100, 3, "train every cell N times, with seeds 1 to N (%(default)s)"),
    text("--prompt", "TEXT", None, "what the models go on from (repeatable; default: beginnings of"
         " the validation part)", action="append"),
    text("--out", "DIR", None, "folder of the report, the pictures and the runs"
         " (checkpoints/compare-<corpus>)"),
)
#: Those that are its own.
OPTION_NAMES = tuple(option.name for option in _OPTIONS)
