"""One training: steps, schedule, evaluations, saving, stopping, going on."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from charlm.checkpoint import LAST, MODEL, Checkpoint, checkpoint_bytes, load_checkpoint
from charlm.config import ModelConfig, TextConfig
from charlm.corpus import Corpus
from charlm.errors import CharlmError, Stopped, TrainingError
from charlm.run_log import RunLog
from charlm.train.dataset import Batch, ExampleBatches, TextDataset, encode
from charlm.train.evaluate import evaluate_examples, evaluate_stream, evaluate_stream_quickly
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel, ModelState, detached
from charlm.train.monitor import Monitor
from charlm.train.reporter import Reporter
from charlm.train.run_folder import RunFolder, is_disk_full
from charlm.train.signals import Signals
from charlm.train.streams import StreamBatches
from charlm.vocabulary import PAD, Vocabulary

_EVALUATIONS = 20  # in a run, evenly over its budget
_FEWEST_STEPS = 25  # between two evaluations
_STEPS_PER_LINE = 10  # of the run log
_SECONDS_BETWEEN_SAVES = 60.0
_LAST_RATE = 0.02  # what is left of the learning rate at the end
_SAMPLE_LENGTH = 200


@dataclass
class Position:
    """How far a run has come. `epoch` and `index` name the next batch.

    `evaluations`: share of the budget at the last one, in `_EVALUATIONS`ths; `evaluated`: its
    step. `best`: the lowest validation loss. `saved_once`: whether there is a best model.
    """

    step: int = 0
    characters: int = 0
    seconds: float = 0.0
    epoch: int = 0
    index: int = 0
    evaluations: int = 0
    evaluated: int = 0
    best: float | None = None
    saved_once: bool = False


class Trainer:
    """Trains one model on one corpus, in one run folder."""

    def __init__(
        self,
        options: Any,
        corpus: Corpus,
        vocabulary: Vocabulary,
        config: ModelConfig,
        text: TextConfig,
        folder: RunFolder,
        reporter: Reporter,
    ) -> None:
        self.options, self.corpus, self.vocabulary = options, corpus, vocabulary
        self.config, self.text, self.folder, self.reporter = config, text, folder, reporter
        torch.manual_seed(options.seed)
        self.model = CharModel(config, options.dropout)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=options.learning_rate, betas=(0.9, 0.99), weight_decay=0.05
        )
        self.batches = _batches(options, corpus, vocabulary, text)
        self.position = Position()
        self.state: ModelState | None = None
        self._began = time.monotonic()
        self._signals = Signals()

    # -- going on ---------------------------------------------------------------------------

    def resume_values(self) -> dict[str, Any]:
        """Everything `resume` needs, as plain values and tensors."""
        self._count_time()
        return {
            "options": vars(self.options),
            "corpus": self.corpus.report.sha256,
            "position": asdict(self.position),
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "state": self.state,
            "random": torch.get_rng_state(),
        }

    def resume(self, values: dict[str, Any]) -> None:
        """Take up where `resume_values` was taken: the same numbers follow."""
        self.position = Position(**values["position"])
        self.model.load_state_dict(values["model"])
        self.optimiser.load_state_dict(values["optimiser"])
        self.state = values["state"]
        torch.set_rng_state(values["random"])

    # -- the run ----------------------------------------------------------------------------

    def run(self, log: RunLog, monitor: Monitor) -> None:
        """Train to the end of the budget. Raises Stopped after saving, TrainingError."""
        self.log, self.monitor = log, monitor
        self._began = time.monotonic()
        with self._signals:
            try:
                self._train()
                self._finish()
            except Stopped as stopped:
                self._save(best=not self.position.saved_once)
                self._end(str(stopped), None, None)
                where = f"step {self.position.step:,} saved in {self.folder.path}"
                raise Stopped(
                    f"{stopped}, {where}: go on with --resume {self.folder.path}",
                    stopped.exit_code - 128,
                ) from None

    def progress(self) -> float:
        """Share of the budget that is used: of the part that runs out first; at most 1."""
        options, position = self.options, self.position
        epochs = position.epoch + position.index / max(1, self.batches.count(position.epoch))
        used = {
            "characters": position.characters,
            "steps": position.step,
            "epochs": epochs,
            "minutes": position.seconds / 60,
        }
        budgets = {name: getattr(options, name) for name in used}
        return min(1.0, max(used[n] / budget for n, budget in budgets.items() if budget))

    def learning_rate(self) -> float:
        """Half a cosine over the budget, from the given rate to `_LAST_RATE` of it."""
        share = _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * self.progress())) / 2
        return float(self.options.learning_rate * share)

    def _train(self) -> None:
        meter = _Meter(self.position.characters, self.progress())
        last_save = time.monotonic()
        while self.progress() < 1:
            self._signals.check()
            rate = self.learning_rate()
            loss, norm = self.step(rate)
            self._count_time()
            meter.add(loss)
            if self.position.step % _STEPS_PER_LINE == 0 or self.progress() >= 1:
                self._log_step(meter, rate, norm)
            if self._is_due():
                self._evaluate()
                last_save = time.monotonic()
            elif time.monotonic() - last_save > _SECONDS_BETWEEN_SAVES:
                self._save(best=False)
                last_save = time.monotonic()

    def _is_due(self) -> bool:
        """Whether it is time to evaluate: at the end, and evenly before, but not all the time."""
        progress, position = self.progress(), self.position
        waited = position.step - position.evaluated >= _FEWEST_STEPS
        return progress >= 1 or (waited and int(progress * _EVALUATIONS) > position.evaluations)

    def step(self, rate: float) -> tuple[float, float]:
        """One update of the weights; returns loss and gradient norm."""
        position = self.position
        batch = self.batches.batch(position.epoch, position.index)
        loss = self._loss(batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.options.clip))
        value = loss.item()
        if not (math.isfinite(value) and math.isfinite(norm)):
            raise TrainingError(
                f"loss is {value}, gradient norm {norm} at step {position.step + 1:,},"
                f" learning rate {rate:.2g}: the last good checkpoint is kept in"
                f" {self.folder.path}; try a lower --learning-rate or --clip"
            )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        position.step += 1
        position.characters += int((batch.targets_TB != PAD).sum())
        position.index += 1
        if position.index >= self.batches.count(position.epoch):
            position.epoch, position.index = position.epoch + 1, 0
        return value, norm

    def _loss(self, batch: Batch) -> torch.Tensor:
        rows = batch.inputs_TB.shape[1]
        fresh = batch.fresh or self.state is None
        state = self.model.zero_state(rows) if fresh else self.state
        assert state is not None
        logits_TBV, state = self.model(batch.inputs_TB, state)
        self.state = detached(state) if self.text.unit == "continuous" else None
        return masked_cross_entropy(logits_TBV, batch.targets_TB, PAD)

    # -- measuring --------------------------------------------------------------------------

    def loss_of(self, part: str, exact: bool) -> float | None:
        """Loss on "validation" or "test"; None when that part is empty."""
        examples = getattr(self.corpus, part)
        if not examples:
            return None
        self.model.eval()
        try:
            with torch.no_grad():
                return self._measure(examples, exact)
        finally:
            self.model.train()

    def _measure(self, examples: Any, exact: bool) -> float:
        start, check = self.text.start_id, self._signals.check
        if self.text.unit != "continuous":
            dataset = TextDataset(examples, self.vocabulary)
            return evaluate_examples(self.model, dataset, start, check)
        ids = encode(examples[0].text, self.vocabulary)
        measure = evaluate_stream if exact else evaluate_stream_quickly
        return measure(self.model, ids, start, check)

    def _evaluate(self) -> None:
        loss = self.loss_of("validation", exact=False)
        position = self.position
        position.evaluations = int(self.progress() * _EVALUATIONS)
        position.evaluated = position.step
        best = loss is None or position.best is None or loss < position.best
        if best:
            position.best = loss
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
        checkpoint = load_checkpoint(self.folder.path / MODEL)
        newest = self.model.to_tensors()
        self.model.from_tensors(checkpoint.tensors)
        validation = self.loss_of("validation", exact=True)
        test = self.loss_of("test", exact=True)
        self.model.from_tensors(newest)
        metrics = dict(checkpoint.metrics) | {"validation_loss": validation, "test_loss": test}
        self._guarded(MODEL, replace(checkpoint, metrics=metrics))
        self._count_time()
        self._end("budget used", validation, test)

    def _end(self, reason: str, validation: float | None, test: float | None) -> None:
        self.log.append(
            "end", **self._where(), validation_loss=validation, test_loss=test, reason=reason
        )

    # -- saving -----------------------------------------------------------------------------

    def _save(self, best: bool, validation_loss: float | None = None) -> None:
        """The newest weights, as the best too if they are, and what resuming needs."""
        checkpoint = Checkpoint(
            self.config,
            self.text,
            self.vocabulary,
            self.model.to_tensors(),
            metrics=self._where() | {"validation_loss": validation_loss, "test_loss": None},
            corpus={
                "name": self.corpus.report.name,
                "sha256": self.corpus.report.sha256,
                "characters": self.corpus.report.characters,
                "split": self.corpus.report.split,
            },
        )
        saved = self._guarded(MODEL, checkpoint) if best else True
        self.position.saved_once |= best and saved
        if saved and self._guarded(LAST, checkpoint):
            self._guarded("resume", None)

    def _guarded(self, name: str, checkpoint: Checkpoint | None) -> bool:
        """Write one file; a full disk is a warning, and the next save tries again."""
        try:
            if checkpoint is None:
                self.folder.save_resume(self.resume_values())
            else:
                self.folder.write(name, checkpoint_bytes(checkpoint)[0])
        except OSError as error:
            if not is_disk_full(error):
                raise
            self.notice(f"{name} was not saved ({error.strerror}): training goes on and tries again")
            return False
        return True

    def notice(self, message: str) -> None:
        """A warning, on the terminal and in the run log."""
        self.reporter.warn(message)
        self.log.append("notice", message=message)

    # -- telling ----------------------------------------------------------------------------

    def _where(self) -> dict[str, Any]:
        position = self.position
        return {
            "step": position.step,
            "characters": position.characters,
            "seconds": round(position.seconds, 3),
        }

    def _count_time(self) -> None:
        now = time.monotonic()
        self.position.seconds += now - self._began
        self._began = now

    def _log_step(self, meter: _Meter, rate: float, norm: float) -> None:
        progress = self.progress()
        values = self._where() | {"learning_rate": rate, "gradient_norm": norm}
        values |= meter.read(self.position.characters, progress) | {"progress": progress}
        self.log.append("step", **values)
        self.monitor.scalars(
            self.position.step,
            **{"loss/train": values["loss"], "learning_rate": rate, "gradient_norm": norm},
        )
        self.reporter.step(values, progress)

    def _sample(self) -> None:
        """A few words by the newest weights, written by the engine; nothing where it is not built."""
        try:
            from charlm.decoding import Sampling
            from charlm.engine import Engine

            engine = Engine.load(self.folder.path / LAST)
            completion = engine.write(
                "", Sampling(temperature=0.8), max_length=_SAMPLE_LENGTH, seed=self.position.step
            )
        except (ImportError, CharlmError):
            return
        self.log.append("sample", step=self.position.step, prompt="", text=completion.text)
        self.reporter.line(completion.text)


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


def _batches(
    options: Any, corpus: Corpus, vocabulary: Vocabulary, text: TextConfig
) -> StreamBatches | ExampleBatches:
    if text.unit == "continuous":
        ids: np.ndarray = encode(corpus.train[0].text, vocabulary)
        return StreamBatches(ids, options.batch, options.length, text.start_id, options.seed)
    dataset = TextDataset(corpus.train, vocabulary)
    return ExampleBatches(dataset, options.batch * options.length, text.start_id, options.seed)
