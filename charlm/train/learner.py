"""What learns: model, optimiser, batches, and how far they have come."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from charlm.device import CPU
from charlm.errors import TrainingError
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import NATIVE
from charlm.run.checkpoint import Checkpoint
from charlm.text.config import TextConfig
from charlm.text.corpus import Corpus
from charlm.text.vocabulary import PAD, Vocabulary
from charlm.train.average import Average
from charlm.train.dataset import Batch, ExampleBatches, TextDataset
from charlm.train.distributed import ALONE, Ranks
from charlm.train.evaluate import OnMeasured, Pieces, added, mean_of
from charlm.train.fine_tune import begin_with
from charlm.train.held_out import HeldOut, Selection
from charlm.train.loop import LoopPass
from charlm.train.model import CharModel, ModelState
from charlm.train.native import NativePass
from charlm.train.optimiser import clip, make_optimiser, remember, remembered
from charlm.train.passes import Learned, ModelPass
from charlm.train.place import Place, lacks_memory
from charlm.train.position import Position
from charlm.train.probe import Probe
from charlm.train.regularise import Regularisers
from charlm.train.saved import Saved, check_index, check_state, misfit
from charlm.train.schedule import learning_rate
from charlm.train.split import own_rows, own_state, whole_state
from charlm.train.streams import StreamBatches


class Update(NamedTuple):
    """What one update measured: its loss, the norm of its gradient before clipping, its rate."""

    loss: float
    norm: float
    rate: float
    probe: Probe | None = None


class Learner:
    """One model learning one corpus, a step at a time."""

    def __init__(
        self,
        options: TrainConfig,
        corpus: Corpus,
        vocabulary: Vocabulary,
        text: TextConfig,
        tensors: Mapping[str, np.ndarray] | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        """`tensors`: weights to begin with, of a model that may know fewer characters.

        `ranks`: the processes that learn together. Where there are others, rank 0 is asked for
        steps and losses, and they follow it (`charlm.train.following`).
        """
        self.ranks = ranks
        self.options, self.corpus, self.vocabulary = options, corpus, vocabulary
        self.config, self.text = options.model(len(vocabulary)), text
        self.place = Place(options)
        self.place.begin(options.seed)
        self.model = CharModel(
            self.config, Regularisers.of(options), options.seed, self.place.by_layers
        )
        native = options.sequence == NATIVE
        self.passes: ModelPass = NativePass(self.config, options) if native else LoopPass(options)
        if tensors is not None:
            begin_with(self.model, tensors)
        self.model.to(self.place.device)
        self.batches = self._batches()
        parts = {"validation": corpus.validation, "test": corpus.test}
        self.held_out = {n: HeldOut(part, vocabulary, text) for n, part in parts.items() if part}
        self.optimiser = make_optimiser(options, self.model)
        self.average = Average(self.model, options) if options.average else None
        self.position = Position()
        self.state: ModelState | None = None
        self.kept_back = 0.0  # seconds of a budget of minutes that are not for learning
        self.whole = True  # False once a step has failed in the middle of changing the weights

    @property
    def parameter_count(self) -> int:
        """How many numbers are learned; tied weights count once."""
        return sum(weight.numel() for weight in self.model.parameters())

    def checkpoint(self, metrics: dict[str, Any]) -> Checkpoint:
        """The weights as they are now, averaged if they are to be, as a model to write with."""
        report = self.corpus.report
        corpus = {
            "name": report.name,
            "sha256": report.sha256,
            "characters": report.characters,
            "split": report.split,
        }
        tensors = self._shown().to_tensors()
        return Checkpoint(self.config, self.text, self.vocabulary, tensors, metrics, corpus)

    def resume_values(self) -> Saved:
        """Gather everything that `resume` needs."""
        return {
            "options": self.options.plain(),
            "corpus": self.corpus.report.sha256,
            "vocabulary": list(self.vocabulary.characters),
            "start_id": self.text.start_id,
            "position": asdict(self.position),
            "model": self.model.state_dict(),
            "optimiser": remembered(self.optimiser),
            "average": self.average.model.state_dict() if self.average else None,
            "state": self._whole_state(),
            "random": self.place.random(),
        }

    def resume(self, values: Saved) -> None:
        """Take up where `resume_values` was taken: the same numbers follow.

        Raises InputError when the values are not those of such a model.
        """
        try:
            self.position = Position.of(values["position"])
            check_index(self.position, self.batches.count(self.position.epoch))
            if isinstance(self.batches, StreamBatches):  # examples begin afresh
                check_state(values["state"], self.model.zero_state(self.batches.rows))
            self.model.load_state_dict(values["model"])
            remember(self.optimiser, self.options.optimiser, values["optimiser"])
            if self.average and values["average"]:
                self.average.model.load_state_dict(values["average"])
            self.state = self.place.state(own_state(self.ranks, values["state"]))
            before, seed = values["options"].get("device", CPU), self.options.seed
            self.place.go_on(values["random"], before, seed + self.position.step)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            if lacks_memory(error):
                raise
            raise misfit(" ".join(str(error).split())[:200]) from None

    def progress(self, options: TrainConfig | None = None) -> float:
        """Share of the budget that is used: of the part that runs out first; at most 1.

        Of the budget of other options, if any are given.
        """
        options, position = options or self.options, self.position
        epochs = position.epoch + position.index / self.batches.count(position.epoch)
        minutes = options.minutes and options.minutes - self.kept_back / 60
        used_of = (
            (position.characters, options.characters),
            (position.step, options.steps),
            (epochs, options.epochs),
            (position.seconds / 60, minutes),
        )
        return float(min(1.0, max(used / budget for used, budget in used_of if budget)))

    def step(self, closely: bool = False) -> Update:
        """One update of the weights, by the gradient of `accumulate` batches together.

        `closely`: with a probe of it, which changes nothing.
        """
        rate = learning_rate(self.options, self.position, self.progress())
        self.ranks.order("step", rate)
        return self.step_at(rate, closely)

    def step_at(self, rate: float, closely: bool = False) -> Update:
        """Take part in an update at this rate.

        A step that fails before it changes the weights is taken back, so that the learner can be
        saved as it was between two steps.
        """
        position, state, random = self.position, self.state, self.place.random()
        epoch, index = position.epoch, position.index
        try:
            update = self._step(rate, closely)
        except BaseException:
            position.epoch, position.index, self.state = epoch, index, state
            self.place.set_random(random)
            raise
        self.whole = True
        return update

    def _step(self, rate: float, closely: bool) -> Update:
        probe = Probe(self.passes) if closely else None
        batches, counts = list[Batch](), list[int]()

        def learn() -> list[float]:
            whole = [self._next_batch() for _ in range(self.options.accumulate)]
            counts.extend(int((batch.targets_TB != PAD).sum()) for batch in whole)
            batches.extend(own_rows(self.ranks, batch) for batch in whole)
            if probe:
                probe.before_batch(self.model, batches[0], self._state_before(batches[0]))
            return [self._gradient(batches, counts)]

        (total,) = self.ranks.add_up(1, learn)
        self.ranks.add_up_gradients(self.model.parameters())
        if probe:
            self._look(probe.before_clipping)
        norm = clip(self.options, self.model)
        self._check(total, norm, rate)
        if probe:
            self._look(probe.before_update)
        self._update(rate * self._length_share(batches))
        if probe:
            probe.after_update(self.model)
        self.position.losses.append(total)
        self.position.characters += sum(counts)
        return Update(total, norm, rate, probe)

    def _look(self, look: Callable[[CharModel], None]) -> None:
        """Have a probe look. Where that fails the other processes, which have none, went on."""
        self.whole = self.ranks.size == 1
        look(self.model)
        self.whole = True

    def _gradient(self, batches: Sequence[Batch], counts: Sequence[int]) -> float:
        """Make the gradient of batches with so many real targets; returns their mean loss."""
        self.optimiser.zero_grad(set_to_none=True)
        total = 0.0
        for number, (batch, count) in enumerate(zip(batches, counts, strict=True)):
            share = count / sum(counts)
            learned = self._learn(batch, number)
            (learned.total * share).backward()
            total += learned.loss * share
        return total

    def loss_of(
        self,
        part: str,
        selection: Selection,
        on_measured: OnMeasured,
        tensors: Mapping[str, np.ndarray] | None = None,
    ) -> float:
        """Measure the loss on a selection of a part, "validation" or "test", that is not empty.

        `tensors`: the weights to measure; without, those that a checkpoint would have.
        """
        self.ranks.order("measure", part, selection, tensors)
        with contextlib.closing(self.pieces(part, selection, tensors)) as pieces:
            return mean_of(added(self.ranks, pieces), on_measured)

    def pieces(
        self, part: str, selection: Selection, tensors: Mapping[str, np.ndarray] | None
    ) -> Pieces:
        """Measure this process's part of what `loss_of` is asked for."""
        model = self._shown()
        if tensors is not None:
            model = copy.deepcopy(model)
            model.from_tensors(tensors)
        model.eval()
        try:
            yield from self.held_out[part].pieces(model, selection, self.passes, self.ranks)
        finally:
            model.train()

    def _shown(self) -> CharModel:
        """The model that is measured and saved."""
        return self.average.model if self.average else self.model

    def _next_batch(self) -> Batch:
        position = self.position
        batch = self.batches.batch(position.epoch, position.index)
        position.index += 1
        if position.index >= self.batches.count(position.epoch):
            position.epoch, position.index = position.epoch + 1, 0
        return batch

    def _learn(self, batch: Batch, number: int) -> Learned:
        """Take a batch through the model; the state is carried on."""
        before, step = self._state_before(batch), self.position.step
        learned = self.passes.learn(self.model, batch, before, step, number)
        self.state = learned.state
        return learned

    def _state_before(self, batch: Batch) -> ModelState:
        if batch.fresh or self.state is None:
            return self.model.zero_state(batch.inputs_TB.shape[1])
        return self.state

    def _check(self, loss: float, norm: float, rate: float) -> None:
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise TrainingError(
                f"loss is {loss}, gradient norm {norm} at step {self.position.step + 1:,} with"
                f" learning rate {rate:.2g}: what was saved before stays; try a lower"
                " --learning-rate or --clip"
            )

    def _length_share(self, batches: list[Batch]) -> float:
        """The factor by which the rate of short batches is lowered: they say less."""
        if not self.options.random_length:
            return 1.0
        times = sum(len(batch.inputs_TB) for batch in batches)
        return times / float(len(batches) * self.options.length)

    def _whole_state(self) -> ModelState | None:
        self.ranks.order("state")
        return self.gather_state()

    def gather_state(self) -> ModelState | None:
        """What is carried between batches, of the rows of every rank; examples carry nothing."""
        if self.ranks.size == 1:
            return self.state
        rows = self.batches.rows if isinstance(self.batches, StreamBatches) else 0
        return whole_state(self.ranks, rows, self.state)

    def _update(self, rate: float) -> None:
        self.whole = False
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.position.step += 1
        if self.average:
            self.average.update(self.model, self.position.step)

    def _batches(self) -> StreamBatches | ExampleBatches:
        options, start = self.options, self.text.start_id
        if self.text.unit == "continuous":
            ids = self.corpus.train.ids(self.vocabulary)
            return StreamBatches(
                ids, options.batch, options.length, start, options.seed, options.random_length
            )
        dataset = TextDataset(self.corpus.train, self.vocabulary)
        return ExampleBatches(dataset, options.batch * options.length, start, options.seed)
