"""A part of the text that is looked into is selected, by keys or the mouse, told and copied."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from coded import sent_for
from driver import painted, press, toasts, until
from inspecting import TEXT, inspecting
from models import MakeRun
from rich.style import Style
from textual import events

from tui.colours.depth import DEPTHS
from tui.colours.ramps import CURSOR, ramp_of
from tui.views.inspect.copying import copied_part
from tui.views.inspect.heat_text import HeatText
from tui.views.inspect.snapshots import Scored
from tui.views.inspect.view import InspectView
from tui.views.inspect.worker import MAX_SCORED

#: Three sentences, and what a model of sentences reads of them.
SENTENCES = "I am glad.  He said so.\n\nWe won the\nday."
READ = "I am glad.\nHe said so.\nWe won the day.\n"
LETTERS = "abcdefghij"
POINT = Callable[..., None]


def pointing(heat: HeatText) -> POINT:
    """Sends the text events of the mouse at a column and a row of it, as the screen would."""

    def point(kind: type[events.MouseEvent], x: int, y: int = 0, button: int = 1) -> None:
        event = kind(heat, x, y, 0, 0, button, False, False, False)
        event._set_forwarded()  # else the screen, which it bubbles to, sends it a second time
        heat.post_message(event)
        if kind is events.MouseUp:
            point(events.Click, x, y, button)

    return point


async def taken(heat: HeatText) -> None:
    """Until everything that was sent before has arrived."""
    arrived: list[bool] = []
    heat.call_later(heat.call_later, arrived.append, True)  # what was posted of it too
    await until(lambda: arrived)


async def read(view: InspectView, text: str) -> Scored:
    """A text of one's own, scored."""
    view.look_into(text)
    await until(lambda: view.inquiry.shown.text == text and view.picture.traced)
    assert view.picture.scored is not None
    return view.picture.scored


# With keys.


async def test_a_part_is_selected_told_of_and_copied(make_run: MakeRun) -> None:
    async with inspecting(make_run()) as view:
        heat, scored, app = view.text, view.picture.scored, view.app
        assert scored is not None
        await press(view, "c")
        await until(lambda: app.clipboard == TEXT)
        await press(view, "right", "f", "right", "right", "ctrl+c")
        await until(lambda: app.clipboard == TEXT[1:4])
        mean = float(scored.nats[1:4].mean())
        await until(lambda: f"3 characters selected  {mean:.3f} nats/char" in painted(view))
        await press(view, "escape", "right", "shift+left", "ctrl+y")
        assert app.screen is view and heat.selected == (3, 5)
        await until(lambda: app.clipboard == TEXT[3:5])
        await press(view, "left")
        assert heat.selected_from is None and "selected" not in painted(view)
        await press(view, "f", "ctrl+c", "f")
        assert heat.selected_from is None and not app._exit
        await until(lambda: app.clipboard == TEXT[2])


async def test_of_sentences_the_text_is_copied_as_it_was_given(make_run: MakeRun) -> None:
    async with inspecting(make_run(unit="sentence"), size=(80, 24)) as view:  # it has no capitals
        heat, app = view.text, view.app
        scored = await read(view, SENTENCES)
        assert scored.characters == READ[:-1].lower()
        await press(view, "c")
        await until(lambda: app.clipboard == SENTENCES)
        heat.move_to(READ.index("glad"))
        await press(view, "f")
        heat.move_to(READ.index("day"))
        await press(view, "c")
        await until(lambda: app.clipboard == SENTENCES[5:-3])
        await press(view, "escape")
        heat.move_to(READ.index("He"))
        await press(view, "f", *["right"] * len("He said so."), "c")  # its end too
        await until(lambda: app.clipboard == "He said so.")
        await until(lambda: "11 characters selected" in painted(view))
        assert not any("as the model reads" in toast for toast in toasts(view))


async def test_an_end_alone_is_not_copied(make_run: MakeRun) -> None:
    async with inspecting(make_run(unit="sentence"), size=(80, 24)) as view:
        scored = await read(view, SENTENCES)
        end = min(scored.ends)
        view.text.move_to(end)
        await press(view, "f")
        nats = float(scored.nats[end])
        await until(lambda: f"an end selected  {nats:.3f} nats" in painted(view))
        assert "0 characters" not in painted(view)
        copied: list[str] = []
        view.copy = copied.append  # type: ignore[method-assign]
        await press(view, "c", "ctrl+c")
        await until(lambda: any("nothing to copy" in toast for toast in toasts(view)))
        assert not copied and not view.app._exit


async def test_it_is_told_where_a_part_is_what_the_model_reads(make_run: MakeRun) -> None:
    async with inspecting(make_run(), size=(80, 24)) as view:
        text = "the Ωcat sat" + " on" * (MAX_SCORED // 3)
        await read(view, text)
        await press(view, "c")
        await until(lambda: view.app.clipboard == text)  # all of it
        await press(view, "f", *["right"] * 6, "c")
        await until(lambda: view.app.clipboard == "the cat")
        await until(lambda: any("7 characters as the model reads" in t for t in toasts(view)))


@pytest.mark.parametrize(
    ("text", "read", "ends", "part", "copied"),
    [
        ("a\nb\n", "a\nb\n", (1, 3), (0, 4), ("a\nb", True)),
        ("a\n\nb", "a\nb\n", (1, 3), (0, 3), ("a\n\nb", True)),
        ("a\n\nb", "a\nb\n", (1, 3), (1, 2), ("", True)),
        ("a\n\nb", "a\nb\n", (1, 3), (2, 4), ("b", True)),
        (" a  b c", "a b c", (), (1, 3), (" b", True)),
        (" a  b c", "a b c", (), (1, 2), (" ", True)),
        ("A  b", "a\nb\n", (1, 3), (0, 4), ("A  b", True)),
        ("İ  b", "i̇\nb\n", (2, 4), (0, 5), ("i̇\nb", False)),
        ("a###b", "a\nb\n", (1, 3), (0, 4), ("a\nb", False)),
        ("a  b Ω", "a\nb \n", (1, 4), (0, 3), ("a  b", True)),  # what is strange lies behind it
    ],
)
def test_parts(
    text: str, read: str, ends: tuple[int, ...], part: tuple[int, int], copied: tuple[str, bool]
) -> None:
    none = np.zeros(len(read))
    scored = Scored(1, "m", read, none, none, tuple(read), none, ends=frozenset(ends))
    assert copied_part(text, scored, *part) == copied


# With the mouse.


async def test_a_click_takes_the_character(make_run: MakeRun) -> None:
    async with inspecting(make_run()) as view:
        point = pointing(view.text)
        for x, y, character in ((1, 0, "t"), (5, 0, "c"), (2, 1, "h"), (60, 1, "\n")):
            point(events.MouseDown, x, y)
            point(events.MouseUp, x, y)
            await until(lambda character=character: TEXT[view.text.cursor] == character)
            assert view.text.selected_from is None


async def test_a_way_of_the_mouse_selects(make_run: MakeRun) -> None:
    async with inspecting(make_run()) as view:
        heat = view.text
        point = pointing(heat)
        point(events.MouseDown, 6)
        point(events.MouseMove, 6)
        await taken(heat)
        assert heat.selected_from is None
        for x in (3, 4):
            point(events.MouseMove, x)
        point(events.MouseUp, 4)
        await until(lambda: heat.selected == (3, 6))
        point(events.MouseMove, 9)  # the button is held no longer
        await taken(heat)
        assert heat.selected == (3, 6)
        point(events.MouseDown, 9, button=3)  # and another one holds nothing
        point(events.MouseMove, 12, button=3)
        point(events.MouseUp, 12, button=3)
        await taken(heat)
        assert heat.selected == (3, 6)
        point(events.MouseDown, 9)
        point(events.MouseUp, 9)
        await until(lambda: heat.selected_from is None and heat.cursor == 8)
        await until(lambda: "selected" not in painted(view))
        await press(view, "shift+right")
        point(events.MouseDown, 3, button=3)
        point(events.MouseUp, 3, button=3)
        await taken(heat)
        assert heat.selected == (8, 10)


async def test_a_way_beyond_the_edge_scrolls_line_by_line(make_run: MakeRun) -> None:
    text = "".join(f"{one}{two} so\n" for one in LETTERS for two in LETTERS)
    async with inspecting(make_run(), text, (80, 24)) as view:
        heat = view.text
        point = pointing(heat)
        await until(lambda: "positive" in painted(view))  # its height is what it stays
        heat.go_to(50)
        height = heat.size.height
        point(events.MouseDown, 1, 2)
        for y in (height, height + 5, height):
            point(events.MouseMove, 2, y)
        first = 6 * 52
        await until(lambda: heat.selected == (first, 6 * (52 + height) + 2))
        assert heat.scroll_offset.y == 53
        for y in (-1, -2, -1, -1):
            point(events.MouseMove, 1, y)
        await until(lambda: heat.selected == (6 * 49, first + 1))
        assert heat.scroll_offset.y == 49
        for _ in range(60):
            point(events.MouseMove, 1, -1)
        await until(lambda: heat.selected == (0, first + 1))
        assert heat.scroll_offset.y == 0
        point(events.MouseUp, 1, -1)


# How it looks.


@pytest.mark.parametrize("surprise", [False, True], ids=["units", "surprise"])
async def test_what_is_selected_looks_like_no_level(make_run: MakeRun, surprise: bool) -> None:
    async with inspecting(make_run()) as view:
        app, heat = view.app, view.text
        for depth in DEPTHS:
            app.draw_in(depth)

            def look(style: Style) -> frozenset[str]:
                """Its codes; with 16 colours bold says nothing."""
                codes = sent_for(app, style, heat.rich_style).split(";")
                return frozenset(codes) - ({"1"} if depth == "16" else set())  # noqa: B023

            chosen = heat.get_component_rich_style("heat-text--selected", partial=True)
            levels = {look(style) for style in ramp_of(app, two_ends=not surprise).styles}
            assert look(chosen) not in levels, depth
            assert look(chosen + CURSOR) != look(chosen), depth
