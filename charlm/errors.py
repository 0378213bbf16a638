"""Every error charlm raises on purpose, and the one place where they become exit codes.

    CharlmError            exit 1   could not finish
    ├── InputError         exit 2   a bad argument, or input that cannot be used
    │   ├── CorpusError             a text that cannot be read or trained on
    │   ├── CheckpointError         a file that is not a whole, valid checkpoint
    │   └── UnknownCharacter        a prompt with a character the model has never seen
    ├── TrainingError      exit 1   a training that cannot go on (loss is NaN, disk gone)
    └── Stopped            exit 130 / 143 / 129   SIGINT / SIGTERM / SIGHUP, after saving

A message is one line that says what, where, and what to do. Control characters in it (file
names, foreign text) are made visible before it reaches a terminal.

Who calls from Python reads the names of arguments (top_k, unknown="skip"), who types a command
reads those of options (--top-k, --unknown skip). So a message is given in parts, with every
argument that it names as an `Argument`, and spelt when it is read:

    raise InputError(argument("width"), f" is {width}: it must be above 0")
    raise InputError("... remove it, or use ", argument("unknown", "skip", "map"))
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn

from charlm.display import visible

#: What a training survives where it writes: it is told once, and the next save tries again.
SURVIVED = (OSError, MemoryError)
_INTERRUPTED = 130  # the exit code
_SOON = 0.01  # seconds


@dataclass(frozen=True)
class Argument:
    """An argument that a message names, and the values it proposes. `str` is as Python has it."""

    name: str
    values: tuple[object, ...] = ()

    def __str__(self) -> str:
        values = (f'"{value}"' if isinstance(value, str) else str(value) for value in self.values)
        return f"{self.name}={' or '.join(values)}" if self.values else self.name

    @property
    def option(self) -> str:
        """As it is typed in a command."""
        dashes = "-" if len(self.name) == 1 else "--"
        values = "|".join(map(str, self.values))
        return f"{dashes}{self.name.replace('_', '-')} {values}".rstrip()


def argument(name: str, *values: object) -> Argument:
    """An argument, named in a message; see above."""
    return Argument(name, values)


class CharlmError(Exception):
    """Base of the tree; a caller who catches this catches all of charlm.

    Made of the parts of its message, texts and `Argument`s.
    """

    exit_code = 1

    def __str__(self) -> str:
        return "".join(map(str, self.args))

    @property
    def typed(self) -> str:
        """The message for who typed a command: arguments are named as options."""
        return "".join(
            part.option if isinstance(part, Argument) else str(part) for part in self.args
        )


class InputError(CharlmError, ValueError):
    """A bad argument, or input that cannot be used."""

    exit_code = 2


class CorpusError(InputError):
    """A text that cannot be read or trained on."""


class CheckpointError(InputError):
    """A file that is not a whole, valid checkpoint."""


class UnknownCharacter(InputError):
    """A prompt with a character the model has never seen."""


class TrainingError(CharlmError):
    """A training that cannot go on."""


class Stopped(CharlmError):
    """Stopped by a signal, after saving. `signum` is the signal's number."""

    def __init__(self, message: str, signum: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signum


@contextmanager
def errors_of(what: str) -> Iterator[None]:
    """Say of what an error of ours is that comes from within; "" says nothing."""
    try:
        yield
    except CharlmError as error:
        if what:
            error.args = (f"{what}: ", *error.args)
        raise


def reason_of(error: Exception) -> str:
    """Why something was refused, in the system's own words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or ("out of memory" if isinstance(error, MemoryError) else "no reason given")


def run_main(main: Callable[[Sequence[str]], int | None], arguments: Sequence[str]) -> int:
    """Run a command and turn what it raises into one line on stderr and an exit code.

    `--debug` anywhere in the arguments lets the traceback through.
    """
    _ready_streams()
    try:
        code = main([a for a in arguments if a != "--debug"]) or 0
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error, and nothing more can be printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CharlmError as error:
        if "--debug" in arguments:
            raise
        report(error.typed)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (OSError, MemoryError) as error:
        if "--debug" in arguments:
            raise
        report(str(error) or "out of memory")
        return 1


def run_and_exit(main: Callable[[Sequence[str]], int | None]) -> NoReturn:
    """Run a command on this process's arguments, as `run_main` does, and end the process.

    Of many Ctrl-C in a row one may come while another is answered: it ends the process at once.
    One that comes inside a destructor, where Python would print a traceback and go on, is asked
    again.
    """
    sys.excepthook, sys.unraisablehook = _leave_or_tell, _leave_or_tell_of
    code = run_main(main, sys.argv[1:])
    # All is saved and said: a late Ctrl-C must not turn Python's clean-up into a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _leave_or_tell(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        os._exit(_INTERRUPTED)
    sys.__excepthook__(kind, error, trace)


def _leave_or_tell_of(unraisable: sys.UnraisableHookArgs) -> None:
    try:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            sys.__unraisablehook__(unraisable)
            return
        again = threading.Timer(_SOON, _thread.interrupt_main)
        again.daemon = True
        again.start()
    except (KeyboardInterrupt, RuntimeError):  # one more, or Python ends and starts no thread
        os._exit(_INTERRUPTED)


def _ready_streams() -> None:
    """Let printing fail neither for a closed stream nor for a character the stream has not."""
    if sys.stdout is None:  # closed by the caller (>&-): what is printed goes nowhere
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open to the end)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open to the end)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def report_notice(message: str) -> None:
    """Write one line to stderr about something that is no error."""
    print(f"charlm: {visible(message)}", file=sys.stderr)


def report(message: str) -> None:
    """Write the one line of an error to stderr, whatever the message holds."""
    print(f"charlm: error: {visible(message)}", file=sys.stderr)
