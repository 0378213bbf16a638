"""The options of `python -m charlm.train`, from the words of a command to values."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from charlm.errors import InputError
from charlm.options.parser import Options, Parser, as_argument, option_names
from charlm.options.training_groups import GROUPS, OPTIMISERS
from charlm.options.writing import add_write_options

DEFAULT_CHARACTERS = 5_000_000
BUDGETS = ("characters", "steps", "epochs", "minutes")

_DESCRIPTION = """\
Learn to write from a text, character by character.

Without any option it learns from the text that every Python carries (its documentation);
with --corpus, from yours. The run is a folder under checkpoints/ with the best model so far
(model.safetensors), the newest (last.safetensors) and the run log. Ctrl-C saves and stops;
--resume goes on."""

_EPILOG = """\
examples:
  python -m charlm.train --corpus my.txt
  python -m charlm.train --corpus plays.txt --unit continuous --split 90/10/0 --hidden 512
  python -m charlm.train --corpus names.txt --unit line --cell gru --hidden 128 --minutes 2
  cat *.txt | python -m charlm.train --corpus - --out checkpoints/mine
  python -m charlm.train --resume checkpoints/mine --characters 10m"""


def parse_options(arguments: Sequence[str], saved: dict[str, Any] | None = None) -> Any:
    """The options as a namespace.

    `saved`: those of a resumed run, which the given ones replace; one budget given replaces
    all of them.
    """
    saved = saved or {"characters": DEFAULT_CHARACTERS}
    others = {name: value for name, value in saved.items() if name not in BUDGETS}
    options = _parser().parse_args(arguments, argparse.Namespace(**others))
    if all(getattr(options, name) is None for name in BUDGETS):
        for name in BUDGETS:
            setattr(options, name, saved.get(name))
    _complete(options)
    return options


def _complete(options: Any) -> None:
    """What the optimiser and the schedule leave open; an option foreign to them is an error."""
    defaults = OPTIMISERS[options.optimiser]
    for name in ("learning_rate", "weight_decay", "momentum"):
        if getattr(options, name) is None:
            setattr(options, name, defaults.get(name))
    if options.momentum is not None and "momentum" not in defaults:
        raise InputError(f"--momentum does not go with --optimiser {options.optimiser}")
    if options.schedule != "plateau" and options.plateau is not None:
        raise InputError(f"--plateau does not go with --schedule {options.schedule}")
    if options.schedule == "plateau" and options.plateau is None:
        options.plateau = 2
    if options.recurrent_dropout and options.cell == "rnn":
        raise InputError("--recurrent-dropout goes with --cell gru and lstm: an rnn has no gate")
    if options.tied and options.embedding != options.hidden:
        raise InputError("--tied needs --embedding as large as --hidden")
    if options.random_length and options.unit not in ("auto", "continuous"):
        raise InputError("--random-length goes with --unit continuous alone")


def _parser() -> Parser:
    parser = Parser(
        "train",
        _elsewhere,
        _stray,
        prog="python -m charlm.train",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    for title, options in GROUPS.items():
        group = parser.add_argument_group(title)
        for option in options:
            group.add_argument(option.name, **option.values)
    return parser


def _elsewhere() -> Options:
    return {"write": option_names(add_write_options)}


def _stray(word: str) -> str:
    return f"a text to learn is given as --corpus {as_argument(word)}"
