"""`python -m charlm`: the command line. See `charlm.cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from charlm.errors import run_main


def entry() -> int:
    """Run the command line on this process's arguments; returns the exit code."""
    return run_main(_main, sys.argv[1:])


def _main(arguments: Sequence[str]) -> int:
    from charlm.cli import main  # here, so that an early Ctrl-C ends quietly too

    return main(arguments)


if __name__ == "__main__":
    sys.exit(entry())
