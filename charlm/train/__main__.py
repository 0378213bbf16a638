"""python -m charlm.train: from a text file to a model."""

from __future__ import annotations

import os
from collections.abc import Sequence

from charlm.errors import CharlmError, InputError, run_and_exit
from charlm.options.training import parse_options
from charlm.train.launch import launched
from charlm.wording import TORCH_MISSING


def main(arguments: Sequence[str]) -> int:
    """Train as the options say, by itself or as one of several. Raises CharlmError."""
    if launch := launched(os.environ):
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")  # charlm says it in a line
        from charlm.train.together import train_together

        return train_together(launch, arguments)
    options = parse_options(arguments)
    _check_working_folder()
    # torch takes seconds to import: a wrong option, --help and Ctrl-C do not wait for it.
    try:
        from charlm.train.command import train
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise CharlmError(f"training needs {TORCH_MISSING}") from None
    return train(options, arguments)


def _check_working_folder() -> None:
    """Raise InputError where it was deleted: torch's MKL would end the process there unasked."""
    try:
        os.getcwd()
    except OSError:
        raise InputError("the working folder was deleted: train from another one") from None


if __name__ == "__main__":
    run_and_exit(main)
