"""The options of `python -m charlm.train`, from the words of a command to values."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from charlm.options.parser import Options, Parser, as_argument, option_names
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import BUDGETS, OPTIONS
from charlm.options.writing import add_write_options
from charlm.run.layout import LAST, MODEL

_DESCRIPTION = f"""\
Learn to write from a text, character by character.

Without any option it learns from the text that every Python carries (its documentation);
with --corpus, from yours. The run is a folder in checkpoints/, or where there is neither that
nor a repository, among the user's data; with the best model so far ({MODEL}), the
newest ({LAST}) and the run log. Ctrl-C saves and stops; --resume goes on."""

_EPILOG = """\
examples:
  python -m charlm.train --corpus my.txt
  python -m charlm.train --corpus plays.txt --unit continuous --split 90/10/0 --hidden 512
  python -m charlm.train --corpus names.txt --unit line --cell gru --hidden 128 --minutes 2
  cat *.txt | python -m charlm.train --corpus - --out checkpoints/mine
  python -m charlm.train --resume checkpoints/mine --characters 10m"""


def parse_options(arguments: Sequence[str], saved: Mapping[str, Any] | None = None) -> TrainConfig:
    """The options that a command means. Raises InputError.

    `saved`: plain values that the given ones replace, as those of a run that goes on; one budget
    that is given replaces all of them.
    """
    saved = saved or {}
    others = {name: value for name, value in saved.items() if name not in BUDGETS}
    given = vars(_parser().parse_args(arguments, argparse.Namespace(**others)))
    if all(given[name] is None for name in BUDGETS):
        given |= {name: saved.get(name) for name in BUDGETS}
    return TrainConfig.of(given)


def _parser() -> Parser:
    parser = Parser(
        "train",
        _elsewhere,
        _stray,
        prog="python -m charlm.train",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    for title, group in groupby(OPTIONS.values(), key=lambda each: each.group):
        in_group = parser.add_argument_group(title)
        for each in group:
            in_group.add_argument(each.option.name, **each.option.values)
    return parser


def _elsewhere() -> Options:
    return {"write": option_names(add_write_options)}


def _stray(word: str) -> str:
    return f"a text to learn is given as --corpus {as_argument(word)}"
