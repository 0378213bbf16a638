"""Talking to a run while it learns: answers by step, the cursor, gates over time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver import painted, press, toasts, until
from fakes import FakeModel, FakeText, letters
from one_view import OneViewApp
from textual.app import App, ComposeResult
from train_fakes import training_view, write_run

from charlm.model.config import ModelConfig, parameter_shapes
from charlm.run.checkpoint import Checkpoint, save_checkpoint
from charlm.run.weights import WeightsFinder
from charlm.text.config import TextConfig
from charlm.text.vocabulary import Vocabulary
from tui.training.snapshots import Curves, Place, Probe
from tui.views.train.answers import Answers
from tui.views.train.shown import ShownRun
from tui.views.train.strips import rows
from tui.views.train.talk import Talk
from tui.writer.contract import Load
from tui.writer.snapshots import Request

HOSTILE = "\x1b]0;own\x07[/bold]\u202eabc"


def save_weights(path: Path, step: int) -> None:
    """A real checkpoint of a tiny model."""
    vocabulary = Vocabulary("abc")
    config = ModelConfig("gru", len(vocabulary), 4, 4, 1, bias=False)
    tensors = {
        name: np.zeros(p.shape, np.float32) for name, p in parameter_shapes(config).items()
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(path, Checkpoint(config, TextConfig(), vocabulary, tensors, {"step": step}, {}))


def kept(run: Path, *steps: int) -> None:
    for step in steps:
        path = run / "kept" / f"step-{step:08}.safetensors"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")


class TalkApp(App[None]):
    """The answers alone, of the weights that lie in a run's folder."""

    def __init__(self, run: Path, load: Load) -> None:
        super().__init__()
        self.answers = Answers()
        self.talk = Talk(load, self.answers)
        self.beginning = 0
        self._run, self._finder = run, WeightsFinder(run)

    def compose(self) -> ComposeResult:
        yield self.answers

    def shown(self) -> str:
        """What is seen once all is taken in that is there: all of it, whatever its size."""
        found = self._finder.find()
        self.talk.look(Curves(self._run, weights=found, beginning=self.beginning), None, False)
        lines = range(self.answers.virtual_size.height)
        return "\n".join(self.answers.render_line(y).text for y in lines)


@asynccontextmanager
async def talking(run: Path, load: Load) -> AsyncIterator[TalkApp]:
    """The answers alone; the thread is closed at the end."""
    app = TalkApp(run, load)
    try:
        async with app.run_test(size=(100, 30)):
            yield app
    finally:
        app.talk.close()


def test_weights_are_found_by_step(tmp_path: Path) -> None:
    finder = WeightsFinder(tmp_path)
    assert finder.find() == ()
    kept(tmp_path, 100, 25)
    (tmp_path / "kept" / "other.safetensors").write_bytes(b"x")
    save_weights(tmp_path / "last.safetensors", 120)
    save_weights(tmp_path / "model.safetensors", 100)
    found = finder.find()
    assert [weights.step for weights in found] == [25, 100, 120]
    assert found[1].path.parent.name == "kept"
    (tmp_path / "kept" / "step-00000030.safetensors").symlink_to("nowhere")
    save_weights(tmp_path / "last.safetensors", 130)
    assert [weights.step for weights in finder.find()] == [25, 100, 130]
    (tmp_path / "last.safetensors").write_bytes(b"no checkpoint")
    assert [weights.step for weights in finder.find()] == [25, 100]


async def test_every_kept_step_answers_with_the_same_dice(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50, 100, 150)
    model = FakeModel(letters("a text that is long enough for what it shows, it is"))
    async with training_view(run, model=model) as view:
        answers = view.query_one(Answers)
        await until(lambda: answers.steps == {50, 100, 150})
        await press(view, "i")
        await until(lambda: "prompt" in view.states())
        await press(view, *"Once", "enter")
        await until(lambda: len(model.requests) == 6 and answers.steps == {50, 100, 150})
        assert {(r.prompt, r.seed) for r in model.requests[3:]} == {("Once", 1)}
        await until(lambda: painted(view).count("Oncea text") == 3)
        page = painted(view)
        assert page.index("▸ step 150") < page.index("step 100") < page.index("step 50")
        await press(view, "ctrl+r")
        await until(lambda: len(model.requests) == 9)
        assert {(r.prompt, r.seed) for r in model.requests[6:]} == {("Once", 2)}
        kept(run, 200)
        await until(lambda: 200 in answers.steps)
        await until(lambda: "▸ step 200" in painted(view))


async def test_the_cursor_asks_the_weights_of_its_time_first(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept(run, *range(10, 200, 10))
    model = FakeModel(letters("x" * 60), delay=0.05)
    async with training_view(run, model=model) as view:
        await press(view, "home")
        await until(lambda: view.pane.board.look.cursor is not None)
        await until(lambda: "▸ step 10 " in painted(view))
        await press(view, *["right"] * 4)
        await until(lambda: "▸ step 50 " in painted(view))
        assert "training" in painted(view)
        await press(view, "escape")
        await until(lambda: view.pane.board.look.cursor is None)
        await until(lambda: "▸ step 190 " in painted(view))


@pytest.mark.parametrize(("key", "step"), [("home", 50), ("end", 100)])
async def test_writing_with_it_says_of_which_step_it_is(
    tmp_path: Path, key: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50, 100)
    async with training_view(run, model=FakeModel(letters("x" * 60))) as view:
        await until(lambda: view.query_one(Answers).steps == {50, 100})
        await press(view, "left", key)  # the cursor goes before what was kept first, or away
        app = view.app
        assert isinstance(app, OneViewApp)
        await until(lambda: f"▸ step {step} " in painted(view))
        with monkeypatch.context() as learning_on:  # w is no key then
            learning_on.setattr(ShownRun, "is_alive", True)
            await press(view, "w")
            assert not app.asked
        await press(view, "ctrl+l")
        assert [path.name for path in app.asked] == [f"step-{step:08}.safetensors"]
        assert f"with the weights of step {step}" in toasts(view)


async def test_what_a_training_made_is_written_with_once_it_is_over(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50, 100)
    save_weights(run / "model.safetensors", 50)
    async with training_view(run, model=FakeModel(letters("x" * 60)), size=(80, 24)) as view:
        await until(lambda: "w Write with it" in painted(view))
        app = view.app
        assert isinstance(app, OneViewApp)
        await press(view, "enter")
        await until(
            lambda: {"prompt", "answered"} <= view.states() and "learned" not in view.states()
        )
        await press(view, "escape", "w")
        assert app.asked == [run]
        assert "with the best weights of its training" in toasts(view)
        await press(view, "home")
        await until(lambda: "▸ step 50 " in painted(view))
        await press(view, "w")
        assert app.asked[1:] == [run / "kept" / "step-00000050.safetensors"]


async def test_hostile_texts_and_damaged_weights_stay_inert(tmp_path: Path) -> None:
    kept(tmp_path, 50)
    model = FakeModel(letters(HOSTILE + "x" * 60))
    damaged: list[str] = []

    def load(*options: Any) -> FakeModel:
        if damaged:
            raise ValueError(damaged[0])
        return model.load(*options)

    async with talking(tmp_path, load) as app:
        await until(lambda: "[/bold]" in app.shown())
        assert not set(HOSTILE[:1] + "\x07\u202e") & set(app.shown())
        damaged.append("cut \x1b[31mfile")
        app.talk.again()
        await until(lambda: "step 50 · ValueError: cut ␛[31mfile" in app.shown())
        damaged.clear()
        kept(tmp_path, 50)  # another file
        await until(lambda: "[/bold]" in app.shown() and "ValueError" not in app.shown())


async def test_another_training_of_the_same_name_answers_for_itself(tmp_path: Path) -> None:
    kept(tmp_path, 50)
    model = FakeModel(letters("the first one's answer, which is long enough to be left"))
    async with talking(tmp_path, model.load) as app:
        await until(lambda: "the first one's" in app.shown())
        model.steps = letters("the second one's answer, which is long enough to be left")
        app.beginning += 1
        await until(lambda: "the second one's" in app.shown())
        assert "the first one's" not in app.shown()


async def test_weights_that_were_saved_anew_are_asked_again(tmp_path: Path) -> None:
    kept(tmp_path, 50)
    model = FakeModel(letters("a first answer, which is long enough to be left as it is"))
    async with talking(tmp_path, model.load) as app:
        await until(lambda: "a first answer" in app.shown() and "step 50 ·" in app.shown())
        model.steps = letters("a second answer, which is long enough to be left as it is")
        kept(tmp_path, 50)
        await until(lambda: "a second answer" in app.shown())


async def test_a_short_first_text_is_thrown_again(tmp_path: Path) -> None:
    kept(tmp_path, 50)
    model = FakeModel(letters("It."))
    async with talking(tmp_path, model.load) as app:
        await until(lambda: "step 50 ·" in app.shown())
        assert [request.seed for request in model.requests] == list(range(1, 10))


async def test_a_decoder_without_dice_is_not_asked_again(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50)
    model = FakeModel(letters("It."))
    async with talking(run, model.load) as app:
        await until(lambda: "step 50 ·" in app.shown())
        for decoder in ("greedy", "beam"):
            model.requests.clear()
            app.talk.use(decoder)
            await until(lambda: "step 50 ·" in app.shown())
            assert app.talk.again() is None
            app.shown()
            assert len(model.requests) == 1
    async with training_view(run, (80, 24), model) as view:
        await press(view, "f2", "ctrl+r")
        await until(lambda: any("always writes the same text" in t for t in toasts(view)))
        assert not any("other dice" in toast for toast in toasts(view))


def probe(step: int, quantiles: tuple[float, ...], low: float, high: float) -> Probe:
    gates = dict.fromkeys(("layers.0.i", "layers.1.g"), (*quantiles, low, high))
    norms = {"embedding.weight": 10.0**-step, "layers.0.bias": 1.0}
    return Probe(Place(step, step, step), gates, norms, norms)


def test_rows_say_what_the_gates_do() -> None:
    probes = [probe(1, (0.0, 0.1, 0.3, 0.5, 0.9), 0.2, 0.1), probe(2, (-1, -1, 0, 1, 1), 0.4, 0.4)]
    opened = {row.label: row for row in rows(probes, "open")}
    assert opened["1 i"].values == (0.3, 0)
    assert opened["2 g"].values == pytest.approx((0.36, 0.8))
    stuck = {row.label: row for row in rows(probes, "stuck")}
    assert stuck["1 i"].values == pytest.approx((0.3, 0.8))
    norms = {row.label: row for row in rows(probes, "gradients")}
    assert norms["embed"].heats == pytest.approx((0.5, 0.0))
    assert norms["1 bias"].heats == pytest.approx((1.0, 1.0))
    assert rows([], "open") == rows([], "updates") == []


async def test_a_narrow_place_has_room_for_what_is_said(tmp_path: Path) -> None:
    async with training_view(write_run(tmp_path / "run"), (60, 30)) as view:
        view.pane.answers.set_empty("a long text for which " + "many words " * 9 + "are needed")
        await until(lambda: "are needed" in painted(view).replace("\n", " "))


async def test_the_gates_lie_under_the_curves(tmp_path: Path) -> None:
    async with training_view(write_run(tmp_path / "run"), (160, 48)) as view:
        await until(lambda: "Gates: how far open" in painted(view))
        await until(lambda: "1 i 0.5" in painted(view) and "i input" in painted(view))
        for title in ("stuck", "Gradient norms", "Updates", "how far open"):
            await press(view, "h")
            await until(lambda title=title: title in painted(view))  # type: ignore[misc]
        await press(view, "g")
        await until(lambda: "Gates: how far open" not in painted(view))


async def test_without_colour_shades_tell_the_heat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with training_view(write_run(tmp_path / "run"), (80, 24)) as view:
        await press(view, "g")
        await until(lambda: "░░▒▒▓▓██ open" in painted(view))
        await until(lambda: "░░░░░" in painted(view) and "▒▒▒▒▒" in painted(view))


async def test_an_answer_may_end_when_its_weights_are_gone(tmp_path: Path) -> None:
    kept(tmp_path, 50)
    texts: list[FakeText] = []

    class Noted(FakeModel):
        def text(self, request: Request, steps: list[tuple[int, str]]) -> FakeText:
            texts.append(super().text(request, steps))
            return texts[-1]

    model = Noted(letters("It was so long a text that nobody throws it again." * 90), delay=0.1)
    async with talking(tmp_path, model.load) as app:
        await until(lambda: "It was" in app.shown())
        (tmp_path / "kept" / "step-00000050.safetensors").unlink()
        app.shown()
        assert app.talk.weights is None and "step 50 ·" not in app.shown()  # it is being written
        texts[-1].delay = 0.0
        await until(lambda: "step 50 ·" in app.shown())
