"""argparse as every command uses it: what is wrong is an InputError of one line, with a hint."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NoReturn

from charlm.errors import InputError
from charlm.other_names import command_meant, meaning, plain_name
from charlm.places import find_run
from charlm.wording import did_you_mean

#: Command -> its options.
Options = Mapping[str, Collection[str]]
_ONE_DASH = re.compile(r"-[A-Za-z][A-Za-z_][\w-]*(=.*)?", re.DOTALL)
_SHOWN = 40


class Parser(argparse.ArgumentParser):
    """argparse whose errors are InputErrors that say what may have been meant.

    command: whose options these are, as other tools are looked up for it. elsewhere: gives the
    options of the other commands. stray: says where a word belongs that no option takes.
    """

    def __init__(
        self,
        command: str = "",
        elsewhere: Callable[[], Options] = dict,
        stray: Callable[[str], str] | None = None,
        **options: Any,
    ) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)
        self._command, self._elsewhere, self._stray = command, elsewhere, stray

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The options; a word that is left over is an error."""
        chosen, rest = self.parse_known_args(args, namespace)
        if rest:
            self.refuse(rest)
        return chosen

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The options, and the words that are none."""
        if args:
            self._refuse_one_dash(args)
            first = str(args[0]).split("=")[0]
            before_command = self._subparsers is not None and first.startswith("-")
            if before_command and first not in self._option_string_actions:
                self.refuse(args[:1])  # its value would be taken for the command
        return super().parse_known_args(args, namespace)

    def refuse(self, words: Sequence[str], known: Collection[str] | None = None) -> NoReturn:
        """Raise the InputError of words that no option takes. known: the options there are."""
        strange = next((word for word in words if word.startswith("-") and len(word) > 1), None)
        if strange is not None:
            self._refuse_option(strange.split("=")[0], known or self._option_string_actions)
        hint = f": {self._stray(words[0])}" if self._stray else ""
        self.error(f"unrecognized argument {_short(words[0])!r}{hint}")

    def error(self, message: str) -> NoReturn:
        """Raise an InputError."""
        hint = ""
        if message.endswith("expected one argument"):
            hint = "; a value that begins with - needs a =, as in --prompt=-"
        raise InputError(f"{message}{hint} (see {self.prog} --help)")

    def _refuse_option(self, option: str, known: Collection[str]) -> NoReturn:
        name = "--" + plain_name(option)
        theirs = [
            command
            for command, options in self._elsewhere().items()
            if name in options or meaning(command, option).startswith(" is --")
        ]
        if name in known:
            said = f"{option} is {name} here"
        elif meant := meaning(self._command, option):
            said = option + meant
        elif theirs:
            said = f"{option} is an option of python -m charlm {' and '.join(theirs)}, not of this"
        else:
            said = f"there is no option {_short(option)}{did_you_mean(option, known)}"
        self.error(said)

    def _refuse_one_dash(self, words: Sequence[str]) -> None:
        """Refuse -num_samples where there is a -n: it would be taken for -n um_samples."""
        before = ""

        def ours(word: str) -> bool:  # what stands behind a command is its own
            return word != "--" and (word.startswith("-") or self._subparsers is None)

        for word in takewhile(ours, words):
            takes = self._option_string_actions.get(before)
            value = takes is not None and takes.nargs != 0
            if _ONE_DASH.fullmatch(word) and word[:2] in self._option_string_actions and not value:
                self.refuse([word])
            before = word

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a word that is not one of an option's choices, or of the commands."""
        if action.choices is None or value in action.choices:
            return
        if isinstance(action, argparse._SubParsersAction) and self._stray:
            self.error(self._stray(value))
        known = [str(choice) for choice in action.choices]
        one_of = f"is not one of {', '.join(known)}{did_you_mean(str(value), known)}"
        raise argparse.ArgumentError(action, f"{_short(str(value))!r} {one_of}")


def option_names(add: Callable[[argparse.ArgumentParser], object]) -> Collection[str]:
    """The options that a function adds to a parser."""
    parser = argparse.ArgumentParser(add_help=False)
    add(parser)
    return parser._option_string_actions.keys()


def no_command(word: str, commands: Collection[str]) -> str:
    """What to say of a word where one of the commands is expected."""
    typed = as_argument(word)
    said = f"there is no command {typed}"
    if meant := command_meant(word):
        return f"{said}: it is {meant} here"
    if near := did_you_mean(word, commands):
        return said + near
    if os.path.isdir(find_run(Path(word))) or word.endswith(".safetensors"):
        return f"{said}: to write with a model: python -m charlm write {typed}"
    return f"{said}: to learn a text: python -m charlm train --corpus {typed}"


def as_argument(word: str) -> str:
    """A word as it is typed in a command, quoted where it must be."""
    import shlex  # here: who makes no mistake does not wait for it

    return shlex.quote(_short(word))


def _short(word: str) -> str:
    return word if len(word) <= _SHOWN else word[:_SHOWN] + "…"
