"""What a training leaves in its folder: the best weights, the newest, and what resuming needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from charlm.errors import SURVIVED, CharlmError, TrainingError, reason_of
from charlm.run.checkpoint import Checkpoint, checkpoint_bytes, describe_checkpoint, load_checkpoint
from charlm.run.layout import KEPT, LAST, MODEL, RESUME, kept_name, resume_file
from charlm.train.keep.folder import RunFolder
from charlm.train.learner import Learner

#: The removal of kept models that others have pushed out, among the things that may be refused.
_TIDIED = f"{KEPT}/*"


class _Best(NamedTuple):
    """The best model, held while it is not on the disk. `loss`: what the next one has to beat."""

    model: Checkpoint
    data: bytes
    loss: float | None


class Saver:
    """Saves a learner. What cannot be written is reported once, and every save tries it again.

    So a disk that is full for a while costs nothing. `lost` says what is missing at the end.
    """

    def __init__(self, learner: Learner, folder: RunFolder, warn: Callable[[str], None]) -> None:
        self._learner, self._folder, self._warn = learner, folder, warn
        self._refused: dict[str, str] = {}  # what was not done when last tried, and why
        self._best: _Best | None = None

    @property
    def has_best(self) -> bool:
        """Whether there is a best model, on the disk or held until it can be written."""
        return self._best is not None or self._learner.position.has_best

    def is_best(self, loss: float | None) -> bool:
        """Whether a validation loss is better than that of the best model."""
        best = self._best.loss if self._best else self._learner.position.best
        return loss is None or best is None or loss < best

    def save(self, best: bool, validation_loss: float | None = None) -> bool:
        """Save the newest weights, as the best too if they are, and what resuming needs.

        Returns whether the best model is on the disk now. Raises TrainingError.
        """
        position = self._learner.position
        metrics = position.where() | {"validation_loss": validation_loss, "test_loss": None}
        newest = self._learner.checkpoint(metrics)
        data = _bytes_of(newest)
        if best:
            self._best = _Best(newest, data, validation_loss)
        self._write_best()
        if validation_loss is not None and self._learner.options.keep:
            self._keep(validation_loss, data)
        if self._write(LAST, data):
            self.save_resume()
        return self._best is None

    def save_resume(self) -> None:
        """Save what resuming needs, and nothing else."""
        self._attempt(RESUME, lambda: self._folder.save_resume(self._learner.resume_values()))

    def best(self) -> Checkpoint:
        """Return the best model. Raises TrainingError when there is none."""
        if self._best is not None:
            return self._best.model
        path = self._folder.path / MODEL
        if not path.exists():
            raise TrainingError(f"{path} is missing: the best model cannot be measured")
        return load_checkpoint(path)

    def finish(self, best: Checkpoint, losses: dict[str, Any]) -> None:
        """Save the best model again with its exact losses, and what could not be saved before."""
        measured = replace(best, metrics=dict(best.metrics) | losses)
        loss = self._best.loss if self._best else self._learner.position.best
        self._best = _Best(measured, _bytes_of(measured), loss)
        self._write_best()
        if self._refused.keys() & {LAST, RESUME}:
            self.save(best=False)

    def lost(self) -> str:
        """Say what is missing on the disk, why, and what is there instead; "" if nothing is."""
        reasons = [self._refused[name] for name in (MODEL, LAST, RESUME) if name in self._refused]
        if not reasons:
            return ""
        path, step = self._folder.path, self._learner.position.step
        on_disk = [held for name in (MODEL, LAST) if (held := self._on_disk(name))]
        missing = [f"step {step:,}"] if {LAST, RESUME} & self._refused.keys() else []
        if self._best:
            missing.append(f"the best, {_described(self._best.model.metrics)}")
        on = f"go on with --resume {path}" if resume_file(path) else "start again"
        if not on_disk:
            return f"no model could be saved in {path} ({reasons[0]}): make room, then {on}"
        return (
            f"{' and '.join(missing)} could not be saved in {path} ({reasons[0]}); on the disk is"
            f" {' and '.join(on_disk)}: make room, then {on}"
        )

    def _on_disk(self, name: str) -> str:
        """Which weights a file of the run holds; "" when it has none."""
        try:
            return f"{name} of {_described(describe_checkpoint(self._folder.path / name).metrics)}"
        except (CharlmError, ValueError, TypeError):
            return ""

    def _write_best(self) -> None:
        """Write the best model if it is not on the disk: what is not there is not to be beaten."""
        position = self._learner.position
        if self._best is not None and self._write(MODEL, self._best.data):
            position.has_best, position.best = True, self._best.loss
            self._best = None

    def _keep(self, loss: float, data: bytes) -> None:
        """Keep one more model if it is among the best few, and remove those that they push out."""
        position, most = self._learner.position, self._learner.options.keep
        better = sorted([*position.kept, (loss, position.step)])[:most]
        if (loss, position.step) in better:
            name = kept_name(position.step)
            if self._attempt(KEPT, lambda: self._folder.write(name, data)):
                position.kept = better
        names = [kept_name(step) for _, step in position.kept]
        self._attempt(_TIDIED, lambda: self._folder.keep_only(names))

    def _write(self, name: str, data: bytes) -> bool:
        return self._attempt(name, lambda: self._folder.write(name, data))

    def _attempt(self, name: str, do: Callable[[], None]) -> bool:
        """Try to do something; returns whether it could be done. The first failure is reported."""
        try:
            do()
        except SURVIVED as error:
            reason = reason_of(error)
            if name not in self._refused:
                done = "removed" if name == _TIDIED else "saved"
                path = self._folder.path / name
                self._warn(f"{path} was not {done} ({reason}): every save tries again")
            self._refused[name] = reason
            return False
        self._refused.pop(name, None)
        return True


def _bytes_of(checkpoint: Checkpoint) -> bytes:
    try:
        return checkpoint_bytes(checkpoint)[0]
    except ValueError as error:  # weights, or a loss, that are no numbers
        raise TrainingError(
            f"step {checkpoint.metrics['step']:,} cannot be saved ({error}): what was saved before"
            " stays; try a lower --learning-rate or --clip"
        ) from error


def _described(metrics: Mapping[str, Any]) -> str:
    """A step and its validation loss, if it has one."""
    step, loss = metrics.get("step"), metrics.get("validation_loss")
    return f"step {step:,}" + ("" if loss is None else f" (validation loss {loss:.4f})")
