"""One training: when to evaluate, save, tell, stop and go on."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from charlm.checkpoint import LAST, MODEL, Checkpoint, checkpoint_bytes, load_checkpoint
from charlm.decoding import Sampling
from charlm.errors import CharlmError, Stopped, TrainingError
from charlm.run_log import RunLog
from charlm.train.learner import Learner
from charlm.train.monitor import Monitor
from charlm.train.reporter import Reporter
from charlm.train.run_folder import RESUME, RunFolder, is_disk_full
from charlm.train.signals import Signals

_EVALUATIONS = 20  # in a run, evenly over its budget,
_FEWEST_STEPS = 25  # with at least so many steps between two
_STEPS_PER_LINE = 10  # of the run log
_SECONDS_BETWEEN_SAVES = 60.0
_SAMPLE_LENGTH = 200


class Trainer:
    """Takes a learner through its budget, in one run folder."""

    def __init__(
        self,
        learner: Learner,
        folder: RunFolder,
        log: RunLog,
        monitor: Monitor,
        reporter: Reporter,
    ) -> None:
        self.learner, self.folder = learner, folder
        self.log, self.monitor, self.reporter = log, monitor, reporter
        self._began = time.monotonic()

    def run(self) -> None:
        """Train to the end of the budget. Raises Stopped after saving, TrainingError."""
        self._began = time.monotonic()
        with Signals() as self._signals:
            try:
                self._train()
                self._finish()
            except Stopped as stopped:
                self._save(best=not self.learner.position.has_best)
                self._end(str(stopped), None, None)
                raise Stopped(
                    f"{stopped}, step {self.learner.position.step:,} saved:"
                    f" go on with --resume {self.folder.path}",
                    stopped.exit_code - 128,
                ) from None

    def _train(self) -> None:
        learner, position = self.learner, self.learner.position
        meter = _Meter(position.characters, learner.progress())
        last_save = time.monotonic()
        # Twentieths of a smaller budget than now, when a run goes on with a larger one.
        position.share = min(position.share, self._share())
        if self._is_due():  # it was stopped while it evaluated
            self._evaluate()
        while learner.progress() < 1:
            self._signals.check()
            loss, norm, rate = learner.step()
            self._count_time()
            meter.add(loss)
            if position.step % _STEPS_PER_LINE == 0 or learner.progress() >= 1:
                self._log_step(meter, rate, norm)
            if self._is_due():
                self._evaluate()
                last_save = time.monotonic()
            elif time.monotonic() - last_save > _SECONDS_BETWEEN_SAVES:
                self._save(best=False)
                last_save = time.monotonic()

    def _is_due(self) -> bool:
        """Whether it is time to evaluate: at the end, and evenly before, but not all the time."""
        position = self.learner.position
        steps = position.step - position.evaluated
        if self.learner.progress() >= 1:
            return steps > 0
        return steps >= _FEWEST_STEPS and self._share() > position.share

    def _share(self) -> int:
        return int(self.learner.progress() * _EVALUATIONS)

    def _evaluate(self) -> None:
        loss = self.learner.loss_of("validation", False, self._signals.check)
        position = self.learner.position
        position.share, position.evaluated = self._share(), position.step
        best = loss is None or position.best is None or loss < position.best
        self._count_time()
        self.log.append("evaluation", **self._where(), validation_loss=loss, best=best)
        if loss is not None:
            self.monitor.scalars(position.step, **{"loss/validation": loss})
            mark = ", the best so far" if best else ""
            self.reporter.line(f"step {position.step:,}: validation loss {loss:.4f}{mark}")
        self._save(best, validation_loss=loss)
        self._sample()

    def _finish(self) -> None:
        """Measure the best weights exactly, and store the numbers with them."""
        path = self.folder.path / MODEL
        if not path.exists():
            raise TrainingError(f"no model could be saved in {path.parent}: see the warnings above")
        checkpoint = load_checkpoint(path)
        newest = self.learner.model.to_tensors()
        self.learner.model.from_tensors(checkpoint.tensors)
        try:
            losses = {
                f"{part}_loss": self.learner.loss_of(part, True, self._signals.check)
                for part in ("validation", "test")
            }
        finally:
            self.learner.model.from_tensors(newest)
        self._write(MODEL, replace(checkpoint, metrics=dict(checkpoint.metrics) | losses))
        self._count_time()
        self._end("budget used", **losses)
        for name, loss in losses.items():
            if loss is not None:
                self.reporter.line(f"{name.replace('_', ' ')} of the best weights: {loss:.4f}")

    def _end(self, reason: str, validation_loss: float | None, test_loss: float | None) -> None:
        self.log.append(
            "end",
            **self._where(),
            validation_loss=validation_loss,
            test_loss=test_loss,
            reason=reason,
        )

    def _save(self, best: bool, validation_loss: float | None = None) -> None:
        """The newest weights, as the best too if they are, and what resuming needs."""
        learner, report = self.learner, self.learner.corpus.report
        checkpoint = Checkpoint(
            learner.config,
            learner.text,
            learner.vocabulary,
            learner.model.to_tensors(),
            metrics=self._where() | {"validation_loss": validation_loss, "test_loss": None},
            corpus={
                "name": report.name,
                "sha256": report.sha256,
                "characters": report.characters,
                "split": report.split,
            },
        )
        if best and self._write(MODEL, checkpoint):  # one not written is not to be beaten
            learner.position.has_best, learner.position.best = True, validation_loss
        if self._write(LAST, checkpoint):
            self._write(RESUME, None)

    def _write(self, name: str, checkpoint: Checkpoint | None) -> bool:
        """Write one file; a full disk is a warning, and the next save tries again."""
        try:
            if checkpoint is None:
                self._count_time()
                self.folder.save_resume(self.learner.resume_values())
            else:
                self.folder.write(name, checkpoint_bytes(checkpoint)[0])
        except OSError as error:
            if not is_disk_full(error):
                raise
            message = f"{name} was not saved ({error.strerror}): the next save tries again"
            self.reporter.warn(message)
            self.log.append("notice", message=message)
            return False
        return True

    def _where(self) -> dict[str, Any]:
        position = self.learner.position
        return {
            "step": position.step,
            "characters": position.characters,
            "seconds": round(position.seconds, 3),
        }

    def _count_time(self) -> None:
        now = time.monotonic()
        self.learner.position.seconds += now - self._began
        self._began = now

    def _log_step(self, meter: _Meter, rate: float, norm: float) -> None:
        progress = self.learner.progress()
        values = self._where() | {"learning_rate": rate, "gradient_norm": norm}
        values |= meter.read(self.learner.position.characters, progress) | {"progress": progress}
        self.log.append("step", **values)
        self.monitor.scalars(
            self.learner.position.step,
            **{"loss/train": values["loss"], "learning_rate": rate, "gradient_norm": norm},
        )
        self.reporter.step(values, progress)

    def _sample(self) -> None:
        """A few words by the newest weights, written by the engine where it is built."""
        step = self.learner.position.step
        try:
            from charlm.engine import Engine

            engine = Engine.load(self.folder.path / LAST)
            strategy = Sampling(temperature=0.8)
            completion = engine.write("", strategy, max_length=_SAMPLE_LENGTH, seed=step)
        except (ImportError, CharlmError):
            return
        self.log.append("sample", step=step, prompt="", text=completion.text)
        self.reporter.line(completion.text, style="dim italic")


class _Meter:
    """Means since the last reading."""

    def __init__(self, characters: int, progress: float) -> None:
        self._losses: list[float] = []
        self._characters, self._first = characters, progress
        self._time = self._start = time.monotonic()

    def add(self, loss: float) -> None:
        self._losses.append(loss)

    def read(self, characters: int, progress: float) -> dict[str, float]:
        """loss, characters_per_s, seconds_left."""
        now = time.monotonic()
        speed = (now - self._start) / max(progress - self._first, 1e-9)
        values = {
            "loss": sum(self._losses) / len(self._losses),
            "characters_per_s": (characters - self._characters) / max(now - self._time, 1e-9),
            "seconds_left": speed * (1 - progress),
        }
        self._losses, self._characters, self._time = [], characters, now
        return values
