"""`python -m charlm`: the command line. See `charlm.cli.main`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from charlm.errors import run_and_exit


def entry() -> NoReturn:
    """Run the command line on this process's arguments, and end the process."""
    run_and_exit(_main)


def _main(arguments: Sequence[str]) -> int:
    from charlm.cli.main import main  # here, so that an early Ctrl-C ends quietly too

    return main(arguments)


if __name__ == "__main__":
    entry()
