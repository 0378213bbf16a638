"""What a command does that keeps no run: a plan, or a learning rate that is looked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from charlm.errors import InputError
from charlm.options.train_config import TrainConfig
from charlm.run.regular_file import write_atomically
from charlm.train.find_rate import UPDATES, curve_of, default_rate_of, rising
from charlm.train.learner import Learner
from charlm.train.plan import misfit, options_in_words, plan
from charlm.train.tell.rate_curve import picture, told
from charlm.train.tell.reporter import Reporter


def check(options: TrainConfig) -> None:
    """Raise InputError for options that do not go together, before anything is read."""
    if options.resume and (options.dry_run or options.find_rate or options.start_from):
        raise InputError("--dry-run, --find-rate and --from do not go with --resume")
    if options.resume and options.out is not None:
        raise InputError("--out does not go with --resume: a run goes on in its own folder")
    if options.dry_run and options.find_rate:
        raise InputError("--dry-run and --find-rate are two things: give one of them")
    if options.find_rate and options.out:
        _check_picture(options.out)


def _check_picture(out: str) -> None:
    """Raise InputError unless a picture can be written there."""
    if not out.endswith(".svg"):
        raise InputError("--find-rate keeps no run: its --out is a picture, as rates.svg")
    if os.path.lexists(out):
        raise InputError(f"{out} exists already: choose another name (--out)")
    if not Path(out).parent.is_dir():
        raise InputError(f"{Path(out).parent} is no folder that is there (--out)")


def tell_plan(learner: Learner, reporter: Reporter, notices: Sequence[str], since: float) -> int:
    """Say what a training would take, measured by a few of its steps."""
    _introduce(learner, reporter, notices)
    for line in plan(learner, since):
        reporter.line(line)
    message = misfit(learner.parameter_count, learner.corpus.report.parts["train"]["characters"])
    if message:
        reporter.warn(message)
    return 0


def find_rate(learner: Learner, reporter: Reporter, notices: Sequence[str]) -> int:
    """Propose a learning rate, after some updates whose rate rises."""
    _introduce(learner, reporter, notices)
    for name, value in options_in_words(learner.options):
        reporter.line(f"{name}: {value}")
    points = []
    reporter.start()
    try:
        for point in rising(learner):
            points.append(point)
            text = f"learning rate {point.rate:.2g}  loss {point.loss:.3f}"
            reporter.move(len(points) / UPDATES, text)
    finally:
        reporter.close()
    curve, default = curve_of(points), default_rate_of(learner.options)
    for line in told(curve, default):
        reporter.line(line)
    if learner.options.out:
        write_atomically(Path(learner.options.out), picture(curve, default).encode())
        reporter.line(f"picture: {learner.options.out}")
    return 0


def _introduce(learner: Learner, reporter: Reporter, notices: Sequence[str]) -> None:
    """Say what a learner that leaves nothing behind would learn."""
    reporter.corpus(learner.corpus.report)
    for notice in (*learner.corpus.report.notices, *notices):
        reporter.warn(notice)
