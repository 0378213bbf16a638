"""The sheet to choose a text from: those of before, and files."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from driver import HOSTILE, RAW, until
from root import ROOT
from textual.app import App
from textual.pilot import Pilot

from tui.shell.themes import THEMES
from tui.views.train import files
from tui.views.train.choose_text import ChooseText
from tui.views.train.files import listing_of

NAME = HOSTILE.replace("/", "|").replace("\ud800", "") + ".txt"


class SheetApp(App[None]):
    """The sheet alone. given: what it gave."""

    CSS_PATH = [  # noqa: RUF012
        ROOT / "tui" / "shell" / "app.tcss", ROOT / "tui" / "views" / "train" / "style.tcss"
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str | None] = []
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one of each: it lies in another."""
    here = tmp_path / "a texts"
    (here / "Inner" / "inmost").mkdir(parents=True)
    (here / "Inner" / "deep é.txt").write_text("deep")
    (here / "beta.txt").write_text("b" * 2000)
    (here / "Alpha.md").write_text("a")
    (here / "picture.png").write_text("p")
    (here / ".hidden.txt").touch()
    (here / NAME).touch()
    (here / "loop").symlink_to(here)
    (here / "self").symlink_to("self")
    (here / "nowhere.txt").symlink_to("none")
    return here


@asynccontextmanager
async def shown(
    folder: Path, *recent: str
) -> AsyncIterator[tuple[ChooseText, Pilot[None], list[str | None]]]:
    app = SheetApp()
    async with app.run_test(size=(80, 24)) as pilot:
        sheet = ChooseText(recent, str(folder))
        app.push_screen(sheet, app.given.append)
        await until(lambda: len(sheet.files.rows) > 2)
        yield sheet, pilot, app.given


def drawn(sheet: ChooseText) -> list[str]:
    """The lines, each without the space at its end."""
    rows = range(sheet.files.size.height)
    return [line for y in rows if (line := sheet.files.render_line(y).text.rstrip())]


def test_folders_come_first_then_texts_and_nothing_hidden(folder: Path) -> None:
    listing = listing_of(str(folder))
    kinds = [(Path(entry.path).name, entry.kind) for entry in listing.entries]
    assert kinds == [
        ("Inner", "folder"), ("loop", "folder"),
        (NAME, "text"), ("Alpha.md", "text"), ("beta.txt", "text"), ("nowhere.txt", "text"),
        ("picture.png", "other"), ("self", "other"),
    ]  # fmt: skip
    sizes = {entry.name: entry.size for entry in listing.entries}
    assert (sizes["beta.txt"], sizes["nowhere.txt"], sizes["Inner"]) == (2000, None, None)
    assert not any(RAW.search(entry.name) for entry in listing.entries)


def test_what_cannot_be_read_is_said(folder: Path) -> None:
    for path in (folder / "beta.txt", folder / "none", Path("a\0b")):
        [entry] = listing_of(str(path)).entries
        assert entry.kind == "note" and "cannot be read" in entry.name
    [empty] = listing_of(str(folder / "Inner" / "inmost")).entries
    assert (empty.kind, empty.name) == ("note", "nothing to read")


def test_of_a_large_folder_the_first_names_are_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_SHOWN", 3)
    *entries, note = listing_of(str(folder)).entries
    assert len(entries) == 3 and note.name.startswith("and 5 more: type how a name begins")
    monkeypatch.setattr(files, "_READ", 2)
    assert len(listing_of(str(folder)).entries) <= 2


async def test_a_file_is_found_in_the_tree(folder: Path) -> None:
    async with shown(folder) as (sheet, pilot, given):
        lines = drawn(sheet)
        assert lines[0].startswith("▸ - ") and lines[1].split() == ["+", "Inner/"]
        assert not any(RAW.search(line) for line in lines)
        assert any(line.split() == ["beta.txt", "2", "kB"] for line in lines)
        await pilot.press("down", "enter")
        await until(lambda: "deep é.txt" in "".join(drawn(sheet)))
        await pilot.press("right", "down", "enter")
        assert given == [str(folder / "Inner" / "deep é.txt")]


async def test_a_folder_may_be_taken_and_closed_and_left(folder: Path) -> None:
    async with shown(folder) as (sheet, pilot, given):
        await pilot.press("down", "right")
        await until(lambda: len(sheet.files.rows) == 11)
        await pilot.press("right", "left")  # to what is in it, and back
        assert sheet.files.entry.name == "Inner"
        await pilot.press("left")
        assert len(sheet.files.rows) == 9
        await pilot.press("left", "left")  # to the uppermost, and above it
        await until(lambda: sheet.files.entry.path == str(folder))
        sign, name = drawn(sheet)[0].split()
        assert sign == "-" and f"{folder.parent}/".endswith(name.removeprefix("…"))
        await pilot.press("space")
        assert given == [str(folder)]


async def test_links_in_circles_are_opened_one_at_a_time(folder: Path) -> None:
    async with shown(folder) as (sheet, pilot, given):
        for depth in range(1, 4):
            await pilot.press("l", "enter")
            await until(lambda depth=depth: len(sheet.files.rows) == 9 + 8 * depth)
        assert sheet.files.entry.path == str(folder / "loop" / "loop" / "loop")
        await pilot.press("escape")
        assert given == [None]


async def test_texts_of_before_come_first_and_those_that_are_gone_not_at_all(folder: Path) -> None:
    kept, gone = str(folder / "beta.txt"), str(folder / "gone.txt")
    async with shown(folder, gone, kept, str(folder / NAME)) as (sheet, pilot, given):
        await until(lambda: "learned from before" in drawn(sheet)[0])
        lines = drawn(sheet)
        assert lines[1].startswith("▸ ") and "beta.txt" in lines[1]
        assert "gone" not in "".join(lines) and not any(map(RAW.search, lines))
        assert lines[3].strip() == "files"
        await pilot.press("up", "enter")  # there is nothing above
        assert given == [kept]


async def test_the_cursor_goes_on_over_the_heading(folder: Path) -> None:
    async with shown(folder, str(folder / "beta.txt")) as (sheet, pilot, given):
        await until(lambda: "learned from before" in drawn(sheet)[0])
        await pilot.press("down", "b")  # the tree, and the file that begins so
        assert sheet.files.entry.path == str(folder / "beta.txt") and sheet.files.place > 3
        await pilot.press("b")
        assert sheet.files.place == 1
        await pilot.press("end", "home", "down", "up", "pageup")
        assert sheet.files.place == 1
        await pilot.press("q")  # no name begins so
        assert sheet.files.place == 1 and not given


async def test_a_click_takes_the_line_and_another_the_file(folder: Path) -> None:
    async with shown(folder) as (sheet, pilot, given):
        place = [row.entry.name for row in sheet.files.rows].index("beta.txt")
        await pilot.click(sheet.files, (6, place))
        assert sheet.files.place == place and not given
        await pilot.click(sheet.files, (6, place))
        assert given == [str(folder / "beta.txt")]


async def test_a_folder_that_nobody_may_read_is_a_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refused(path: str) -> object:
        if str(path).endswith("Inner"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    async with shown(folder) as (sheet, pilot, given):
        await pilot.press("down", "enter")
        await until(lambda: "cannot be read: Permission denied" in "".join(drawn(sheet)))
        await pilot.press("down", "enter", "space")
        assert not given
