"""What a training says before it begins: what will learn what, and by which command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from charlm.device import CPU
from charlm.options.train_config import TrainConfig
from charlm.options.types import AUTO
from charlm.run.log import RunLog
from charlm.text.ngram import Baseline
from charlm.text.parts import parse_split
from charlm.train.learner import Learner
from charlm.train.plan import misfit, options_in_words
from charlm.train.tell.reporter import Reporter
from charlm.wording import counted


def announce(learner: Learner, path: Path, reporter: Reporter, log: RunLog, command: str) -> None:
    """Log what is about to be trained on what, and report it."""
    report, config = learner.corpus.report, learner.config
    elsewhere = "" if learner.place.name == CPU else f", on {learner.place}"
    reporter.corpus(report)
    reporter.line(
        f"{config.cell} of {config.hidden_size} x {config.layers},"
        f" {learner.parameter_count:,} parameters, learning rate"
        f" {learner.options.learning_rate:g}{elsewhere}, into {path}"
    )
    for name, value in options_in_words(learner.options):
        if AUTO in value:
            reporter.line(f"{name}: {value}")
    log.append(
        "start",
        run=path.name,
        step=learner.position.step,
        command=command,
        model=asdict(config),
        text=asdict(learner.text),
        parameters=learner.parameter_count,
        learning_rate=learner.options.learning_rate,
        device=learner.options.device,
        precision=learner.options.precision,
        sequence=learner.options.sequence,
        proposed={name: getattr(learner.options, name) for name in learner.options.proposed},
        corpus=report.as_values(),
    )
    for notice in report.notices:
        warn(reporter, log, notice)
    for part in ("validation", "test"):
        if getattr(parse_split(report.split), part) and not getattr(learner.corpus, part):
            warn(reporter, log, f"the text is too short for a {part} part: no {part} loss")
    message = misfit(learner.parameter_count, report.parts["train"]["characters"])
    if message:
        warn(reporter, log, message)


def log_baseline(baseline: Baseline, reporter: Reporter, log: RunLog) -> None:
    """Log the losses that a model has to beat."""
    scored = baseline.scored
    part = f" of {counted(scored, 'character')} spread over the part" if scored else ""
    reporter.line(
        f"to beat: {baseline.unigram:.4f} by counting characters, {baseline.ngram:.4f} by counting"
        f" {baseline.order}-grams (validation loss{part})"
    )
    log.append("baseline", **baseline._asdict())


def _paths(options: TrainConfig) -> list[str | None]:
    corpus: Sequence[str] = options.corpus or ()
    return [
        *corpus, options.validation, options.cache, options.out, options.resume, options.start_from
    ]  # fmt: skip


def command_line(arguments: Sequence[str], options: TrainConfig) -> str:
    """The command as it was typed, without folders, so that a run log can be given away."""
    words = list(arguments)
    for path in _paths(options):
        if path and path != "-":
            words = [word.replace(path, Path(path).name or path) for word in words]
    return shlex.join(["python", "-m", "charlm.train", *words])


def warn(reporter: Reporter, log: RunLog, message: str) -> None:
    """Report and log a notice before there is a Teller."""
    reporter.warn(message)
    log.append("notice", message=message)
