"""The training command: from options to a run, new or resumed."""

from __future__ import annotations

import ctypes
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from charlm.device import choose_device
from charlm.errors import CharlmError, InputError, TrainingError
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import LOOP, OPTIONS
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import RUN_LOG
from charlm.run.log import RunLog, rewind
from charlm.run.places import find_run
from charlm.text.config import TextConfig
from charlm.text.corpus import Corpus
from charlm.text.ngram import Baseline, measure_baseline
from charlm.text.vocabulary import Vocabulary
from charlm.train.beforehand import check, check_together, find_rate, tell_plan
from charlm.train.distributed import ALONE, Ended, Ranks
from charlm.train.fine_tune import extended, options_from
from charlm.train.following import check_alike, follow
from charlm.train.going_on import (
    device_change,
    is_over,
    rate_change,
    resumed_options,
    text_again,
    without_places,
)
from charlm.train.keep.folder import RunFolder
from charlm.train.learner import Learner
from charlm.train.place import lacks_memory
from charlm.train.saved import Saved, check_model
from charlm.train.tell.announce import announce, command_line, log_baseline, warn
from charlm.train.tell.monitor import Monitor
from charlm.train.tell.reporter import Reporter
from charlm.train.tell.teller import Teller
from charlm.train.text import load_text, settled, start_id_of
from charlm.train.trainer import Trainer
from charlm.train.turns import in_turn
from charlm.wording import counted

_LONGEST_MESSAGE = 300


def train(
    options: TrainConfig,
    arguments: Sequence[str],
    reporter: Reporter | None = None,
    ranks: Ranks = ALONE,
) -> int:
    """Train as the options say; `arguments` are what they were parsed from. Raises CharlmError.

    ranks: the processes that train together. All of them prepare; then rank 0 trains, and the
    others follow it until it ends: they raise Ended.
    """
    begin, since = _resume if options.resume else _start, time.monotonic()
    reporter = reporter or Reporter()
    device, notice = choose_device(options.device)
    if notice:
        reporter.warn(notice)
    try:
        return begin(replace(options, device=device), arguments, reporter, since, ranks)
    except (CharlmError, Ended, OSError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, torch.OutOfMemoryError):
            cure = f"make {_what_is_large(options)} smaller, or take --device cpu"
            message = f"out of memory on the device: {cure}"
        elif lacks_memory(error):
            message = f"out of memory: make {_what_is_large(options)} smaller"
        else:
            reason = " ".join(str(error).split())[:_LONGEST_MESSAGE]
            message = f"{type(error).__name__}: {reason} (--debug shows where)"
        raise TrainingError(message) from error


def _what_is_large(options: TrainConfig) -> str:
    """The options that make a step large: one long example is a batch by itself."""
    if options.unit != "continuous" and options.max_length > options.batch * options.length:
        return f"--max-length ({options.max_length:,} of one example)"
    return "--hidden, --layers, --batch or --length"


def _start(
    options: TrainConfig,
    arguments: Sequence[str],
    reporter: Reporter,
    since: float,
    ranks: Ranks,
) -> int:
    checkpoint = None
    ranks.first(lambda: check(options))
    if options.start_from:
        checkpoint = ranks.first(lambda: load_checkpoint(options.start_from or ""))
        options = ranks.agree(
            lambda: replace(options_from(arguments, checkpoint), device=options.device)
        )
    # Before any folder is made.
    corpus, vocabulary = in_turn(ranks, reporter, lambda: load_text(options, reporter))
    options = settled(options, corpus)
    text = replace(corpus.config, start_id=start_id_of(corpus.config, vocabulary))
    tensors, notices = None, []
    if checkpoint is not None:
        vocabulary, new = extended(checkpoint.vocabulary, vocabulary)
        text, tensors = replace(text, start_id=checkpoint.text.start_id), checkpoint.tensors
        if new:
            verb = "is" if len(new) == 1 else "are"
            notice = f"{counted(len(new), 'character')} {verb} new to the model"
            notices.append(f"{notice}: {''.join(new)}")
    learner = ranks.agree(lambda: _learner(options, corpus, vocabulary, text, tensors, ranks))
    check_alike(learner)
    if ranks.rank:
        follow(learner)
    if options.dry_run:
        return tell_plan(learner, reporter, notices, since)
    if options.find_rate:
        return find_rate(learner, reporter, notices)
    baseline = measure_baseline(corpus, vocabulary, text.start_id)
    name = options.corpus[0] if options.corpus else "python"
    with RunFolder.begin(options.out, name, options.cell) as folder:
        if folder.begins_anew:
            notices.append(f"the training in {folder.path} had saved nothing: it begins anew")
        return _train(learner, arguments, folder, reporter, notices, since, baseline)


def _resume(
    options: TrainConfig,
    arguments: Sequence[str],
    reporter: Reporter,
    since: float,
    ranks: Ranks,
) -> int:
    ranks.first(lambda: check(options))
    if ranks.rank:
        follow(_resumed(ranks.share(), arguments, reporter, ranks))
    with RunFolder.open(Path(options.resume or "")) as folder:
        values = folder.load_resume()
        if folder.stranger:
            values = without_places(values, folder.stranger, options)
        values = ranks.share(values)
        learner = _resumed(values, arguments, reporter, ranks)
        if is_over(folder.path, values, learner):
            reporter.line(
                f"step {learner.position.step:,} was the end of its budget: give more of it, as"
                " --characters 10m, to go on"
            )
            return 0
        changes = [*device_change(values, learner), *rate_change(values, learner)]
        try:
            rewind(folder.path, learner.position.step)
        except OSError as error:
            raise InputError(
                f"{folder.path / RUN_LOG} cannot be written: {error.strerror}"
            ) from None
        notices = [f"resumed from step {learner.position.step:,}", *changes]
        return _train(learner, arguments, folder, reporter, notices, since)


def _resumed(values: Saved, arguments: Sequence[str], reporter: Reporter, ranks: Ranks) -> Learner:
    """The learner of a run that goes on. Raises InputError where it cannot."""
    options = ranks.agree(lambda: resumed_options(arguments, values))
    if ranks.size > 1:
        ranks.agree(lambda: check_together(options))
    corpus, _ = in_turn(ranks, reporter, lambda: text_again(options, reporter))
    learner = ranks.agree(lambda: _again(values, options, corpus, ranks))
    check_alike(learner)
    return learner


def _again(values: Saved, options: TrainConfig, corpus: Corpus, ranks: Ranks) -> Learner:
    if values["corpus"] != corpus.report.sha256:
        run = find_run(Path(options.resume or ""))
        raise InputError(
            f"the run in {run} learned from another text than {corpus.report.name}"
            f" is now{' with its validation text' if options.validation else ''}: give that"
            " text (--corpus), or start a new run"
        )
    vocabulary = Vocabulary(values["vocabulary"])
    text = replace(corpus.config, start_id=values["start_id"])
    check_model(values, options.model(len(vocabulary)), bool(options.average))
    learner = _learner(options, corpus, vocabulary, text, ranks=ranks)
    learner.resume(values)
    return learner


def _learner(
    options: TrainConfig,
    corpus: Corpus,
    vocabulary: Vocabulary,
    text: TextConfig,
    tensors: Mapping[str, np.ndarray] | None = None,
    ranks: Ranks = ALONE,
) -> Learner:
    if not corpus.validation and (options.patience or options.schedule == "plateau"):
        option = "--patience" if options.patience else "--schedule plateau"
        raise InputError(f"{option} needs a validation part: give one in --split")
    torch.set_num_threads(options.threads if options.sequence == LOOP else 1)
    _keep_freed_memory()
    return Learner(options, corpus, vocabulary, text, tensors, ranks)


def _train(
    learner: Learner,
    arguments: Sequence[str],
    folder: RunFolder,
    reporter: Reporter,
    notices: Sequence[str],
    since: float,
    baseline: Baseline | None = None,
) -> int:
    """Train in a run's folder. `notices` are reported first; a new run has a `baseline`."""
    with RunLog(folder.path, reporter.warn) as log:
        reporter.start()
        step = learner.position.step
        monitor = Monitor(folder.path, step, lambda message: warn(reporter, log, message))
        try:
            announce(learner, folder.path, reporter, log, command_line(arguments, learner.options))
            values = learner.options.plain()
            monitor.options({n: value for n, value in values.items() if OPTIONS[n].monitored})
            for notice in notices:
                reporter.line(notice)
                log.append("notice", message=notice)
            if baseline is not None:
                log_baseline(baseline, reporter, log)
            Trainer(learner, folder, Teller(log, monitor, reporter), since).run()
        finally:
            monitor.close()
            reporter.close()
    reporter.line(f"done: {folder.path}")
    if reporter.has_bar:  # somebody looks on
        reporter.line(f"it writes by: python -m charlm write {typed(folder.path)}")
    if reporter.failure:
        raise TrainingError(
            f"standard output could not be written ({reporter.failure}); the run is whole:"
            f" {folder.path}"
        )
    return 0


def typed(run: Path) -> str:
    """A run as one types it: by its name, where that is enough."""
    try:
        named = bool(run.name) and find_run(Path(run.name)).samefile(run)
    except OSError:
        named = False
    word = run.name if named else str(run)
    return shlex.quote(f"./{word}" if word.startswith("-") else word)


def _keep_freed_memory() -> None:
    """Ask glibc to keep what is freed for the next step instead of giving it back.

    A step frees and takes back some 100 MB; getting the pages anew costs a tenth of its time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # not glibc: only slower
    m_trim_threshold, m_mmap_max = -1, -4
    mallopt(m_mmap_max, 0)
    mallopt(m_trim_threshold, 2**31 - 1)
