"""One training: when to evaluate, save, tell, stop and go on."""

from __future__ import annotations

import time

from charlm.checkpoint import LAST
from charlm.decoding import Sampling
from charlm.errors import CharlmError, Stopped
from charlm.run_log import RunLog
from charlm.train.learner import Learner, Update
from charlm.train.meter import Meter
from charlm.train.monitor import Monitor
from charlm.train.reporter import Reporter
from charlm.train.run_folder import RunFolder
from charlm.train.saver import Saver
from charlm.train.schedule import after_evaluation
from charlm.train.signals import Signals

_FEWEST_STEPS = 25  # between two evaluations
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
        self.saver = Saver(learner, folder, self._warn)
        self._began = time.monotonic()

    def run(self) -> None:
        """Train to the end of the budget. Raises Stopped after saving, TrainingError."""
        self._began = time.monotonic()
        with Signals() as self._signals:
            try:
                self._train()
                self._finish()
            except Stopped as stopped:
                self._count_time()
                self.saver.save(best=not self.learner.position.has_best)
                self._end(str(stopped), None, None)
                raise Stopped(
                    f"{stopped}, step {self.learner.position.step:,} saved:"
                    f" go on with --resume {self.folder.path}",
                    stopped.exit_code - 128,
                ) from None

    def _train(self) -> None:
        learner, position = self.learner, self.learner.position
        meter = Meter(position, learner.progress())
        if position.step == 0:
            self.saver.save_resume()  # so that a run killed before its first save can go on
        last_save = time.monotonic()
        # It was counted in a smaller budget when a run goes on with a larger one.
        position.share = min(position.share, self._share())
        if self._is_due():  # it was stopped while it evaluated
            self._evaluate()
        while learner.progress() < 1 and not self._is_stale():
            self._signals.check()
            update = learner.step()
            self._count_time()
            if position.step % _STEPS_PER_LINE == 0 or learner.progress() >= 1:
                self._log_step(meter, update)
            if self._is_due():
                self._evaluate()
                last_save = time.monotonic()
            elif time.monotonic() - last_save > _SECONDS_BETWEEN_SAVES:
                self.saver.save(best=False)
                last_save = time.monotonic()

    def _is_due(self) -> bool:
        """Whether it is time to evaluate: at the end, and evenly before, but not all the time."""
        position = self.learner.position
        steps = position.step - position.evaluated
        if self.learner.progress() >= 1:
            return steps > 0
        return steps >= _FEWEST_STEPS and self._share() > position.share

    def _is_stale(self) -> bool:
        patience = self.learner.options.patience
        return patience is not None and self.learner.position.stale >= patience

    def _share(self) -> int:
        return int(self.learner.progress() * self.learner.options.evaluations)

    def _evaluate(self) -> None:
        loss = self.learner.loss_of("validation", False, self._signals.check)
        position = self.learner.position
        position.share, position.evaluated = self._share(), position.step
        best = loss is None or position.best is None or loss < position.best
        after_evaluation(self.learner.options, position, best)
        self._count_time()
        self.log.append("evaluation", **position.where(), validation_loss=loss, best=best)
        if loss is not None:
            self.monitor.scalars(position.step, **{"loss/validation": loss})
            mark = ", the best so far" if best else ""
            self.reporter.line(f"step {position.step:,}: validation loss {loss:.4f}{mark}")
        self.saver.save(best, loss)
        self._sample()

    def _finish(self) -> None:
        """Measure the best weights exactly, and store the numbers with them."""
        best = self.saver.best()
        losses = {
            f"{part}_loss": self.learner.loss_of(part, True, self._signals.check, best.tensors)
            for part in ("validation", "test")
        }
        self.saver.save_best(best, losses)
        self._count_time()
        stale = f"no better in {self.learner.position.stale} evaluations"
        self._end(stale if self._is_stale() else "budget used", **losses)
        for name, loss in losses.items():
            if loss is not None:
                self.reporter.line(f"{name.replace('_', ' ')} of the best weights: {loss:.4f}")

    def _end(self, reason: str, validation_loss: float | None, test_loss: float | None) -> None:
        self.log.append(
            "end",
            **self.learner.position.where(),
            validation_loss=validation_loss,
            test_loss=test_loss,
            reason=reason,
        )

    def _count_time(self) -> None:
        now = time.monotonic()
        self.learner.position.seconds += now - self._began
        self._began = now

    def _log_step(self, meter: Meter, update: Update) -> None:
        progress, position = self.learner.progress(), self.learner.position
        measured = {"learning_rate": update.rate, "gradient_norm": update.norm}
        values = position.where() | measured | meter.read(progress) | {"progress": progress}
        self.log.append("step", **values)
        self.monitor.scalars(position.step, **{"loss/train": values["loss"]}, **measured)
        self.reporter.step(values, progress)

    def _warn(self, message: str) -> None:
        self.reporter.warn(message)
        self.log.append("notice", message=message)

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
