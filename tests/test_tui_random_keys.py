"""The screen under keys, clicks, pastes and sizes at random: it lives, and answers."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import ATTACK, make_runs
from painted import Watched

from tui.keymap import KEYS

_ARROWS = {"up": "A", "down": "B", "right": "C", "left": "D"}
_NAMED = {
    "enter": "\r", "escape": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "backspace": "\x7f",
    "home": "\x1b[H", "end": "\x1b[F", "ctrl+end": "\x1b[1;5F", "delete": "\x1b[3~",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "space": " ", "comma": ",", "full_stop": ".",
    "plus": "+", "minus": "-", "question_mark": "?", "number_sign": "#", "less_than_sign": "<",
    "greater_than_sign": ">", "left_square_bracket": "[", "right_square_bracket": "]",
    **{f"f{place}": f"\x1bO{'PQRS'[place - 1]}" for place in range(1, 5)},
    **{f"f{place}": f"\x1b[{number}~"
       for place, number in zip(range(5, 10), (15, 17, 18, 19, 20), strict=True)},
    **{name: f"\x1b[{end}" for name, end in _ARROWS.items()},
    **{f"{held}+{name}": f"\x1b[1;{number}{end}" for name, end in _ARROWS.items()
       for held, number in (("shift", 2), ("ctrl", 5))},
}  # fmt: skip
_PASTE = f"\x1b[200~{ATTACK.replace(chr(27), '')}\x1b[201~"
#: What is not pressed: they end the walk, or can.
_ENDS = {"ctrl+q", "ctrl+p"}


def typed(name: str) -> str:
    """What a terminal sends for a key of the table."""
    if name in _NAMED:
        return _NAMED[name]
    if name.startswith("ctrl+"):
        return chr(ord(name[-1]) & 31)
    assert len(name) == 1, name
    return name


def click(dice: random.Random) -> str:
    """A click somewhere, but not in the last line, where one quits."""
    column, line = dice.randint(1, 120), dice.randint(1, 39)
    return f"\x1b[<0;{column};{line}M\x1b[<0;{column};{line}m"


def moves(dice: random.Random) -> list[Callable[[], str]]:
    """Ways to make the next move; keys of the table are the most frequent."""
    keys = [*sorted({name for key in KEYS for name in key.keys} - _ENDS), "backspace", "tab"]
    return [
        *[lambda: typed(dice.choice(keys))] * 12,
        lambda: dice.choice("\x1b\r\x1b[A\x1b[B"),
        lambda: click(dice),
        lambda: _PASTE,
        lambda: "".join(typed(dice.choice(keys)) for _ in range(10)),
    ]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_it_lives_and_answers(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Now and then it gets another size, and has to paint it all."""
    dice = random.Random(seed)
    make = moves(dice)
    run = make_runs(tmp_path)
    monkeypatch.chdir(run.parent.parent)
    arguments = ["-m", "tui", str(run), "--pace", dice.choice(["0", "400"])]
    with Watched(arguments, 120, 40, tmp_path / "settings.toml") as terminal:
        terminal.until(lambda text: "is ready" in text)
        history: list[str] = []
        for turn in range(400):
            history.append(dice.choice(make)())
            terminal.send(history[-1])
            terminal.catch_up()
            if turn % 20 == 19:
                terminal.resize(dice.randint(40, 160), dice.randint(12, 50))
                terminal.until(lambda text: len(text.split()) > 4, f"an answer to {history[-40:]}")
        terminal.send("\x11")
        assert terminal.end() == 0, history[-40:]
        assert terminal.screen.strays == []
