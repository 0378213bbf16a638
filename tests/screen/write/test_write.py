"""What one does with a text: the same dice, surprise, rivals, branches, export."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from driver import opened, painted, press, running, toasts, until, write
from fakes import FACTS, FakeModel, FakeText, ThinkingModel, letters
from one_stage import StageView, staged, write_on
from rich.style import Style
from snapshots import drawn, seen_as
from textual import events

from charlm.decoding import Sampling
from charlm.run.log import RunLog
from tui.keys.table import label_of
from tui.shell.settings import Loaded, Settings
from tui.views.write.author import Asked
from tui.views.write.comparison import Comparison
from tui.views.write.status import comparison_text
from tui.views.write.text.block import FLASH, GHOST, HEAD, PLAIN, PROMPT, Block
from tui.views.write.text.branches import Branch
from tui.views.write.text.branches_sheet import BranchesSheet
from tui.views.write.view import WriteScreen
from tui.writer.knobs import Setting
from tui.writer.snapshots import Request
from tui.writer.thoughts import Trace

OLD = " the first line\nthe second line\nthe third line"
NEW = " the first line\nthe sexond line\nthe third line"


def keys_of_line(block: Block, line: int, writing: bool = True) -> str:
    """How each character of a line is drawn: one letter each."""
    names = {PLAIN: ".", PROMPT: "p", GHOST: "o", FLASH: "F", HEAD: "^"}
    return "".join(names[key] * len(text) for text, key in block.pieces(line, False, writing))


def written_over(old: str, prompt: str = "A") -> Block:
    before, block = Block("h", prompt, 1, 40), Block("h", prompt, 1, 40)
    before.write(0, old, 0)
    before.whole = True
    block.stand_over(before)
    return block


def test_what_was_there_stays_until_it_is_written_over() -> None:
    block = written_over("bcd\nefg")
    assert block.text == "Abcd\nefg"
    assert keys_of_line(block, 0) == "p^oo"
    assert block.write(0, "bX", 10) == 0
    assert block.text == "AbXd\nefg"
    assert keys_of_line(block, 0) == "p.F^"
    assert block.wrapped.text == block.text
    block.write(2, "d\nef", 10)
    block.finish()
    assert block.text == "AbXd\nef"
    assert block.completion == "bXd\nef"


def test_a_flash_fades() -> None:
    block = written_over("bcd\nefg")
    block.write(0, "bcd\nXfg", 10)
    assert block.fade(10.1) is None
    assert block.flashing
    assert keys_of_line(block, 1, False) == "F.."
    assert block.fade(11) == 1
    assert not block.flashing
    assert keys_of_line(block, 1, False) == "..."


@pytest.mark.parametrize(
    ("old", "new", "comparison"),
    [
        ("b\n\nc", "b\n\nc", Comparison(None, 2, 2)),
        ("b\n\nc", "b\n\nX", Comparison(4, 2, 1)),
        ("b", "bc\nd", Comparison(2, 2, 0)),
        ("bc", "b", Comparison(2, 1, 1)),
        ("", "b", Comparison(1, 1, 0)),
    ],
)
def test_comparison(old: str, new: str, comparison: Comparison) -> None:
    block = written_over(old)
    for place, character in enumerate(new):
        block.write(place, character, 0)
    block.whole = True
    block.finish()
    assert block.comparison(True) == comparison
    assert block.text == "A" + new


@pytest.mark.parametrize(
    ("new", "comparison"),
    [
        ("bcdef", Comparison(None, 1, 1)),
        ("bcXef", Comparison(3, 1, 0)),
        ("bc", Comparison(3, 1, 1)),
    ],
)
def test_what_was_half_written_is_not_compared_with(new: str, comparison: Comparison) -> None:
    half, block = written_over("bcdef"), Block("h", "A", 1, 40)
    half.write(0, "XY", 0)
    block.stand_over(half)
    assert block.text == "AXYdef"  # as it is seen
    block.write(0, new, 0)
    block.whole = True
    block.finish()
    assert block.text == "A" + new
    assert block.comparison(True) == comparison


def test_a_comparison_in_words() -> None:
    assert comparison_text(None) == ""
    assert comparison_text(Comparison(None)) == ""
    assert comparison_text(Comparison(1234)) == "first change at 1,234"
    assert comparison_text(Comparison(None, 9, 9)) == "nothing changed"
    whole = comparison_text(Comparison(12, 60, 44))
    assert whole == "first change at 12 · 44 of 60 lines unchanged"


async def turn(screen: WriteScreen | StageView, model: FakeModel, text: str) -> None:
    """Turn a knob, upon which the model writes `text`."""
    model.steps = letters(text)
    count = len(model.requests)
    screen.text.author.turn(screen.knobs.setting.moved("temperature", 1))
    await until(lambda: len(model.requests) > count and not screen.text.writing.streaming)


async def test_a_turned_knob_says_what_it_changed() -> None:
    model = FakeModel(letters(OLD))
    async with running(model) as screen:
        await write(screen, "It is")
        await turn(screen, model, NEW)
        assert model.requests[-1].known == OLD
        assert len(screen.text.view.blocks) == 1
        await until(lambda: "first change at 23 · 2 of 3 lines unchanged" in painted(screen))
        flashing = screen.text.view.render_line(2)
        assert [s.text for s in flashing if s.style and s.style.bgcolor and s.style.bold] == ["x"]
        await until(lambda: not screen.text.view.blocks[-1].flashing)
        await turn(screen, model, NEW)
        await until(lambda: "nothing changed" in painted(screen))


async def test_a_longer_text_over_another_is_followed_again() -> None:
    lines = [f"line {number}\n" for number in range(60)]
    model = FakeModel(letters("".join(lines[:40])))
    async with staged(model, (80, 24)) as screen:
        await write_on(screen, "It is")
        assert screen.text.view.at_end
        end = screen.text.view.scroll_offset.y
        await turn(screen, model, "".join(lines))
        await until(
            lambda: screen.text.view.scroll_offset.y >= end + 20 and screen.text.view.at_end
        )


async def test_a_text_half_written_over_is_what_is_written_so_far() -> None:
    model = FakeModel(letters(OLD))
    async with staged(model) as screen:
        await write_on(screen, "A")
        model.steps, model.delay = letters(NEW), 0.05
        screen.turn("temperature", -1)
        await until(lambda: 9 < screen.text.view.blocks[-1].fresh < len(OLD))
        block = screen.text.view.blocks[-1]
        assert block.fresh < len(block.text) and screen.text.view.text == block.text[: block.fresh]
        assert ("A" + NEW).startswith(screen.stages.author.text)


async def test_another_seed_is_another_text_and_not_compared() -> None:
    model = FakeModel(letters(OLD))
    async with staged(model) as screen:
        await write_on(screen, "It is")
        screen.knobs.setting = screen.knobs.setting.with_seed(1)
        screen.turn("seed", 1)
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        assert model.requests[-1].known == ""
        assert screen.text.writing.comparison is None
        screen.use("beam")  # nor is a beam compared with what was drawn
        await until(lambda: len(model.requests) == 3 and not screen.text.writing.streaming)
        assert screen.text.writing.comparison is None


async def test_the_view_does_not_move_while_a_text_is_written_over() -> None:
    lines = "".join(f" line {i}\n" for i in range(200))
    model = FakeModel(letters(lines))
    async with staged(model) as screen:
        await write_on(screen, "Go")
        screen.text.view.scroll_to(y=40, animate=False, immediate=True)
        height = screen.text.view.virtual_size.height
        model.steps, model.delay = letters(lines.replace("line 150", "LINE 150")), 0.01
        screen.turn("temperature", 1)
        await until(lambda: screen.text.writing.now and screen.text.writing.now.block.fresh > 100)
        assert screen.text.view.scroll_offset.y == 40
        await until(lambda: not screen.text.writing.streaming)
        assert screen.text.view.scroll_offset.y == 40
        assert screen.text.view.virtual_size.height == height


def surprise_of(screen: WriteScreen | StageView) -> Trace | None:
    return screen.text.view.blocks[-1].trace


async def test_surprise_of_a_finished_text_is_asked_for() -> None:
    model = ThinkingModel(letters(" hello"))
    async with staged(model) as screen:
        await write_on(screen, "Oh")
        assert not model.questions and not model.requests[-1].details
        assert "foreseen" not in painted(screen)
        screen.text.colour()
        await until(lambda: surprise_of(screen))
        assert (model.questions[0].prompt, model.questions[0].text) == ("Oh", " hello")
        await until(lambda: "surprising, in nats" in painted(screen))
        colours = {
            s.text.strip(): s.style for s in screen.text.view.render_line(1) if s.text.strip()
        }
        assert colours["Oh"] == colours["hello"] + Style(bold=True)
        screen.text.colour()
        await until(lambda: "foreseen" not in painted(screen))


async def test_surprise_streams_and_turns_up_in_mid_stream() -> None:
    model = ThinkingModel(letters("x" * 5000))
    async with staged(model) as screen:
        screen.stages.write(Asked("go"))
        await until(lambda: len(screen.text.view.text) > 20)
        screen.text.colour()
        await until(lambda: len(model.requests) == 2)
        assert model.requests[1].details and model.requests[1].known.startswith("xxx")
        await until(lambda: len(surprise_of(screen) or ()) > 30)
        block = screen.text.view.blocks[-1]
        assert len(block.trace or ()) == block.fresh
        assert len(screen.text.view.blocks) == 1
        assert (
            screen.text.writing.comparison is None or screen.text.writing.comparison.first is None
        )


async def test_the_cursor_shows_rivals_and_one_is_taken() -> None:
    model = ThinkingModel(letters(" hello"))
    async with running(model, (80, 24)) as screen:
        await write(screen, "Oh")
        before = screen.knobs.setting
        await press(screen, "escape", "left")
        await until(lambda: screen.text.rivals.known)
        await until(lambda: screen.text.view.cursor == 7)
        for key, place in (("left", 6), ("left", 5), ("right", 6), ("home", 0), ("end", 8),
                           ("left", 7), ("left", 6)):  # fmt: skip
            await press(screen, key)
            await until(lambda place=place: screen.text.view.cursor == place)
        await until(lambda: "Character 5" in painted(screen))
        shown = painted(screen)
        assert "l  30.0 %  rank 2  1.20 nats  entropy 0.90" in shown
        assert re.search(r"1 e +█+▍ +60.0 % → 66.7 %", shown)
        assert re.search(r"▸2 l +█+▊ +30.0 % → 33.3 %", shown)
        assert "10.0 % cut by top-p" in shown
        await press(screen, "1")
        await until(lambda: "Enter Take it" in painted(screen))
        model.steps = letters("ven")
        await press(screen, "enter")
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        assert model.requests[1].prompt == "Oh hele"
        assert model.requests[1].seed == model.requests[0].seed
        assert screen.text.view.text == "Oh heleven"
        assert screen.text.view.blocks[-1].given == 2
        assert screen.knobs.setting == before
        await until(lambda: "Character 5" in painted(screen) and "▸1 e" in painted(screen))
        await press(screen, "u")
        await until(lambda: screen.text.view.text == "Oh hello")
        await press(screen, "U")
        await until(lambda: screen.text.view.text == "Oh heleven")
        await press(screen, "b")
        await opened(screen, BranchesSheet)
        await until(lambda: "└─ at 5  even" in painted(screen))
        await press(screen, "up", "enter")
        await until(lambda: screen.text.view.text == "Oh hello")


async def test_the_end_is_a_rival_too() -> None:
    model = ThinkingModel(letters(" hello"))
    async with staged(model) as screen:
        await write_on(screen, "Oh")
        screen.text.writing.end_at("Oh he")
        await until(lambda: screen.text.view.text == "Oh he")
        assert "the end" in painted(screen)
        assert screen.text.writing.now and not screen.text.writing.now.can_continue
        screen.text.author.undo()
        assert screen.text.view.text == "Oh hello"


async def test_up_and_down_choose_in_the_panel_and_walk_lines_outside() -> None:
    model = ThinkingModel(letters("one\ntwo\nthree"))
    async with running(model) as screen:
        await write(screen, "")
        await press(screen, "escape", "up", "up")
        await until(lambda: screen.text.rivals.known)
        await until(lambda: screen.text.view.cursor == 7)  # the end of "two", which is shorter
        await press(screen, "up")
        await until(lambda: screen.text.view.cursor == 3)
        await press(screen, "tab")
        await until(lambda: screen.text.rivals.has_focus)
        assert screen.text.rivals.chosen == 1
        await press(screen, "down")
        await until(lambda: (screen.text.rivals.chosen, screen.text.view.cursor) == (2, 3))
        await press(screen, "escape")
        await until(lambda: screen.text.view.has_focus and not screen.text.rivals.display)


async def test_a_text_goes_on_where_it_was_cut() -> None:
    model = FakeModel(letters(" hello"))
    async with staged(model) as screen:
        model.ends = False
        await write_on(screen, "Oh")
        model.steps = letters(" there")
        screen.stages.author.go_on()
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        assert model.requests[1].prompt == "Oh hello"
        assert screen.text.view.text == "Oh hello there"
        assert screen.text.view.blocks[-1].given == 2
        assert screen.text.view.blocks[-1].heading.endswith(" · seed 1 · from 7 on")
        assert screen.text.view.blocks[-1].note.startswith("+6 characters")
        model.ends = True
        await write_on(screen, "Ah")
        assert "cut" not in screen.stages.shown.states()


async def test_a_text_is_edited_and_branches_off() -> None:
    model = ThinkingModel(letters(" hello"))
    async with running(model) as screen:
        await write(screen, "Oh")
        await press(screen, "escape", "left", "left", "e")
        await until(lambda: screen.prompt.text == "Oh hel" and screen.prompt.has_focus)
        assert screen.text.view.cursor is None
        await press(screen, "p", "enter")
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        assert model.requests[1].prompt == "Oh help"
        assert len(screen.text.view.blocks) == 1
        screen.action_undo()
        assert screen.text.view.text == "Oh hello"


async def test_another_text_in_place_of_the_edited_one_is_no_branch_of_it() -> None:
    model = ThinkingModel(letters(" hello"))
    async with running(model) as screen:
        await write(screen, "Oh")
        await press(screen, "escape", "e")
        await until(lambda: screen.prompt.has_focus)
        screen.prompt.text = ""
        await press(screen, *"We", "enter")
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        assert len(screen.text.view.blocks) == 2
        assert screen.text.writing.now is not None and screen.text.writing.now.parent is None


async def test_an_edit_that_was_given_up_is_forgotten() -> None:
    model = FakeModel(letters(" hello"))
    async with running(model) as screen:
        await write(screen, "Oh")
        await press(screen, "escape", "e", "escape", "i")
        screen.prompt.text = "Else"
        await press(screen, "enter")
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        assert [block.text for block in screen.text.view.blocks] == ["Oh hello", "Else hello"]
        assert "undo" not in screen.states()


async def test_a_click_puts_the_cursor_there() -> None:
    async with staged(ThinkingModel(letters(" hello"))) as screen:
        await write_on(screen, "Oh")
        offset = screen.text.view.region.offset
        screen.text.view.post_message(
            events.Click(
                screen.text.view, 6, 1, 0, 0, 1, False, False, False, 6 + offset.x, 1 + offset.y
            )
        )
        await until(lambda: screen.text.view.cursor == 4)


async def test_without_streaming_a_text_appears_when_it_is_finished() -> None:
    model = FakeModel(letters(" hello" * 20), delay=0.02)
    async with staged(model, plain=True, setting=Setting()) as screen:
        screen.stages.write(Asked("Oh"))
        await until(lambda: screen.text.writing.characters > 20)
        assert screen.text.view.text == "Oh"
        await until(lambda: not screen.text.writing.streaming)
        assert screen.text.view.text == "Oh" + " hello" * 20
        assert model.requests[-1].pace == 0


@pytest.mark.parametrize("theme", ["dark", "light", "plain"])
async def test_it_looks_as_it_did(
    monkeypatch: pytest.MonkeyPatch, match_snapshot: Callable[[str, str], None], theme: str,
) -> None:  # fmt: skip
    if theme == "plain":
        monkeypatch.setenv("NO_COLOR", "1")
    settings = Loaded(Settings(theme="light" if theme == "light" else "dark"))
    model = ThinkingModel(letters(" ABC\nDEF and on it goes, with more words than fit a line."))
    async with running(model, (80, 24), settings=settings) as screen:
        await write(screen, "Now A, F:")
        await press(screen, "ctrl+s", "escape", "left", "up")
        await until(lambda: screen.text.rivals.known and "surprising" in painted(screen))
        screen.text.writing.characters = 0  # its speed is another each time
        screen.show_state()
        await seen_as(match_snapshot, f"write-surprise-{theme}", lambda: drawn(screen.app))


@pytest.mark.parametrize("theme", ["dark", "light", "plain"])
async def test_what_changes_looks_as_it_did(
    monkeypatch: pytest.MonkeyPatch, match_snapshot: Callable[[str, str], None], theme: str,
) -> None:  # fmt: skip
    if theme == "plain":
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("tui.views.write.text.block.FLASH_SECONDS", 1000)
    model = FakeModel(letters(OLD))
    settings = Loaded(Settings(theme="light" if theme == "light" else "dark"))
    async with running(model, (80, 24), settings=settings) as screen:
        await write(screen, "It is")
        await turn(screen, model, NEW)
        screen.text.view.focus()
        await until(lambda: "lines unchanged" in painted(screen))
        screen.text.writing.characters = 0
        screen.show_state()
        await seen_as(match_snapshot, f"write-changed-{theme}", lambda: drawn(screen.app))


async def test_a_text_that_another_interrupts_is_over() -> None:
    model = FakeModel(letters("x" * 20_000))
    async with staged(model) as screen:
        screen.stages.write(Asked("go"))
        await until(lambda: len(screen.text.view.text) > 30)
        screen.turn("temperature", 1)
        await until(lambda: len(model.requests) == 2 and screen.text.view.blocks[-1].before)
        screen.stages.write(Asked("go"))
        await until(lambda: len(screen.text.view.blocks) == 2)
        first = screen.text.view.blocks[0]
        assert first.fresh == len(first.text)
        assert first.note.endswith("stopped")


async def test_a_pace_outlasts_going_back() -> None:
    model = ThinkingModel(letters(" hello"), ends=False)
    async with running(model) as screen:
        await write(screen, "Oh")
        await press(screen, "ctrl+k")
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        await press(screen, "ctrl+g")
        pace = screen.knobs.setting.pace
        screen.action_undo()
        assert screen.text.view.text == "Oh hello" and screen.knobs.setting.pace == pace != 400


def test_a_tree_of_any_depth_is_walked() -> None:
    def branch(parent: Branch | None, text: str) -> Branch:
        new = Branch(None, Setting(), Block("", text, 0, 80), parent)  # type: ignore[arg-type]
        if parent is not None:
            parent.children.append(new)
        return new

    root = branch(None, "ab")
    first, second = branch(root, "ax"), branch(root, "abc")
    third = branch(first, "axy")
    assert list(root.walk()) == [
        (root, ()), (first, (True,)), (third, (True, False)), (second, (False,)),
    ]  # fmt: skip
    assert [each.left_at for each in (root, first, second, third)] == [0, 1, 2, 2]
    for _ in range(3000):
        third = branch(third, "axy")
    assert sum(1 for _ in third.root().walk()) == 3004


OTHER = "this text is of another model: e puts it into the prompt, to write on"


async def test_of_another_models_text_nothing_false_is_said() -> None:
    model = ThinkingModel(letters(" hello"), ends=False)
    async with running(model) as screen:
        await write(screen, "Oh")
        assert "asked" in screen.states()
        screen.load(Path("other"))
        await until(lambda: toasts(screen) == ["tiny writes from now on"])
        assert screen.text.writing.now is None
        await press(screen, "ctrl+k")
        await until(lambda: toasts(screen) == [OTHER])
        screen.app.clear_notifications()
        await press(screen, "escape", "left", "enter")
        await until(lambda: toasts(screen) == [OTHER])
        model.facts = FACTS._replace(identity="newer")
        await press(screen, "ctrl+n")
        newer = "tiny was saved anew: its newer weights write from now on"
        await until(lambda: newer in toasts(screen))


async def test_another_model_writes_on_from_the_prompt_of_the_one_before() -> None:
    model = ThinkingModel(letters(" hello"))
    async with running(model) as screen:
        await write(screen, "Oh")
        for count, keys in ((2, ("escape", "ctrl+r")), (3, ("t",))):
            screen.load(Path("other"))
            await until(lambda: screen.text.writing.now is None)
            assert label_of("regenerate", (), screen.states()) == "Again"
            await press(screen, *keys)
            await until(
                lambda n=count: len(model.requests) == n and not screen.text.writing.streaming
            )  # type: ignore[misc]
            assert model.requests[-1].prompt == "Oh" and len(screen.text.view.blocks) == count


async def test_a_model_that_comes_back_has_its_text_again() -> None:
    mine, other = (FACTS._replace(name=name, identity=name) for name in ("mine", "other"))
    model = ThinkingModel(letters(" hello"), facts=mine)
    async with running(model) as screen:
        await write(screen, "Oh")
        now = screen.text.writing.now
        await press(screen, "escape", "left")
        for facts in (other, mine):
            model.facts = facts
            screen.load(Path(facts.name))
            await until(lambda facts=facts: screen.model.facts == facts)  # type: ignore[misc]
        assert screen.text.writing.now is now
        await press(screen, "home", "1")
        await until(lambda: screen.text.rivals.rival is not None)
        await press(screen, "enter")
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        assert screen.text.writing.now is not None and screen.text.writing.now.parent is now


async def test_a_model_that_cannot_be_read_leaves_the_text_its_own() -> None:
    model = FakeModel(letters(" hello"), ends=False)
    async with running(model) as screen:
        await write(screen, "Oh")

        def fail(*_: object) -> FakeModel:
            raise ValueError("a damaged file")

        screen.app.decode_worker._load = fail  # type: ignore[assignment]
        screen.load(Path("damaged"))
        await until(lambda: any("a damaged file" in toast for toast in toasts(screen)))
        await press(screen, "ctrl+k")
        await until(lambda: screen.text.view.text == "Oh hello hello")


async def test_enter_acts_by_the_mouse_and_from_the_palette_too() -> None:
    model = FakeModel()
    async with running(model) as screen:
        screen.prompt.text = "Oh"
        await screen.run_action("write")
        await until(lambda: len(model.requests) == 1 and not screen.text.writing.streaming)
        assert model.requests[0].prompt == "Oh"


async def test_the_first_text_of_a_seed_is_not_its_fourth() -> None:
    model = FakeModel()
    async with staged(model) as screen:
        screen.knobs.setting = replace(screen.knobs.setting, seed=0, sample=3)
        await write_on(screen, "Oh")
        assert model.requests[0].sample == 3
        screen.text.author.turn(screen.knobs.setting.with_seed(0))
        await until(lambda: len(model.requests) == 2)
        assert model.requests[1].sample == 0


async def test_curves_say_whose_they_are(tmp_path: Path) -> None:
    runs = [tmp_path / name for name in ("loaded", "trained")]
    for run in runs:
        run.mkdir()
        with RunLog(run) as log:
            log.append("step", step=1, characters=100, loss=2.0)
    path = runs[0] / "model.safetensors"
    async with running(FakeModel(facts=FACTS._replace(path=path)), (160, 40)) as screen:
        await until(lambda: "training 2.000" in painted(screen))
        assert "trained" not in painted(screen)
        screen._desk.run = runs[1]
        screen._desk._process = Still()  # type: ignore[assignment]
        await until(lambda: re.search(r"trained +─ training 2.000", painted(screen)))
        screen._desk._process = None
        await until(lambda: "trained" not in painted(screen))


class Still:
    """A training that goes on."""

    stopped = False

    def ended(self) -> None:
        """Not yet."""

    def stop(self) -> None:
        """As if it were."""

    def close(self) -> None:
        """As if it were."""


async def test_a_prompt_that_is_fed_otherwise_began_no_stretch() -> None:
    class Shortened(FakeModel):
        def text(self, request: Request, steps: list[tuple[int, str]]) -> FakeText:
            return FakeText(steps, self.delay, request.prompt.strip())

    model = Shortened(letters(" hello"))
    async with staged(model) as screen:
        await write_on(screen, "   Oh")
        for again in (partial(screen.turn, "temperature", -1), screen.stages.author.regenerate):
            count = len(model.requests)
            again()
            await until(lambda count=count: len(model.requests) > count)  # type: ignore[misc]
            await until(lambda: not screen.text.writing.streaming)
            assert " on" not in screen.text.view.blocks[-1].heading


async def test_a_text_is_headed_by_the_model_that_wrote_it() -> None:
    model = FakeModel(letters(" hello"), ends=False)
    async with running(model) as screen:
        await write(screen, "Oh")
        nats = screen.text.writing.nats
        model.facts = FACTS._replace(name="other")
        screen.load(Path("other"))
        await press(screen, "f2")
        await until(lambda: len(screen.text.view.blocks) == 2 and not screen.text.writing.streaming)
        assert screen.text.view.blocks[0].heading.startswith("tiny")
        assert screen.text.view.blocks[1].heading.startswith("other · greedy")
        assert nats == "1.39 nats/char"


async def test_while_a_model_is_read_no_receipt_is_asked_of_it() -> None:
    async with running(FakeModel(letters(" hello"))) as screen:
        await write(screen, "Oh")
        screen.model.loading = "other"
        screen.action_receipt()
        await until(lambda: "one moment: the model is being read" in toasts(screen))
        assert screen.app.screen is screen


async def test_what_cannot_be_undone_says_so() -> None:
    async with staged(FakeModel(letters(" hello"))) as screen:
        await write_on(screen, "Oh")
        screen.text.author.undo()
        assert any("came of no other" in said for said in screen.said)


async def test_what_is_typed_after_a_prompt_was_sent_takes_its_place() -> None:
    model = FakeModel(letters(" hello"))
    async with running(model) as screen:
        await write(screen, "Oh")
        await press(screen, *"We", "enter")
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        await press(screen, "end", *" do", "enter")
        await until(lambda: len(model.requests) == 3 and not screen.text.writing.streaming)
        assert [request.prompt for request in model.requests] == ["Oh", "We", "We do"]
        await press(screen, "ctrl+u")
        assert screen.prompt.text == ""
        await press(screen, "up")
        assert screen.prompt.text == "We do"


async def test_a_knob_is_for_the_prompt_that_is_being_typed() -> None:
    model = FakeModel(letters(" hello"))
    async with running(model) as screen:
        await write(screen, "Oh")
        await press(screen, *"We", "f3", "ctrl+down")
        assert (
            screen.knobs.setting.strategy == Sampling(temperature=0.95) and len(model.requests) == 1
        )
        assert screen.text.view.text == "Oh hello"
        await press(screen, "enter")
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        assert (model.requests[1].prompt, model.requests[1].strategy) == (
            "We", Sampling(temperature=0.95)
        )  # fmt: skip
        await press(screen, "ctrl+down")  # what was sent is no other prompt any more
        await until(lambda: len(model.requests) == 3)


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (60, 12)])
async def test_the_chosen_rival_is_seen_where_there_is_little_room(size: tuple[int, int]) -> None:
    async with running(ThinkingModel(letters(" hello")), size) as screen:
        await write(screen, "Oh")
        await press(screen, "escape", "left")
        await until(lambda: screen.text.rivals.known)
        for digit in "3790":
            await press(screen, digit)
            await until(lambda digit=digit: f"▸{digit} " in painted(screen))  # type: ignore[misc]


async def test_a_knob_without_room_is_told_of() -> None:
    async with running(FakeModel(), (56, 24)) as screen:
        assert "seed 1" in painted(screen) and "seed 1 …" not in painted(screen)
        await press(screen, "shift+up")  # the last one, which is shown while it is chosen
        await until(lambda: "▸typical off" in painted(screen) and "…" in painted(screen))


async def test_a_knob_that_does_nothing_is_not_in_the_frame() -> None:
    async with running(FakeModel(), (80, 24)) as screen:
        assert "top-p 0.95" in painted(screen) and "off" not in painted(screen)
        await press(screen, "shift+down")
        await until(lambda: "▸top-k off" in painted(screen))


async def test_who_measures_finds_on_the_page_of_help_what_writes() -> None:
    async with running(FakeModel(), (80, 24)) as screen:
        assert "portable" not in painted(screen)
        await press(screen, "f1", "end")
        said = "tiny is written by portable kernels in float32, on 1 thread."
        await until(lambda: said in painted(screen.app.screen))


@pytest.mark.parametrize(("width", "seen"), [(139, False), (140, True)])
async def test_the_curves_of_a_finished_model_take_no_room_from_its_text(
    width: int, seen: bool
) -> None:
    async with running(FakeModel(), (width, 30)) as screen:
        assert screen.panel.display is seen
        await press(screen, "ctrl+o")  # asked for, or sent away
        assert screen.panel.display is not seen


async def test_the_prompt_that_was_sent_is_not_what_one_copies() -> None:
    async with running(FakeModel(letters(" hello"))) as screen:
        await write(screen, "Oh")
        await press(screen, "ctrl+c")
        await until(lambda: any("^Q quits" in toast for toast in toasts(screen)))
        assert screen.app.clipboard == ""
