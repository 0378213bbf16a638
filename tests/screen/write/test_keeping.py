"""Prompts, texts and branches over a restart, as one sees them."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from driver import (
    HOSTILE,
    RAW,
    count_toasts,
    export,
    loaded,
    opened,
    painted,
    press,
    running,
    toasts,
    until,
    write,
)
from fakes import FakeModel, ThinkingModel, letters
from kept import MINE, OTHER, Place, picture
from models import random_checkpoint

from charlm.run.checkpoint import save_checkpoint
from charlm.run.layout import MODEL
from tui.app import CharlmApp
from tui.shell.settings import Loaded, Settings
from tui.views.sheets import Ask, Question
from tui.views.write.text.branches_sheet import BranchesSheet
from tui.views.write.view import WriteScreen
from tui.writer.contract import Load
from tui.writer.engine_model import load_engine
from tui.writer.kept import folder as folder_module
from tui.writer.kept import keeper as keeper_module
from tui.writer.kept.keeper import Keeper


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A working folder with runs, and where what is kept lies."""
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path / "state" / "texts")


def thinker(text: str = " hello") -> ThinkingModel:
    return ThinkingModel(letters(text), facts=MINE, ends=False)


def slow(model: FakeModel) -> Load:
    """What reads it so slowly that one types meanwhile."""

    def load(*arguments: Any) -> FakeModel:
        time.sleep(1)
        return model.load(*arguments)

    return load


async def branch_off(screen: WriteScreen) -> None:
    """Take a rival of the last character."""
    screen.text.view.focus()
    await press(screen, "left", "end")
    await until(lambda: screen.text.rivals.known)
    await press(screen, "1")
    await until(lambda: screen.text.rivals.rival is not None)
    before = screen.text.writing.now
    await press(screen, "enter")
    await until(lambda: screen.text.writing.now is not before and not screen.text.writing.streaming)
    await press(screen, "escape")


async def test_all_of_it_is_there_again(place: Place) -> None:
    async with running(thinker(), keeper=place.keeper) as screen:
        await write(screen, "Oh")
        await write(screen, "We\tdo")
        await branch_off(screen)
        await branch_off(screen)
        await press(screen, "u", "t", "Z")
        await opened(screen, Ask)
        await press(screen, *"xy", "enter")
        await until(lambda: screen.knobs.setting.texts["allow"] == "xy")
        await until(lambda: not screen.text.writing.streaming)
        await press(screen, "s")
        await until(lambda: not screen.text.writing.streaming)
        before = picture(screen)
    assert len(before["blocks"]) == 2 and len(before["tree"]) == 3
    async with running(thinker(), keeper=place.keeper) as screen:
        await until(lambda: screen.text.view.blocks)
        assert picture(screen) == before
        assert "· from before" in painted(screen)
        assert toasts(screen) == []
        await press(screen, "up")
        assert screen.prompt.text == "We\tdo"
        await press(screen, "up", "escape")
        assert screen.prompt.text == "Oh"
        await press(screen, "u", "U", "b")
        await opened(screen, BranchesSheet)
        await press(screen, "escape")
        await until(lambda: screen.app.screen is screen)
        await branch_off(screen)
        assert len(list(screen.text.writing.now.root().walk())) == 4  # type: ignore[union-attr]
        await write(screen, "New")
        assert [b.earlier for b in screen.text.view.blocks] == [True, False, False]


async def test_a_text_that_is_cut_by_leaving_is_kept_as_far_as_it_is(place: Place) -> None:
    model = FakeModel(letters("x" * 5000), delay=0.01, facts=MINE)
    async with running(model, keeper=place.keeper) as screen:
        screen.prompt.text = "Oh"
        await press(screen, "enter")
        await until(lambda: len(screen.text.view.text) > 9)
    async with running(model, keeper=place.keeper) as screen:
        assert screen.text.view.text.startswith("Ohxxxxxxxx")
        assert screen.text.view.blocks[-1].note.endswith("stopped")
        assert screen.text.writing.now is not None and screen.text.writing.now.can_continue


def engine_app(run: Path, keeper: Keeper | None) -> CharlmApp:
    return CharlmApp(
        run, load=load_engine, keeper=keeper, settings=Loaded(Settings(pace=0))
    )  # fmt: skip


async def go_on(screen: WriteScreen) -> str:
    """Go on where the text was cut; the whole of it."""
    length = len(screen.text.view.text)
    await press(screen, "ctrl+k")
    await until(lambda: len(screen.text.view.text) > length)
    await until(lambda: not screen.text.writing.streaming)
    return screen.text.view.text


async def test_a_text_of_before_goes_on_and_has_its_receipt(place: Place) -> None:
    """By the engine: as if the screen had never been left."""
    run, size = Path("checkpoints/mine"), (120, 30)
    run.mkdir()
    save_checkpoint(run / MODEL, random_checkpoint())
    async with loaded(engine_app(run, None), size) as screen:
        await write(screen, "ab")
        await export(screen, "json", "enter")
        await until(lambda: len(list(Path().glob("*.json"))) == 1)
        whole = await go_on(screen)
    async with loaded(engine_app(run, place.keeper), size) as screen:
        await write(screen, "ab")
    async with loaded(engine_app(run, place.keeper), size) as screen:
        await export(screen, "json", "enter")
        await until(lambda: len(list(Path().glob("*.json"))) == 2)
        await press(screen, "escape", "left")
        await until(lambda: screen.text.writing.now.explained)  # type: ignore[union-attr]
        assert await go_on(screen) == whole
    one, two = (path.read_text() for path in Path().glob("*.json"))
    assert one == two


async def test_each_model_has_its_own(place: Place) -> None:
    model = thinker()
    async with running(model, keeper=place.keeper) as screen:
        await write(screen, "Mine")
        await branch_off(screen)
        mine = picture(screen)
        model.facts = OTHER
        screen.load(Path("other"))
        await until(lambda: screen.model.facts == OTHER)
        assert screen.text.writing.now is None  # nothing is kept of it: the text stays, another's
        await write(screen, "Theirs")
        model.facts = MINE
        screen.load(Path("mine"))
        await until(lambda: screen.model.facts == MINE)
        now = picture(screen)
        assert now["tree"] == mine["tree"] and now["shown"] == mine["shown"]
        assert [block[2] for block in now["blocks"]] == ["Theirs hello", mine["blocks"][0][2]]
    model.facts = OTHER
    async with running(model, keeper=place.keeper) as screen:
        assert screen.text.view.text == "Theirs hello" and len(screen.text.view.blocks) == 1
        assert screen.prompt._history == ["Theirs"]


async def test_what_int8_wrote_is_its_own_again(place: Place) -> None:
    async with running(thinker(), keeper=place.keeper) as screen:
        await press(screen, "ctrl+n")
        await until(lambda: screen.model.facts.precision == "int8")  # type: ignore[union-attr]
        await write(screen, "Oh")
    async with running(thinker(), keeper=place.keeper) as screen:
        assert screen.text.view.text == "Oh hello" and screen.text.writing.now is None
        await press(screen, "ctrl+n")
        await until(lambda: screen.model.facts.precision == "int8")  # type: ignore[union-attr]
        await until(lambda: screen.text.writing.now is not None or screen.text.writing.streaming)


async def test_a_prompt_sent_while_the_model_is_read_comes_below(place: Place) -> None:
    async with running(thinker(), keeper=place.keeper) as screen:
        await write(screen, "Oh")
        await press(screen, "escape", "t")
        await until(lambda: not screen.text.writing.streaming)
    keeper = place.keeper
    app = CharlmApp(Path("checkpoints/arno"), load=slow(thinker()), keeper=keeper)
    async with app.run_test(size=(120, 30)):
        screen = app.screen  # type: ignore[assignment]
        assert isinstance(screen, WriteScreen)
        await until(lambda: screen.model.loading)
        screen.prompt.text = "We"
        await press(screen, "enter")
        await until(lambda: len(screen.text.view.blocks) == 2)
        await until(lambda: not screen.text.writing.streaming)
        assert [b.text for b in screen.text.view.blocks] == ["Oh hello", "We hello"]
        assert screen.prompt._history == ["Oh", "We"]
    app.close()
    assert json.loads(place.file().read_text())["prompts"] == ["Oh", "We"]


async def test_how_a_beam_found_a_text_is_not_kept_and_that_is_said(place: Place) -> None:
    async with running(thinker(), keeper=place.keeper) as screen:
        await press(screen, "f5")
        await write(screen, "Oh")
    async with running(thinker(), keeper=place.keeper) as screen:
        await press(screen, "ctrl+b")
        await until(lambda: any("is not kept" in toast for toast in toasts(screen)))
        await press(screen, "ctrl+b")
        assert screen.text.view.text == "Oh hello"


async def test_a_prompt_for_a_model_that_cannot_be_read_is_the_others(place: Place) -> None:
    model = thinker()
    async with running(model, keeper=place.keeper) as screen:

        def fail(*_: object) -> FakeModel:
            time.sleep(0.5)
            raise ValueError("a damaged file")

        screen.app.decode_worker._load = fail  # type: ignore[attr-defined]
        screen.load(Path("damaged"))
        await write(screen, "Oh")
        await write(screen, "We")
    assert json.loads(place.file().read_text())["prompts"] == ["Oh", "We"]


@pytest.mark.parametrize("said", [True, False])
async def test_a_decoder_that_was_set_goes_before(place: Place, said: bool) -> None:
    async with running(thinker(), keeper=place.keeper) as screen:
        await write(screen, "Oh")
        await press(screen, "f2")
        await until(lambda: not screen.text.writing.streaming)
    names = frozenset({"decoder"} if said else ())
    settings = Loaded(Settings(decoder="sample", pace=30), said=names)
    async with running(thinker(), keeper=place.keeper, settings=settings) as screen:
        assert screen.knobs.setting.name == ("sample" if said else "greedy")
        assert screen.knobs.setting.pace == 30


async def test_of_a_model_from_elsewhere_nothing_is_kept(place: Place) -> None:
    Path("checkpoints", "nearly").mkdir()
    for path in (place.path.parent / "model", Path("checkpoints/../model"), Path("model")):
        model = thinker()
        model.facts = MINE._replace(path=path)
        async with running(model, keeper=place.keeper) as screen:
            await write(screen, "Oh")
            await press(screen, "escape", "delete")
            await opened(screen, Question)
            assert "nothing of them is kept" in painted(screen)
        assert not place.path.exists()


async def test_without_a_keeper_nothing_is_read_or_written(place: Place) -> None:
    async with running(thinker(), keeper=place.keeper) as screen:
        await write(screen, "Oh")
    before = place.file().read_bytes()
    async with running(thinker()) as screen:
        assert screen.text.view.blocks == [] and screen.prompt._history == []
        await write(screen, "We")
    assert place.file().read_bytes() == before


async def test_one_key_forgets(place: Place) -> None:
    async with running(thinker(), keeper=place.keeper) as screen:
        await write(screen, "Oh")
    async with running(thinker(), keeper=place.keeper) as screen:
        await press(screen, "ctrl+s", "up", "escape", "delete")
        await opened(screen, Question)
        await press(screen, "n")
        await until(lambda: screen.app.screen is screen)
        assert place.file().exists() and screen.text.view.blocks
        await press(screen, "delete")
        await opened(screen, Question)
        assert "texts of arno that are kept" in painted(screen)
        await press(screen, "y")
        await until(lambda: not place.file().exists())
        assert screen.text.view.blocks == [] and screen.text.writing.now is None
        assert screen.prompt._history == [] and screen.prompt.text == ""
        assert "is ready" in painted(screen)
        await write(screen, "We")
    async with running(thinker(), keeper=place.keeper) as screen:
        assert [block.text for block in screen.text.view.blocks] == ["We hello"]
        assert screen.prompt._history == ["We"]


async def test_while_it_is_written_and_side_by_side_it_can_be_forgotten(place: Place) -> None:
    model = FakeModel(letters("x" * 5000), delay=0.01, facts=MINE, lanes=("x" * 900,) * 4)
    async with running(model, keeper=place.keeper) as screen:
        for keys in (("enter",), ("ctrl+f",), ("f5", "enter", "ctrl+b")):
            screen.prompt.focus()
            screen.prompt.text = "Oh"
            await press(screen, *keys)
            await until(lambda: screen.stages.author.streaming)
            if keys == ("enter",):
                await press(screen, "escape")
            await press(screen, "escape", "delete")
            await opened(screen, Question)
            await press(screen, "y")
            await until(lambda: screen.app.screen is screen)
            assert screen.text.view.blocks == [] and not screen.stages.author.streaming
            assert screen.stages.shown is screen.text
    assert not list(place.path.glob("*.json"))


async def test_all_models_can_be_forgotten(place: Place) -> None:
    for facts in (MINE, OTHER):
        async with running(FakeModel(letters("x"), facts=facts), keeper=place.keeper) as screen:
            await write(screen, "Oh")
    assert len(list(place.path.iterdir())) == 2
    (place.path / "notes.txt").touch()
    async with running(thinker(), keeper=place.keeper) as screen:
        await press(screen, "escape", "shift+delete")
        await opened(screen, Question)
        await press(screen, "y")
        await until(lambda: [path.name for path in place.path.iterdir()] == ["notes.txt"])


async def test_a_full_disk_is_told_of_once_and_costs_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = True
    written = folder_module.write_at

    def refused(*arguments: Any) -> None:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written(*arguments)

    monkeypatch.setattr(folder_module, "write_at", refused)
    monkeypatch.setattr(keeper_module, "_CALM", 0.0)
    async with running(thinker(), keeper=place.keeper) as screen:
        count_toasts(screen)
        for prompt in ("Oh", "We", "So"):
            await write(screen, prompt)
        said = "prompts and texts are not kept for the next time: No space left on device"
        await until(lambda: said in toasts(screen))
        assert screen.app.said == 1  # type: ignore[attr-defined]
        assert [b.text for b in screen.text.view.blocks] == ["Oh hello", "We hello", "So hello"]
        full = False
    async with running(thinker(), keeper=place.keeper) as screen:
        assert [b.text for b in screen.text.view.blocks] == ["Oh hello", "We hello", "So hello"]


async def test_what_is_brought_back_is_data(place: Place) -> None:
    async with running(thinker(HOSTILE), keeper=place.keeper) as screen:
        await write(screen, HOSTILE)
        await branch_off(screen)
        await write(screen, "ab" + HOSTILE)
        before = picture(screen)
    async with running(thinker(HOSTILE), keeper=place.keeper) as screen:
        assert picture(screen) == before
        for keys in (("up",), ("escape", "b"), ("escape", "delete")):
            await press(screen, *keys)
            page = painted(screen)
            assert not RAW.search(page.replace("\n", "")) and "[/bold]" in page + "[/bold]"
        assert "[@click=app.quit]" in screen.text.view.text


async def make_hostile(place: Place, kind: str) -> None:
    """Put something in the place of what was kept."""
    file, elsewhere = place.file(), place.path.parent / "elsewhere"
    data = file.read_bytes()
    elsewhere.write_bytes(data)
    match kind:
        case "cut":
            file.write_bytes(data[:-100])
        case "empty":
            file.write_bytes(b"")
        case "not UTF-8":
            file.write_bytes(data.replace(b"Oh", b"O\xff"))
        case "deep":
            file.write_bytes(b"[" * 900_000)
        case "digits":
            file.write_bytes(data.replace(b'"shown":0', b'"shown":' + b"9" * 5000))
        case "huge":
            os.truncate(file, 3_000_000_000)
        case "newer":
            file.write_bytes(data.replace(b'"version":1', b'"version":2'))
        case "another's":
            file.write_bytes(data.replace(MINE.identity.encode(), OTHER.identity.encode()))
        case "twice":
            file.write_bytes(data.replace(b'"shown":0', b'"shown":0,"shown":0'))
        case "link" | "FIFO" | "folder" | "link to nothing":
            file.unlink()
            if kind == "FIFO":
                os.mkfifo(file)
            elif kind == "folder":
                file.mkdir()
                (file / "inside").touch()
            else:
                file.symlink_to(elsewhere if kind == "link" else "/no/such/file")


KINDS = ("cut", "empty", "not UTF-8", "deep", "digits", "huge", "newer", "another's", "twice",
         "link", "link to nothing", "FIFO", "folder")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_that_cannot_be_used_costs_a_line(place: Place, kind: str) -> None:
    async with running(thinker(), keeper=place.keeper) as screen:
        await write(screen, "Oh")
    await make_hostile(place, kind)
    elsewhere = (place.path.parent / "elsewhere").read_bytes()
    async with running(thinker(), keeper=place.keeper) as screen:
        await until(lambda: toasts(screen))
        [said] = toasts(screen)
        assert said.startswith("what was kept of arno is not used: it is ") and len(said) < 130
        assert screen.text.view.blocks == [] and screen.prompt._history == []
        await write(screen, "We")
    async with running(thinker(), keeper=place.keeper) as screen:
        assert [block.text for block in screen.text.view.blocks] == ["We hello"]
        assert toasts(screen) == []
    assert (place.path.parent / "elsewhere").read_bytes() == elsewhere
    assert sorted(path.suffix for path in place.path.iterdir()) == [".aside", ".json"]


@pytest.mark.parametrize("kind", ["link", "file"])
async def test_a_folder_that_is_none_is_told_of_once(place: Place, kind: str) -> None:
    place.path.parent.mkdir()
    other = place.path.parent / "other"
    other.mkdir()
    place.path.symlink_to(other) if kind == "link" else place.path.touch()
    async with running(thinker(), keeper=place.keeper) as screen:
        count_toasts(screen)
        await write(screen, "Oh")
        await until(
            lambda: any("are not kept for the next time: it is a" in t for t in toasts(screen))
        )
        assert screen.text.view.text == "Oh hello"
    assert list(other.iterdir()) == []


async def test_the_first_time_a_few_lines_are_written_by_themselves(place: Place) -> None:
    text = "".join(f" line {number}\n" for number in range(9))
    model = ThinkingModel(letters(text), delay=0.01, facts=MINE)
    async with running(model, (80, 24), keeper=place.keeper, greets=True) as screen:
        await until(lambda: screen.text.view.blocks)
        await press(screen, *"Oh")
        page = painted(screen)
        hint = page.split("\n")[1]
        assert all(f"{key} " in hint for key in ("Enter", "F7", "F8", "F9")), hint
        assert "surprising, in nats" in page
        await until(lambda: not screen.text.writing.streaming)
        assert screen.text.view.text == text and screen.prompt.text == "Oh"
        assert model.requests[0].prompt == "" and model.requests[0].length < 1000
        assert screen.knobs.setting.length == 1000
        await write_over(screen)
        assert [b.text for b in screen.text.view.blocks] == ["Oh" + text]
        assert "F7" not in screen.text.view.blocks[0].heading
        assert screen.text.writing.now.parent is None  # type: ignore[union-attr]
    kept = json.loads(place.file().read_text())
    assert kept["texts"] == [] and len(kept["branches"]) == 1 and kept["prompts"] == ["Oh"]


async def write_over(screen: WriteScreen) -> None:
    """Enter; a text that takes the place of another."""
    before = screen.text.writing.now
    await press(screen, "enter")
    await until(lambda: screen.text.writing.now is not before)
    await until(lambda: not screen.text.writing.streaming)


async def test_what_nobody_asked_for_is_not_kept(place: Place) -> None:
    async with running(thinker(), keeper=place.keeper, greets=True) as screen:
        await until(lambda: screen.text.view.text == " hello")
        await until(lambda: not screen.text.writing.streaming)
    assert not place.path.exists()


async def test_who_goes_on_from_it_has_asked_for_it(place: Place) -> None:
    async with running(thinker(), keeper=place.keeper, greets=True) as screen:
        await until(lambda: screen.text.view.text == " hello")
        await until(lambda: not screen.text.writing.streaming)
        await branch_off(screen)
        await branch_off(screen)
        before = picture(screen)
        assert len(before["tree"]) == 3
    async with running(thinker(), keeper=place.keeper) as screen:
        now = picture(screen)
        assert now["tree"][1:] == before["tree"][1:] and now["blocks"] == before["blocks"]


async def test_who_types_ahead_is_not_greeted(place: Place) -> None:
    app = CharlmApp(Path("checkpoints/arno"), load=slow(thinker()), greets=True)
    async with app.run_test(size=(120, 30)):
        screen = app.screen
        assert isinstance(screen, WriteScreen)
        await until(lambda: screen.model.loading)
        screen.prompt.text = "We"
        await press(screen, "enter")
        await until(lambda: screen.text.view.text == "We hello")
        assert not screen.text.view.surprise
    app.close()


async def test_without_streaming_the_lines_appear_as_a_whole(place: Place) -> None:
    model = FakeModel(letters("x" * 60), delay=0.02, facts=MINE)
    settings = Loaded(Settings(plain=True))
    async with running(model, settings=settings, greets=True) as screen:
        seen = set()
        while "x" * 60 not in screen.text.view.text:
            seen.add(screen.text.view.text)
            await asyncio.sleep(0.01)
        assert seen == {""}
