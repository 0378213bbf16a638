"""The screen under keys, clicks, pastes and sizes at random: it lives, and answers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hostile import make_runs
from painted import Watched
from terminal_keys import PASTED, typed

from tui.keys.table import all_keys
from tui.views import registry as registry

#: What is not pressed: they end the walk, or can.
_ENDS = {"ctrl+q", "q", "ctrl+p"}
_MOVES, _TURNS = 300, 20


def make_move(dice: random.Random, keys: Sequence[str], columns: int, lines: int) -> str:
    """A key of the table, most often; no click in the last line, where one quits."""
    kind = dice.randrange(16)
    if kind == 0:
        column, line = dice.randint(1, columns), dice.randint(1, lines - 1)
        return f"\x1b[<0;{column};{line}M\x1b[<0;{column};{line}m"
    if kind == 1:
        return PASTED
    if kind == 2:
        return "".join(typed(dice.choice(keys)) for _ in range(10))
    return typed(dice.choice(keys))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_it_lives_and_answers(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Now and then it gets another size, and has to paint it all."""
    dice = random.Random(seed)
    keys = [*sorted({name for key in all_keys() for name in key.keys} - _ENDS), "backspace", "tab"]
    run = make_runs(tmp_path)
    monkeypatch.chdir(run.parent.parent)
    arguments = ["-m", "tui", str(run), "--pace", dice.choice(["0", "400"])]
    columns, lines = 120, 40
    with Watched(arguments, columns, lines, tmp_path / "settings.toml") as terminal:
        terminal.until(lambda text: "is ready" in text)
        moves: list[str] = []
        for turn in range(1, _MOVES + 1):
            moves.append(make_move(dice, keys, columns, lines))
            terminal.send(moves[-1])
            terminal.catch_up()
            if turn % _TURNS == 0:
                columns, lines = dice.randint(40, 160), dice.randint(12, 50)
                terminal.resize(columns, lines)
                terminal.until(lambda text: len(text.split()) > 4, f"an answer to {moves[-40:]}")
        terminal.send(typed("ctrl+q") * 2)  # a training may be running: then it asks
        assert terminal.end() == 0, moves[-40:]
        assert terminal.screen.strays == [], moves[-40:]
