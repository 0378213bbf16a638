"""Every option of `python -m charlm.train`, by group: its default and what it means."""

from __future__ import annotations

from typing import Any

from charlm.config import GATES, MAX_LAYERS, MAX_SIZE, UNITS
from charlm.corpus import parse_split
from charlm.text_files import ERRORS
from charlm.train.option_types import checked, count, integer, number

SCHEDULES = ("cosine", "plateau", "constant")
#: What an optimiser takes when nothing else is said.
OPTIMISERS: dict[str, dict[str, float]] = {
    "adamw": {"learning_rate": 3e-3, "weight_decay": 0.05},
    "sgd": {"learning_rate": 0.5, "weight_decay": 0.0, "momentum": 0.9},
}

_SHARE = number(-1, 0.99)


def add_text(group: Any) -> None:
    group.add_argument(
        "--corpus", nargs="+", metavar="PATH", help="text files, folders of .txt files, or - for"
        " standard input, read as one text; default: the documentation inside this Python"
    )  # fmt: skip
    group.add_argument(
        "--unit", choices=UNITS, default="sentence", help="what one example is: a sentence, a"
        " line, or the whole text as one stream whose memory is carried on (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--split", default="90/5/5", type=checked(parse_split, str), metavar="A/B/C",
        help="percent to train on / to choose the best by / to test at the end, in the order of"
        " the text (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--max-length", type=integer(1, 2**31 - 1), default=1000, metavar="N", help="cut longer"
        " sentences and lines into pieces of N characters (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--case", choices=("keep", "lower"), default="keep", help="of the text, and then of every"
        " prompt: as it is, or all in lower case (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--form", choices=("none", "NFC"), default="none", help="Unicode form of the text and of"
        " every prompt; NFC makes a letter and its accent one character (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--min-count", type=integer(1, 2**31 - 1), default=1, metavar="N", help="leave out"
        " characters that occur fewer than N times (%(default)s: none)"
    )  # fmt: skip
    group.add_argument(
        "--encoding", default="utf-8", help="of the corpus (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--errors", choices=ERRORS, default="strict", help="what to do with bytes that are not"
        " in that encoding (%(default)s: stop and say where)"
    )  # fmt: skip


def add_model(group: Any) -> None:
    group.add_argument(
        "--cell", choices=tuple(GATES), default="lstm", help="%(default)s learns best; gru is"
        " smaller; rnn is the plain one"
    )  # fmt: skip
    group.add_argument(
        "--hidden", type=integer(1, MAX_SIZE), default=384, metavar="N", help="units of the"
        " memory: quality and cost grow with it, cost with its square (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--layers", type=integer(1, MAX_LAYERS), default=1, metavar="N",
        help="cells on top of each other (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--embedding", type=integer(1, MAX_SIZE), default=64, metavar="N",
        help="numbers that stand for one character (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--gru-bias", action="store_true", help="give the GRU's gates a bias (its equations"
        " have none)"
    )  # fmt: skip


def add_learning(group: Any) -> None:
    group.add_argument(
        "--batch", type=integer(1, 65_536), default=32, metavar="N",
        help="streams read at once; sentences and lines fill batches of about"
        " batch x length characters (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--length", type=integer(1, 65_536), default=64, metavar="N", help="characters that a"
        " gradient reaches back in continuous text; the memory itself is carried on. Half of it"
        " is twice as many updates for the same characters (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--random-length", action="store_true", help="let that length vary from batch to batch,"
        " so that the text is cut elsewhere in every pass"
    )  # fmt: skip
    group.add_argument(
        "--accumulate", type=integer(1, 65_536), default=1, metavar="N", help="batches whose"
        " gradients make one update: larger batches in the same memory (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--optimiser", choices=tuple(OPTIMISERS), default="adamw", help="%(default)s finds its"
        " own step for each weight; sgd wants its learning rate tuned"
    )  # fmt: skip
    group.add_argument(
        "--learning-rate", type=number(0, 100), metavar="X", help="at its height"
        f" ({_by_optimiser('learning_rate')})"
    )  # fmt: skip
    group.add_argument(
        "--weight-decay", type=number(-1, 1), metavar="X", help="share of each weight, times the"
        f" learning rate, taken off at an update ({_by_optimiser('weight_decay')})"
    )  # fmt: skip
    group.add_argument(
        "--momentum", type=number(-1, 0.9999), metavar="X", help="share of the last update that"
        f" the next begins with ({_by_optimiser('momentum')})"
    )  # fmt: skip
    group.add_argument(
        "--schedule", choices=SCHEDULES, default="cosine", help="of the learning rate: down to"
        " 2 %% along half a cosine over the budget; halved where the validation loss stands"
        " still; or constant (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--plateau", type=integer(1, 10_000), metavar="N", help="evaluations without a better"
        " validation loss after which --schedule plateau halves the rate (2)"
    )  # fmt: skip
    group.add_argument(
        "--warm-up", type=integer(0, 2**31 - 1), default=0, metavar="N", help="steps in which"
        " the learning rate rises from 0 (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--clip", type=number(0, 1e6), default=1.0, metavar="X",
        help="longest gradient, as a norm (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--average", type=number(-1, 0.999999), default=0.0, metavar="X", help="measure and save"
        " a moving average of the weights that keeps this share of itself at each step, as 0.999"
        " (%(default)s: the weights themselves)"
    )  # fmt: skip


def add_regularisers(group: Any) -> None:
    group.add_argument(
        "--dropout", type=_SHARE, default=0.1, metavar="P", help="share of the numbers"
        " hidden at random while learning, against learning by heart: more for many passes over"
        " a small text, 0 for one pass over a large one (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--locked-dropout", action="store_true", help="hide the same numbers at all times of a"
        " batch"
    )  # fmt: skip
    group.add_argument(
        "--embedding-dropout", type=_SHARE, default=0.0, metavar="P", help="share of the"
        " characters that are hidden altogether for a batch (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--weight-dropout", type=_SHARE, default=0.0, metavar="P", help="share of the recurrent"
        " weights that are hidden for a batch (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--recurrent-dropout", type=_SHARE, default=0.0, metavar="P", help="share of what would"
        " enter the memory that is kept out of it; gru and lstm (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--activation-penalty", type=number(-1, 1e6), default=0.0, metavar="X", help="price of"
        " large outputs of the last layer, their mean square, as 2 (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--slowness-penalty", type=number(-1, 1e6), default=0.0, metavar="X", help="price of"
        " fast changes of them, as 1 (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--tied", action="store_true", help="use the embedding as the output weights too; needs"
        " --embedding as large as --hidden"
    )  # fmt: skip


def _by_optimiser(name: str) -> str:
    return "; ".join(f"{o}: {values[name]:g}" for o, values in OPTIMISERS.items() if name in values)


def add_budget(group: Any) -> None:
    group.add_argument(
        "--characters", type=count, metavar="N", help="characters to learn from, repeats"
        " counted: 300k, 5m (5m, if no budget is given)"
    )  # fmt: skip
    group.add_argument("--steps", type=count, metavar="N", help="updates of the weights")
    group.add_argument("--epochs", type=number(0, 1e9), metavar="X", help="passes over the text")
    group.add_argument("--minutes", type=number(0, 1e9), metavar="X", help="time")
    group.add_argument(
        "--patience", type=integer(1, 10_000), metavar="N", help="stop early, after N evaluations"
        " without a better validation loss"
    )  # fmt: skip


def add_run(group: Any) -> None:
    group.add_argument(
        "--out", metavar="DIR", help="folder of the run (checkpoints/<corpus>-<cell>-<time>)"
    )
    group.add_argument("--resume", metavar="DIR", help="go on with the run in this folder")
    group.add_argument(
        "--from", dest="start_from", metavar="CHECKPOINT", help="begin with the weights of this"
        " checkpoint or run, on another text; characters it does not know are added"
    )  # fmt: skip
    group.add_argument(
        "--dry-run", action="store_true", help="say what it would take (parameters, time, memory)"
        " and do nothing"
    )  # fmt: skip
    group.add_argument(
        "--evaluations", type=integer(1, 10_000), default=20, metavar="N", help="how often the"
        " validation loss is measured and the model saved, evenly over the budget (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--keep", type=integer(0, 10_000), default=0, metavar="N", help="keep the N best models"
        " by validation loss, in kept/ (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--no-texts", dest="texts", action="store_false", help="do not have every decoder write a"
        " text after each evaluation"
    )  # fmt: skip
    group.add_argument(
        "--seed", type=integer(0, 2**63 - 1), default=1, metavar="N", help="of weights, order"
        " and dropout: the same seed gives the same run (%(default)s)"
    )  # fmt: skip
    group.add_argument(
        "--threads", type=integer(1, 1024), default=1, metavar="N", help="processor cores to"
        " use (%(default)s; two on a busy machine can be slower than one)"
    )  # fmt: skip
    group.add_argument("--debug", action="store_true", help="show a traceback when it fails")
