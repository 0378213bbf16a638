"""The terminal's cursor, for who hears the screen; and how the terminal is left."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from coded import coded, text_of
from driver import lanes_of, opened, painted, press, running, until, write
from fakes import FakeModel, ThinkingModel, letters
from models import MakeRun
from one_view import OneViewApp
from painted import Watched
from rich.cells import cell_len
from terminal_keys import typed
from textual.widgets import OptionList
from train_fakes import training_view, write_run

from charlm.run.checkpoint import load_checkpoint
from tui.app import CharlmApp
from tui.shell.settings import Loaded, Settings
from tui.shell.terminal_app import marked_place
from tui.views.base import View
from tui.views.inspect.view import InspectView
from tui.views.write.export.export_sheet import ExportSheet
from tui.writer.snapshots import Newest

PLAIN = Loaded(Settings(plain=True))
#: A program that fails at the first key.
FAILING = """
from tui.__main__ import main
from tui.app import CharlmApp
async def fail(app, key): raise RuntimeError("a wheel came off")
CharlmApp.takes_key = fail
raise SystemExit(main([]))
"""


def at_cursor(view: View, cells: int = 1) -> str:
    """What is drawn where the terminal's cursor stands."""
    app = view.app
    assert isinstance(app, CharlmApp) and app.shows_cursor and app.focused is not None
    place = marked_place(app.focused)
    return "".join(cells_of(view)[place.x : place.x + cells])


async def test_it_follows_what_is_marked_in_write() -> None:
    model = ThinkingModel(letters(" hello, and on it goes with more words than fit one line here."))
    async with running(model, (60, 30), settings=PLAIN) as screen:
        await press(screen, *"Oh so")
        assert at_cursor(screen) == " "
        await press(screen, "home", "right")
        assert at_cursor(screen, 4) == "h so"
        await write(screen, "Oh")
        await press(screen, "escape")
        await until(lambda: "here. " in at_cursor_line(screen))
        for key in ("left", "left", "up", "home", "right"):
            await press(screen, key)
            seen = screen.text.view.text[screen.text.view.cursor or 0]
            await until(lambda seen=seen: at_cursor(screen) == seen)
        await until(lambda: screen.text.rivals.known)
        await press(screen, "tab", "3")
        await until(lambda: at_cursor(screen, 2) == "▸3")
        await press(screen, "down")
        await until(lambda: at_cursor(screen, 2) == "▸4")


def at_cursor_line(view: View) -> str:
    """The line that the cursor stands on, up to it."""
    assert view.app.focused is not None
    return "".join(cells_of(view)[: marked_place(view.app.focused).x + 1])


async def test_it_follows_what_is_chosen_of_several_texts() -> None:
    model = FakeModel(lanes=tuple(f" number {place} of them." for place in range(6)))
    async with running(model, (120, 40), settings=PLAIN) as screen:
        await press(screen, "ctrl+f")
        await until(lambda: lanes_of(screen).lanes.lanes and not lanes_of(screen).streaming)
        await until(lambda: screen.app.focused is screen.stages.lanes)
        for keys, seen in (("right", "▸2"), ("down", "▸5"), ("left", "▸4")):
            await press(screen, keys)
            await until(lambda seen=seen: at_cursor(screen, 2) == seen)


async def test_it_follows_lists_and_fields() -> None:
    async with running(FakeModel(), settings=PLAIN) as screen:
        await write(screen, "Oh")
        await press(screen, "ctrl+e")
        await opened(screen, ExportSheet)
        options = screen.app.screen.query_one(OptionList)
        for place in (1, 2):
            await press(screen, "down")
            said = str(options.get_option_at_index(place).prompt).split("\n")[0].strip()[:6]
            await until(lambda said=said: said in "".join(cells_of(screen)))
        await press(screen, "escape", "ctrl+p", *"abc")
        await until(lambda: "abc" in painted(screen))
        assert at_cursor_line(screen).endswith("abc ")


def cells_of(view: View) -> list[str]:
    """The line that the cursor stands on, cell by cell; the second of a wide character is ""."""
    assert view.app.focused is not None
    line = text_of(coded(view.app)[marked_place(view.app.focused).y])
    return [part for character in line for part in (character, "")[: cell_len(character)]]


@asynccontextmanager
async def seeing(name: str, newest: Newest) -> AsyncIterator[View]:
    """One view, with the cursor shown."""
    app = OneViewApp(lambda: newest, settings=PLAIN)
    try:
        async with app.run_test(size=(120, 40)):
            app.action_view(name)  # type: ignore[arg-type]
            assert isinstance(app.screen, View)
            yield app.screen
    finally:
        app.close()


async def test_it_follows_the_character_of_inspect(make_run: MakeRun) -> None:
    run = make_run()
    text = "the cat sat, and so did the dog.\n" * 3
    async with seeing("inspect", Newest(run, text, True, load_checkpoint(run).identity)) as view:
        assert isinstance(view, InspectView)
        await until(lambda: view.picture.traced and not view.inquiry.working)
        for key in ("right", "down", "end", "up", "home", "left"):
            await press(view, key)
            assert at_cursor(view) == text[view.text.cursor].replace("\n", " ")


async def test_it_follows_the_row_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_run: MakeRun
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two", "three"):
        write_run(tmp_path / "checkpoints" / name)
    async with seeing("runs", Newest(None, "", False)) as view:
        await until(lambda: all(name in painted(view) for name in ("one", "two", "three")))
        for key in ("g", "down", "down", "up"):
            await press(view, key)
            await until(lambda: at_cursor(view) == "▸")


async def test_it_follows_the_curve_and_the_form(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    async with training_view(run, (120, 40)) as view:
        view.app.shows_cursor = True  # type: ignore[attr-defined]
        await until(lambda: view.pane.board.has_focus)
        await press(view, "left", "left")
        await until(lambda: at_cursor(view) == "●")
        await press(view, "ctrl+n")
        await until(lambda: "form" in view.states())
        await press(view, *"abc")
        await until(lambda: at_cursor_line(view).endswith("abc "))
        await press(view, "tab")
        await until(lambda: at_cursor(view) == "▸")
        await press(view, "right")
        await until(lambda: at_cursor(view) == "▸")


@pytest.mark.parametrize("how", ["quit", "INT", "QUIT", "TERM"])
def test_the_shell_goes_on_below_the_picture(how: str, tmp_path: Path) -> None:
    """Where there is no other screen to go back to; and the code says what ended it."""
    options = ["-m", "tui", *["--plain"] * (how == "TERM")]
    with Watched(options, 80, 24, tmp_path / "settings.toml") as terminal:
        before = terminal.modes()
        terminal.until(lambda text: "is ready" in text)
        assert ("25" in terminal.screen.modes) == (how == "TERM")
        number = getattr(signal, f"SIG{how}", None)
        if number is None:
            terminal.send(typed("ctrl+q"))
        else:
            terminal.process.send_signal(number)
        assert terminal.end() == (0 if number is None else 128 + number)
        assert terminal.screen.cursor == (23, 0)
        *_, footer, here = terminal.screen.text.split("\n")
        assert "F1 Help" in footer and not here
        assert terminal.modes() == before
        assert terminal.screen.modes == {"7", "25"}
        assert terminal.screen.strays == []


def test_an_error_of_ours_is_told_below_the_picture(tmp_path: Path) -> None:
    with Watched(["-c", FAILING], 80, 24, tmp_path / "settings.toml") as terminal:
        before = terminal.modes()
        terminal.until(lambda text: "is ready" in text)
        terminal.send("x")
        assert terminal.end() == 1
        assert "a wheel came off" in terminal.screen.said
        assert terminal.screen.text.count("a wheel came off") == 1
        assert terminal.modes() == before
        assert terminal.screen.modes == {"7", "25"}
