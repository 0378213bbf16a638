"""What is typed and clicked quickly acts in its order; no size, toast or report does harm."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from driver import HOSTILE, RAW, loaded, painted, press, running, toasts, until, write
from fakes import FakeModel
from textual import events
from textual.app import ComposeResult
from textual.widget import Widget
from train_fakes import training_view

from tui.app import CharlmApp
from tui.shell.steady_app import SteadyApp
from tui.widgets.field import Field


async def test_keys_typed_quickly_act_in_their_order() -> None:
    async with running(FakeModel()) as screen:
        for key in (*"abcd", "backspace", "backspace", *"XY", "left", "K", "home", "Q", "end", "W"):
            screen.app.simulate_key(key)
        await until(lambda: screen.prompt.text.endswith("W"))
        assert screen.prompt.text == "QabXKYW"


async def test_keys_typed_ahead_wait_for_the_sheet_that_has_them() -> None:
    async with running(FakeModel()) as screen:
        await write(screen, "abc")
        export = ("ctrl+e", "down", "escape", "ctrl+e", "c")
        for key in (*export, "f1", "escape", "ctrl+p", *"zz", "escape", *"de"):
            screen.app.simulate_key(key)
        await until(lambda: screen.prompt.text == "de")
        assert screen.app.clipboard == screen.text.view.text
        assert screen.app.screen is screen


async def test_a_click_waits_for_the_keys_before_it() -> None:
    async with running(FakeModel()) as screen:
        x, y = screen.text.view.region.x + 5, screen.text.view.region.y + 3
        for key in "ttt":  # at the text, `t` would be the temperature's key
            screen.app.simulate_key(key)
        for kind in (events.MouseDown, events.MouseUp):
            screen.app.post_message(
                kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)
            )
        await until(lambda: screen.text.view.has_focus)
        assert screen.prompt.text == "ttt"


async def test_a_screen_that_is_held_up_keeps_the_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    async def hold_up(self: Field, event: events.Key) -> None:
        if event.key == "backspace":  # which acts when it comes back unused
            time.sleep(0.3)

    monkeypatch.setattr(Field, "_on_key", hold_up, raising=False)
    async with training_view() as view:
        field = view.query_one("#corpus", Field)
        await until(lambda: field.has_focus)
        for key in ("a", "backspace", "b", "backspace", "c"):
            view.app.simulate_key(key)
        await until(lambda: field.value == "c")


class Leaving(Widget, can_focus=True):
    """Goes away at the first key, with every message that waits for it."""

    async def on_key(self) -> None:
        await asyncio.sleep(0.05)  # the messenger waits already
        self.remove()


class Staying(Widget, can_focus=True):
    """Notes its keys."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def on_key(self, event: events.Key) -> None:
        self.keys.append(event.key)


class Two(SteadyApp):
    """One that goes, and one that stays."""

    def compose(self) -> ComposeResult:
        yield Leaving()
        yield Staying()


async def test_a_widget_that_goes_away_takes_its_key_only() -> None:
    app = Two()
    async with app.run_test():
        app.query_one(Leaving).focus()
        await until(lambda: isinstance(app.focused, Leaving))
        for key in "abc":
            app.simulate_key(key)
        await until(lambda: app.query_one(Staying).keys == ["b", "c"])


@pytest.mark.parametrize("size", [(1, 1), (4, 2), (5, 24), (10, 24), (12, 5)])
async def test_a_terminal_that_is_too_small_ends_nothing(size: tuple[int, int]) -> None:
    async with running(FakeModel(), size) as screen:
        await write(screen, "abc")
        screen.say("a few words")
        for key in ("escape", "f1", "escape", "ctrl+p", "escape", "ctrl+e", "escape", "ctrl+g"):
            await press(screen, key)
        screen.app.post_message(events.Resize.from_dimensions((80, 24), None))
        await until(lambda: screen.size == (80, 24))
        await until(lambda: "abc" in painted(screen))


async def test_a_screenshot_is_told_without_markup(tmp_path: Path) -> None:
    async with running(FakeModel()) as screen:
        path = tmp_path / "a [b]picture.svg"
        screen.app.post_message(events.DeliveryComplete("key", path, "screenshot"))
        await until(lambda: f"the screen is saved as {path}" in toasts(screen))
        assert len(toasts(screen)) == 1


async def test_what_is_pasted_has_an_end() -> None:
    async with running(FakeModel()) as screen:
        screen.app.post_message(events.Paste("word " * 30_000))
        await until(lambda: len(screen.prompt.text) == 100_000, 60)
        assert "only the first 100,000 characters were pasted" in toasts(screen)


async def test_the_report_of_a_program_error_is_inert(capsys: pytest.CaptureFixture[str]) -> None:
    app = CharlmApp(Path("checkpoints/tiny"), load=FakeModel().load)
    with pytest.raises(ValueError, match="file"):
        async with loaded(app, (80, 24)) as screen:

            def fail() -> None:
                raise ValueError(f"no file {HOSTILE}")

            screen.call_later(fail)
            await until(lambda: app._exception)
    app._print_error_renderables()
    said = capsys.readouterr()
    report = said.out + said.err
    assert "␛]0;own" in report
    assert "\x1b]" not in report
    assert not RAW.search(report.replace("\n", "").replace("\x1b", ""))


async def test_a_toast_whose_time_ends_while_a_sheet_opens_does_not_hang_it() -> None:
    async with running(FakeModel()) as screen:
        screen.say("a word")
        await until(lambda: toasts(screen))
        (notice,) = screen.app._notifications
        assert not notice.has_expired
        assert 2 < notice.time_left <= 3
        notice.timeout = 0
        assert notice.has_expired
        assert notice.time_left > 0  # a timer with less would never come to its end


async def test_news_takes_the_place_of_older_news_and_errors_stay() -> None:
    async with running(FakeModel()) as screen:
        screen.say("wrong", True)
        for word in ("one", "two", "three"):
            screen.say(word)
        await until(lambda: toasts(screen) == ["wrong", "three"])
        await until(lambda: "three" in painted(screen).split("\n")[1])
        for key in ("ctrl+p", "f1"):
            await press(screen, key)
            await until(lambda: screen.app.screen is not screen)
            await until(lambda: painted(screen).count("three") == 1)
            await press(screen, "escape")
            await until(lambda: screen.app.screen is screen and painted(screen).count("three") == 1)
