"""The screen in tmux and GNU screen as they come, and on terminals of other names."""

from __future__ import annotations

from pathlib import Path

import pytest
from multiplexer import Multiplexer
from terminal_keys import typed

ARGUMENTS = ("-m", "tui", "--pace", "0", "--no-history")
CTRL_X, CTRL_B, ESCAPE, ENTER = map(typed, ("ctrl+x", "ctrl+b", "escape", "enter"))


@pytest.mark.parametrize("name", ["tmux", "screen"])
def test_a_story(name: str, tmp_path: Path) -> None:
    """All that is named arrives: the leader does what the prefix took."""
    with Multiplexer(name, ARGUMENTS, tmp_path, size=(120, 30)) as terminal:
        press = terminal.press
        terminal.until(lambda text: "is ready" in text and "F7 Runs" in text)
        press(CTRL_X, "and then", "5 beam", "Esc: none")
        press("5", "beam")
        press("We know" + ENTER, "cut at the length")
        press(CTRL_X + "b", "at 1,000 of 1,000")
        press(CTRL_X + "b", "cut at the length")
        press("", "Esc Prompt")
        if name == "tmux":  # wide enough for it
            terminal.until(lambda text: "^X b Beams" in text and "^B" not in text)
        press("i", "Esc Leave")
        press(typed("end") + "x", "We knowx")
        if name == "screen":  # it takes another key
            press(CTRL_B + "y", "We knowyx")
        press(CTRL_X + "7", "kept after")
        press(ESCAPE, "Esc Leave")
        terminal.send(ESCAPE + "q")  # at once: Esc leaves the prompt, and q quits
        assert terminal.ended()


@pytest.mark.parametrize("term", ["xterm", "linux", "screen", "vt100"])
def test_terminals_of_other_names(term: str, tmp_path: Path) -> None:
    with Multiplexer("tmux", ARGUMENTS, tmp_path, term=term) as terminal:
        terminal.until(lambda text: "is ready" in text)
        terminal.press("We know" + ENTER, "cut at the length")
        terminal.press(CTRL_X, "and then", "? Help")
        terminal.press("?", "Keys", "Esc closes")
        terminal.press(ESCAPE, "Esc Leave")
        terminal.send(CTRL_X + "q")
        assert terminal.ended()
