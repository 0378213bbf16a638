"""The options of `python -m charlm.train`: what they are, what they default to, what they mean."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from charlm.config import GATES, MAX_LAYERS, MAX_SIZE, UNITS
from charlm.corpus import ERRORS, parse_split
from charlm.errors import InputError

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


class _Parser(argparse.ArgumentParser):
    """Raises what is wrong instead of printing a usage text and leaving."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see --help)")


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
    return options


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m charlm.train",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _text_options(parser.add_argument_group("text"))
    _model_options(parser.add_argument_group("model"))
    _learning_options(parser.add_argument_group("learning"))
    _budget_options(parser.add_argument_group("budget (the first one reached ends the run)"))
    _run_options(parser.add_argument_group("run"))
    return parser


def _text_options(group: Any) -> None:
    group.add_argument(
        "--corpus", metavar="FILE", help="a text file, or - for standard input; default: the"
        " documentation inside this Python"
    )  # fmt: skip
    group.add_argument(
        "--unit", choices=UNITS, default="sentence", help="what one example is: a sentence, a"
        " line, or the whole text as one stream whose memory is carried on (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--split", default="90/5/5", type=_checked(parse_split, str), metavar="A/B/C",
        help="percent to train on / to choose the best by / to test at the end, in the order of"
        " the text (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--max-length", type=_integer(1, 2**31 - 1), default=1000, metavar="N", help="cut longer"
        " sentences and lines into pieces of N characters (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--min-count", type=_integer(1, 2**31 - 1), default=1, metavar="N", help="leave out"
        " characters that occur fewer than N times (%(default)s: none)"
    )  # fmt: skip
    group.add_argument(
        "--encoding", default="utf-8", help="of the corpus (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--errors", choices=ERRORS, default="strict", help="what to do with bytes that are not"
        " in that encoding (%(default)s: stop and say where)"
    )  # fmt: skip


def _model_options(group: Any) -> None:
    group.add_argument(
        "--cell", choices=tuple(GATES), default="lstm", help="%(default)s learns best; gru is"
        " smaller; rnn is the plain one"
    )  # fmt: skip
    group.add_argument(
        "--hidden", type=_integer(1, MAX_SIZE), default=384, metavar="N", help="units of the"
        " memory: quality and cost grow with it, cost with its square (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--layers", type=_integer(1, MAX_LAYERS), default=1, metavar="N",
        help="cells on top of each other (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--embedding", type=_integer(1, MAX_SIZE), default=64, metavar="N",
        help="numbers that stand for one character (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--gru-bias", action="store_true", help="give the GRU's gates a bias (its equations"
        " have none)"
    )  # fmt: skip


def _learning_options(group: Any) -> None:
    group.add_argument(
        "--batch", type=_integer(1, 65_536), default=32, metavar="N",
        help="streams read at once; sentences and lines fill batches of about"
        " batch x length characters (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--length", type=_integer(1, 65_536), default=64, metavar="N", help="characters that a"
        " gradient reaches back in continuous text; the memory itself is carried on. Half of it"
        " is twice as many updates for the same characters (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--learning-rate", type=_number(0, 1), default=3e-3, metavar="X", help="at the start; it"
        " falls to 2 %% of that along half a cosine (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--clip", type=_number(0, 1e6), default=1.0, metavar="X",
        help="longest gradient, as a norm (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--dropout", type=_number(-1, 0.99), default=0.1, metavar="P", help="share of the numbers"
        " hidden at random while learning, against learning by heart: more for many passes over"
        " a small text, 0 for one pass over a large one (%(default)s)"
    )  # fmt: skip


def _budget_options(group: Any) -> None:
    group.add_argument(
        "--characters", type=_count, metavar="N", help="characters to learn from, repeats"
        " counted: 300k, 5m (5m, if no budget is given)"
    )  # fmt: skip
    group.add_argument("--steps", type=_count, metavar="N", help="updates of the weights")
    group.add_argument("--epochs", type=_number(0, 1e9), metavar="X", help="passes over the text")
    group.add_argument("--minutes", type=_number(0, 1e9), metavar="X", help="time")


def _run_options(group: Any) -> None:
    group.add_argument(
        "--out", metavar="DIR", help="folder of the run (checkpoints/<corpus>-<cell>-<time>)"
    )
    group.add_argument("--resume", metavar="DIR", help="go on with the run in this folder")
    group.add_argument(
        "--seed", type=_integer(0, 2**63 - 1), default=1, metavar="N", help="of weights, order"
        " and dropout: the same seed gives the same run (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--threads", type=_integer(1, 1024), default=1, metavar="N", help="processor cores to"
        " use (%(default)s; two on a busy machine can be slower than one)"
    )  # fmt: skip
    group.add_argument("--debug", action="store_true", help="show a traceback when it fails")


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not an integer from {low} to {high}")
        return value

    return parse


def _number(above: float, most: float) -> Callable[[str], float]:
    """`above` itself is out, except that -1 stands for "from 0"."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (above < value <= most and value >= 0):
            low = "from 0" if above < 0 else f"above {above:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {low}, at most {most:g}")
        return value

    return parse


def _count(text: str) -> int:
    """ "5m" -> 5,000,000."""
    factor = {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000}.get(text[-1:].lower(), 0)
    try:
        value = round(float(text[:-1] if factor else text.replace("_", "")) * (factor or 1))
    except (ValueError, OverflowError):
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a count, as 500, 300k or 5m")
    return value


def _checked(check: Callable[[str], object], result: Callable[[str], str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            check(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return result(text)

    return parse
