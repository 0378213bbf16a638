"""One training: when to evaluate, save, log, wait, stop and go on."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import replace

from charlm.errors import Stopped, TrainingError
from charlm.run.control import Act, Control
from charlm.run.layout import LAST
from charlm.train.distributed import RankLost
from charlm.train.keep.folder import RunFolder
from charlm.train.keep.saver import Saver
from charlm.train.keep.signals import Signals
from charlm.train.learner import Learner, Update
from charlm.train.measuring import FEWEST_STEPS, Measurer, exploding
from charlm.train.place import lacks_memory
from charlm.train.schedule import after_evaluation
from charlm.train.tell.meter import Meter
from charlm.train.tell.teller import Teller
from charlm.train.tell.texts import TextWriter

_RISEN = 0.5  # nats, at least, by which the loss of a step is above the lowest
#: Why a run ended that came to its end.
BUDGET_USED, STALE = "budget used", "no better in"
_STEPS_PER_LINE = 10  # of the run log
STEPS_PER_PROBE = 100  # and a probe of the first step
_SECONDS_BETWEEN_SAVES = 60.0
_SECONDS_BETWEEN_LOOKS = 0.1  # while it is paused


class _StopAsked(Exception):
    """The control file asked for the end of the training."""


class Trainer:
    """Takes a learner through its budget, in one run folder."""

    def __init__(
        self, learner: Learner, folder: RunFolder, teller: Teller, since: float | None = None
    ) -> None:
        """`since`: from when on the minutes of a budget count, on the monotonic clock."""
        self.learner, self.folder, self.tell = learner, folder, teller
        self.saver = Saver(learner, folder, teller.notice)
        self.texts = TextWriter(folder.path / LAST)
        self._control = Control(folder.path)
        self._since = time.monotonic() if since is None else since
        self._began = time.monotonic()
        self._explodes = False
        self._loss, self._lowest = 0.0, math.inf  # of a step: the last, the lowest
        self._evaluated_at = learner.position.seconds

    def run(self) -> None:
        """Train to the end of the budget. Raises Stopped after saving, TrainingError."""
        self._began = time.monotonic()
        ranks = self.learner.ranks
        with Signals(lambda: ranks.signalled) as self._signals:
            self.measurer = Measurer(self.learner, self._signals.check)
            try:
                self._train_or_stop()
            except Stopped:
                raise
            except RankLost as lost:
                self.tell.end(self.learner.position, str(lost))
                raise RankLost(
                    f"{lost}: go on from its last save with --resume {self.folder.path}"
                ) from None
            except Exception as error:
                self._rescue(error)
                raise
            finally:
                self.texts.close()

    def _train_or_stop(self) -> None:
        try:
            self._train()
            self._finish()
        except Stopped as stopped:
            saved = self._stop(str(stopped))
            raise Stopped(f"{stopped}, {saved}", stopped.exit_code - 128) from None
        except _StopAsked:
            self.tell.line(self._stop("stopped by the control file"))

    def _train(self) -> None:
        learner, position = self.learner, self.learner.position
        self.measurer.keep_time(self._since)
        meter = Meter(position, learner.progress())
        if position.step == 0:
            self.saver.save_resume()  # so that a run killed before its first save can go on
        last_save = time.monotonic()
        # It was counted in a smaller budget when a run goes on with a larger one.
        position.share = min(position.share, self._share())
        if self._is_due():  # it was stopped while it evaluated
            self._evaluate()
        while learner.progress() < 1 and not self._is_stale():
            self._look_outside()
            update = learner.step(closely=self._is_probed(position.step + 1))
            self._loss, self._lowest = update.loss, min(self._lowest, update.loss)
            self._count_time()
            self._log_step(meter, update)
            if self._is_due():
                self._evaluate()
                last_save = time.monotonic()
            elif time.monotonic() - last_save > _SECONDS_BETWEEN_SAVES:
                self.saver.save(best=False)
                last_save = time.monotonic()

    def _is_probed(self, step: int) -> bool:
        return step == 1 or step % STEPS_PER_PROBE == 0

    def _is_due(self) -> bool:
        """Whether it is time to evaluate: at the end, and evenly before, but not all the time."""
        position = self.learner.position
        steps = position.step - position.evaluated
        if self.learner.progress() >= 1:
            return steps > 0
        due = steps >= FEWEST_STEPS and self._share() > position.share
        return due and self.measurer.is_worth_it(position.seconds - self._evaluated_at)

    def _is_stale(self) -> bool:
        patience = self.learner.options.patience
        return patience is not None and self.learner.position.stale >= patience

    def _share(self) -> int:
        return int(self.learner.progress() * self.learner.options.evaluations)

    def _look_outside(self) -> None:
        """Look at signals, the control file, and texts that were finished."""
        self._signals.check()
        for text in self.texts.ready():
            self.tell.text(text)
        for act in self._control.new():
            self._do(act)

    def _do(self, act: Act) -> None:
        position = self.learner.position
        if act.error:
            self.tell.notice(f"control file: {act.error}")
            return
        self.tell.act(position, act)
        if act.name == "stop":
            raise _StopAsked
        if act.name == "learning_rate" and act.value is not None:
            self.learner.options = replace(self.learner.options, learning_rate=act.value)
        elif act.name == "pause":
            self._pause()

    def _pause(self) -> None:
        self.saver.save(best=False)
        while True:
            self.learner.ranks.wait()
            self._signals.check()
            for act in self._control.new():
                self._do(act._replace(error="it is paused already") if act.name == "pause" else act)
                if act.name == "resume":
                    self._began = time.monotonic()
                    return
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            self._began = time.monotonic()

    def _evaluate(self) -> None:
        loss = self.measurer.measure_sample()
        position = self.learner.position
        position.share, position.evaluated = self._share(), position.step
        wrong = ""
        if loss is not None:
            wrong = exploding(loss, position.best, len(self.learner.vocabulary))
        best = self.saver.is_best(loss)
        after_evaluation(self.learner.options, position, best)
        self._count_time()
        self._evaluated_at = position.seconds
        self.tell.evaluation(position, loss, best)
        saved = self.saver.save(best, loss)
        self.tell.evaluated(position, loss, best, saved)
        self._warn_of(wrong if self._rises() else "")
        if self.learner.options.texts:
            self.texts.ask(position.step)

    def _rises(self) -> bool:
        """Whether learning itself goes wrong: the training loss rises too."""
        return self._loss > self._lowest + max(self._lowest, _RISEN)

    def _warn_of(self, wrong: str) -> None:
        """Log once that the training explodes. Raises TrainingError if that is to end it."""
        if wrong and self.learner.options.stop_exploding:
            raise TrainingError(f"{wrong}: try a lower --learning-rate or --clip")
        if wrong and not self._explodes:
            self.tell.notice(
                f"{wrong}: the training explodes; try a lower --learning-rate or --clip"
                " (--stop-exploding ends such a run)"
            )
        self._explodes = bool(wrong)

    def _finish(self) -> None:
        """Measure the best weights exactly, and store the numbers with them."""
        best = self.saver.best()
        measured = self.measurer.measure_end(best.tensors, self.tell.measuring)
        losses = {
            f"{part}_loss": measured[part].loss if part in measured else None
            for part in ("validation", "test")
        }
        approximate = {f"{part}_loss": m.lacks for part, m in measured.items() if m.lacks}
        self.saver.finish(best, losses | ({"approximate": approximate} if approximate else {}))
        if lost := self.saver.lost():
            raise TrainingError(lost)
        self._count_time()
        for text in self.texts.rest():
            self.tell.text(text)
        position = self.learner.position
        stale = f"{STALE} {position.stale} evaluations"
        reason = stale if self._is_stale() else BUDGET_USED
        self.tell.end(position, reason, losses, approximate)

    def _stop(self, reason: str) -> str:
        """Save and log the end; returns how to go on. Raises TrainingError."""
        position = self.learner.position
        self._count_time()
        self.saver.save(best=not self.saver.has_best)
        if lost := self.saver.lost():
            raise TrainingError(f"{reason}; {lost}")
        self.tell.end(position, reason)
        return f"step {position.step:,} saved: go on with --resume {self.folder.path}"

    def _rescue(self, error: Exception) -> None:
        """Save what was learned before an error ended the training, and log the reason."""
        position, saved = self.learner.position, False
        if self.learner.whole:
            with contextlib.suppress(Exception):  # the first error is the one that is reported
                self.saver.save(best=not self.saver.has_best)
                saved = not self.saver.lost()
        reason = "out of memory" if lacks_memory(error) else str(error) or type(error).__name__
        self.tell.end(position, reason)
        if saved:
            self.tell.line(f"step {position.step:,} saved: go on with --resume {self.folder.path}")

    def _count_time(self) -> None:
        now = time.monotonic()
        self.learner.position.seconds += now - self._began
        self._began = now

    def _log_step(self, meter: Meter, update: Update) -> None:
        position, progress = self.learner.position, self.learner.progress()
        if update.probe is not None:
            self.tell.probe(position, update.probe)
        if position.step % _STEPS_PER_LINE and progress < 1:
            return
        values = {
            "learning_rate": update.rate,
            "gradient_norm": update.norm,
            "clipped_norm": min(update.norm, self.learner.options.clip),
        }
        self.tell.step(position, values | meter.read(progress) | {"progress": progress})
