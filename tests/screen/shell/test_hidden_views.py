"""A view works while it is seen: no file of it is entered while another one is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from driver import press, running, until
from fakes import FakeModel, ThinkingModel, letters
from models import MakeRun
from train_fakes import training_view

from tui import views
from tui.app import CharlmApp

FOLDER = Path(views.__file__).parent
#: Written a character in a few milliseconds: it streams until the test ends.
LONG = "word " * 4000


@contextmanager
def entered(name: str) -> Iterator[set[str]]:
    """Give the functions of a view's modules that the screen's thread enters meanwhile."""
    inside, found = f"{FOLDER / name}/", set[str]()

    def note(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(inside):
            found.add(f"{Path(code.co_filename).name}:{code.co_qualname}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)


async def no_call(name: str, condition: Callable[[], object]) -> None:
    """No function of that view is called until the condition holds, which takes a while."""
    with entered(name) as found:
        await until(condition)
    assert found == set()


@pytest.mark.parametrize("key", ["f7", "f8", "f9"])
async def test_a_text_that_streams_unseen_draws_nothing(make_run: MakeRun, key: str) -> None:
    model = FakeModel(letters(LONG), delay=0.002)
    async with running(model) as screen:
        app = screen.app
        assert isinstance(app, CharlmApp) and app.decode_worker is not None
        await press(screen, "enter")
        await until(lambda: len(screen.text.view.text) > 10)
        await press(screen, key)
        await until(lambda: app.screen is not screen and not screen.seen)
        posted, before = app.decode_worker.posted, len(screen.text.view.text)
        await until(lambda: len(posted) > 10)  # what was under way is over
        await no_call("write", lambda: len(posted) > 200)
        await press(screen, key)
        await until(lambda: app.screen is screen)
        await until(lambda: len(screen.text.view.text) > before + 200)


@pytest.mark.parametrize(("key", "name"), [("f7", "runs"), ("f8", "train"), ("f9", "inspect")])
async def test_a_view_that_was_left_does_nothing(key: str, name: str) -> None:
    async with running(FakeModel(letters(LONG), delay=0.002)) as screen:
        app = screen.app
        await press(screen, key)
        await until(lambda: app.screen is not screen)
        await press(screen, key)
        await until(lambda: app.screen is screen and screen.seen)
        await press(screen, "enter")
        await until(lambda: len(screen.text.view.text) > 10)
        await no_call(name, lambda: len(screen.text.view.text) > 400)


async def test_a_training_that_runs_unseen_draws_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    async with training_view(model=ThinkingModel(letters(LONG))) as view:
        app = view.app
        assert isinstance(app, CharlmApp)
        await press(view, "ctrl+s")
        await until(lambda: view.shown.curves is not None and view.shown.curves.last)
        await press(view, "f8")
        await until(lambda: not view.seen)
        told: list[int] = []
        feed = app.watcher.feed()
        feed.wake(lambda: told.append(1))
        assert view.shown.run is not None
        feed.watch(view.shown.run)
        await no_call("train", lambda: len(told) > 3)
        await press(view, "f8")
        await until(lambda: app.screen is view)
        step = view.shown.curves.last.step  # type: ignore[union-attr]
        await until(lambda: view.shown.curves.last.step > step)  # type: ignore[union-attr]
