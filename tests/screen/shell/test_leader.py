"""The leader: every action has a way that nothing between keyboard and screen takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from driver import opened, painted, press, running, until, write
from fakes import FakeModel, letters
from textual.pilot import Pilot
from train_fakes import training_view, write_run

from tui.keys.arrival import TAKERS
from tui.keys.key import View as ViewName
from tui.keys.key import is_text, key_name
from tui.keys.table import all_keys, keymap, keys_of, remap
from tui.keys.table import letters as letters_of
from tui.views.leading import rows_of
from tui.views.sheets import Ask, HelpScreen, help_content
from tui.views.write.view import WriteScreen
from tui.widgets.leader_strip import LeaderStrip

VIEWS: list[ViewName] = ["write", "train", "inspect", "runs"]
#: Nothing takes these, and no program at a terminal does without them.
PLAIN = {"enter", "escape", "up", "down", "left", "right", "tab", "space"}


def lacking(view: ViewName) -> list[str]:
    """The actions of a view of which no key is sure to come."""
    sure: set[str] = set(letters_of(view))
    for key in keys_of(view):
        if (
            key.action == "app.leader"
            or PLAIN & set(key.keys)
            or (key.where == "outside" and any(map(is_text, key.keys)))
        ):
            sure.add(key.action)
    return [key.action for key in keys_of(view) if key.action not in sure]


@pytest.mark.parametrize("view", VIEWS)
def test_every_action_has_a_way_of_its_own_that_nothing_takes(view: ViewName) -> None:
    assert lacking(view) == []
    found = list(letters_of(view).values())
    assert len(found) == len(set(found))
    assert all(map(is_text, found)) and "space" not in found
    assert not PLAIN & {key for taker in TAKERS for key in taker.keys}


@pytest.mark.parametrize("view", VIEWS)
def test_what_works_in_the_prompt_has_a_letter(view: ViewName) -> None:
    """Where letters are text, only the leader makes keys of them."""
    for key in keys_of(view):
        if key.where != "outside" and not PLAIN & set(key.keys) and key.action != "app.leader":
            assert key.action in letters_of(view), key


def test_no_letter_is_lost_by_other_keys(own_keys: None) -> None:
    before = {view: dict(letters_of(view)) for view in VIEWS}
    names = sorted({key.name for key in all_keys()})
    for name in names:
        remap({name: ["ctrl+f9"]})
        assert {view: dict(letters_of(view)) for view in VIEWS} == before, name


def test_a_letter_of_ones_own(own_keys: None) -> None:
    assert remap({"beams": ["leader @"], "grid": ["Leader ;"], "duel": ["f10", "leader *"]}) == (
        "settings, keys.beams: '@' is no key",
    )
    assert letters_of("write")["grid"] == "semicolon" and letters_of("write")["duel"] == "asterisk"
    assert [key.keys for key in keys_of("write") if key.action == "grid"] == [("ctrl+f",)]
    assert [key.keys for key in keys_of("write") if key.action == "duel"] == [("f10",)]
    assert set(keymap()) == {"duel always", "duel outside"}
    for wanted in (["leader t"], ["leader f1"], ["leader a", "leader b"]):
        assert len(remap({"beams": wanted})) == 1
        assert letters_of("write")["beams"] == "b"


@pytest.mark.parametrize("view", VIEWS)
def test_help_tells_the_letters(view: ViewName) -> None:
    page = help_content(view).plain
    for row, letter in rows_of(view, {view, "prompt", "outside"}):
        own = any(letter in key.keys for key in keys_of(view) if key.action == row.action)
        before = r"\n  (\S+ )*" if own else r"\^X (. )*"
        assert re.search(rf"{before}{re.escape(key_name(letter))} ", page), row


def strip(screen: WriteScreen) -> str:
    """What the strip shows; "" when none is there."""
    [*strips] = screen.app.screen.query(LeaderStrip)
    return str(strips[0].render()) if strips else ""


async def test_it_waits_for_a_letter_in_the_prompt_and_out_of_it() -> None:
    async with running(FakeModel(letters(" hello"))) as screen:
        await write(screen, "Oh")
        await press(screen, "n", "ctrl+x")
        shown = bool(screen.panel.display)
        await until(lambda: "b Beams" not in strip(screen) and "urves" in strip(screen))
        assert screen.prompt.has_focus and screen.prompt.text == "n"
        await press(screen, "C")
        assert screen.panel.display != shown and screen.prompt.text == "n"
        await until(lambda: not strip(screen))
        await press(screen, "escape", "ctrl+x", "D", "ctrl+x", "4", "c")
        assert screen.app.theme == "charlm-light"
        assert screen.app.clipboard == "Oh hello"  # the letter alone, when the wait is over
        await press(screen, "i", "ctrl+x", "X")
        assert screen.prompt.text == ""


@pytest.mark.parametrize("key", ["escape", "ctrl+x", "ctrl+f9", "$", "é", "space"])
async def test_another_key_ends_the_wait_and_types_nothing(key: str) -> None:
    async with running(FakeModel()) as screen:
        await press(screen, "a", "ctrl+x")
        await until(lambda: strip(screen))
        await press(screen, key)
        await until(lambda: not strip(screen))
        assert screen.prompt.text == "a" and screen.prompt.has_focus
        await press(screen, "b")
        assert screen.prompt.text == "ab"


async def test_a_function_key_behind_it_does_what_it_does() -> None:
    async with running(FakeModel()) as screen:
        await press(screen, "ctrl+x", "f1")
        await opened(screen, HelpScreen)


@pytest.mark.parametrize("size", [(20, 5), (80, 24), (160, 48)])
async def test_the_strip_has_what_fits_and_says_what_tells_all(size: tuple[int, int]) -> None:
    async with running(FakeModel(), size) as screen:
        await press(screen, "ctrl+x")
        await until(lambda: "^X and then" in painted(screen))
        rows = list(rows_of("write", screen.states()))
        lines = strip(screen).split("\n")
        assert all(len(line) <= size[0] for line in lines) and len(lines) <= size[1] * 0.7
        assert ("? tells all" in strip(screen)) == (size[0] == 20)
        assert len(rows) > 40
        await press(screen, "question_mark")
        await opened(screen, HelpScreen)


async def test_a_click_on_the_strip_does_it() -> None:
    async with running(FakeModel()) as screen:
        await press(screen, "ctrl+x")
        await until(lambda: "8 Train " in painted(screen).partition("^X and")[2])
        lines = painted(screen).split("\n")
        [(y, line)] = [(y, line) for y, line in enumerate(lines) if " 8 Train" in line]
        x = line.index("8 Train") + 1
        await Pilot(screen.app).click(offset=(x, y))
        await until(lambda: screen.app.screen is not screen)
        assert not screen.query(LeaderStrip)


async def test_over_a_sheet_the_app_acts_alone(tmp_path: Path) -> None:
    async with running(FakeModel()) as screen:
        await press(screen, "f1", "ctrl+x")
        await until(lambda: "& Suspend" in strip(screen))
        assert "Grid" not in strip(screen) and "7 Runs" in strip(screen)
        await press(screen, "g")
        assert isinstance(screen.app.screen, HelpScreen)
        await press(screen, "ctrl+x", "q")
        await until(lambda: screen.app._exit)


async def test_the_wheel_of_a_training_from_its_prompt(tmp_path: Path) -> None:
    async with training_view(write_run(tmp_path / "run")) as view:
        (tmp_path / "run" / "resume.safetensors").write_bytes(b"x")
        await until(lambda: "over" in view.states())
        shown = view.pane.strip.display
        await press(view, "i", "T", "h", "ctrl+x", "g")
        assert view.pane.strip.display != shown and view.pane.prompt.text == "Th"
        await press(view, "ctrl+x", "p")
        await opened(view, Ask)
