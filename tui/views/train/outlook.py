"""The pane of the form that says what a training would take, or what is missing for one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.widgets import Static

from ...threads import nobody
from ...training.pytorch import Bringing, is_missing, why_by_hand
from .dry_run import DryRun
from .forecast import forecast_content, pytorch_content
from .training_plan import TrainingPlan


class Outlook(Static):
    """What a plan would take; where PyTorch is missing, how it is brought."""

    def __init__(self, command: Sequence[str], id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.dry_run = DryRun(command)
        self.bringing = Bringing()
        #: Whether PyTorch is missing, as far as it was looked for.
        self.lacks_pytorch = False

    @property
    def can_bring(self) -> bool:
        """Whether PyTorch can be brought now."""
        return self.lacks_pytorch and not self.bringing.running and not why_by_hand()

    def look(self) -> None:
        """Look whether PyTorch is there."""
        self.lacks_pytorch = is_missing()

    def ask(self, plan: TrainingPlan) -> None:
        """Ask what this plan would take."""
        if not self.lacks_pytorch:
            self.dry_run.ask(plan)

    def bring(self) -> None:
        """Begin to install PyTorch. Raises OSError, ValueError."""
        self.bringing.start()
        self.draw()

    def wake(self) -> None:
        """It is seen: show what is known."""
        self.dry_run.tell = partial(self.call_later, self.draw)
        self.bringing.tell = partial(self.call_later, self._show_bringing)
        self.draw()

    def rest(self) -> None:
        """Another view lies over it."""
        self.dry_run.tell = self.bringing.tell = nobody

    def on_unmount(self) -> None:
        """Nothing stays running."""
        self.dry_run.close()
        self.bringing.close()

    def draw(self) -> None:
        """Show what is known by now."""
        if self.lacks_pytorch:
            self.update(pytorch_content(self.bringing))
        else:
            self.update(forecast_content(self.dry_run.latest))

    def _show_bringing(self) -> None:
        self.lacks_pytorch = self.bringing.running or is_missing()
        self.draw()
