"""The command line: `python -m charlm COMMAND ...`, by the rows of `charlm.cli.commands`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import charlm
from charlm.cli.commands import COMMANDS, SCREEN, Command, OwnParser
from charlm.options.parser import Options, Parser, no_command

#: What may be given without a command, at a terminal.
_OF_THE_SCREEN = {"--no-history"}

_EXAMPLES = """\
Without a command, at a terminal, the screen opens.

examples:
  python -m charlm train --corpus my.txt
  python -m charlm write checkpoints/shakespeare --prompt "ROMEO:"
  python -m charlm score checkpoints/shakespeare my.txt
  python -m charlm info checkpoints/shakespeare
  python -m charlm compare --corpus my.txt --cells gru,lstm
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Raises CharlmError, OSError."""
    at_a_terminal = all(each and each.isatty() for each in (sys.stdin, sys.stdout))
    if at_a_terminal and set(arguments) <= _OF_THE_SCREEN:
        arguments = [SCREEN, *arguments]
    own = COMMANDS.get(arguments[0]) if arguments else None
    if isinstance(own, OwnParser):
        return own.run(arguments[1:])
    parser, parsers = _parsers()
    chosen, rest = parser.parse_known_args(arguments)
    command = COMMANDS[chosen.command]
    assert isinstance(command, Command)
    if rest:
        if command.check_rest:
            command.check_rest(chosen, rest)
        parsers[command.name].refuse(rest)
    return command.run(chosen)


def _parsers() -> tuple[Parser, dict[str, Parser]]:
    parser = Parser(
        elsewhere=_all_options,
        stray=lambda word: no_command(word, COMMANDS),
        prog="python -m charlm",
        description="Character language models: train, write, score.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"charlm {charlm.__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parsers = {}
    for name, command in COMMANDS.items():
        if isinstance(command, OwnParser):  # only for the list in the help
            commands.add_parser(name, help=command.help, add_help=False)
            continue
        parsers[name] = commands.add_parser(
            name,
            command=name,
            elsewhere=_all_options,
            stray=command.stray,
            help=command.help,
            description=command.description,
            epilog=command.epilog,
        )
        command.add_options(parsers[name])
    return parser, parsers


def _all_options() -> Options:
    """The options of every command; looked at only where one was not understood."""
    return {name: command.option_names() for name, command in COMMANDS.items()}
