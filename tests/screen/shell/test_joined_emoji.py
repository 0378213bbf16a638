"""What joins emoji is drawn one way everywhere: each character in cells of its own."""

from __future__ import annotations

import pytest
from coded import coded, text_of
from driver import press, running, until, write
from fakes import FakeModel, letters
from rich.cells import cell_len, get_character_cell_size
from textual.events import Paste

from charlm.display import harmless_text, visible, visible_characters
from tui.shell.glyphs import ascii_for
from tui.shell.terminal_app import marked_place
from tui.widgets.wrapping import Wrapped

ZWJ, EMOJI_STYLE, TEXT_STYLE = "\u200d", "\ufe0f", "\ufe0e"
#: What stands for each of them, and how many cells that takes.
DRAWN = {
    f"👨{ZWJ}👩{ZWJ}👧": "👨‿👩‿👧",
    f"👩🏽{ZWJ}🚀": "👩₄‿🚀",
    f"❤{EMOJI_STYLE}{ZWJ}🔥": "❤◌‿🔥",
    f"🏳{EMOJI_STYLE}{ZWJ}🌈": "🏳◌‿🌈",
    "👍🏻": "👍₂",
    "👋🏿": "👋₆",
    "🇩🇪": "ⒹⒺ",
    "🇿": "Ⓩ",
    f"1{EMOJI_STYLE}\u20e3": "1◌\u20e3",
    f"#{EMOJI_STYLE}\u20e3": "#◌\u20e3",
    f"☺{EMOJI_STYLE}": "☺◌",
    f"☺{TEXT_STYLE}": "☺◌",
    f"{ZWJ}a{ZWJ}": "‿a‿",
    f"{EMOJI_STYLE}🏽🇦": "◌₄Ⓐ",
    f"🧑🏾{ZWJ}❤{EMOJI_STYLE}{ZWJ}💋{ZWJ}🧑🏼": "🧑₅‿❤◌‿💋‿🧑₃",
    "e\u0301": "e\u0301",
    "👍": "👍",
}
EVERY = "".join(DRAWN)


@pytest.mark.parametrize(("text", "drawn"), DRAWN.items())
def test_each_character_has_cells_of_its_own(text: str, drawn: str) -> None:
    assert visible_characters(text) == visible(text) == drawn
    assert "".join(map(visible_characters, text)) == drawn  # a model writes one by one
    assert len(drawn) == len(text)
    assert cell_len(drawn) == sum(map(get_character_cell_size, drawn))
    ascii_drawn = "".join(map(ascii_for, drawn))
    assert ascii_drawn.isascii() and len(ascii_drawn) == cell_len(drawn)


def test_whatever_is_generated_fits_its_lines() -> None:
    for width in range(2, 30):
        wrapped = Wrapped(visible_characters(EVERY * 3), width)
        lines = [wrapped.line(place) for place in range(len(wrapped))]
        assert "".join(lines) == visible_characters(EVERY * 3)
        assert all(cell_len(line) <= width for line in lines)


def test_what_is_copied_keeps_what_joins_and_hides_what_does_not() -> None:
    for text in list(DRAWN)[:12]:
        assert harmless_text(text) == text
    assert harmless_text(f"a{ZWJ}b{ZWJ}") == r"a\u200db\u200d"
    assert harmless_text("\x1b[31m\u202e\U000e0041") == r"␛[31m\u202e\U000e0041"


async def test_the_picture_and_the_cursor_agree() -> None:
    """In the text that is written, while it is walked, at every width."""
    text = " " + EVERY
    async with running(FakeModel(letters(text)), (46, 20)) as screen:
        await write(screen, "Oh")
        await press(screen, "escape")
        view = screen.text.view
        for place in range(len("Oh" + text)):
            screen.text.put_cursor(place)
            await until(lambda place=place: view.cursor == place)
            shown = visible_characters("Oh" + text)[place]
            if get_character_cell_size(shown):
                at = marked_place(view)
                line = text_of(coded(screen.app)[at.y])
                cells = 0
                while cells < at.x:
                    cells, line = cells + get_character_cell_size(line[0]), line[1:]
                while line and not get_character_cell_size(line[0]):
                    line = line[1:]  # of the character before
                assert cells == at.x and line[0] == shown
        for strip in screen._compositor.render_strips():
            assert sum(get_character_cell_size(c) for c in strip.text) == 46


async def test_the_prompt_holds_what_it_shows_by_signs() -> None:
    async with running(FakeModel(), (120, 20)) as screen:
        family = f"👨{ZWJ}👩{ZWJ}👧"
        screen.app.post_message(Paste(f"a{family}\tb"))
        await until(lambda: screen.prompt.text == f"a{family}\tb")
        line = next(line for line in coded(screen.app) if "a👨" in text_of(line))
        assert "a👨‿👩‿👧" in text_of(line)
        await press(screen, "home", *["right"] * 4)
        across = screen.prompt.cursor_screen_offset.x - screen.prompt.content_region.x
        assert across == 1 + 2 + 1 + 2
        await press(screen, "shift+right", "shift+right")
        assert screen.prompt.selected_text == f"{ZWJ}👧"
        await press(screen, "backspace", "x")
        assert screen.prompt.text == f"a👨{ZWJ}👩x\tb"
        screen.prompt.undo()
        assert screen.prompt.text.startswith(f"a{family[:3]}")
