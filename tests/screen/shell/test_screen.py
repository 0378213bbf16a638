"""The screen, driven by keys: every key acts, text streams, hostile text stays inert."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from pathlib import Path

import pytest
from driver import (
    HOSTILE,
    RAW,
    count_toasts,
    opened,
    painted,
    press,
    running,
    settled,
    toasts,
    until,
    write,
)
from fakes import FACTS, FakeModel, ThinkingModel, letters
from textual import events
from textual.geometry import Size

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling
from charlm.run.layout import RUN_LOG
from tui.app import CharlmApp
from tui.keys.key import Key
from tui.keys.table import keys_of
from tui.views.base import View
from tui.views.palette import all_entries
from tui.views.sheets import HelpScreen
from tui.views.write.view import WriteScreen
from tui.widgets.leader_strip import LeaderStrip
from tui.writer.knobs import Setting


async def test_enter_streams_the_text_after_the_prompt() -> None:
    async with running(FakeModel(letters(" and on it goes"))) as screen:
        assert screen.prompt.has_focus
        await press(screen, *"Once", "enter")
        await until(lambda: screen.text.view.text == "Once and on it goes")
        await until(lambda: "15 characters · 1.39 nats/char · the end" in painted(screen))
        view = screen.text.view.render_line(1)
        styles = {s.text.strip(): s.style for s in view if s.text.strip()}
        assert styles["Once"] != styles["and on it goes"]


async def test_the_cursor_may_be_ahead_of_the_model() -> None:
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Slow(FakeModel):
        def load(self, path: Path, threads: int, precision: str) -> FakeModel:
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result(10)
            return self

    app = CharlmApp(Path("checkpoints/tiny"), load=Slow(letters("!")).load)
    async with app.run_test(notifications=True):
        screen = app.screen
        assert isinstance(screen, WriteScreen)
        await until(lambda: "reading tiny" in painted(screen))
        await press(screen, *"hi", "enter")
        release.set()
        await until(lambda: screen.text.view.text == "hi!")


@pytest.mark.parametrize(
    ("key", "strategy"),
    [
        ("f2", Greedy()),
        ("f3", Sampling()),
        ("f4", Sampling(top_p=0.95)),
        ("f5", BeamSearch()),
        ("f6", NucleusBeam()),
    ],
)
async def test_a_decoder_starts_again_mid_stream(key: str, strategy: object) -> None:
    model = FakeModel(letters("x" * 20_000))
    async with running(model) as screen:
        await press(screen, "f2" if key != "f2" else "f3", *"go", "enter")
        await until(lambda: len(screen.text.view.text) > 10)
        await press(screen, key)
        await until(lambda: len(model.requests) == 2 and len(screen.text.view.text) > 10)
        first, second = model.requests
        assert second.strategy == strategy
        assert (second.prompt, second.seed) == (first.prompt, first.seed)
        assert len(screen.text.view.blocks) == 1


async def test_a_moved_knob_starts_again_with_the_same_seed() -> None:
    model = FakeModel(letters("x" * 20_000))
    async with running(model) as screen:
        await press(screen, *"go", "enter")
        await until(lambda: len(screen.text.view.text) > 10)
        await press(screen, "ctrl+down", "ctrl+down")
        await until(lambda: model.requests[-1].strategy == Sampling(temperature=0.9, top_p=0.95))
        await press(screen, "shift+down", "ctrl+down")
        await until(lambda: getattr(model.requests[-1].strategy, "top_k", 0) == 100)
        assert {r.seed for r in model.requests} == {1}
        await until(lambda: len(screen.text.view.blocks) == 1 and "top-k 100" in painted(screen))


async def test_escape_stops_then_leaves_then_returns() -> None:
    async with running(FakeModel(letters("x" * 50_000))) as screen:
        await press(screen, *"go", "enter")
        await until(lambda: len(screen.text.view.text) > 10)
        await press(screen, "escape")
        assert not screen.text.writing.streaming
        length = len(screen.text.view.text)
        await asyncio.sleep(0.15)
        assert len(screen.text.view.text) == length
        assert "stopped" in painted(screen)
        assert screen.prompt.has_focus
        await press(screen, "escape")
        assert screen.text.view.has_focus
        await press(screen, "escape")
        assert screen.prompt.has_focus


async def test_a_beam_rewrites_its_tail() -> None:
    steps = [(0, "the cat"), (4, "dog sat\non"), (7, "\nunder the very long table")]
    async with running(FakeModel(steps, delay=0.05)) as screen:
        await write(screen, "A: ")
        assert screen.text.view.text == "A: the dog\nunder the very long table"
        assert "sat" not in painted(screen)


async def test_hostile_text_is_shown_inert_everywhere(tmp_path: Path) -> None:
    log = tmp_path / RUN_LOG
    line = {"kind": "notice", "message": HOSTILE}
    log.write_text(json.dumps(line) + "\n", encoding="ascii")
    facts = FACTS._replace(name=HOSTILE, unit=HOSTILE, isa=HOSTILE, path=tmp_path / "m")
    model = FakeModel(letters(HOSTILE), facts=facts, notices=(HOSTILE,))
    async with running(model, size=(200, 40)) as screen:
        screen.prompt.focus()
        screen.app.post_message(events.Paste(HOSTILE))
        await until(lambda: "app.quit" in screen.prompt.text)
        await press(screen, "enter")
        await until(lambda: screen.text.view.blocks and not screen.text.writing.streaming)
        model.error = RuntimeError(HOSTILE)
        await press(screen, "enter")
        await until(lambda: len(toasts(screen)) >= 2)
        await asyncio.sleep(0.3)
        shown = painted(screen)
        assert not RAW.search(shown.replace("\n", ""))
        assert shown.count("[@click=app.quit]") >= 4  # prompt, text, title, toasts
        for strip in screen._compositor.render_strips():
            for segment in strip:
                assert "@click" not in ((segment.style and segment.style.meta) or {})


async def test_knob_letters_are_text_in_the_prompt() -> None:
    async with running(FakeModel()) as screen:
        before = screen.knobs.setting
        await press(screen, *"tTkKsSr?")
        assert screen.prompt.text == "tTkKsSr?"
        assert screen.knobs.setting == before


async def test_history_goes_back_and_on() -> None:
    async with running(FakeModel(letters("."))) as screen:
        await write(screen, "one")
        await write(screen, "two")
        screen.prompt.text = "draft"
        seen = []
        for key in ("up", "up", "up", "down", "down", "down"):
            await press(screen, key)
            seen.append(screen.prompt.text)
        assert seen == ["two", "one", "one", "two", "draft", "draft"]


async def test_a_paste_keeps_its_lines_and_sends_nothing() -> None:
    model = FakeModel()
    async with running(model) as screen:
        screen.app.post_message(events.Paste("A\r\nB\n\nC"))
        await until(lambda: screen.prompt.text == "A\nB\n\nC")
        assert model.requests == []


async def test_a_new_size_does_not_lose_the_end() -> None:
    """Lower, higher, narrower: who was at the end still is; who had scrolled up is not."""
    async with running(FakeModel([(0, "word after word, " * 400)]), size=(100, 40)) as screen:
        view = screen.text.view
        await write(screen, "The")
        for width, height in ((100, 20), (100, 40), (50, 40), (160, 12)):
            screen.app.post_message(events.Resize(Size(width, height), Size(width, height)))
            await until(lambda w=width, h=height: screen.size == (w, h))  # type: ignore[misc]
            await until(lambda: view.at_end and view.max_scroll_y > 0)
            await settled(lambda: (view.size, view.virtual_size))
            assert view.at_end and "▼ more" not in painted(screen)
        await press(screen, "pageup")
        screen.app.post_message(events.Resize(Size(160, 20), Size(160, 20)))
        await until(lambda: screen.size == (160, 20))
        await until(lambda: "▼ more" in painted(screen))
        assert not view.at_end


async def test_it_follows_the_end_only_when_it_is_there() -> None:
    model = FakeModel(letters("line\n" * 4000))
    async with running(model) as screen:
        await press(screen, "enter")
        await until(lambda: screen.text.view.virtual_size.height > 100)
        assert screen.text.view.at_end
        await press(screen, "pageup")
        await until(lambda: not screen.text.view.at_end)
        place = screen.text.view.scroll_offset.y
        height = screen.text.view.virtual_size.height
        await until(lambda: screen.text.view.virtual_size.height > height + 50)
        assert screen.text.view.scroll_offset.y == place
        await until(lambda: "▼ more" in painted(screen))
        await press(screen, "ctrl+end")
        await until(lambda: screen.text.view.at_end)


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24), (160, 48), (300, 80)])
async def test_every_size_draws(size: tuple[int, int]) -> None:
    async with running(
        FakeModel(letters(" 漢字 wide and long enough to wrap" * 3)), size
    ) as screen:
        await write(screen, "漢")
        if size[1] >= 18:
            await press(screen, "ctrl+o")
        lines = painted(screen).split("\n")
        assert len(lines) == size[1]
        assert any("wrap" in line for line in lines)
        assert any("nucleus" in line for line in lines)
        assert "Enter Write" in lines[-1]


async def test_resizing_wraps_again() -> None:
    async with running(FakeModel(letters("word " * 60))) as screen:
        await write(screen, "")
        before = screen.text.view.virtual_size.height
        app = screen.app
        app._driver.process_message(events.Resize(Size(50, 20), Size(50, 20)))  # type: ignore[union-attr]
        await until(lambda: screen.text.view.virtual_size.height > before)
        assert max(len(line) for line in painted(screen).split("\n")) <= 50


async def test_no_model_says_which_key_is_next() -> None:
    app = CharlmApp(None, load=FakeModel().load)
    async with app.run_test(size=(80, 24), notifications=True):
        screen = app.screen
        assert isinstance(screen, WriteScreen)
        await until(lambda: "F8 trains one" in painted(screen))
        await press(screen, *"hi", "enter")
        await until(lambda: toasts(screen))
        assert "F8" in toasts(screen)[0]


async def test_help_opens_and_closes() -> None:
    async with running(FakeModel()) as screen:
        await press(screen, "f1")
        await opened(screen, HelpScreen)
        await until(lambda: "write on from the prompt" in painted(screen))
        await press(screen, "escape")
        await until(lambda: screen.app.screen is screen)


async def test_int8_is_a_key_and_stays_with_the_next_model() -> None:
    model = FakeModel(letters("x" * 20_000))
    async with running(model) as screen:
        await press(screen, *"go", "enter")
        await until(lambda: len(screen.text.view.text) > 10)
        assert "int8" not in painted(screen)
        await press(screen, "ctrl+n")
        await until(lambda: len(screen.text.view.blocks) == 2 and len(screen.text.view.text) > 10)
        await until(lambda: "int8" in painted(screen).split("\n")[-2])
        assert "tiny int8 · nucleus" in screen.text.view.blocks[-1].heading
        first, second = model.requests
        assert (second.prompt, second.strategy) == (first.prompt, first.strategy)
        screen.load(Path("checkpoints/other"))
        await until(lambda: not screen.model.loading and not screen.app.decode_worker._wanted)
        assert model.facts.precision == "int8"
        await press(screen, "ctrl+n")
        await until(lambda: screen.model.facts and screen.model.facts.precision == "float32")
        assert "Int8 (^N)" in titles(screen)


def titles(screen: WriteScreen) -> list[str]:
    """What the palette lists."""
    return [entry.title for entry in all_entries(screen.app, screen) if entry.listed]


async def test_the_palette_lists_what_can_be_done() -> None:
    async with running(FakeModel()) as screen:
        assert "Runs (F7)" in titles(screen)
        assert "Copy (^Y)" not in titles(screen)
        await write(screen, "x")
        assert "Copy (^Y)" in titles(screen)
        assert titles(screen)[-2:] == ["Theme", "Screenshot"]
        assert not {"Maximize", "Keys"} & {*titles(screen)}


def state_of(screen: WriteScreen, scrolls: bool) -> tuple[object, ...]:
    """What a key can change, and nothing changes by itself: a toast that goes is none."""
    app = screen.app
    return (
        screen.text.view.scroll_offset if scrolls else None, app.said,  # type: ignore[attr-defined]
        screen.knobs.setting, [(b.heading, b.text) for b in screen.text.view.blocks],
        screen.prompt.text,
        app.screen, app.focused, app.theme, app.clipboard, screen.panel.display,
        app._exit, screen.text.view.cursor, screen.text.view.selected, screen.text.view.surprise,
        screen.text.rivals.chosen,
        list(app.query(LeaderStrip)),
    )  # fmt: skip


async def prepare(screen: WriteScreen, key: Key) -> None:
    """What the keys of the text need: a cursor in it, or texts that came of it."""
    name = key.action.partition("(")[0]
    if name in ("walk", "rival"):
        screen.text.put_cursor(12)
        await until(lambda: screen.text.rivals.known)
        screen.text.rivals.choose(0 if key.action != "rival(0)" else 1)
    elif name in ("undo", "redo", "branches", "continue"):
        for prompt in ("one a", "one ab"):
            screen.text.writing.branch(prompt, 3, screen.knobs.setting)
            await until(lambda: not screen.text.writing.streaming)
        screen.action_undo()


async def act(screen: WriteScreen, key: Key, name: str) -> None:
    """Press one key where it can act, and see that something changed."""
    screen.knobs.setting = Setting(wanted="top_p")
    needs_beam = any(part in key.action for part in ("width", "length_penalty"))
    if needs_beam or key.action == "decoder('nucleus')":
        screen.knobs.setting = screen.knobs.setting.with_decoder("beam")
    screen.prompt.text = screen.prompt.sent = "x" if key.action == "clear" else ""
    target = screen.text.view if key.where == "outside" else screen.prompt
    target.focus()
    await until(lambda: target.has_focus)
    await until(lambda: not screen.text.writing.streaming and not screen.model.loading)
    ways = {
        "recall(1)": ("up",), "scroll(1)": ("pageup",), "newest": ("pageup",),
        "undo_typing": ("a",), "redo_typing": ("a", "ctrl+underscore"),
    }  # fmt: skip
    screen.text.view.scroll_end(animate=False, immediate=True, force=True)
    await press(screen, *ways.get(key.action, ()))
    await prepare(screen, key)
    scrolls = key.action.startswith(("scroll", "newest"))
    before = await settled(partial(state_of, screen, scrolls))
    await press(screen, name)
    end = time.monotonic() + 5
    while state_of(screen, scrolls) == before:
        assert time.monotonic() < end, f"{name} ({key.action}) did nothing"
        await asyncio.sleep(0.01)


async def test_every_key_does_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"x")
    model = ThinkingModel(letters("line\n" * 60), ends=False)
    async with running(model, (140, 24)) as screen:
        screen._desk.run = tmp_path
        count_toasts(screen)
        for prompt in ("one", "two"):
            await write(screen, prompt)
        # Talking to the newest weights ends the text; quitting ends everything.
        # What stands in the place of the text is tested by itself.
        aside = ("Beams", "Side by side")
        keys = tuple(key for key in keys_of("write") if key.group not in aside)
        last = [key for action in ("talk", "app.quit") for key in keys if key.action == action]
        assert len(last) == 3  # two keys quit
        for key in [*(key for key in keys if key not in last), last[0]]:
            for name in key.keys:
                await act(screen, key, name)
                while screen.app.screen is not screen:
                    await until(lambda: screen.app.screen.is_mounted)
                    await screen.app.pop_screen()
        app = screen.app
        assert not app._exit
        app.simulate_key(last[1].keys[0])
        await until(lambda: app._exit)


async def test_keys_typed_before_the_screen_is_there_are_let_go() -> None:
    app = CharlmApp(Path("checkpoints/tiny"), load=FakeModel(letters("x")).load)
    screen = app.get_default_screen()
    try:
        for key in keys_of("write"):
            name, _, rest = key.action.partition("(")
            assert not screen.check_action(name, (rest,)), key
    finally:
        app.close()


async def test_ctrl_c_says_what_quits_and_quits_the_second_time() -> None:
    async with running(FakeModel()) as screen:
        await press(screen, "ctrl+c")
        await until(lambda: any("^Q quits" in toast for toast in toasts(screen)))
        assert not screen.app._exit
        await press(screen, "ctrl+c")
        await until(lambda: screen.app._exit)


async def test_a_prompt_holds_any_text_and_shows_it_inert() -> None:
    model = FakeModel()
    async with running(model) as screen:
        screen.prompt.text = HOSTILE + "\t" + "b" * 200
        await until(lambda: "␛]0;own" in painted(screen))
        assert not RAW.search(painted(screen).replace("\n", ""))
        await press(screen, "enter")
        await until(lambda: screen.text.view.blocks)
        assert model.requests[0].prompt == screen.prompt.text
        await press(screen, "ctrl+y")
        await until(lambda: screen.app.clipboard)
        assert not RAW.search(screen.app.clipboard.replace("\n", ""))


@pytest.mark.parametrize("text", ["a\u2028b", "a\x0bb\x85", "x\r\ny\nz", "q\x1c", "\n\n", "\t"])
async def test_an_edited_text_is_the_text(text: str) -> None:
    model = FakeModel(letters(text))
    async with running(model) as screen:
        await write(screen, "-")
        await press(screen, "escape", "e")
        assert screen.prompt.text == f"-{text}"
        await press(screen, "!", "enter")
        await until(lambda: len(model.requests) == 2)
        assert model.requests[1].prompt == f"-{text}!"


async def test_escape_leads_to_the_view_below_and_a_views_key_to_where_it_lies() -> None:
    async with running(FakeModel()) as screen:
        app = screen.app

        def names() -> list[str]:
            return [view.view_name for view in app.screen_stack if isinstance(view, View)]

        for keys, expected in (
            (("f8", "f7"), ["write", "train", "runs"]),
            (("f1",), ["write", "train", "runs"]),
            (("f1", "escape"), ["write", "train"]),
            (("f7", "f9"), ["write", "train", "runs", "inspect"]),
            (("f8",), ["write", "train"]),
            (("f7", "f7"), ["write"]),
            (("f9", "escape"), ["write"]),
        ):
            for key in keys:
                await press(screen, key)
                await until(lambda: app.screen.is_mounted)
            await until(lambda expected=expected: names() == expected)  # type: ignore[misc]


@pytest.mark.parametrize("width", [80, 120, 140, 160, 200])
async def test_the_footer_names_all_decoders_or_none(width: int) -> None:
    async with running(FakeModel(letters(" hello"), ends=False), (width, 30)) as screen:
        await write(screen, "Oh")
        await until(lambda: "^K Continue" in painted(screen) or width <= 120)
        footer = painted(screen).split("\n")[-1]
        names = ("F2 greedy", "F3 sampling", "F4 nucleus", "F5 beam", "F6 nucleus beam")
        named = [name in footer for name in names]
        grouped = "F2-F6 Decoder" in footer
        assert any(named) == all(named) and (all(named) != grouped or width == 80)
        assert all(named) or width < 200


@pytest.mark.parametrize("decoder", ["nucleus", "beam"])
async def test_the_footer_names_the_views_at_80_columns(decoder: str) -> None:
    """In the prompt and out of it, while a text streams and when it is written."""
    ways = ("F7 Runs", "F8 Train", "F9 Inspect", "^X More", "F1 Help")
    model = ThinkingModel(letters("line\n" * 60), ends=False)
    async with running(model, (80, 24)) as screen:
        screen.knobs.setting = Setting().with_decoder(decoder)
        for keys in (("a",), ("enter",), ("escape",), ("escape",), ("left",)):
            await press(screen, *keys)
            await until(lambda: all(way in painted(screen).split("\n")[-1] for way in ways))
