"""What is mixed of a theme, in the colours that a terminal has."""

from __future__ import annotations

import pytest
from coded import belongs, coded
from driver import running
from fakes import FakeModel
from rich.color import Color
from rich.style import Style
from textual.theme import BUILTIN_THEMES

from tui.colours.depth import DEPTHS, Depth
from tui.colours.filters import indexed
from tui.shell.settings import Loaded, Settings


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


@pytest.mark.parametrize("depth", DEPTHS)
async def test_a_terminal_is_sent_what_it_has(depth: Depth) -> None:
    """In every theme: the frame, the prompt, the footer, the palette over them."""
    async with running(FakeModel(), (80, 24), settings=Loaded(Settings(colours=depth))) as screen:
        app = screen.app
        for theme in ("charlm-dark", "charlm-light", *BUILTIN_THEMES):
            app.theme = theme
            if app.native_ansi_color and depth != "none":
                continue  # the colours are the terminal's own, whatever it has
            app.screen.refresh(layout=True)
            sent = {codes for line in coded(app) for codes, _ in line}
            assert len(sent) > 2
            assert all(belongs(codes, depth) for codes in sent), (theme, sent)
