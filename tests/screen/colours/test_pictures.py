"""Every picture and its legend, at every depth, in both themes, as the terminal is sent them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from coded import belongs, coded, text_of
from driver import painted, press, running, until, write
from fakes import ThinkingModel, letters
from models import MakeRun
from one_view import OneViewApp
from textual.app import App
from train_fakes import training_view, write_run

from charlm.run.checkpoint import load_checkpoint
from tui.app import CharlmApp
from tui.colours.depth import DEPTHS
from tui.colours.ramps import SHADES
from tui.views.inspect.view import InspectView
from tui.writer.snapshots import Newest

Line = Sequence[tuple[str, str]]


async def every_look(app: App[object]) -> AsyncIterator[str]:
    """The depths, in both themes: the app draws in one after the other."""
    assert isinstance(app, CharlmApp)
    for depth in DEPTHS:
        for theme in ("charlm-dark", "charlm-light"):
            app.draw_in(depth)
            app.theme = theme
            app.refresh_css(animate=False)
            before: list[list[tuple[str, str]]] = []
            while before != (now := coded(app)):  # the theme goes from widget to widget
                before = now
                await asyncio.sleep(0.3)
            yield depth


def line_with(app: App[object], text: str) -> Line:
    """The line that holds these words."""
    return next(line for line in coded(app) if text in text_of(line))


def codes_of(line: Line, text: str) -> list[str]:
    """Of the characters of some words in a line."""
    place = text_of(line).index(text)
    return [codes for codes, _ in line[place : place + len(text)]]


async def test_surprise_and_its_legend() -> None:
    """Each level begins with a character of its own: A to F, after those that were given."""
    model = ThinkingModel(letters(" ABC DEF and on"))
    async with running(model, (80, 24)) as screen:
        await write(screen, "Now")
        await press(screen, "ctrl+s", "escape")
        await until(lambda: "surprising" in painted(screen))
        async for depth in every_look(screen.app):
            legend = line_with(screen.app, "surprising")
            words = ("0", "0.1", "0.5", "1.5", "3", "5+")
            seen = [codes_of(legend, f" {word} ")[1] for word in words]
            assert len(set(seen)) == 6, seen
            text = codes_of(line_with(screen.app, "ABC DEF"), "ABC DEF and on")
            assert set(text) <= set(seen) and len(set(text)) >= 4, (depth, seen, text)
            assert all(belongs(code, depth) for line in coded(screen.app) for code, _ in line)


async def test_two_sides_and_their_names() -> None:
    """The colours of a side's name are those of what is most likely by it."""
    texts = tuple(f" one way to go on, and then another {word}." for word in ("here", "there"))
    model = ThinkingModel(lanes=texts)
    async with running(model, (80, 24)) as screen:
        screen.prompt.text = "We know"
        await press(screen, "ctrl+x", "d")
        await until(lambda: painted(screen).count("✓") == 2 and "likelier" in painted(screen))
        async for depth in every_look(screen.app):
            head = line_with(screen.app, "likelier with")
            a, b = (codes_of(head, side)[1] for side in (" A ", " B "))
            text = set(codes_of(line_with(screen.app, "another here"), "one way to go on, and"))
            assert a != b and {a, b} <= text, (depth, a, b, text)
            assert len(text) == 5  # these, two between, and what is of neither
            for name, side in ((" A  nucleus", a), (" B  greedy", b)):
                assert codes_of(line_with(screen.app, name), name)[1] == side


async def test_units_and_surprise_of_inspect(make_run: MakeRun) -> None:
    """Text and legend have the same looks; strips are told by them or by their heights."""
    run = make_run()
    text = "the cat sat, and so did the dog.\n" * 3
    newest = Newest(run, text, True, load_checkpoint(run).identity)
    app = OneViewApp(lambda: newest)
    try:
        async with app.run_test(size=(80, 24)):
            app.action_view("inspect")
            view = app.screen
            assert isinstance(view, InspectView)
            await until(lambda: view.picture.traced and not view.inquiry.working)
            for key, low, high in (("g", "nothing in ", " 1 lets"), ("v", "foreseen ", " 6 nats")):
                await press(view, key, *["g"] * (key == "g"))
                await until(lambda low=low: low in painted(view))
                async for depth in every_look(app):
                    legend = line_with(app, low)
                    words = text_of(legend)
                    steps = legend[words.index(low) + len(low) : words.index(high)]
                    seen, line = {code for code, _ in steps}, line_with(app, "cat sat")
                    told = set(codes_of(line, " cat sat, and so did the dog."))
                    # Truecolor mixes those between the legend's too.
                    among = 1 if depth == "truecolor" else len(told)
                    assert len(told & seen) >= among, (depth, seen, told)
                    assert all(belongs(code, depth) for line in coded(app) for code, _ in line)
    finally:
        app.close()


def look(codes: str, character: str) -> tuple[str, str]:
    """The paper and the character, which are all that a cell without ink is told by."""
    paper = re.search("48;.*", codes)
    return paper[0] if paper else "", character


async def test_heat_and_its_legend(tmp_path: Path) -> None:
    """Cells are told apart by their papers, or by their glyphs."""
    async with training_view(write_run(tmp_path / "run"), (80, 24)) as view:
        await press(view, "g")
        await until(lambda: "closed" in painted(view) and " 1 i " in painted(view))
        async for depth in every_look(view.app):
            legend = line_with(view.app, "closed")
            place = text_of(legend).index("closed") + len("closed ")
            looks = [look(*cell) for cell in legend[place : place + 2 * len(SHADES) : 2]]
            assert len(set(looks)) == len(SHADES)
            row = next(line for line in coded(view.app) if text_of(line).startswith("     1 i "))
            cells = [look(*cell) for cell in row[9:72]]
            assert len(set(cells)) >= 2
            if depth != "truecolor":  # which mixes those between the legend's too
                assert set(cells) <= set(looks), (depth, cells, looks)


async def test_curves_are_told_apart_by_signs(tmp_path: Path) -> None:
    """Five runs over another: each has a letter on its line and before its name."""
    runs = [write_run(tmp_path / f"run{place}") for place in range(6)]
    async with training_view(runs[0], (200, 40)) as view:
        view.overlay(runs)
        await until(lambda: "run5" in painted(view))
        async for _ in every_look(view.app):
            lines = [text_of(line) for line in coded(view.app)]
            caption = next(line for line in lines if "run5" in line)
            for sign, name in zip("abcde", ("run1", "run2", "run3", "run4", "run5"), strict=True):
                assert f"{sign} {name}" in caption
                assert any(sign in line[9:80] for line in lines[lines.index(caption) + 1 :][:20])
