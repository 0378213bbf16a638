"""From the very first start to the next ones, at a terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hostile_screen import ENTER, ESCAPE, UP, ctrl
from painted import Watched
from root import ROOT

MODEL = str(ROOT / "checkpoints" / "shakespeare")
HINT = "type, and Enter writes on · F7 models"


@pytest.fixture
def state() -> Path:
    """The folder for states of a user who never started the screen."""
    folder = Path(os.environ["XDG_STATE_HOME"], "charlm")
    (folder / "last-model").unlink()
    folder.rmdir()
    return folder


def start(folder: Path, *words: str) -> Watched:
    return Watched(["-m", *words], 80, 24, folder / "settings.toml")


def quit_from(terminal: Watched) -> None:
    terminal.send(ctrl("q"))
    assert terminal.end() == 0 and terminal.screen.strays == []


def test_it_greets_once_and_then_shows_what_was_written(tmp_path: Path, state: Path) -> None:
    with start(tmp_path, "tui", MODEL) as terminal:
        terminal.until(lambda text: HINT in text and "300 characters" in text)
        assert "foreseen" in terminal.screen.text
        terminal.press("The king" + ENTER, "1,000 characters")
        assert HINT not in terminal.screen.text
        quit_from(terminal)
    [file] = (state / "texts").iterdir()
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent)] == [0o600, 0o700]
    with start(tmp_path, "tui") as terminal:
        terminal.until(lambda text: "cut at the length · from before" in text)
        terminal.press(UP, "›  The king")
        quit_from(terminal)
    before = file.read_bytes()
    with start(tmp_path, "charlm", "--no-history") as terminal:
        terminal.until(lambda text: "shakespeare is ready" in text)
        terminal.press("Other" + ENTER, "Esc Stop")
        terminal.press_away(ESCAPE, "Esc Stop")
        quit_from(terminal)
    assert file.read_bytes() == before and len(list((state / "texts").iterdir())) == 1


def test_without_a_history_nobody_is_greeted(tmp_path: Path, state: Path) -> None:
    (tmp_path / "settings.toml").write_text("history = false\n")
    with start(tmp_path, "tui", MODEL) as terminal:
        terminal.until(lambda text: "shakespeare is ready" in text)
        terminal.press("Other" + ENTER, "Esc Stop")
        quit_from(terminal)
    assert not (state / "texts").exists()


def test_where_no_state_can_be_kept_nobody_is_greeted(tmp_path: Path, state: Path) -> None:
    state.parent.rmdir()
    state.parent.touch()
    with start(tmp_path, "tui", MODEL) as terminal:
        terminal.until(lambda text: "shakespeare is ready" in text)
        terminal.press("Other" + ENTER, "Esc Stop")
        terminal.press_away(ESCAPE, "Esc Stop")
        terminal.until(lambda text: "are not kept for the next" in text)
        quit_from(terminal)
