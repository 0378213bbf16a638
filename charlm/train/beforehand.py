"""What a command does that keeps no run: a plan, or a learning rate that is looked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from charlm.device import AUTO, CPU, TORCH_CPU, choose_device
from charlm.errors import InputError
from charlm.options.train_config import TrainConfig
from charlm.run.regular_file import write_atomically
from charlm.text.files import pipe_in
from charlm.train.find_rate import UPDATES, curve_of, default_rate_of, rising
from charlm.train.keep.signals import Signals
from charlm.train.learner import Learner
from charlm.train.plan import misfit, options_in_words, plan
from charlm.train.tell.rate_curve import picture, told
from charlm.train.tell.reporter import Reporter
from charlm.wording import shortened


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


def check_together(options: TrainConfig) -> None:
    """Raise InputError for options that several processes cannot follow."""
    if pipe := pipe_in([*(options.corpus or ()), options.validation]):
        what = "standard input" if pipe == "-" else f"{shortened(pipe)} is a pipe, which"
        raise InputError(
            f"{what} is read by one process alone, and there are several: write the text into a"
            " file, and give that (--corpus FILE)"
        )
    device = choose_device(AUTO).name if options.device == AUTO else options.device
    if device not in (CPU, TORCH_CPU):
        raise InputError(
            f"--device {device} is for one process: several train on the CPU alone so far (--device"
            f" {CPU})"
        )


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
    several = learner.ranks.size > 1  # none of which may stop in the middle of an exchange
    with Signals(lambda: learner.ranks.signalled) if several else nullcontext() as signals:
        for line in plan(learner, since):
            if signals:
                signals.check()
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
        with Signals(lambda: learner.ranks.signalled) as signals:
            for point in rising(learner):
                signals.check()
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
