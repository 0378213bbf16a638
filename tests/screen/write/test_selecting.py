"""A part of a text is selected, with keys or the mouse, and copied as it is."""

from __future__ import annotations

from collections.abc import Sequence

from coded import coded, text_of
from driver import press, running, until, write
from fakes import ThinkingModel, letters
from textual import events
from textual.geometry import Offset

from charlm.display import harmless_text
from tui.views.write.view import WriteScreen

TEXT = " one, two\nthree and\tfour, 👨‍👩‍👧 and so on until the line is over and there is more."


def copied(screen: WriteScreen) -> str:
    return screen.app.clipboard


async def test_keys_select_and_what_is_selected_is_copied() -> None:
    async with running(ThinkingModel(letters(TEXT)), (60, 24)) as screen:
        await write(screen, "Oh")
        whole = "Oh" + TEXT
        await press(screen, "escape", "ctrl+y")
        await until(lambda: copied(screen) == harmless_text(whole))
        await press(screen, "left", "left", "shift+left", "shift+left", "c")
        await until(lambda: copied(screen) == "ore")
        await press(screen, "shift+right", "ctrl+y")
        await until(lambda: copied(screen) == "re")
        await press(screen, "left")
        assert not screen.stages.shown.selected
        screen.text.put_cursor(whole.index("two"))
        await press(screen, "f", "right", "right", "down", "ctrl+c")  # Ctrl+C copies too
        chosen = whole[whole.index("two") : screen.text.view.cursor + 1]  # type: ignore[operator]
        assert chosen.startswith("two\n")
        await until(lambda: copied(screen) == harmless_text(chosen))
        assert not screen.app._exit
        await press(screen, "f")
        assert not screen.stages.shown.selected


async def test_what_joins_emoji_is_copied_whole() -> None:
    async with running(ThinkingModel(letters(TEXT)), (60, 24)) as screen:
        await write(screen, "Oh")
        await press(screen, "escape")
        family = "👨‍👩‍👧"
        screen.text.put_cursor(("Oh" + TEXT).index(family))
        await press(screen, "f", *["right"] * (len(family) - 1), "c")
        await until(lambda: copied(screen) == family)


async def test_what_is_selected_is_seen_and_goes_with_the_text() -> None:
    async with running(ThinkingModel(letters(TEXT)), (60, 24)) as screen:
        await write(screen, "Oh")
        await press(screen, "escape")
        screen.text.put_cursor(3)
        await press(screen, "f", "right", "right", "right")
        for depth in ("truecolor", "256", "16", "none"):
            screen.app.draw_in(depth)  # type: ignore[attr-defined]
            screen.text.view.refresh()
            line = next(line for line in coded(screen.app) if "Oh one, two" in text_of(line))
            place = text_of(line).index("Oh one")
            looks = [codes for codes, _ in line[place : place + 12]]
            assert looks[3] == looks[4] == looks[5]
            assert len({looks[0], looks[5], looks[6], looks[7]}) == 4, (depth, looks)
        screen.prompt.focus()
        await until(lambda: not screen.stages.shown.selected)
        await write(screen, "Ah")
        assert not screen.stages.shown.selected


async def test_the_mouse_selects() -> None:
    async with running(ThinkingModel(letters(TEXT)), (60, 24)) as screen:
        await write(screen, "Oh")
        view = screen.text.view

        async def point(kinds: Sequence[type[events.MouseEvent]], column: int, row: int) -> None:
            down = 1 + row - view.scroll_offset.y
            x, y = view.content_region.offset + Offset(2 + column, down)
            for kind in kinds:
                screen.app.post_message(
                    kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)
                )

        await point([events.MouseDown], 3, 0)
        await point([events.MouseMove], 5, 0)
        await point([events.MouseMove, events.MouseUp], 1, 1)
        await until(lambda: view.selected == "one, two\nth")
        await press(screen, "ctrl+y")
        await until(lambda: copied(screen) == "one, two\nth")
        await point([events.MouseDown, events.MouseUp], 4, 0)
        await until(lambda: view.cursor == 4 and not view.selected)


async def test_an_older_text_has_neither_cursor_nor_what_was_selected() -> None:
    async with running(ThinkingModel(letters(TEXT)), (60, 24)) as screen:
        await write(screen, "Oh")
        await press(screen, "escape", "f", "left", "left", "r")
        await until(lambda: len(screen.text.view.blocks) == 2)
        older = screen.text.view.blocks[0]
        assert older.cursor is None and older.anchor is None
        await press(screen, "left")
        assert not screen.stages.shown.selected


async def test_a_way_beyond_the_edge_scrolls_line_by_line() -> None:
    async with running(ThinkingModel(letters(TEXT * 20)), (60, 24)) as screen:
        await write(screen, "Oh")
        await press(screen, "escape")
        view = screen.text.view
        top = view.scroll_offset.y
        assert top > 9

        def point(kind: type[events.MouseEvent], row: int, button: int = 1) -> None:
            x, y = view.content_region.offset + Offset(4, row)
            args = (x, y, 0, 0, button, False, False, False)
            screen.app.post_message(kind(None, *args, screen_x=x, screen_y=y))

        point(events.MouseDown, 3)
        await until(lambda: screen.app.mouse_captured is view)
        for row in (2, -1, -1, -1):
            point(events.MouseMove, row)
        block = view.blocks[-1]
        lines = block.wrapped.starts
        await until(lambda: block.cursor == lines[top - 4] + 2)
        assert block.anchor == lines[top + 2] + 2 and view.scroll_offset.y == top - 3
        point(events.MouseUp, 0)
        for kind in (events.MouseDown, events.MouseMove, events.MouseUp):
            point(kind, 5, button=3)
        selected = view.selected
        await press(screen, "ctrl+y")
        await until(lambda: copied(screen) == harmless_text(selected))
        assert view.selected == selected
