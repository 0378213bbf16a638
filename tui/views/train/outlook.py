"""The pane of the form that says what a training would take, or what is missing for one."""

from __future__ import annotations

from functools import partial

from textual.message import Message
from textual.widgets import Static

from ...threads import nobody
from ...training.desk import TrainingDesk
from ...training.pytorch import is_missing, why_by_hand
from .dry_run import DryRun
from .forecast import forecast_content, pytorch_content
from .training_plan import TrainingPlan


class Outlook(Static):
    """What a plan would take; where PyTorch is missing, how it is installed."""

    class PytorchCame(Message):
        """PyTorch was missing, and is there now: a plan can be asked for."""

    def __init__(self, desk: TrainingDesk, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.dry_run = DryRun(desk.command)
        self._installation = desk.installation
        #: Whether PyTorch is missing, as far as it was looked for.
        self.lacks_pytorch = False

    @property
    def can_install(self) -> bool:
        """Whether PyTorch can be installed now."""
        return self.lacks_pytorch and not self._installation.running and not why_by_hand()

    def look(self) -> None:
        """Look whether PyTorch is there by now."""
        lacked = self.lacks_pytorch
        self.lacks_pytorch = self._installation.running or is_missing()
        self.draw()
        if lacked and not self.lacks_pytorch:
            self.post_message(self.PytorchCame())

    def ask(self, plan: TrainingPlan) -> None:
        """Ask what this plan would take."""
        if not self.lacks_pytorch:
            self.dry_run.ask(plan)

    def wake(self) -> None:
        """It is seen: show what is known."""
        self.dry_run.tell = partial(self.call_later, self.draw)
        self._installation.tell = partial(self.call_later, self.look)
        self.look()

    def rest(self) -> None:
        """Another view lies over it."""
        self.dry_run.tell = self._installation.tell = nobody

    def on_unmount(self) -> None:
        """Nothing stays running."""
        self.rest()
        self.dry_run.close()

    def on_resize(self) -> None:
        """Break the lines for the new width."""
        self.draw()

    def draw(self) -> None:
        """Show what is known by now."""
        if self.lacks_pytorch:
            self.update(pytorch_content(self._installation))
        else:
            self.update(forecast_content(self.dry_run.latest, self.content_size.width))
