"""A training by several processes: how they begin together, and end with one line for all."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from charlm.errors import CharlmError, Stopped, reason_of
from charlm.options.train_config import TrainConfig
from charlm.options.training import parse_options
from charlm.text.corpus_report import CorpusReport
from charlm.train.beforehand import check_together
from charlm.train.command import train
from charlm.train.distributed import Ended, RankLost, Ranks
from charlm.train.launch import Launch
from charlm.train.tell.reporter import Reporter

_INTERRUPTED = 128 + signal.SIGINT


class _Silent(Reporter):
    """Says nothing: rank 0 says it."""

    def line(self, text: str, style: str = "") -> None:
        pass

    def warn(self, message: str) -> None:
        pass

    def corpus(self, report: CorpusReport) -> None:
        pass

    def start(self) -> None:
        pass

    def move(self, share: float, text: str, at_once: bool = False) -> None:
        pass


def train_together(launch: Launch, arguments: Sequence[str]) -> int:
    """Train as one of several processes. Raises CharlmError on the one that is to say it."""
    code = 1
    try:
        ranks = Ranks(launch)
        code = _follow(ranks, arguments) if ranks.rank else _lead(ranks, arguments)
    except RankLost as lost:
        if lost.tells:
            raise
    except (CharlmError, KeyboardInterrupt) as error:
        code = error.exit_code if isinstance(error, CharlmError) else _INTERRUPTED
        raise
    finally:
        atexit.register(_leave, code)
    return code


def _leave(code: int) -> None:
    """End the process when all is said: threads of torch that still run would do so by SIGABRT."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _lead(ranks: Ranks, arguments: Sequence[str]) -> int:
    """Train, and let the others end. torchrun sends SIGTERM to all where one of them has ended."""
    code = 1
    signal.signal(signal.SIGTERM, _stop)
    try:
        code = _train(ranks, arguments, Reporter())
    except KeyboardInterrupt:
        code = _INTERRUPTED
        raise
    except CharlmError as error:
        code = error.exit_code
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left is to say it
        ranks.end(code)
    return code


def _stop(signum: int, _: FrameType | None) -> NoReturn:
    raise Stopped(f"stopped by {signal.Signals(signum).name} before it began", signum)


def _follow(ranks: Ranks, arguments: Sequence[str]) -> int:
    """Train as rank 0 says, until it ends. What goes wrong is left for it to say."""
    try:
        try:
            _train(ranks, arguments, _Silent())
        except CharlmError as error:
            if error is not ranks.failure:
                raise
            ranks.order()  # rank 0 met the same: what follows is the end
    except RankLost:
        raise
    except Ended as ended:
        ranks.outlast()
        return ended.code
    except Exception as error:
        ranks.report(reason_of(error))
    return 1


def _train(ranks: Ranks, arguments: Sequence[str], reporter: Reporter) -> int:
    options = ranks.agree(lambda: _parsed(arguments))
    return train(options, arguments, reporter, ranks)


def _parsed(arguments: Sequence[str]) -> TrainConfig:
    options = parse_options(arguments)
    check_together(options)
    return options
