"""argparse as every command uses it: what is wrong is an InputError of one line."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from charlm.errors import InputError

#: Options that are offered, at most.
_MOST = 3


class Parser(argparse.ArgumentParser):
    """argparse whose errors are InputErrors of one line, with the nearest option offered."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("unrecognized arguments: ").split()
        unknown = words[0].split("=")[0] if words else ""
        near = self._near(unknown) if unknown.startswith("-") else []
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        if message.endswith("expected one argument"):
            hint = "; a value that begins with - needs a =, as in --prompt=-"
        raise InputError(f"{message}{hint} (see {self.prog} --help)")

    def _near(self, unknown: str) -> list[str]:
        """What may be meant: options that begin so or have this word, else the one most like it."""
        import difflib  # here: who makes no mistake does not wait for it

        known = [option for action in self._actions for option in action.option_strings]
        word = unknown.lstrip("-")
        if len(word) < 2:
            return []
        alike = [o for o in known if o.startswith("--" + word) or word in o[2:].split("-")]
        return alike[:_MOST] or difflib.get_close_matches(unknown, known, n=1)
