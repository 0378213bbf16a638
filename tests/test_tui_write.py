"""What one does with a text: the same dice, surprise, rivals, branches, export."""

from __future__ import annotations

import pytest
from test_tui_screen import painted, press, running, until, write
from tui_fakes import FakeModel, letters

from tui.screens.write import WriteScreen
from tui.widgets.block import FLASH, GHOST, HEAD, PLAIN, PROMPT, Block, Comparison
from tui.widgets.status import comparison_text

OLD = " the first line\nthe second line\nthe third line"
NEW = " the first line\nthe sexond line\nthe third line"


def keys_of_line(block: Block, line: int, writing: bool = True) -> str:
    """How each character of a line is drawn: one letter each."""
    names = {PLAIN: ".", PROMPT: "p", GHOST: "o", FLASH: "F", HEAD: "^"}
    return "".join(names[key] * len(text) for text, key in block.pieces(line, False, writing))


def written_over(old: str, prompt: str = "A") -> Block:
    before, block = Block("h", prompt, 1, 40), Block("h", prompt, 1, 40)
    before.write(0, old, 0)
    block.stand_over(before)
    return block


def test_what_was_there_stays_until_it_is_written_over() -> None:
    block = written_over("bcd\nefg")
    assert block.text == "Abcd\nefg"
    assert keys_of_line(block, 0) == "p^oo"
    assert block.write(0, "bX", 10) == 0
    assert block.text == "AbXd\nefg"
    assert keys_of_line(block, 0) == "p.F^"
    assert block.wrapped.text == block.text
    block.write(2, "d\nef", 10)
    block.finish()
    assert block.text == "AbXd\nef"
    assert block.completion == "bXd\nef"


def test_a_flash_fades() -> None:
    block = written_over("bcd\nefg")
    block.write(0, "bcd\nXfg", 10)
    assert block.fade(10.1) is None
    assert block.flashing
    assert keys_of_line(block, 1, False) == "F.."
    assert block.fade(11) == 1
    assert not block.flashing
    assert keys_of_line(block, 1, False) == "..."


@pytest.mark.parametrize(
    ("old", "new", "comparison"),
    [
        ("b\n\nc", "b\n\nc", Comparison(None, 2, 2)),
        ("b\n\nc", "b\n\nX", Comparison(4, 2, 1)),
        ("b", "bc\nd", Comparison(2, 2, 0)),
        ("bc", "b", Comparison(2, 1, 1)),
        ("", "b", Comparison(1, 1, 0)),
    ],
)
def test_comparison(old: str, new: str, comparison: Comparison) -> None:
    block = written_over(old)
    for place, character in enumerate(new):
        block.write(place, character, 0)
    block.finish()
    assert block.comparison(True) == comparison
    assert block.text == "A" + new


def test_a_comparison_in_words() -> None:
    assert comparison_text(None) == ""
    assert comparison_text(Comparison(None)) == ""
    assert comparison_text(Comparison(1234)) == "first change at 1,234"
    assert comparison_text(Comparison(None, 9, 9)) == "nothing changed"
    whole = comparison_text(Comparison(12, 60, 44))
    assert whole == "first change at 12 · 44 of 60 lines unchanged"


async def turn(screen: WriteScreen, model: FakeModel, text: str) -> None:
    """Turn a knob, upon which the model writes `text`."""
    model.steps = letters(text)
    count = len(model.requests)
    await press(screen, "ctrl+up")
    await until(lambda: len(model.requests) > count and not screen.writing.streaming)


async def test_a_turned_knob_says_what_it_changed() -> None:
    model = FakeModel(letters(OLD))
    async with running(model) as screen:
        await write(screen, "It is")
        await turn(screen, model, NEW)
        assert model.requests[-1].known == OLD
        assert len(screen.view.blocks) == 1
        await until(lambda: "first change at 23 · 2 of 3 lines unchanged" in painted(screen))
        flashing = screen.view.render_line(2)
        assert [s.text for s in flashing if s.style and s.style.bgcolor and s.style.bold] == ["x"]
        await until(lambda: not screen.view.blocks[-1].flashing)
        await turn(screen, model, NEW)
        await until(lambda: "nothing changed" in painted(screen))


async def test_another_seed_is_another_text_and_not_compared() -> None:
    model = FakeModel(letters(OLD))
    async with running(model) as screen:
        await write(screen, "It is")
        screen.setting = screen.setting.with_seed(1)
        screen.action_knob("seed", 1)
        await until(lambda: len(model.requests) == 2 and not screen.writing.streaming)
        assert model.requests[-1].known == ""
        assert screen.writing.comparison is None
        await press(screen, "f5")  # nor is a beam compared with what was drawn
        await until(lambda: len(model.requests) == 3 and not screen.writing.streaming)
        assert screen.writing.comparison is None


async def test_the_view_does_not_move_while_a_text_is_written_over() -> None:
    lines = "".join(f" line {i}\n" for i in range(200))
    model = FakeModel(letters(lines))
    async with running(model) as screen:
        await write(screen, "Go")
        screen.view.scroll_to(y=40, animate=False, immediate=True)
        height = screen.view.virtual_size.height
        model.steps, model.delay = letters(lines.replace("line 150", "LINE 150")), 0.01
        await press(screen, "ctrl+up")
        await until(lambda: screen.writing.now and screen.writing.now.block.fresh > 100)
        assert screen.view.scroll_offset.y == 40
        await until(lambda: not screen.writing.streaming)
        assert screen.view.scroll_offset.y == 40
        assert screen.view.virtual_size.height == height
