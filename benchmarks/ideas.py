"""Ideas that charlm has not, tried one at a time: is the loss lower than without?

    python -m benchmarks.ideas --ideas charlm plain mogrifier --corpus CORPUS --unit continuous ...

All that is not an option of this script is one of `python -m charlm.train`, and goes to every
training: the text, the size, the budget. Batches, initial weights, schedule, optimiser and clipping
are charlm's own; `charlm` is what it computes natively, `plain` the same in PyTorch, which an idea
changes one thing of (`benchmarks.learners.idea_layers` and `idea_passes` say what, with its
source). The loss is that of the last weights on the validation part, by 64 readers, in nats per
character.

With --teachers, runs of charlm on the same text, `ensemble` is the mean of their probabilities, and
`distilled` a model that learns from it; without, these two are left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from benchmarks.learners.idea_layers import (
    IdeaModel,
    LayerNormed,
    LoopLayer,
    Mogrified,
    Skipped,
    Zoneout,
)
from benchmarks.learners.idea_passes import Ensemble, MeanFrom, Softened, Taught, Watched
from benchmarks.tables import Table, add_json_option, write_json
from charlm.device import CPU
from charlm.errors import InputError, run_and_exit
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import LOOP
from charlm.options.training import parse_options
from charlm.train.learner import Learner
from charlm.train.model import CharModel
from charlm.train.optimiser import make_optimiser
from charlm.train.regularise import Regularisers
from charlm.train.tell.reporter import Reporter
from charlm.train.text import load_text, settled, start_id_of


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
#: What neither every layer nor every pass of an idea knows.
_UNKNOWN = (
    "weight_dropout", "recurrent_dropout", "activation_penalty", "slowness_penalty", "average",
)  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """What came of one training. surplus: see `Watched`. seconds: of a core, updates alone."""

    idea: str
    seed: int
    parameters: int
    loss: float
    surplus: float
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
    part, learner.passes = learner.held_out["validation"], (watched := Watched(options))
    loss = learner.loss_of("validation", part.spread(part.targets), lambda _: None)
    return Trial(name, options.seed, learner.parameter_count, loss, watched.surplus, seconds)


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
            name, f"{each[0].parameters:,}", f"{means[name]:.4f}{spread}", less, base * bool(less),
            f"{statistics.mean(trial.surplus for trial in each):+.3f}", f"{seconds:.0f}", by_seed,
        ])  # fmt: skip
    columns = ["idea", "parameters", "loss", "difference", "to"]
    columns += ["too sure by", "seconds", "by seed"]
    return Table("Validation loss, nats per character", columns, rows)


def check(options: TrainConfig) -> None:
    """Raise InputError for what the ideas are not written for."""
    if (options.cell, options.unit, options.device) != ("lstm", "continuous", CPU):
        raise InputError("the ideas are about LSTMs on the CPU that read --unit continuous")
    for name in _UNKNOWN:
        if getattr(options, name):
            raise InputError(f"the ideas are tried without --{name.replace('_', '-')}")


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
    check(options)
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
    named = [Path(word).name if "/" in word else word for word in arguments]
    write_json(chosen.json, "ideas", named, [shown], figures)


if __name__ == "__main__":
    run_and_exit(main)
