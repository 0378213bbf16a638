"""The options of `score`, and how a model learns while it is scored."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser
from dataclasses import dataclass

from charlm.checks import Range, check_integer
from charlm.options.writing import add_engine_options
from charlm.text.readers import WINDOW, WINDOWS

_LONGEST = 65_536
STREAM, RANDOM_WINDOWS = PROTOCOLS = ("stream", "windows")


@dataclass(frozen=True)
class Adaptation:
    """How a model learns from the text that it is scored on: `charlm.train.adapt` has the formula.

    rate: of a step, from 0 to 100. length: characters of a segment, behind which there is a step.
    decay: share of the way back to where the weights began, of each step, from 0 to 1. The
    defaults were measured (docs/writing.md). Raises InputError.
    """

    rate: float = 0.0005
    length: int = 40
    decay: float = 0.005

    def __post_init__(self) -> None:
        Range(0, 100).check("adapt_rate", self.rate)
        check_integer("adapt_length", self.length, 1, _LONGEST)
        Range(0, 1).check("adapt_decay", self.decay)


def add_score_options(parser: ArgumentParser) -> None:
    """Everything that `score` takes."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a file, or a run")
    parser.add_argument("files", metavar="FILE", nargs="+", help="a text; - reads standard input")
    parser.add_argument("--encoding", default="utf-8", help="of FILE (default: utf-8)")
    parser.add_argument(
        "--errors", default="strict", help="bytes that do not fit: replace, ignore (default: stop)"
    )
    add_engine_options(parser)
    others = parser.add_argument_group("other ways of measuring, beside the stream")
    _add_protocol(others)
    _add_adapting(others)
    parser.add_argument("--json", action="store_true", help="one JSON object a file, and the total")
    parser.add_argument(
        "--details",
        type=int,
        metavar="N",
        help="with --json, of every character: log_prob, rank, entropy and its N first rivals",
    )


def _add_protocol(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default=STREAM,
        help="windows: the mean loss of windows at random places too, each from the zero state, as"
        " nanoGPT estimates it; of continuous text (default: the stream alone)",
    )
    group.add_argument(
        "--window",
        type=int,
        metavar="N",
        help=f"characters that are predicted of each window (default: {WINDOW})",
    )
    group.add_argument(
        "--windows", type=int, metavar="N", help=f"how many windows (default: {WINDOWS:,})"
    )
    group.add_argument(
        "--seed", type=int, metavar="N", help="of the places of the windows (default: 1)"
    )


def _add_adapting(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--adapt",
        action="store_true",
        help="dynamic evaluation: the loss of a model that goes on learning from the text while it"
        " is scored, each segment first scored and then learned; needs PyTorch",
    )
    group.add_argument(
        "--adapt-rate",
        type=float,
        metavar="X",
        help=f"how far a weight goes at a step; 0 learns nothing (default: {Adaptation.rate:g})",
    )
    group.add_argument(
        "--adapt-length",
        type=int,
        metavar="N",
        help=f"characters of a segment (default: {Adaptation.length})",
    )
    group.add_argument(
        "--adapt-decay",
        type=float,
        metavar="X",
        help="share of the way back to the weights of the checkpoint, at each step (default:"
        f" {Adaptation.decay:g})",
    )
