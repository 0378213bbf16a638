"""The options of `score`."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser

from charlm.options.writing import add_engine_options
from charlm.text.readers import WINDOW, WINDOWS

STREAM, RANDOM_WINDOWS = PROTOCOLS = ("stream", "windows")


def add_score_options(parser: ArgumentParser) -> None:
    """Everything that `score` takes."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a file, or a run")
    parser.add_argument("files", metavar="FILE", nargs="+", help="a text; - reads standard input")
    parser.add_argument("--encoding", default="utf-8", help="of FILE (default: utf-8)")
    parser.add_argument(
        "--errors", default="strict", help="bytes that do not fit: replace, ignore (default: stop)"
    )
    add_engine_options(parser)
    _add_protocol(parser.add_argument_group("other ways of measuring, beside the stream"))
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
