"""The screen on hostile runs, at a terminal that is watched; keys, and what is to be seen."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hostile import make_runs
from painted import Watched
from terminal_keys import typed

ENTER, ESCAPE, TAB, LEFT, RIGHT, UP, DOWN, HOME = map(
    typed, ("enter", "escape", "tab", "left", "right", "up", "down", "home")
)
F1, F2, F3, F5, F6, F7, F8, F9 = (typed(f"f{number}") for number in (1, 2, 3, 5, 6, 7, 8, 9))
#: U+202E and ESC as they are to be seen.
SHOWN, ESC_SHOWN = r"\u202e", "␛"
#: The begin of a hostile name, of an attack, and of one that is pasted, as they are to be seen.
NAME_SHOWN, ATTACK_SHOWN, PASTED_SHOWN = (
    "a␍␊␉␛[3;3H␛[31;5m[",
    "␛]0;x␇␛c␛[3;3H␛[31;5m",
    "]0;x␇c[3;3H[",
)
#: Cells of a toast behind its bar.
_TOAST = 55
#: What the first command of an attack looks like, where there is no room for more.
WORD_SHOWN = ATTACK_SHOWN[:8]


def ctrl(letter: str) -> str:
    return typed(f"ctrl+{letter}")


@contextmanager
def opened(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *options: str,
    size: tuple[int, int] = (120, 40),
    command: Sequence[str] = ("-m", "tui"),
    settings: str = "settings.toml",
    prepare: Callable[[Path], object] = lambda run: None,
) -> Iterator[Watched]:
    """The screen on a hostile run, in a folder of such; at its end nothing odd was written.

    prepare: is called with the run before.
    """
    run = make_runs(folder)
    prepare(run)
    monkeypatch.chdir(run.parent.parent)
    with Watched([*command, str(run), *options], *size, folder / settings) as terminal:
        terminal.until(lambda text: "is ready" in text)
        assert ESC_SHOWN in terminal.screen.text
        yield terminal
        terminal.send(ctrl("q"))
        assert terminal.end() == 0
        assert terminal.screen.strays == []


def copied(terminal: Watched) -> list[str]:
    """What was sent to the clipboard."""
    return [base64.b64decode(text).decode("utf-8") for text in terminal.screen.copied]


def is_inert(text: str) -> bool:
    return all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in text)


def until_said(terminal: Watched, *marks: str) -> None:
    """Wait until toasts say all of this; where their lines break does not matter."""

    def said(text: str) -> bool:
        lines = "".join(line.partition("▌")[2][:_TOAST] for line in text.split("\n"))
        return all("".join(mark.split()) in "".join(lines.split()) for mark in marks)

    terminal.until(said, f"toasts of {marks}")


def prompt_of(text: str) -> str:
    """What stands in the prompt: the lines of the last frame."""
    return text.rpartition("╭")[2].partition("╰")[0]
