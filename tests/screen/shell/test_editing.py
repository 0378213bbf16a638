"""While something is typed that was not sent, readline's keys edit, and nothing else acts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from driver import opened, painted, press, running, until, write
from fakes import FakeModel, letters
from textual.widgets import Input
from train_fakes import training_view

from tui.keys.editing import EDITING
from tui.keys.table import keys_of, remap
from tui.shell.settings import Loaded, Settings, load_settings
from tui.views.write.export.export_sheet import ExportSheet
from tui.views.write.stage import Seen

TYPED = ("h", "e", "l", "l", "o", " ", "w", "o", "r", "l", "d")


@pytest.mark.parametrize(
    ("keys", "text", "column"),
    [
        (("ctrl+a",), "hello world", 0),
        (("ctrl+a", "ctrl+e"), "hello world", 11),
        (("ctrl+b", "ctrl+b"), "hello world", 9),
        (("ctrl+a", "ctrl+f"), "hello world", 1),
        (("alt+b",), "hello world", 6),
        (("ctrl+a", "alt+f"), "hello world", 5),
        (("ctrl+a", "ctrl+d"), "ello world", 0),
        (("ctrl+d",), "hello world", 11),
        (("ctrl+w",), "hello ", 6),
        (("alt+backspace",), "hello ", 6),
        (("ctrl+a", "alt+d"), " world", 0),
        (("alt+b", "ctrl+k"), "hello ", 6),
        (("alt+b", "ctrl+u"), "world", 0),
        (("ctrl+w", "ctrl+y", "ctrl+y"), "hello worldworld", 16),
        (("alt+b", "ctrl+k", "ctrl+a", "ctrl+y"), "worldhello ", 5),
        (("ctrl+k", "ctrl+u", "x", "ctrl+y"), "xhello world", 12),
        (("ctrl+t",), "hello wordl", 11),
        (("ctrl+a", "ctrl+f", "ctrl+t"), "ehllo world", 2),
        (("ctrl+a", "ctrl+t"), "hello world", 0),
        (("ctrl+w", "ctrl+underscore"), "hello world", 11),
        (("ctrl+w", "ctrl+underscore", "ctrl+circumflex_accent"), "hello ", 6),
        (("ctrl+g", "ctrl+r", "ctrl+l", "ctrl+n"), "hello world", 11),
        (("ctrl+u", "ctrl+y"), "hello world", 11),  # also where nothing was left
        (("ctrl+a", "ctrl+k", "ctrl+y"), "hello world", 11),
        (("alt+backspace",) * 4 + ("x",), "x", 1),  # at its end it is no Esc
        (("ctrl+u", "ctrl+d", "ctrl+k", "ctrl+n", "x"), "x", 1),
    ],
)
async def test_the_keys_of_a_shell(keys: tuple[str, ...], text: str, column: int) -> None:
    async with running(FakeModel()) as screen:
        await press(screen, *TYPED, *keys)
        assert (screen.prompt.text, screen.prompt.cursor_location) == (text, (0, column))


async def test_nothing_there_changes_the_model_or_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    model = FakeModel(letters(" hello"))
    settings = load_settings({"CHARLM_SETTINGS": str(path)}, {})
    async with running(model, settings=settings) as screen:
        await write(screen, "Oh")
        setting, precision = screen.knobs.setting, screen.model.precision
        for key in sorted(EDITING):
            await press(screen, "a", "b", key)
            await asyncio.sleep(0)
            assert screen.app.screen is screen and screen.prompt.has_focus, key
            assert screen.stages.seen is Seen.TEXT
        assert (screen.knobs.setting, screen.model.precision) == (setting, precision)
        assert screen.app.theme == "charlm-dark" and not path.exists()
        assert len(model.requests) == 1 and len(screen.text.view.blocks) == 1
        assert screen.app.clipboard == ""


async def test_with_nothing_typed_they_do_what_the_table_says() -> None:
    async with running(FakeModel(letters(" hello"))) as screen:
        await press(screen, "ctrl+t")
        assert screen.app.theme == "charlm-light"
        await write(screen, "Oh")
        await press(screen, "ctrl+e")  # it is sent
        await opened(screen, ExportSheet)
        await press(screen, "escape", "ctrl+y")
        await until(lambda: screen.app.clipboard == "Oh hello")
        await press(screen, "a", "ctrl+u", "ctrl+d")  # once too often: nothing was left to delete
        assert screen.stages.seen is Seen.TEXT
        await press(screen, "escape", "ctrl+d")
        assert screen.stages.seen is Seen.DUEL


async def test_earlier_prompts_while_another_is_typed() -> None:
    async with running(FakeModel(letters("x"))) as screen:
        for prompt in ("one", "two"):
            await write(screen, prompt)
        await press(screen, "d", "ctrl+p")
        assert screen.prompt.text == "two"
        await press(screen, "ctrl+p")  # the one sent last is there: it is a way still
        assert screen.prompt.text == "one" and screen.app.screen is screen
        await press(screen, "ctrl+n", "ctrl+n", "ctrl+n")
        assert screen.prompt.text == "d"


async def test_the_footer_names_what_acts_meanwhile() -> None:
    async with running(FakeModel(letters(" hello")), (240, 30)) as screen:
        await write(screen, "Oh")
        await until(lambda: "^D Duel" in painted(screen) and "^Y Copy" in painted(screen))
        await press(screen, "a")
        await until(lambda: "^X d Duel" in painted(screen) and "^X c Copy" in painted(screen))
        assert "^S Surprise" in painted(screen) and "^P Actions" not in painted(screen)
        await press(screen, "ctrl+u", "escape")
        await until(lambda: "^D Duel" in painted(screen))


async def test_a_key_that_one_has_chosen_acts(own_keys: None) -> None:
    assert remap({"write": ["enter", "ctrl+w"], "theme": ["ctrl+t"]}) == ()
    model = FakeModel(letters("x"))
    async with running(model) as screen:
        await press(screen, "a", "ctrl+t", "ctrl+w")
        await until(lambda: model.requests)
        assert model.requests[0].prompt == "a" and screen.app.theme == "charlm-dark"


async def test_a_field_of_a_form_is_edited_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with training_view() as view:
        field = view.query_one("#corpus", Input)
        field.focus()
        await until(lambda: field.has_focus)
        await press(view, *"ab cd", "ctrl+b", "x", "ctrl+a", "ctrl+f", "y")
        assert field.value == "ayb cxd" and view.app.theme == "charlm-dark"
        await press(view, "ctrl+e", "ctrl+t", "ctrl+a", "ctrl+f", "ctrl+t")
        assert (field.value, field.cursor_position) == ("yab cdx", 2)
        await press(view, "ctrl+a", "ctrl+t", "ctrl+e", "ctrl+w", "ctrl+a", "ctrl+y")
        assert (field.value, field.cursor_position) == ("cdxyab ", 3)
        await press(view, "ctrl+k", "ctrl+y", "alt+b", "alt+d", "ctrl+y", "ctrl+u", "ctrl+y")
        assert field.value == "cdxyab " and view.app.theme == "charlm-dark"
        await press(view, "ctrl+u", "ctrl+t")
        assert field.value == "" and view.app.theme == "charlm-light"
        await press(view, "z", "ctrl+g")
        assert not view.query_one("#form-main").display


async def test_a_sheet_is_left_by_esc_and_a_letter_at_once() -> None:
    async with running(FakeModel(), settings=Loaded(replace(Settings(), pace=0))) as screen:
        await press(screen, "a", "alt+q")
        await until(lambda: screen.app._exit)
        assert screen.prompt.text == "a"


async def test_esc_and_a_letter_at_once_mean_esc_then_the_letter() -> None:
    async with running(FakeModel(letters(" hello"))) as screen:
        await write(screen, "Oh")
        for key in ("alt+c", "alt+ctrl+y"):
            screen.app._clipboard = ""
            screen.prompt.focus()
            await until(lambda: screen.prompt.has_focus)
            await press(screen, key)
            await until(lambda: screen.app.clipboard == "Oh hello")
            assert not screen.prompt.has_focus and screen.prompt.text == "Oh"
        await press(screen, "alt+shift+t")  # Esc goes back to the prompt, and there it is text
        assert screen.prompt.has_focus and screen.prompt.text == "T"
        await press(screen, "alt+question_mark")
        await until(lambda: screen.app.screen is not screen)
        assert screen.prompt.text == "T"


def test_every_key_that_edits_is_none_of_those_that_open_a_view() -> None:
    """Else one could not leave the prompt but by Esc."""
    for view in ("write", "train"):
        for key in keys_of(view):  # type: ignore[arg-type]
            assert key.group != "Views" or not EDITING & set(key.keys)
