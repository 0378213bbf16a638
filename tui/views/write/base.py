"""What the parts of the view one writes on share: the setting, the model, how a text begins."""

from __future__ import annotations

from pathlib import Path

from textual.geometry import Size

from charlm.display import visible
from charlm.model.config import Precision

from ...charts.panel import CurvesPanel
from ...keys.table import view_key
from ...training.desk import TrainingDesk
from ...training.watcher import RunWatcher
from ...widgets.prompt import Prompt
from ...writer.knobs import Setting
from ...writer.models import shown_name
from ...writer.snapshots import ModelFacts, Request
from ...writer.worker import DecodeWorker
from ..base import View
from .text.branches import Branch
from .text.text_view import TextView
from .text.writing import Writing


class WriteBase(View):
    """The state of the view; its actions are in the classes beside it, its whole in `write`."""

    view_name = "write"
    view: TextView
    prompt: Prompt
    panel: CurvesPanel
    writing: Writing

    def __init__(
        self,
        worker: DecodeWorker,
        watcher: RunWatcher,
        desk: TrainingDesk,
        model: Path | None,
        *,
        plain: bool = False,
    ) -> None:
        super().__init__()
        self._plain = plain
        self._worker, self._watcher, self._desk = worker, watcher, desk
        self._model = model
        self.setting: Setting = Setting()
        self.facts: ModelFacts | None = None
        self._loading = ""
        self._run: Path | None = None
        self._framed = 0.0
        self._precision: Precision = "float32"
        self._curves_wanted: bool | None = None
        self._edited: Branch | None = None

    def load(self, path: Path) -> None:
        """Read a model; what is being written stops."""
        self.writing.cancel()
        self._loading = visible(shown_name(path))
        self._worker.load(path, self._precision)

    def _set(self, setting: Setting) -> None:
        """Take a setting; where it changes the text, the text starts again from its prompt.

        While another prompt is being typed, it is for that one: the text stays.
        """
        changed = setting.names_text != self.setting.names_text
        self.setting = setting
        if changed and not self.prompt.unsent:
            self.writing.write_again(setting)
        self.show_state()

    def _write(self, prompt: str, given: int | None = None, like: Request | None = None) -> None:
        """Write on from a prompt, of which the user gave so many characters (None: all).

        like: the request that it repeats.
        """
        if self._has_model():
            self.writing.write(prompt, self.setting, given, like=like)
            self.show_state()

    @property
    def shown_prompt(self) -> str | None:
        """What was asked for, of what is seen; None when it is of no model that is here."""
        return self.writing.prompt

    def _has_model(self) -> bool:
        """Whether there is, or will be, a model to write with; if not, that is said."""
        if self.facts is None and not self._loading and not self._model:
            train, runs = view_key("train"), view_key("runs")
            self.say(f"there is no model yet: {train} trains one, {runs} lists them", True)
            return False
        return True

    def place_panels(self, size: Size | None = None) -> None:
        """Which panels stand beside the text, or below it."""

    @property
    def model_name(self) -> str:
        """The model as a heading names it."""
        if self.facts is None:
            return self._loading
        numbers = "" if self.facts.precision == "float32" else f" {self.facts.precision}"
        return self.facts.name + numbers
