"""Hostile texts on the less trodden ways at a real terminal, each to be seen in visible form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostile import ATTACK, NAME, hostile_checkpoint
from hostile_screen import (
    ATTACK_SHOWN,
    DOWN,
    ENTER,
    ESCAPE,
    F7,
    F8,
    F9,
    HOME,
    NAME_SHOWN,
    PASTED_SHOWN,
    SHOWN,
    TAB,
    UP,
    WORD_SHOWN,
    ctrl,
    opened,
    prompt_of,
    until_said,
)
from hostile_trainer import WITH_IT
from painted import Painted, Watched
from terminal_keys import PASTED, typed

from charlm.run.checkpoint import save_checkpoint
from charlm.run.layout import MODEL

#: A frame of Textual's with one piece of text; what comes before and behind in it.
FRAME = ("\x1b[?2004h\x1b[?2026h\x1b[1;1H\x1b[1;38;2;9;9;9;48;2;0;0;0ma", "b\x1b[0m\x1b[?2026l")
#: What the control characters of a model look like where each takes one cell.
PICTURES = set(map(chr, range(0x2400, 0x2421))) | {"�"}

#: Of what a program beside the screen says: its commands for cursor and colour are taken out.
TOLD_SHOWN = ATTACK_SHOWN.replace("␛[3;3H␛[31;5m", "")


def has_pictures(text: str, least: int = 5) -> bool:
    """Whether a model's control characters are to be seen in it."""
    return sum(character in PICTURES for character in text) >= least


def fed(text: str) -> Painted:
    screen = Painted(80, 24)
    screen.feed(text.encode(), last=True)
    return screen


@pytest.mark.parametrize(
    "attack",
    ["\r", "\n", "\r\n", "\t", "\x07", "\x9b5n", "\u202e", "\u2028", "\x1bc", "\x1b]0;x\x07",
     "\x1b[31;5m", "\x1b[0m", "\x1b[0m\x1b[31mx", "\x1b[m", "\x1b[48;2;1;1;1m", "\x1b[3;3H",
     "\x1b[?25h", "\x1b[?2026l", "\x1b[?2004l", "\x1b]52;c;eA==\x07", "\x1b]22;text\x07",
     "\x1b[0m\r\n\x1b[1;1H", "\x1b[0m\x1b[2;2H", "\x1b[0mx\x1b[48;2;1;1;1m", "\x1b", ATTACK, NAME],
)  # fmt: skip
def test_whatever_a_text_commands_is_seen_by_the_one_who_watches(attack: str) -> None:
    """In a piece of text, between Textual's own commands, nothing but characters may come."""
    before, behind = FRAME
    assert fed(before + behind).strays == []
    assert fed(f"{before}\x1b[0m\r\n\x1b[2;1H\x1b[48;5;9m{behind}").strays == []
    assert fed(before + attack + behind).strays != []


def test_what_a_program_says_at_its_end_is_kept() -> None:
    screen = fed("".join(FRAME) + "\x1b[?2004lover\r\n")
    assert (screen.said, screen.strays) == ("over\r\n", [])
    assert fed("".join(FRAME) + "\x1b[?2004l\x1b[31mover\n").strays != []


def damage(folder: Path) -> None:
    """Make every model of the runs there unreadable."""
    for model in folder.glob(f"*/{MODEL}"):
        model.write_text(ATTACK, "utf-8")


def give_more(run: Path) -> None:
    """The second run gets weights of an earlier step, and what a training needs to go on."""
    run = run.with_name(f"1{NAME}")
    (run / "resume.safetensors").touch()
    (run / "kept").mkdir()
    save_checkpoint(run / "kept" / "step-00000005.safetensors", hostile_checkpoint(seed=5))


def test_the_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pasted, sent, put there to be edited, recalled; what was not known of it is said."""
    with opened(tmp_path, monkeypatch, "--pace", "0") as terminal:
        terminal.press(PASTED, f"│ ›  {PASTED_SHOWN}31;5m\\x9b", SHOWN)
        terminal.send(ENTER)
        until_said(terminal, "'.' is unknown to the model: skipped")
        terminal.until(lambda text: "cut at the length" in text)
        terminal.press(ESCAPE, "Esc Prompt")
        terminal.send("e")
        terminal.until(lambda text: has_pictures(prompt_of(text)))
        assert PASTED_SHOWN not in prompt_of(terminal.screen.text)
        terminal.send(ENTER + UP * 80)  # through its lines, and on to the prompt before
        terminal.until(lambda text: PASTED_SHOWN in prompt_of(text))
        assert not has_pictures(prompt_of(terminal.screen.text))
        terminal.send(DOWN * 9)
        terminal.until(lambda text: has_pictures(prompt_of(text)))


def test_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both texts of a duel, all of the grid, and the one that is taken."""
    with opened(tmp_path, monkeypatch, "--pace", "0") as terminal:
        terminal.press("ab", "›  ab")
        terminal.press(ctrl("x") + "d", "  duel  ", "first difference at")
        terminal.until(lambda text: all(map(has_pictures, halves(text))))
        terminal.until(lambda text: text.count("✓") == 2)  # Esc stops what is still written
        terminal.press_away(ESCAPE, "first difference at")
        terminal.press(ctrl("f"), " samples ", "1 ───", "2 ───")
        terminal.until(lambda text: all(map(has_pictures, halves(text))))
        terminal.press("2", "cut at the length")
        terminal.until(lambda text: has_pictures(text.rpartition("╭")[0]))


def test_what_a_beam_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ended texts, below those that go on."""
    with opened(
        tmp_path, monkeypatch, "--pace", "0", "--decoder", "beam", size=(120, 60),
        prepare=lambda run: save_checkpoint(run / MODEL, hostile_checkpoint(ends=True)),
    ) as terminal:  # fmt: skip
        terminal.press("ab" + ENTER, "^B Beams", "nats/char ·")
        terminal.press(ctrl("b"), "✓ the best 10 that finished", "✓ -")
        terminal.until(lambda text: has_pictures(text.partition("    ✓ -")[2].partition("╭")[0], 2))


def test_curves_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's name as that of a curve over another's."""
    with opened(tmp_path, monkeypatch, size=(240, 40)) as terminal:
        terminal.press(F7, "charlm  Runs")
        terminal.press("s" + "g", "name▲", "▸● 0a")
        terminal.press("  ", "2 marked")
        terminal.press("o", f"a 1{NAME_SHOWN}")


def halves(text: str) -> tuple[str, str]:
    """What stands left and right between the first lines and the prompt."""
    lines = text.rpartition("╭")[0].split("\n")[3:]
    return "".join(line[:58] for line in lines), "".join(line[60:] for line in lines)


def test_the_sheets_that_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a theme, a unit, up to where a training shall go on."""
    with opened(tmp_path, monkeypatch, "--pace", "0", prepare=give_more) as terminal:
        press = terminal.press
        press(ctrl("p"), "Search for commands")
        press("theme" + ENTER, "Search for themes", "charlm-dark")
        press(PASTED, "No matches found", PASTED_SHOWN, SHOWN)
        terminal.press_away(ESCAPE, "No matches found")
        press("ab" + ENTER, "cut at the length")
        press(F9, "state, unit")
        press("#", "─ Go to a unit ")
        press(PASTED, f"  {PASTED_SHOWN}31;5m\\x9b")
        press(ENTER, "a number from 0 to 23")
        terminal.press_away(ESCAPE, "─ Go to a unit ")
        press(F7, "charlm  Runs")
        press("s" + "g", "name▲", "▸● 0a")
        press("j", "▸  1a")
        press("t", "▸ step 12 · ", "Space Train on")
        press(" ", "─ Train on ", "It has learned from 4,000 characters")
        press(PASTED, "quit]q[/][b]␉z    │")
        press(ENTER, "a number of characters, as 500k or 5M")
        terminal.press_away(ESCAPE, "─ Train on ")


def test_the_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every field, on both pages; what it would take, its warnings, why it cannot be."""
    with opened(tmp_path, monkeypatch, command=WITH_IT) as terminal:
        press = terminal.press
        press(F8, "train a new model", "^S starts it")
        lines = terminal.screen.text.split("\n")
        told = [line.partition("│")[2].strip() for line in lines]
        [warned] = [place for place, line in enumerate(told) if line.startswith("!")]
        assert "".join(told[warned:]).count(TOLD_SHOWN) == 2  # in a warning, then in what is told
        terminal.press_away(PASTED, "^S starts it")
        lines = terminal.screen.text.split("\n")
        assert sum(PASTED_SHOWN in line for line in lines) == 2  # the field, and what is wrong
        assert "is not there: give the path" in terminal.screen.text
        press(ctrl("u"), "^S starts it")
        terminal.send(TAB * 2)
        for line in ("Hidden size", "Layers", "Until"):
            press_field(terminal, TAB + PASTED, line, "q[/][b]␉z" if line != "Until" else "]␉z")
        press_field(terminal, TAB + TAB + PASTED, "Name", PASTED_SHOWN)
        press(ctrl("g"), "Learning rate", "Others")
        for line in ("Learning rate", "Dropout", "Batch", "Length", "Evaluations", "Seed", "Chat"):
            press_field(terminal, PASTED + TAB, line, PASTED_SHOWN)
        press_field(terminal, PASTED, "Others", PASTED_SHOWN)


def press_field(terminal: Watched, keys: str, label: str, mark: str) -> None:
    """Press keys, then wait until the mark is in the form's line of that label."""

    def line(text: str) -> str:
        found = next(line for line in text.split("\n") if line.startswith(f"  {label} "))
        return found.partition("│")[0]  # beside it stands what it would take

    assert mark not in line(terminal.screen.text)
    terminal.send(keys)
    terminal.until(lambda text: mark in line(text), f"{label}: {mark}")


def test_why_there_can_be_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a dry run fails of, and what a training does before it has a run."""
    with opened(tmp_path, monkeypatch, command=WITH_IT) as terminal:
        terminal.press(F8, "train a new model", "^S starts it")
        terminal.press(ctrl("g"), "Learning rate", "Others")
        terminal.press(TAB * 5 + "9", f"it failed {WORD_SHOWN}")
        terminal.send(ctrl("s"))
        until_said(terminal, "ended with exit code 2", f"it failed {WORD_SHOWN}")


def test_a_training_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of kept weights; its name and words while it runs, how it ends, the question."""
    with opened(tmp_path, monkeypatch, command=WITH_IT, prepare=give_more) as terminal:
        press = terminal.press
        press(F7, "charlm  Runs")
        press("s" + "g", "name▲", "▸● 0a")
        press("j", "▸  1a")
        press("t", "▸ step 12 · ", "step 5 · ", "Space Train on")
        press(HOME, "▸ step 5 · 4")
        terminal.until(
            lambda text: has_pictures(text.partition("▸ step 5 ")[2].partition("Gates")[0])
        )
        press(" ", "─ Train on ")
        terminal.send(ENTER)
        until_said(terminal, f"training 1{NAME_SHOWN}")
        terminal.until(lambda text: "x Stop" in text and f"  live {ATTACK_SHOWN}" in text)
        assert terminal.screen.text.startswith(f"  charlm  1{NAME_SHOWN}")
        press(F8, "F8 Training", f"  1{NAME_SHOWN}")
        press(F8, "x Stop")
        terminal.send(typed("ctrl+up"))
        until_said(terminal, "ended with exit code 3", f"it failed {WORD_SHOWN}")
        terminal.until(lambda text: "Space Train on" in text)
        press(" ", "─ Train on ")
        press(ENTER, "x Stop")
        press(ctrl("q"), "─ Quit? ", f"│  1{NAME_SHOWN}")
    assert "waiting for the training to save" in terminal.screen.said
    assert f"/checkpoints/1{NAME_SHOWN}" in terminal.screen.said


def test_the_toasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of settings, a text that was saved, a model that cannot be read, a run that is deleted."""
    settings = tmp_path / NAME / "settings.toml"
    settings.parent.mkdir()
    settings.write_text(f"theme = {json.dumps(ATTACK[:9])}", "utf-8")
    with opened(tmp_path, monkeypatch, "--pace", "0", settings=f"{NAME}/settings.toml") as terminal:
        press = terminal.press
        until_said(terminal, f"settings {tmp_path}/{NAME_SHOWN}", "/settings.toml: theme")
        press("ab" + ENTER, "cut at the length")
        press(ctrl("e"), "─ Export ")
        terminal.press_away(ENTER, "─ Export ")
        until_said(terminal, f"saved {tmp_path}/{NAME_SHOWN}", "-u202e.txt")
        damage(Path("checkpoints"))
        terminal.send(ctrl("n"))
        until_said(terminal, f"checkpoints/0{NAME_SHOWN}", "is not a charlm checkpoint")
        press(F7, "charlm  Runs")
        press("s" + "g", "name▲", "▸● 0a")
        press("x", "─ Delete? ")
        terminal.press_away("y", "─ Delete? ")
        until_said(terminal, f"deleted 0{NAME_SHOWN}")
