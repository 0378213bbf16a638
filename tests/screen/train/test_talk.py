"""Talking to a run while it learns: answers by step, the cursor, gates over time."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from driver import painted, press, toasts, until
from fakes import FakeModel, FakeText, letters
from train_fakes import training_view, write_run

from charlm.model.config import ModelConfig, parameter_shapes
from charlm.run.checkpoint import Checkpoint, save_checkpoint
from charlm.run.weights import WeightsFinder
from charlm.text.config import TextConfig
from charlm.text.vocabulary import Vocabulary
from tui.training.snapshots import Place, Probe
from tui.views.train.answers import Answers
from tui.views.train.strips import rows
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
        await until(lambda: view._board.look.cursor is not None)
        await until(lambda: "▸ step 10 " in painted(view))
        await press(view, *["right"] * 4)
        await until(lambda: "▸ step 50 " in painted(view))
        assert "training" in painted(view)
        await press(view, "escape")
        await until(lambda: view._board.look.cursor is None)
        await until(lambda: "▸ step 190 " in painted(view))


@pytest.mark.parametrize(("key", "step"), [("home", 50), ("end", 100)])
async def test_writing_with_it_says_of_which_step_it_is(
    tmp_path: Path, key: str, step: int
) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50, 100)
    async with training_view(run, model=FakeModel(letters("x" * 60))) as view:
        await until(lambda: view.query_one(Answers).steps == {50, 100})
        await press(view, "left", key)  # the cursor goes before what was kept first, or away
        loaded: list[Path] = []
        view._write_with = loaded.append
        await until(lambda: f"▸ step {step} " in painted(view))
        await press(view, "ctrl+l")
        assert [path.name for path in loaded] == [f"step-{step:08}.safetensors"]
        assert f"with the weights of step {step}" in toasts(view)


async def test_hostile_texts_and_damaged_weights_stay_inert(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50)
    model = FakeModel(letters(HOSTILE + "x" * 60))
    async with training_view(run, model=model) as view:
        await until(lambda: "[/bold]" in painted(view))
        assert not set(HOSTILE[:1] + "\x07\u202e") & set(painted(view))

        def refuse(*_: object) -> FakeModel:
            raise ValueError("cut \x1b[31mfile")

        view._talk._worker._load = refuse
        await press(view, "ctrl+r")
        await until(lambda: "step 50 · ValueError: cut ␛[31mfile" in painted(view))
        view._talk._worker._load = model.load
        kept(run, 50)  # another file
        await until(lambda: "[/bold]" in painted(view) and "ValueError" not in painted(view))


async def test_another_training_of_the_same_name_answers_for_itself(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50)
    model = FakeModel(letters("the first one's answer, which is long enough to be left"))
    async with training_view(run, model=model) as view:
        await until(lambda: "the first one's" in painted(view))
        model.steps = letters("the second one's answer, which is long enough to be left")
        shutil.rmtree(run)
        write_run(run, steps=100)
        kept(run, 50)
        await until(lambda: "the second one's" in painted(view))
        assert "the first one's" not in painted(view)


async def test_weights_that_were_saved_anew_are_asked_again(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50)
    model = FakeModel(letters("a first answer, which is long enough to be left as it is"))
    async with training_view(run, model=model) as view:
        await until(lambda: "a first answer" in painted(view) and not view._talk._asked)
        model.steps = letters("a second answer, which is long enough to be left as it is")
        kept(run, 50)
        await until(lambda: "a second answer" in painted(view))


async def test_a_short_first_text_is_thrown_again(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50)
    model = FakeModel(letters("It."))
    async with training_view(run, model=model) as view:
        await until(lambda: "step 50 ·" in painted(view))
        assert [request.seed for request in model.requests] == list(range(1, 10))


async def test_a_decoder_without_dice_is_not_asked_again(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 50)
    model = FakeModel(letters("It."))
    async with training_view(run, model=model) as view:
        await until(lambda: "step 50 ·" in painted(view))
        for key in ("f2", "f5"):
            model.requests.clear()
            await press(view, key)
            await until(lambda: "step 50 ·" in painted(view) and view._talk._asked is None)
            await press(view, "ctrl+r")
            await until(lambda: any("always writes the same text" in t for t in toasts(view)))
            assert len(model.requests) == 1
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
        view._answers.set_empty("a long text for which " + "many words " * 9 + "are needed")
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
    run = write_run(tmp_path / "run")
    kept(run, 50)
    texts: list[FakeText] = []

    class Noted(FakeModel):
        def text(self, request: Request, steps: list[tuple[int, str]]) -> FakeText:
            texts.append(super().text(request, steps))
            return texts[-1]

    model = Noted(letters("It was so long a text that nobody throws it again." * 90), delay=0.1)
    async with training_view(run, model=model) as view:
        await until(lambda: "It was" in painted(view))
        (run / "kept" / "step-00000050.safetensors").unlink()
        await until(lambda: not view._talk._weights)
        assert view._talk._asked is not None  # it is still being written
        texts[-1].delay = 0.0
        await until(lambda: view._talk._asked is None)
