"""One training of a comparison, and those that are finished: they stay as they are."""

from __future__ import annotations

import shutil

from charlm.checks import shown
from charlm.compare.plan import Training
from charlm.compare.results import Result, read_result
from charlm.display import visible
from charlm.errors import InputError, TrainingError
from charlm.options.training import parse_options
from charlm.run.layout import resume_file
from charlm.run.log import read_run_log
from charlm.text.corpus_report import CorpusReport
from charlm.train.command import train
from charlm.train.tell.announce import command_line
from charlm.train.tell.reporter import Reporter
from charlm.wording import shortened

#: How a training says that its rate was too high, whether it became NaN or exploded.
TOO_HIGH = "try a lower --learning-rate"
_LONGEST = 400  # characters of what a log says, in a message


class _Reporter(Reporter):
    """Reports one training among others: its bar, on a terminal, and what went wrong."""

    def line(self, text: str, style: str = "") -> None:
        pass

    def corpus(self, report: CorpusReport) -> None:
        pass

    def move(self, share: float, text: str, at_once: bool = False) -> None:
        if self.has_bar:
            super().move(share, text, at_once)


def trained(training: Training, title: str) -> Result:
    """Train what is not finished, and give its result. Raises Stopped and TrainingError."""
    if result := read_result(training):
        print(f"{title}: kept, loss {result.validation_loss:.4f}", flush=True)
        return result
    if reason := _diverged(training):
        raise TrainingError(f"{training.name}: {reason}")
    print(f"{title}: {training.config.parameter_count:,} parameters", flush=True)
    _train(training, title)
    if (result := read_result(training)) is None:
        raise TrainingError(
            f"{training.name} was stopped before its end: the same command goes on from here"
        )
    print(f"{title}: loss {result.validation_loss:.4f}", flush=True)
    return result


def _diverged(training: Training) -> str:
    """Why a run ended whose rate was too high: to go on with it would hide that; else ""."""
    ends = [line for line in read_run_log(training.folder) if line.get("kind") == "end"]
    reason = str(ends[-1].get("reason"))[:_LONGEST] if ends else ""
    return reason if TOO_HIGH in reason else ""


def check_folder(training: Training, sha256: str) -> None:
    """Raise InputError when the folder holds a run of another text or by another command.

    sha256: of the prepared text.
    """
    log = read_run_log(training.folder)
    start = next((line for line in log if line.get("kind") == "start"), None)
    if start is None:
        return
    command = command_line(training.arguments, training.options())
    began, corpus = str(start.get("command")), start.get("corpus")
    same = isinstance(corpus, dict) and corpus.get("sha256") == sha256
    if began != command or not same:
        raise InputError(
            f"{training.folder} holds a run of another comparison"
            f" ({visible(shortened(began, _LONGEST, _LONGEST))}): choose another folder (--out), or"
            " the version and the options it was begun with"
        )
    options, proposed = training.options(), start.get("proposed")
    then = proposed.get("warm_up", 0) if isinstance(proposed, dict) else 0
    if "warm_up" in options.proposed and options.warm_up != then:
        then = shown(then)
        raise InputError(
            f"{training.folder} was begun when no --warm-up was proposed: add --warm-up {then}, or"
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
