"""What a training leaves in its folder: the best weights, the newest, and what resuming needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from charlm.checkpoint import Checkpoint, checkpoint_bytes, load_checkpoint
from charlm.errors import TrainingError
from charlm.places import LAST, MODEL, RESUME
from charlm.train.learner import Learner
from charlm.train.run_folder import RunFolder, is_disk_full, kept_name


class Saver:
    """Saves a learner. A full disk is a warning: training goes on, the next save tries again."""

    def __init__(self, learner: Learner, folder: RunFolder, warn: Callable[[str], None]) -> None:
        self._learner, self._folder, self._warn = learner, folder, warn
        self._unsaved: set[str] = set()  # files whose last save failed, which was told

    def save(self, best: bool, validation_loss: float | None = None) -> None:
        """The newest weights, as the best too if they are, and what resuming needs."""
        position = self._learner.position
        metrics = position.where() | {"validation_loss": validation_loss, "test_loss": None}
        data = checkpoint_bytes(self._learner.checkpoint(metrics))[0]
        if best and self._write(MODEL, data):  # one not written is not to be beaten
            position.has_best, position.best = True, validation_loss
        if validation_loss is not None and self._learner.options.keep:
            self._keep(validation_loss, data)
        if self._write(LAST, data):
            self.save_resume()

    def save_resume(self) -> None:
        """What resuming needs, alone."""
        self._attempt(RESUME, lambda: self._folder.save_resume(self._learner.resume_values()))

    def best(self) -> Checkpoint:
        """The best model. Raises TrainingError when none could be saved."""
        path = self._folder.path / MODEL
        if not path.exists():
            raise TrainingError(f"no model could be saved in {path.parent}: see the warnings above")
        return load_checkpoint(path)

    def save_best(self, best: Checkpoint, losses: dict[str, float | None]) -> None:
        """The best model again, with its exact losses."""
        measured = replace(best, metrics=dict(best.metrics) | losses)
        self._write(MODEL, checkpoint_bytes(measured)[0])

    def _keep(self, loss: float, data: bytes) -> None:
        """One more model beside the best, if it is among the best few; what they push out goes."""
        position, most = self._learner.position, self._learner.options.keep
        better = sorted([*position.kept, (loss, position.step)])[:most]
        if (loss, position.step) in better and self._write(kept_name(position.step), data):
            position.kept = better
        self._folder.keep_only([kept_name(step) for _, step in position.kept])

    def _write(self, name: str, data: bytes) -> bool:
        return self._attempt(name, lambda: self._folder.write(name, data))

    def _attempt(self, name: str, write: Callable[[], None]) -> bool:
        try:
            write()
        except OSError as error:
            if not is_disk_full(error):
                raise
            if name not in self._unsaved:
                self._warn(f"{name} was not saved ({error.strerror}): every save tries again")
            self._unsaved.add(name)
            return False
        self._unsaved.discard(name)
        return True
