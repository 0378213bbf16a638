"""Colours of terminals that have 256."""

from __future__ import annotations

import pytest
from driver import running
from fakes import FakeModel
from rich.color import Color
from rich.style import Style

from tui.shell.colours import IndexedColours, indexed


@pytest.mark.parametrize(
    ("colour", "number"),
    [("#000000", 16), ("#ffffff", 231), ("#1a1e25", 234), ("#14181d", 234), ("#5f87af", 67),
     ("#e0a060", 179), ("#f3f1ec", 255)],
)  # fmt: skip
def test_a_colour_is_the_nearest_one(colour: str, number: int) -> None:
    style = indexed(Style(color=colour, bgcolor=colour, bold=True))
    assert style.bold and style.color == style.bgcolor == Color.from_ansi(number)


def test_what_is_no_full_colour_stays() -> None:
    for style in (Style(), Style(color="red"), Style(color="default", bgcolor="color(17)")):
        assert indexed(style) == style


@pytest.mark.parametrize(("depth", "used"), [("256", True), ("truecolor", False)])
async def test_only_terminals_with_256_colours_need_it(
    monkeypatch: pytest.MonkeyPatch, depth: str, used: bool
) -> None:
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", depth)
    async with running(FakeModel()) as screen:
        strip = screen._compositor.render_strips()[0]
        kinds = {type(filter) for filter in screen.app.get_line_filters()}
        assert (IndexedColours in kinds) == used
        colours = [s.style.color for s in strip if s.style and s.style.color]
        assert colours and all((colour.number is not None) == used for colour in colours)
