"""An export that waits: each gets its own answer, of its own text, or says that it has none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from driver import export, painted, press, running, toasts, until, write
from fakes import FakeModel, ThinkingModel, letters

from tui.writer.contract import StillWanted, Unwanted
from tui.writer.snapshots import Answer, Question, Recorded, WantRecord


class Slow(ThinkingModel):
    """Answers only once `go` is set, or nobody waits."""

    go = False

    def answer(self, question: Question, wanted: StillWanted) -> Answer:
        while not self.go:
            if not wanted():
                raise Unwanted
            time.sleep(0.001)
        if isinstance(question, WantRecord):
            return Recorded(question, f'{{"text": "{question.text}"}}')
        return super().answer(question, wanted)


def saved(folder: Path) -> dict[str, str]:
    """What was saved, by suffix."""
    return {path.suffix: path.read_text("utf-8") for path in folder.glob("charlm-*")}


NOTHING = "nothing was saved: it was not ready yet"


async def test_quitting_before_it_is_saved_asks_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = Slow(letters("one"))
    async with running(model) as screen:
        await write(screen, "")
        await press(screen, "f12", "ctrl+q")
        await until(lambda: "A text is to be saved and is not ready yet" in painted(screen))
        await press(screen, "escape")
        assert screen.app.screen is screen and not screen.app._exit
        model.go = True
        await until(lambda: saved(tmp_path).keys() == {".json"})
        await press(screen, "ctrl+q")
        await until(lambda: screen.app._exit)


async def test_each_export_gets_its_own_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = Slow(letters("one"))
    async with running(model) as screen:
        await write(screen, "")
        await press(screen, "f12")
        await until(lambda: any("Esc gives up" in toast for toast in toasts(screen)))
        await export(screen, "svg", "enter")  # in place of the receipt
        await until(lambda: NOTHING in toasts(screen))
        await press(screen, "escape", "ctrl+s")  # surprise waits for the same answer
        model.go = True
        await until(lambda: screen.text.view.blocks[-1].trace)
        assert not saved(tmp_path)
        await export(screen, "svg", "enter")
        await press(screen, "f12")
        await until(lambda: saved(tmp_path).keys() == {".svg", ".json"})
    assert saved(tmp_path)[".json"] == '{"text": "one"}\n'
    assert saved(tmp_path)[".svg"].startswith("<svg")


@pytest.mark.parametrize("suffix", ["json", "svg"])
async def test_an_export_is_of_the_text_it_was_asked_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    model = Slow(letters("one"))
    async with running(model) as screen:
        await write(screen, "")
        await export(screen, suffix, "enter")
        model.steps = letters("two")
        await write(screen, "")
        await until(lambda: NOTHING in toasts(screen))
        model.go = True
        await export(screen, suffix, "enter")
        await until(lambda: f".{suffix}" in saved(tmp_path))
        [kept] = saved(tmp_path).values()
        assert "two" in kept and "one" not in kept


async def test_escape_gives_an_export_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with running(Slow(letters("one"))) as screen:
        await write(screen, "")
        await press(screen, "f12")
        assert screen.exporter.waiting
        await press(screen, "escape")
        await until(lambda: NOTHING in toasts(screen) and not screen.app.decode_worker._questions)
        assert screen.prompt.has_focus and not saved(tmp_path)


async def test_a_look_back_that_failed_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Slow(letters("one"))
    model.go = True
    monkeypatch.setattr(ThinkingModel, "answer", FakeModel.answer)
    async with running(model) as screen:
        await write(screen, "")
        await press(screen, "ctrl+s")
        await until(lambda: "a fake has no answer" in toasts(screen))
        monkeypatch.undo()
        await press(screen, "ctrl+s", "ctrl+s")
        await until(lambda: screen.text.view.blocks[-1].trace)


async def test_undo_under_surprise_leaves_an_export_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = Slow(letters(" one"), ends=False)
    async with running(model) as screen:
        await write(screen, "Oh")
        await press(screen, "ctrl+k")
        await until(lambda: len(model.requests) == 2 and not screen.text.writing.streaming)
        await press(screen, "escape")
        await export(screen, "svg", "enter")
        await press(screen, "ctrl+s", "u")
        model.go = True
        await until(lambda: ".svg" in saved(tmp_path) and screen.text.view.blocks[-1].trace)
        assert screen.text.view.text == "Oh one" and "one one" in saved(tmp_path)[".svg"]


async def test_what_a_failed_load_interrupted_is_asked_again() -> None:
    model = Slow(letters("one"))
    async with running(model) as screen:
        await write(screen, "")
        await press(screen, "ctrl+s")

        def refuse(*_: object) -> Slow:
            raise ValueError("no such thing")

        screen.app.decode_worker._load = refuse
        screen.load(Path("other"))
        await until(lambda: any("no such thing" in toast for toast in toasts(screen)))
        model.go = True
        await until(lambda: screen.text.view.blocks[-1].trace)
