"""Ideas that charlm has not, tried one at a time: is the loss lower than without?

    python -m benchmarks.ideas --ideas charlm plain mogrifier --corpus CORPUS --unit continuous ...

All that is not an option of this script is one of `python -m charlm.train`, and goes to every
training: the text, the size, the budget. Batches, initial weights, schedule, optimiser and clipping
are charlm's own; `charlm` is what it computes natively, `plain` the same in PyTorch, which an idea
changes one thing of (`benchmarks.learners.idea_layers` says what, with its source). The loss is
that of the last weights on the validation part, by 64 readers, in nats per character.

With --teachers, runs of charlm on the same text, `ensemble` is the mean of their probabilities, and
`distilled` a model that learns from it.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from benchmarks.learners.idea_layers import (
    IdeaModel,
    LayerNormed,
    LessZoneout,
    LoopLayer,
    Mogrified,
    Skipped,
    Zoneout,
)
from benchmarks.tables import Table, add_json_option, write_json
from charlm.errors import InputError, run_and_exit
from charlm.options.train_config import LOOP, TrainConfig
from charlm.options.training import parse_options
from charlm.run.checkpoint import load_checkpoint
from charlm.text.vocabulary import PAD
from charlm.train.average import Average
from charlm.train.dataset import Batch
from charlm.train.learner import Learner
from charlm.train.loop import LoopPass
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel, ModelState, detached
from charlm.train.optimiser import make_optimiser
from charlm.train.passes import Learned
from charlm.train.regularise import Regularisers
from charlm.train.tell.reporter import Reporter
from charlm.train.text import load_text, settled, start_id_of

SMOOTHED, TAUGHT = 0.05, 0.5  # shares of the soft targets in the loss
AVERAGED = 0.5  # of the budget, after which weights are averaged


class Softened(LoopPass):
    """Learns from soft targets beside the real ones: label smoothing, whose are all characters
    alike (Szegedy et al. 2016; Mueller et al. 2019), as a part `SMOOTHED` of the loss.
    """

    share = SMOOTHED

    def learn(
        self, model: CharModel, batch: Batch, state: ModelState, step: int, number: int
    ) -> Learned:
        """One batch while learning: see `ModelPass.learn`."""
        result = model.forward_pass(batch.inputs_TB, state)
        loss = masked_cross_entropy(result.logits_TBV, batch.targets_TB, PAD)
        log_probs_TBV = torch.log_softmax(result.logits_TBV, -1)
        soft = -(self.targets(batch, log_probs_TBV) * log_probs_TBV).sum(-1).mean()
        total = (1 - self.share) * loss + self.share * soft
        return Learned(total, loss.item(), detached(result.state))

    def targets(self, batch: Batch, log_probs_TBV: Tensor) -> Tensor:
        """The soft targets, [T, B, V]: probabilities."""
        return torch.full_like(log_probs_TBV, 1 / log_probs_TBV.shape[-1])


class Taught(Softened):
    """Learns from the probabilities of a teacher (Hinton, Vinyals and Dean 2015), as they are."""

    share = TAUGHT

    def __init__(self, options: TrainConfig, teacher: Ensemble) -> None:
        super().__init__(options)
        self._teacher, self._state = teacher, teacher.zero_state(1)

    @torch.no_grad()
    def targets(self, batch: Batch, log_probs_TBV: Tensor) -> Tensor:
        """The soft targets, [T, B, V]: probabilities."""
        if batch.fresh:
            self._state = self._teacher.zero_state(batch.inputs_TB.shape[1])
        told_TBV, self._state = self._teacher(batch.inputs_TB, self._state)
        return cast(Tensor, told_TBV.exp())


class MeanFrom(Average):
    """The mean of all weights from a point on (Polyak and Juditsky 1992), which NT-ASGD (Merity
    et al. 2018) finds by the validation loss; here it is a share `AVERAGED` of the budget.
    """

    def __init__(self, learner: Learner) -> None:
        super().__init__(learner.model, learner.options)
        self._learner, self._count = learner, 0

    @torch.no_grad()
    def update(self, model: CharModel, step: int) -> None:
        """Take in the weights after an update."""
        self._count += self._learner.progress() >= AVERAGED
        for mean, weight in zip(self.model.parameters(), model.parameters(), strict=True):
            mean.lerp_(weight, 1 / max(1, self._count))


class Ensemble(nn.Module):
    """The mean of the probabilities of several models, with the face of a `CharModel`."""

    def __init__(self, runs: Sequence[str], learner: Learner) -> None:
        super().__init__()
        self.models, self.device = nn.ModuleList(), torch.device("cpu")
        for run in runs:
            checkpoint = load_checkpoint(run)
            if checkpoint.vocabulary.characters != learner.vocabulary.characters:
                raise InputError(f"{run} has learned other characters than those of the text")
            model = CharModel(checkpoint.config).eval().requires_grad_(False)
            model.from_tensors(checkpoint.tensors)
            self.models.append(model)

    def zero_state(self, rows: int) -> Any:
        """The state before any text, one per model."""
        return tuple(model.zero_state(rows) for model in self._each())

    def forward(self, ids_TB: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The logarithms of the mean probabilities, [T, B, V], and the state after."""
        told = [model(ids_TB, before) for model, before in zip(self._each(), state, strict=True)]
        log_probs = torch.stack([torch.log_softmax(logits, -1) for logits, _ in told])
        return log_probs.logsumexp(0) - math.log(len(told)), tuple(after for _, after in told)

    def _each(self) -> list[CharModel]:
        return cast(list[CharModel], list(self.models))


@dataclass(frozen=True)
class Idea:
    """What is changed. base: the idea that it is compared with. options: of the training."""

    base: str = "plain"
    layer: type[LoopLayer] = LoopLayer
    options: Mapping[str, Any] = field(default_factory=dict)


_TWO, _CONSTANT = {"layers": 2}, {"schedule": "constant"}
IDEAS = {
    "charlm": Idea(),
    "plain": Idea(),
    "zoneout": Idea(layer=Zoneout),
    "less-zoneout": Idea(layer=LessZoneout),
    "layer-norm": Idea(layer=LayerNormed),
    "mogrifier": Idea(layer=Mogrified),
    "smoothing": Idea(),
    "constant": Idea(options=_CONSTANT),
    "averaged": Idea("constant", options=_CONSTANT),
    "two-layers": Idea(options=_TWO),
    "skip": Idea("two-layers", Skipped, _TWO),
    "ensemble": Idea(),
    "distilled": Idea(),
}
_TAUGHT = ("ensemble", "distilled")


@dataclass(frozen=True)
class Trial:
    """What came of one training. seconds: of the processor, measuring left out."""

    idea: str
    seed: int
    parameters: int
    loss: float
    seconds: float


def learner_of(name: str, options: TrainConfig, teachers: Sequence[str]) -> Learner:
    """What learns by an idea."""
    idea = IDEAS[name]
    options = replace(options, **idea.options)
    if name != "charlm":
        options = replace(options, sequence=LOOP)
    corpus, vocabulary = load_text(options, Reporter())
    options = settled(options, corpus)
    text = replace(corpus.config, start_id=start_id_of(corpus.config, vocabulary))
    learner = Learner(options, corpus, vocabulary, text)
    if name == "charlm":
        return learner
    learner.model = IdeaModel(learner.config, Regularisers.of(options), options.seed, idea.layer)
    learner.optimiser = make_optimiser(options, learner.model)
    if name == "smoothing":
        learner.passes = Softened(options)
    elif name == "averaged":
        learner.average = MeanFrom(learner)
    elif name == "ensemble":
        learner.model = cast(CharModel, Ensemble(teachers, learner))
    elif name == "distilled":
        learner.passes = Taught(options, Ensemble(teachers, learner))
    return learner


def measure(name: str, options: TrainConfig, teachers: Sequence[str]) -> Trial:
    """Train, and measure the last weights."""
    learner = learner_of(name, options, teachers)
    start = time.process_time()
    while name != "ensemble" and learner.progress() < 1:
        learner.step()
    seconds = time.process_time() - start
    part = learner.held_out["validation"]
    loss = learner.loss_of("validation", part.spread(part.targets), lambda _: None)
    return Trial(name, options.seed, learner.parameter_count, loss, seconds)


def table(trials: Sequence[Trial]) -> Table:
    """A line an idea: mean and standard deviation over its seeds, what it differs by."""
    by_idea: dict[str, list[Trial]] = {}
    for trial in trials:
        by_idea.setdefault(trial.idea, []).append(trial)
    means = {name: statistics.mean(t.loss for t in each) for name, each in by_idea.items()}
    rows = []
    for name, each in by_idea.items():
        losses, base = [trial.loss for trial in each], IDEAS[name].base
        spread = f" ± {statistics.stdev(losses):.4f}" if len(losses) > 1 else ""
        less = f"{means[name] - means[base]:+.4f}" if base in means and base != name else ""
        seconds = statistics.mean(trial.seconds for trial in each)
        by_seed = " ".join(f"{loss:.4f}" for loss in losses)
        rows.append([
            name, f"{each[0].parameters:,}", f"{means[name]:.4f}{spread}", less,
            base * bool(less), f"{seconds:.0f}", by_seed,
        ])  # fmt: skip
    columns = ["idea", "parameters", "loss", "difference", "to", "seconds", "by seed"]
    return Table("Validation loss, nats per character", columns, rows)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ideas", description="Ideas that charlm has not, one at a time."
    )
    parser.add_argument("--ideas", nargs="+", choices=IDEAS, default=list(IDEAS), metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3], metavar="N")
    parser.add_argument("--teachers", nargs="+", default=[], metavar="RUN")
    add_json_option(parser, "ideas")
    chosen, given = parser.parse_known_args(arguments)
    options = replace(parse_options(given), threads=1)
    if options.cell != "lstm":
        raise InputError("the ideas are about LSTMs: leave --cell out")
    trials = []
    for name in chosen.ideas:
        if name in _TAUGHT and not chosen.teachers:
            continue
        for seed in chosen.seeds[: 1 if name == "ensemble" else None]:
            trials.append(measure(name, replace(options, seed=seed), chosen.teachers))
            print(trials[-1], flush=True)
    shown = table(trials)
    print(shown)
    figures = [vars(trial) for trial in trials]
    write_json(chosen.json, "ideas", arguments, [shown], figures)


if __name__ == "__main__":
    run_and_exit(main)
