"""Ramps and pairs at every depth, as the terminal is sent them."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from itertools import pairwise

import pytest
from coded import belongs, sent_for
from rich.style import Style
from textual.color import Color

from tui.app import CharlmApp
from tui.colours import ramps
from tui.colours.depth import DEPTHS, Depth
from tui.colours.ramps import CURSOR, LEVELS, PARTED, SHADES, Ramp
from tui.shell.settings import Loaded, Settings


@pytest.fixture(params=[(depth, theme) for depth in DEPTHS for theme in ("dark", "light")],
                ids=lambda made: "-".join(made))  # fmt: skip
def app(request: pytest.FixtureRequest) -> Iterator[CharlmApp]:
    depth, theme = request.param
    app = CharlmApp(settings=Loaded(Settings(theme=theme, colours=depth)))
    yield app
    app.close()


def page(app: CharlmApp) -> Style:
    """How text is drawn that means nothing else."""
    return Style(color=app.theme_variables["foreground"], bgcolor=app.theme_variables["background"])


def all_told_apart(app: CharlmApp, styles: list[Style], base: Style) -> None:
    sent = [sent_for(app, style, base) for style in styles]
    assert len(set(sent)) == len(sent), sent
    assert all(belongs(codes, app.depth) for codes in sent), sent


def lightness(colour: Color) -> float:
    """L* of CIE 1976, from 0 to 100."""
    linear = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized
    )
    r, g, b = linear
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def papers(styles: list[Style]) -> list[Color]:
    return [Color.from_rich_color(style.bgcolor) for style in styles if style.bgcolor]


@pytest.mark.parametrize("two_ends", [True, False])
def test_the_steps_of_a_ramp_are_told_apart(app: CharlmApp, two_ends: bool) -> None:
    ramp = ramps.ramp_of(app, two_ends=two_ends)
    steps = list(ramp.steps)
    all_told_apart(app, steps, page(app))
    assert len(steps) >= (3 if app.depth == "none" and not two_ends else 4)
    # Every level has a look of the legend, where this has not all of them.
    assert app.depth == "truecolor" or set(ramp.styles) == set(steps)
    assert ramp.styles[0] == steps[0] and ramp.styles[-1] == steps[-1]
    assert [style for _, style in ramp.legend()] == steps
    # What stands on a character is another look than any of the ramp's.
    for step in steps:
        for mark in (CURSOR, PARTED) if two_ends else (CURSOR,):
            all_told_apart(app, [*steps, step + mark], page(app))


def test_the_lightness_of_papers_goes_one_way(app: CharlmApp) -> None:
    """And the hue of each side is one family."""
    if app.depth not in ("truecolor", "256"):
        return
    neutral = Style(bgcolor=app.theme_variables["background"])
    two = ramps.ramp_of(app, two_ends=True).steps
    middle = len(two) // 2
    sides = [two[middle + 1 :], two[:middle][::-1], ramps.ramp_of(app, two_ends=False).steps[1:]]
    for side in sides:
        lights = [lightness(colour) for colour in papers([neutral, *side])]
        signs = {after > before for before, after in pairwise(lights)}
        assert signs == {app.current_theme.dark}, lights
        hues = [360 * colorsys.rgb_to_hls(*colour.normalized)[0] for colour in papers(list(side))]
        assert max(hues) - min(hues) < 20, hues
    heat = papers(list(ramps.heat_of(app).steps))
    if app.depth == "256":
        signs = {lightness(a) < lightness(b) for a, b in pairwise(heat)}
        assert signs == {app.current_theme.dark}


def test_ramps_can_be_read(app: CharlmApp) -> None:
    if app.depth not in ("truecolor", "256"):
        return
    for two_ends in (True, False):
        for style in ramps.ramp_of(app, two_ends=two_ends).styles:
            if style.color and style.bgcolor:
                ink, paper = map(Color.from_rich_color, (style.color, style.bgcolor))
                assert abs(lightness(ink) - lightness(paper)) > 35, style


def test_heat_is_told_by_papers_or_by_glyphs(app: CharlmApp) -> None:
    ramp = ramps.heat_of(app)
    assert ramp.papers == (app.depth in ("truecolor", "256"))
    assert len(ramp.steps) == len(set(SHADES)) == len({ramps.shade(n) for n in range(LEVELS)})
    if ramp.papers:
        all_told_apart(app, [Style(), *ramp.steps], page(app))


def test_levels_of_surprise_are_told_apart(app: CharlmApp) -> None:
    """Of what was written and what was given, under the cursor, and from what else is marked."""
    levels, given = ramps.nats_of(app)
    all_told_apart(app, [*levels, *(level + given for level in levels)], page(app))
    accent = Style(color=app.theme_variables["background"], bgcolor=app.theme_variables["accent"])
    flash = accent + Style(bold=True)
    for level in levels:
        all_told_apart(app, [*levels, level + CURSOR, flash], page(app))


def test_no_colours_are_sent_where_there_are_none(app: CharlmApp) -> None:
    if app.depth == "none":
        made: list[Ramp] = [ramps.ramp_of(app, two_ends=ends) for ends in (True, False)]
        for style in (*made[0].styles, *made[1].styles, *ramps.nats_of(app).levels):
            # Bold, underline and reverse, which every terminal has.
            assert set(sent_for(app, style, page(app)).split(";")) <= {"", "1", "4", "7"}


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_theme_of_the_terminals_own_colours_has_sixteen(depth: Depth) -> None:
    app = CharlmApp(settings=Loaded(Settings(theme="ansi-dark", colours=depth)))
    ramp = ramps.ramp_of(app, two_ends=True)
    assert ramp.papers is False
    for style in ramp.steps:
        assert belongs(sent_for(app, style, Style()), "none" if depth == "none" else "16")
    app.close()
