"""`python -m charlm`: the command line. See `charlm.cli`."""

from __future__ import annotations

import sys

from charlm.errors import run_main


def entry() -> int:
    """Run the command line on this process's arguments; returns the exit code."""
    try:
        from charlm.cli import main
    except KeyboardInterrupt:
        return 130
    return run_main(main, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(entry())
