"""argparse as every command uses it: what is wrong is an InputError of one line."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from charlm.errors import InputError


class Parser(argparse.ArgumentParser):
    """argparse whose errors are InputErrors of one line, with the nearest option offered."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        import difflib  # here: who makes no mistake does not wait for it

        unknown = message.removeprefix("unrecognized arguments: ").split()
        known = [option for action in self._actions for option in action.option_strings]
        near = difflib.get_close_matches(unknown[0].split("=")[0], known, n=1)
        hint = f"; did you mean {near[0]}?" if near and unknown[0].startswith("-") else ""
        if message.endswith("expected one argument"):
            hint = "; a value that begins with - needs a =, as in --prompt=-"
        raise InputError(f"{message}{hint} (see {self.prog} --help)")
