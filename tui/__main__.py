"""`python -m tui [CHECKPOINT or RUN]`: opens the screen."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from charlm.errors import CheckpointError, InputError, run_and_exit


def main(arguments: Sequence[str]) -> int:
    """Check the arguments and the terminal, then run the screen; the exit code."""
    options = _parser().parse_args(arguments)
    if options.model is not None and not _exists(options.model):
        raise CheckpointError(
            f"no checkpoint at {options.model}: give a run folder or its model.safetensors,"
            " or nothing for the shipped model"
        )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            "the screen needs a terminal; in a pipe, use: python -m charlm write CHECKPOINT"
        )
    if os.environ.get("TERM") == "dumb":
        raise InputError("this terminal (TERM=dumb) cannot show the screen: use another one")
    from tui.app import CharlmApp
    from tui.models import found_models

    model = options.model
    if model is None:
        model = next((found.path for found in found_models()), None)
    app = CharlmApp(model, threads=options.threads)
    try:
        code = app.run()
    finally:
        if app.desk.training:
            print("charlm: waiting for the training to save", file=sys.stderr)
        app.close()
    return code or app.return_code or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tui",
        description="Write text with a model, character by character, on the screen.",
    )
    parser.add_argument(
        "model", nargs="?", type=Path, metavar="CHECKPOINT",
        help="a run folder or a checkpoint file (the shipped model, else the newest run)",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=_thread_count, default=1, help="threads of the engine (1)"
    )
    return parser


def _thread_count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError("it must be a number from 1 to 1024")
    return int(text)


def _exists(model: Path) -> bool:
    from tui.models import MODEL

    return (model / MODEL).is_file() if model.is_dir() else model.is_file()


if __name__ == "__main__":
    run_and_exit(main)
