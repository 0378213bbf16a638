"""A stage of the view one writes on, alone: what writes is whole, the lines around it are not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from driver import until
from fakes import FakeModel
from root import ROOT
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from tui.app import CharlmApp
from tui.views.base import View
from tui.views.write.author import Tools
from tui.views.write.knobs import Knobs
from tui.views.write.model import Model
from tui.views.write.stage import AnyStage, Seen
from tui.views.write.stages import Stages
from tui.widgets.prompt import Prompt
from tui.writer.knobs import Setting
from tui.writer.snapshots import Loaded
from tui.writer.worker import DecodeWorker

NUCLEUS = Setting(pace=0).with_decoder("nucleus")


class StageView(View):
    """The stages and nothing else: no title, no curves, no status, no footer.

    said: what was to be said in toasts.
    """

    view_name = "write"

    def __init__(self, worker: DecodeWorker, setting: Setting, plain: bool) -> None:
        super().__init__()
        self._worker = worker
        self.said: list[str] = []
        self.prompt, self.knobs = Prompt(id="prompt"), Knobs(setting)
        self.model = Model(worker, Path("checkpoints/tiny"))
        tools = Tools(worker, self.knobs, self.model, self.prompt, self._hear, plain)
        self.stages = Stages(tools, self._mount)
        self.text = self.stages.text

    def compose(self) -> ComposeResult:
        """The text."""
        yield Container(self.text, id="body")

    def on_mount(self) -> None:
        """Read the model."""
        self._ready = True
        self._worker.tell = partial(self.call_later, self.drain)
        self.model.load(Path("checkpoints/tiny"))
        self.stages.shown.take_focus()

    def show(self, seen: Seen) -> None:
        """Show a stage."""
        self.stages.show(seen)
        self.show_state()

    def drain(self) -> None:
        """Hand what was posted to whom it concerns."""
        for snapshot in self._worker.take():
            if isinstance(snapshot, Loaded):
                self.model.take(snapshot)
                self.text.writing.follow("tiny")
            elif getattr(snapshot, "number", 0) < 0 and self.stages.lanes is not None:
                self.stages.lanes.author.lanes.take(snapshot)  # type: ignore[arg-type]
            elif hasattr(snapshot, "question"):
                self.text.writing.look_back.take(snapshot)  # type: ignore[arg-type]
                self.text.view.refresh()
            elif hasattr(snapshot, "number"):
                self.text.writing.take(snapshot)  # type: ignore[arg-type]
        self.text.writing.flush()
        self.show_state()

    def show_state(self) -> None:
        """What is seen."""
        self.stages.shown.show()

    def on_stage_changed(self) -> None:
        """A stage did what one of its keys says."""
        self.show_state()

    def _mount(self, stage: AnyStage) -> None:
        self.query_one("#body").mount(stage)

    def _hear(self, message: str, wrong: bool) -> None:
        self.said.append(message)


class StageApp(CharlmApp):
    """Opens the stages in the place of the whole view."""

    CSS_PATH = [ROOT / "tui" / path for path in CharlmApp.CSS_PATH]  # noqa: RUF012

    def __init__(self, worker: DecodeWorker, setting: Setting, plain: bool) -> None:
        super().__init__()
        self.decode_worker = worker
        self._make = partial(StageView, worker, setting, plain)

    def get_default_screen(self) -> Screen[None]:
        """The stages."""
        return self._make()


@asynccontextmanager
async def staged(
    model: FakeModel, size: tuple[int, int] = (100, 30), *, setting: Setting = NUCLEUS,
    plain: bool = False,
) -> AsyncIterator[StageView]:  # fmt: skip
    """The stages, with a fake model that is loaded; its thread is closed at the end."""
    app = StageApp(DecodeWorker(model.load), setting, plain)
    try:
        async with app.run_test(size=size, notifications=True):
            view = app.screen
            assert isinstance(view, StageView)
            await until(lambda: view.model.facts)
            yield view
    finally:
        app.close()
