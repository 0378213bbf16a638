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
from charlm.options.other_names import command_meant, meaning, plain_name
from charlm.run.layout import SUFFIX
from charlm.run.places import find_run, run_names
from charlm.wording import did_you_mean, nearest, shortened

#: Command -> its options.
Options = Mapping[str, Collection[str]]
_ONE_DASH = re.compile(r"-[A-Za-z][A-Za-z_][\w-]*(=.*)?", re.DOTALL)
#: What word processors and web pages make of a hyphen: U+2010 to U+2015, and the minus sign.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_NO_DASH = re.compile(rf"-*[{_DASHES}][{_DASHES}-]*[A-Za-z][\w-]*(=.*)?", re.DOTALL)
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
            self._refuse_dashes(args)
            first = str(args[0]).split("=")[0]
            before_command = self._subparsers is not None and first.startswith("-")
            if before_command and first not in self._option_string_actions:
                self.refuse(args[:1])  # its value would be taken for the command
        return super().parse_known_args(args, namespace)

    def refuse(self, words: Sequence[str], known: Collection[str] | None = None) -> NoReturn:
        """Raise the InputError of words that no option takes. known: the options there are."""
        strange = next((word for word in words if len(word) > 1 and is_dashed(word)), None)
        if strange is not None and _NO_DASH.fullmatch(strange):
            self.error(_no_dash(strange))
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

    def _refuse_dashes(self, words: Sequence[str]) -> None:
        """Refuse what would be taken for something else than the option that was meant.

        Where there is a -n, -num_samples would be -n um_samples; with another sign in place of the
        dash, an option would be a file.
        """
        before = ""

        def ours(word: str) -> bool:  # what stands behind a command is its own
            return word != "--" and (is_dashed(word) or self._subparsers is None)

        for word in takewhile(ours, words):
            takes = self._option_string_actions.get(before)
            value = takes is not None and takes.nargs != 0
            if _ONE_DASH.fullmatch(word) and word[:2] in self._option_string_actions and not value:
                self.refuse([word])
            if _NO_DASH.fullmatch(word) and not value and not os.path.lexists(word):
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
    if word and (os.path.isdir(find_run(Path(word))) or word.endswith(SUFFIX)):
        return f"{said}: to write with a model: python -m charlm write {typed}"
    if runs := nearest(word, run_names()):
        return f"{said}: did you mean the model {runs[0]}: python -m charlm write {runs[0]}"
    if os.path.isfile(word) or Path(word).suffix:
        return f"{said}: to learn a text: python -m charlm train --corpus {typed}"
    return said


def is_dashed(word: str) -> bool:
    """Whether a word is like an option: its dash may be a sign that looks like one."""
    return word.startswith("-") or _NO_DASH.fullmatch(word) is not None


def _with_dashes(word: str) -> str:
    """The option that is meant by a word that begins with signs that look like dashes."""
    name = word.split("=")[0].lstrip("-" + _DASHES)
    return ("-" if len(name) == 1 else "--") + name


def _no_dash(word: str) -> str:
    shown = _short(word.split("=")[0])
    return f"{shown} begins with a dash that is none: type {_short(_with_dashes(word))}"


def as_argument(word: str) -> str:
    """A word as it is typed in a command, quoted where it must be."""
    import shlex  # here: who makes no mistake does not wait for it

    return shlex.quote(_short(word))


def _short(word: str) -> str:
    return shortened(word, _SHOWN, _SHOWN)
