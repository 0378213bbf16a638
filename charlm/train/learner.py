"""What learns: model, optimiser, batches, and how far they have come."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from charlm.checkpoint import Checkpoint
from charlm.config import ModelConfig, TextConfig
from charlm.corpus import Corpus, Example
from charlm.errors import TrainingError
from charlm.train.dataset import Batch, ExampleBatches, TextDataset, encode
from charlm.train.evaluate import evaluate_examples, evaluate_stream, evaluate_stream_quickly
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel, ModelState, detached
from charlm.train.streams import StreamBatches
from charlm.vocabulary import PAD, Vocabulary

_LAST_RATE = 0.02  # what is left of the learning rate at the end


@dataclass
class Position:
    """How far a run has come. `epoch` and `index` name the next batch.

    `share`: twentieths of the budget used at the last evaluation; `evaluated`: its step.
    `best`: the lowest validation loss. `has_best`: whether a best model was saved.
    `losses`: of the steps that no line of the run log tells of yet.
    """

    step: int = 0
    characters: int = 0
    seconds: float = 0.0
    epoch: int = 0
    index: int = 0
    share: int = 0
    evaluated: int = 0
    best: float | None = None
    has_best: bool = False
    losses: list[float] = field(default_factory=list)

    def where(self) -> dict[str, Any]:
        """How far, as the run log and a checkpoint tell it."""
        seconds = round(self.seconds, 3)
        return {"step": self.step, "characters": self.characters, "seconds": seconds}


class Learner:
    """One model learning one corpus, a step at a time."""

    def __init__(
        self,
        options: Any,
        corpus: Corpus,
        vocabulary: Vocabulary,
        config: ModelConfig,
        text: TextConfig,
    ) -> None:
        self.options, self.corpus, self.vocabulary = options, corpus, vocabulary
        self.config, self.text = config, text
        torch.manual_seed(options.seed)
        self.model = CharModel(config, options.dropout)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=options.learning_rate, betas=(0.9, 0.99), weight_decay=0.05
        )
        self.batches = self._batches()
        self.position = Position()
        self.state: ModelState | None = None

    def checkpoint(self, metrics: dict[str, Any]) -> Checkpoint:
        """The weights as they are now, as a model to write with."""
        report = self.corpus.report
        corpus = {
            "name": report.name,
            "sha256": report.sha256,
            "characters": report.characters,
            "split": report.split,
        }
        tensors = self.model.to_tensors()
        return Checkpoint(self.config, self.text, self.vocabulary, tensors, metrics, corpus)

    def resume_values(self) -> dict[str, Any]:
        """Everything `resume` needs, as plain values and tensors."""
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

    def progress(self) -> float:
        """Share of the budget that is used: of the part that runs out first; at most 1."""
        options, position = self.options, self.position
        used = {
            "characters": position.characters,
            "steps": position.step,
            "epochs": position.epoch + position.index / self.batches.count(position.epoch),
            "minutes": position.seconds / 60,
        }
        budgets = {name: getattr(options, name) for name in used}
        return float(min(1.0, max(used[n] / budget for n, budget in budgets.items() if budget)))

    def learning_rate(self) -> float:
        """Half a cosine over the budget, from the given rate to `_LAST_RATE` of it."""
        share = _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * self.progress())) / 2
        return float(self.options.learning_rate * share)

    def step(self) -> tuple[float, float, float]:
        """One update of the weights; returns loss, gradient norm and learning rate."""
        position, rate = self.position, self.learning_rate()
        batch = self.batches.batch(position.epoch, position.index)
        loss = self._loss(batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.options.clip))
        if not (math.isfinite(loss.item()) and math.isfinite(norm)):
            raise TrainingError(
                f"loss is {loss.item()}, gradient norm {norm} at step {position.step + 1:,} with"
                f" learning rate {rate:.2g}: what was saved before stays; try a lower"
                " --learning-rate or --clip"
            )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        position.losses.append(loss.item())
        position.step += 1
        position.characters += int((batch.targets_TB != PAD).sum())
        position.index += 1
        if position.index >= self.batches.count(position.epoch):
            position.epoch, position.index = position.epoch + 1, 0
        return loss.item(), norm, rate

    def loss_of(self, part: str, exact: bool, check: Callable[[], None]) -> float | None:
        """Loss on "validation" or "test"; None when that part is empty."""
        examples = getattr(self.corpus, part)
        if not examples:
            return None
        self.model.eval()
        try:
            return self._measure(examples, exact, check)
        finally:
            self.model.train()

    def _loss(self, batch: Batch) -> torch.Tensor:
        if batch.fresh or self.state is None:
            self.state = self.model.zero_state(batch.inputs_TB.shape[1])
        logits_TBV, state = self.model(batch.inputs_TB, self.state)
        self.state = detached(state)
        return masked_cross_entropy(logits_TBV, batch.targets_TB, PAD)

    def _measure(
        self, examples: Sequence[Example], exact: bool, check: Callable[[], None]
    ) -> float:
        start = self.text.start_id
        if self.text.unit != "continuous":
            dataset = TextDataset(examples, self.vocabulary)
            return evaluate_examples(self.model, dataset, start, check)
        ids = encode(examples[0].text, self.vocabulary)
        measure = evaluate_stream if exact else evaluate_stream_quickly
        return measure(self.model, ids, start, check)

    def _batches(self) -> StreamBatches | ExampleBatches:
        options, start = self.options, self.text.start_id
        if self.text.unit == "continuous":
            ids = encode(self.corpus.train[0].text, self.vocabulary)
            return StreamBatches(ids, options.batch, options.length, start, options.seed)
        dataset = TextDataset(self.corpus.train, self.vocabulary)
        return ExampleBatches(dataset, options.batch * options.length, start, options.seed)
