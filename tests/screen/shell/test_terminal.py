"""The screen at a real terminal: hostile texts in every view, sizes, the end."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hostile_screen import (
    DOWN,
    ENTER,
    ESC_SHOWN,
    ESCAPE,
    F1,
    F2,
    F3,
    F5,
    F6,
    F7,
    F8,
    F9,
    LEFT,
    RIGHT,
    SHOWN,
    UP,
    copied,
    ctrl,
    is_inert,
    opened,
)
from painted import Watched
from terminal_keys import PASTED


def is_whole(text: str, marks: tuple[str, ...]) -> bool:
    """Whether the first line and the last are where they belong, and the marks are there."""
    lines = text.split("\n")
    ends = lines[0].startswith("  charlm") and "F1 Help" in lines[-1]
    return ends and all(mark in text for mark in marks)


def test_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every decoder, the text's cursor, branches, beams, several texts, exports."""
    with opened(tmp_path, monkeypatch, "--pace", "0") as terminal:
        press = terminal.press
        press("ab" + ENTER, "· nucleus ·", "cut at the length", ESC_SHOWN)
        for key, decoder in ((F2, "greedy"), (F3, "sampling"), (F5, "beam"), (F6, "nucleus beam")):
            press(key, f"· {decoder} ·"[: 2 + len(decoder)], "cut at the length")
        press(ESCAPE, "Esc Prompt")
        press(ctrl("b"), "at 1,000 of 1,000", "␑")
        press(",", "at   999 of 1,000")
        press(" ", "Hold")
        press(ctrl("b"), "cut at the length")
        press(F3, "· sampling ·", "cut at the length")
        press(ctrl("s"), "surprising, in nats")
        press(LEFT + UP, "─ Character ", "rank ", " 2 ", "1-0 Choose")
        press("2", "▸2 ")
        press(ENTER, "u Undo")
        terminal.until(lambda text: "Esc Stop" not in text)
        press("b", "─ Branches ", "└─ ")
        terminal.press_away(ESCAPE, "─ Branches ")
        press("u", "U Redo")
        press("U", "u Undo")
        press(ctrl("f"), " samples ", " nats/char ✓")
        press(ctrl("y"), "sent ")
        press("g", "4 samples")
        press(ENTER, "Esc Prompt")
        press(ctrl("d"), "  duel  ")
        terminal.press_away(ctrl("d"), "  duel  ")
        for place in range(5):
            press(ctrl("e"), "─ Export ")
            terminal.press_away(DOWN * place + ENTER, "─ Export ")
            terminal.until(lambda _, n=place: len(list(Path().glob("charlm-*"))) > n)  # type: ignore[misc]
            press(ctrl("e"), "─ Export ")
            terminal.press_away(DOWN * place + "c", "─ Export ")
            terminal.until(lambda _, n=place: len(terminal.screen.copied) > n + 1)  # type: ignore[misc]
        press(ctrl("p"), "Search for commands")
        press(PASTED, "No matches found", SHOWN)
        terminal.press_away(ESCAPE, "No matches found")
        press(F1, "─ Keys ")
        terminal.press_away(ESCAPE, "─ Keys ")
    assert len(copied(terminal)) == 6
    assert all(map(is_inert, copied(terminal)))


def test_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table, what a run says, differences, the question."""
    with opened(tmp_path, monkeypatch) as terminal:
        press = terminal.press
        press(F7, "charlm  Runs", "damaged", "It wrote, when it was last asked", SHOWN)
        press("s" + "g", "name▲", "▸● 0a")
        press(" " + " ", "2 marked")
        press("d", "─ What differs ", "LSTM", SHOWN)
        terminal.press_away(ESCAPE, "─ What differs ")
        press("x", "─ Delete? ", "This cannot be undone", "[/b]")
        terminal.press_away("n", "─ Delete? ")
        press("o", "1-gram", "▸ step 12 · ")
        press(F7, "charlm  Runs")
        press(F1, "─ Keys ")
        terminal.press_away(ESCAPE, "─ Keys ")
        press("G" + "k" * 9 + ENTER, "is ready")
    assert len(list(Path("checkpoints").iterdir())) == 3


def test_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves, marks, gates, answers, the form."""
    with opened(tmp_path, monkeypatch) as terminal:
        press = terminal.press
        press(F7, "charlm  Runs")
        press("s" + "g", "name▲", "▸● 0a")
        press("t", "1-gram", "closed", "▸ step 12 · ", " nats/char", SHOWN, ESC_SHOWN)
        press("h", "stuck at an end")
        press("h", "Gradient norms")
        press("a", "steps")
        press(ctrl("y"), "sent ")
        press("i", "Esc Leave")
        press(PASTED, r"›  ]0;x")
        press(ENTER, "│  ];c")
        press(ESCAPE, "Esc Back")
        press(ctrl("r"), "other dice")
        press(ctrl("n"), "train a new model", "reading the text")  # and the field has the cursor
        press(PASTED, "is not there", "[/b]", SHOWN)
        press(ESCAPE, "charlm  Runs")
    assert len(copied(terminal)) == 1
    assert all(map(is_inert, copied(terminal)))


def test_looking_into_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Units, gates, surprise, another text."""
    with opened(tmp_path, monkeypatch, "--pace", "0") as terminal:
        press = terminal.press
        press("ab" + ENTER, "cut at the length")
        press(F9, "layer 1 of 2", "state, unit", ESC_SHOWN, SHOWN)
        press("l", "layer 2 of 2")
        press("g", "memory, unit")
        press(RIGHT, "character 2")
        press("v", "v Units", "The most surprising", ESC_SHOWN)
        terminal.press_away("n", "% probable  character 2")
        press("e", "─ Look into another text ", SHOWN)
        press(PASTED, "]0;x␇c")
        press(ctrl("s"), "your text", "[/b]")


@pytest.mark.long
def test_any_size_while_text_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred sizes, in every view; then all is drawn as it would be without them."""
    with opened(tmp_path, monkeypatch, size=(80, 24)) as terminal:
        dice = random.Random(1)
        terminal.press("ab" + ENTER, "Esc Stop")
        for key in ("", F7, F8, F9):
            terminal.send(key)
            for _ in range(23):
                terminal.resize(dice.randint(1, 200), dice.randint(1, 60))
                terminal.catch_up()
            terminal.resize(1, 1)
            terminal.resize(200, 60)
        for key, marks in (
            (F7, ("charlm  Runs", "weights")),
            (F8, ("train a new model", "Start")),
            (F9, ("Inspect", "state, unit")),
            (F9, ("cut at the length", "temp 1")),
        ):
            terminal.resize(80, 24)
            terminal.send(key)
            terminal.until(lambda text, marks=marks: is_whole(text, marks))  # type: ignore[misc]


def test_a_size_of_which_no_signal_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path, monkeypatch, size=(120, 40)) as terminal:
        terminal.resize(80, 24, told=False)
        terminal.until(lambda text: is_whole(text, ("is ready",)))


@pytest.mark.parametrize("decoder", ["nucleus", pytest.param("beam", marks=pytest.mark.long)])
def test_the_end_in_mid_stream(
    decoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal is as it was, and no process or thread holds the end up."""
    with Watched(
        ["-m", "tui", "--pace", "0", "--decoder", decoder], 80, 24, tmp_path / "settings.toml"
    ) as terminal:
        before = terminal.modes()
        terminal.until(lambda text: "is ready" in text)
        assert terminal.modes() != before
        terminal.press(ESCAPE, "Enter Prompt")
        terminal.press("N" * 14, "50,000")
        terminal.press("i", "Enter Write")
        terminal.press("The" + ENTER, "Esc Stop")
        terminal.send(ctrl("q"))
        assert terminal.end() == 0
        assert terminal.modes() == before
        assert terminal.screen.modes == {"7", "25"}  # lines wrap, the cursor is seen
        assert terminal.screen.strays == []
        assert not terminal.group()


@pytest.mark.parametrize("how", ["quit", "term"])
def test_the_end_while_the_model_looks_back(how: str, tmp_path: Path) -> None:
    """A thread in native code is not torn out of it, which would abort the process."""
    settings = tmp_path / "settings.toml"
    with Watched(["-m", "tui", "--pace", "0"], 120, 36, settings) as terminal:
        terminal.until(lambda text: "is ready" in text)
        terminal.press(ESCAPE, "Enter Prompt")
        terminal.press("N" * 5, "length 10,000")
        terminal.press("i", "Enter Write")
        terminal.press("To be" + ENTER, "cut at the length")
        terminal.press(ESCAPE, "Esc Prompt")
        terminal.send(LEFT)
        terminal.catch_up()
        if how == "quit":
            terminal.send(ctrl("q"))
        else:
            terminal.process.terminate()
        assert terminal.end() == (0 if how == "quit" else 143)
        assert "terminate called" not in terminal.screen.text
