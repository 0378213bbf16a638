"""The trainings of a comparison, one after another; those that are finished stay as they are."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from charlm.compare.plan import Training
from charlm.display import visible
from charlm.errors import InputError, TrainingError
from charlm.options.training import parse_options
from charlm.run.layout import resume_file
from charlm.run.log import read_run_log
from charlm.text.corpus_report import CorpusReport
from charlm.train.command import train
from charlm.train.tell.announce import command_line
from charlm.train.tell.reporter import Reporter


class _Reporter(Reporter):
    """Reports one training among others: its bar, on a terminal, and what went wrong."""

    def line(self, text: str, style: str = "") -> None:
        pass

    def corpus(self, report: CorpusReport) -> None:
        pass

    def move(self, share: float, text: str, at_once: bool = False) -> None:
        if self.has_bar:
            super().move(share, text, at_once)


def train_all(trainings: Sequence[Training], sha256: str) -> None:
    """Train what is not finished. `sha256`: of the prepared text.

    Raises Stopped, TrainingError, and InputError for a folder that holds another run.
    """
    for training in trainings:
        _check_same(training, sha256)
    for number, training in enumerate(trainings, start=1):
        title = f"{training.name} ({number} of {len(trainings)})"
        if is_finished(training):
            print(f"{title}: kept, loss {_loss(training):.4f}", flush=True)
            continue
        print(f"{title}: {training.config.parameter_count:,} parameters", flush=True)
        _train(training, title)
        print(f"{title}: loss {_loss(training):.4f}", flush=True)


def is_finished(training: Training) -> bool:
    """Whether the run came to the end of its budget."""
    return _ends(training) != []


def _ends(training: Training) -> list[float]:
    """The validation losses of the best weights, which only a run that came to its end has."""
    log = read_run_log(training.folder)
    losses = (line.get("validation_loss") for line in log if line["kind"] == "end")
    return [loss for loss in losses if loss is not None]


def _loss(training: Training) -> float:
    return _ends(training)[-1]


def _check_same(training: Training, sha256: str) -> None:
    """Raise InputError when the folder holds a run of another text or by another command."""
    log = read_run_log(training.folder)
    start = next((line for line in log if line.get("kind") == "start"), None)
    if start is None:
        return
    command = command_line(training.arguments, parse_options(training.arguments))
    if (start["command"], start["corpus"]["sha256"]) != (command, sha256):
        raise InputError(
            f"{training.folder} holds a run of another comparison ({visible(start['command'])}):"
            " choose another folder (--out)"
        )


def _train(training: Training, title: str) -> None:
    arguments = training.arguments
    if resume_file(training.folder):
        corpus = arguments[: arguments.index("--out")]
        arguments = (*corpus, "--resume", str(training.folder))
    elif training.folder.exists():
        shutil.rmtree(training.folder)  # it was killed before it had learned anything
    try:
        train(parse_options(arguments), arguments, _Reporter(title))
    except TrainingError as error:
        raise TrainingError(f"{training.name}: {error}") from error
