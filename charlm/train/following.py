"""What the processes do that follow rank 0: their part of what it orders, until it ends."""

from __future__ import annotations

from typing import NoReturn

from charlm import __version__
from charlm.errors import InputError, TrainingError
from charlm.options.train_fields import OPTIONS
from charlm.train.distributed import RankLost
from charlm.train.evaluate import Pieces, add_piece
from charlm.train.keep.signals import Signals
from charlm.train.learner import Learner
from charlm.train.native import SOURCE_HASH

_LONGEST = 40  # characters of a value that differs


def check_alike(learner: Learner) -> None:
    """Raise InputError unless every process learns the same text, in the same way."""
    options = learner.options.plain()
    alike = {each.option.name: options[name] for name, each in OPTIONS.items() if each.monitored}
    del alike["--threads"]
    told = {"version": f"{__version__} {SOURCE_HASH}", "text": learner.corpus.report.sha256}
    learner.ranks.order("alike")
    first, *others = learner.ranks.collect(told | alike)
    for rank, other in enumerate(others, start=1):
        for name, value in first.items():
            if other[name] != value:
                differs = InputError(
                    f"rank {rank} has another {name} ({_short(other[name])}) than rank 0"
                    f" ({_short(value)}): start all with one version, text and command"
                )
                raise learner.ranks.met_by_all(differs)


def follow(learner: Learner) -> NoReturn:
    """Take part in what rank 0 orders. Raises Ended when it ends, RankLost."""
    ranks = learner.ranks
    pieces: Pieces | None = None
    with Signals() as signals:
        ranks.heard = lambda: signals.received
        while True:
            what, *given = ranks.order()
            if what != "piece" and pieces is not None:
                pieces.close()
            try:
                if what == "step":
                    learner.step_at(*given)
                elif what == "measure":
                    pieces = learner.pieces(*given)
                elif what == "piece" and pieces is not None:
                    add_piece(ranks, pieces)
                elif what == "state":
                    learner.gather_state()
                elif what == "wait":
                    ranks.add_up(0, list)
            except RankLost:
                raise
            except TrainingError:
                pass  # rank 0 has met the same, and says what follows


def _short(value: object) -> str:
    return str(value)[:_LONGEST]
