"""python -m charlm.train: from a text file to a model."""

from __future__ import annotations

from collections.abc import Sequence

from charlm.errors import CharlmError, run_and_exit
from charlm.options.training import parse_options
from charlm.wording import TORCH_MISSING


def main(arguments: Sequence[str]) -> int:
    """Train as the options say. Raises CharlmError."""
    options = parse_options(arguments)
    # torch takes seconds to import: a wrong option, --help and Ctrl-C do not wait for it.
    try:
        from charlm.train.command import train
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise CharlmError(f"training needs {TORCH_MISSING}") from None
    return train(options, arguments)


if __name__ == "__main__":
    run_and_exit(main)
