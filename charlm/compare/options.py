"""The options of `python -m charlm compare`: its own, and those it hands to every training."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
from argparse import ArgumentTypeError, Namespace
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from charlm.compare.formats import FORMATS, SVG
from charlm.compare.vary import Axis, Setting, check_grid, parse_axis, spoken
from charlm.errors import InputError, errors_of
from charlm.model.cells import CELLS
from charlm.model.config import MAX_SIZE
from charlm.options.other_names import plain_name
from charlm.options.parser import Parser, option_names
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import OPTIONS
from charlm.options.training import parse_options
from charlm.options.types import choice, text, whole
from charlm.options.writing import add_write_options
from charlm.run.places import RUNS, new_runs
from charlm.text.files import pipe_in
from charlm.wording import shortened

_DESCRIPTION = """\
Train every cell under one budget, over several seeds, and report what came of it: losses and
curves beside those of n-grams, gradients over time and over distance, and what each model writes.
With --vary any option of a training has several values, and every combination is trained.

Every other option is one of `python -m charlm train` and goes to every training, as --unit,
--layers, --batch or --learning-rate. The trainings are runs in DIR/runs, and DIR/results.csv and
results.jsonl have a row for each. After Ctrl-C the same command goes on; with more seeds, cells or
values it trains what is missing."""

_EXAMPLES = """\
examples:
  python -m charlm compare --corpus my.txt
  python -m charlm compare --corpus my.txt --cells gru,lstm --budget 5min --seeds 1
  python -m charlm compare --corpus my.txt --vary dropout=0,0.1,0.3 --vary layers=1,2
  python -m charlm compare --corpus my.txt --rates 3 --pictures svg,pdf
  python -m charlm compare --corpus plays.txt --unit continuous --equal hidden --hidden 256
"""

#: Options of a training that the comparison sets itself, and what to give in their place.
_DECIDED = {
    "--cell": "--cells",
    "--seed": "--seeds",
    "--resume": "the same command, which goes on",
    "--from": "a corpus",
    "--dry-run": "a small --budget",
    "--find-rate": "it to python -m charlm.train",
    **dict.fromkeys(("--characters", "--steps", "--epochs", "--minutes"), "--budget"),
}


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how.

    equal: "params" (as many parameters as the first cell has at `hidden`) or "hidden" (units).
    budget: the options of a training that hold it. axes: what is varied. rates: how many learning
    rates are tried for each; None is one, which the options say. jobs: trainings at once. pictures:
    their formats. others: the options that all trainings share.
    """

    corpus: tuple[str, ...]
    cells: tuple[str, ...]
    equal: str
    hidden: int
    budget: tuple[str, str]
    axes: tuple[Axis, ...]
    rates: int | None
    seeds: int
    jobs: int
    out: Path
    prompts: tuple[str, ...]
    pictures: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def grid(self) -> list[tuple[Setting, ...]]:
        """Every combination of what is varied; where nothing is, an empty one."""
        return list(itertools.product(*self.axes))

    def options(self, settings: Sequence[Setting]) -> TrainConfig:
        """The options of the first cell's training. Raises InputError, saying of what."""
        words = [word for setting in settings for word in setting.words]
        own = "--cell", self.cells[0], "--hidden", str(self.hidden)
        with errors_of(spoken(settings)):
            return parse_options([*own, *self.others, *self.budget, *words])


def parse_comparison(arguments: Sequence[str]) -> Comparison:
    """The comparison that a command means. Raises InputError."""
    parser, arguments = _parser(), _joined(arguments)
    own, others = parser.parse_known_args(arguments)
    for word in others:
        _check_option(word.split("=")[0], parser)
    axes = _axes(own, arguments, parser)
    comparison = Comparison(
        corpus=tuple(own.corpus or ()),
        cells=own.cells or (_ONE_CELL if axes else _SEEDS_CELLS),
        equal=own.equal,
        hidden=own.hidden,
        budget=own.budget,
        axes=axes,
        rates=own.rates,
        seeds=own.seeds,
        jobs=own.jobs,
        out=Path(own.out) if own.out else _default_folder(own.corpus or ()),
        prompts=tuple(own.prompt or ()),
        pictures=own.pictures,
        others=tuple(others),
    )
    for settings in comparison.grid:  # wrong ones are said before the text is read
        options = comparison.options(settings)
        if pipe := pipe_in([*comparison.corpus, options.validation]):
            what = "standard input" if pipe == "-" else f"{shortened(pipe)} is a pipe, which"
            raise InputError(
                f"{what} can be read only once, and every training reads it: write the text into a"
                " file, and give that (--corpus FILE)"
            )
    return comparison


def _default_folder(corpus: Sequence[str]) -> Path:
    """Where a comparison on these texts is: elsewhere for texts of another place.

    Beside one's work each place has a folder of its own; the user's data are one for all places.
    """
    name, folder = f"compare-{Path(corpus[0]).stem if corpus else 'python'}", new_runs()
    if folder != RUNS and corpus:
        places = "\n".join(map(os.path.realpath, corpus))
        name += "-" + hashlib.sha256(os.fsencode(places)).hexdigest()[:6]
    return folder / name


def _joined(arguments: Sequence[str]) -> list[str]:
    """The words, with what --vary takes behind a =, as that may begin with dashes."""
    words: list[str] = []
    for word in arguments:
        if words and words[-1] == "--vary":
            words[-1] = f"--vary={word}"
        else:
            words.append(word)
    return words


def _axes(own: Namespace, arguments: Sequence[str], parser: Parser) -> tuple[Axis, ...]:
    """What is varied, checked against what is given beside it."""
    given = {word.split("=")[0] for word in arguments}
    axes = tuple(_axis(words, parser) for words in own.vary or ())
    check_grid(axes)
    for axis in axes:
        if (option := f"--{axis[0].option}") in given:
            raise InputError(f"{option} is given and varied: leave one of them out")
    if own.rates is not None and "--learning-rate" in given.union(f"--{a[0].option}" for a in axes):
        raise InputError("--rates tries learning rates itself: leave --learning-rate out")
    return axes


def _axis(words: str, parser: Parser) -> Axis:
    """What one --vary means: "dropout=0,0.1"."""
    name, equals, texts = words.partition("=")
    if not equals or not name:
        raise InputError(f"--vary {words!r} is no option with values, as dropout=0,0.1,0.3")
    option = f"--{plain_name(name)}"
    if option in OPTION_NAMES and option != "--hidden":
        raise InputError(f"--vary {name}: all trainings have that in common: give {option} once")
    _check_option(option, parser)
    known = next(each for each in OPTIONS.values() if each.option.name == option)
    if not known.monitored:
        raise InputError(f"--vary {name}: what is learned does not depend on it")
    if known.group == _TEXT:
        raise InputError(
            f"--vary {name}: with another {name} losses are measured on another text, and do not"
            " compare: make a comparison of each"
        )
    return parse_axis(option, texts)


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
    return _listed(words, CELLS, "cell")


def _pictures(words: str) -> tuple[str, ...]:
    return _listed(words, FORMATS, "format")


def _listed(words: str, known: Collection[str], what: str) -> tuple[str, ...]:
    """The names in "a,b", each once."""
    names = tuple(words.split(","))
    for name in names:
        if name not in known:
            raise ArgumentTypeError(f"{name!r} is not one of {', '.join(known)}")
    if len(set(names)) < len(names):
        raise ArgumentTypeError(f"{words!r} names a {what} twice")
    return names


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
_SEEDS_CELLS = ("rnn", "gru", "lstm")
#: The one of which options are varied where no cell is named.
_ONE_CELL = (OPTIONS["cell"].option.default,)
_TEXT = OPTIONS["unit"].group

# fmt: off
_OPTIONS = (
    text("--corpus", "PATH", None, "text files or folders, read as one text (default: the"
         " documentation inside this Python)", nargs="+"),
    text("--cells", "A,B,..", None, f"which ones ({','.join(_SEEDS_CELLS)}; with --vary"
         f" {','.join(_ONE_CELL)})", type=_cells),
    text("--vary", "NAME=A,B,..", None, "train with each of these values of an option of the"
         " training, yes and no of one without a value (repeatable: every combination)",
         action="append"),
    choice("--equal", ("params", "hidden"), "params", "what all cells have alike: the number of"
           " parameters, as near as it gets to the first cell's, or of units (%(default)s)"),
    whole("--hidden", 1, MAX_SIZE, 128, "units of the first cell (%(default)s)"),
    text("--budget", "B", "2000steps", "of each training: 2000steps, or 5min by the"
         " clock (%(default)s)", type=_budget),
    whole("--rates", 2, 9, None, "try N learning rates for each, a factor of 2 apart around the"
          " one that it takes by itself, with seed 1; the best is that of all seeds"),
    whole("--seeds", 1, 100, 3, "train every cell N times, with seeds 1 to N (%(default)s)"),
    whole("--jobs", 1, 64, 1, "train N of them side by side, each with its share of the cores"
          " (%(default)s)"),
    text("--prompt", "TEXT", None, "what the models go on from (repeatable; default: beginnings of"
         " the validation part)", action="append"),
    text("--pictures", "A,B,..", SVG, "formats of the pictures: svg, png, pdf (%(default)s)",
         type=_pictures),
    text("--out", "DIR", None, "folder of the report, the pictures and the runs"
         " (compare-<corpus> in checkpoints/)"),
)
# fmt: on
#: Those that are its own.
OPTION_NAMES = tuple(option.name for option in _OPTIONS)
