"""`charlm score`: how well a model predicts texts, a line for each and the total.

PyTorch is imported only for --adapt.
"""

from __future__ import annotations

import json
import os
import stat
from argparse import Namespace
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from charlm.checks import memory
from charlm.cli.progress_line import LONG, ProgressLine
from charlm.cli.scores import HEADS, Adapted, Scores, sum_of
from charlm.display import visible
from charlm.engine.encoded_text import encode_text
from charlm.engine.engine import Engine
from charlm.engine.records import details_as_json
from charlm.engine.scoring import ScoreTotal, Scoring
from charlm.engine.windows import check_windows, mean_of
from charlm.errors import CharlmError, InputError, argument, errors_of, report_notice
from charlm.options.scoring import RANDOM_WINDOWS, Adaptation
from charlm.text.files import byte_pieces, name_of, read_bytes
from charlm.text.readers import WINDOW, WINDOWS
from charlm.text.reading import decoded
from charlm.text.vocabulary import Unknown
from charlm.wording import TORCH_MISSING, bytes_text, shortened

if TYPE_CHECKING:
    from charlm.train.adapt import Adapting

_HELD = 4  # bytes for each of a text, at least: of a continuous one
_NAMED = 40  # characters of a path in the line of progress, which is one line


@dataclass(frozen=True)
class _Ways:
    """How it is measured beside the stream. windows: what is drawn, by name; {} for none."""

    windows: dict[str, int]
    adaptation: Adaptation | None

    @property
    def heads(self) -> list[str]:
        """The heads of their cells in a row."""
        return ["windows", "+-"] * bool(self.windows) + ["adapted"] * bool(self.adaptation)


class _Begun(NamedTuple):
    """What reads a text of `length` characters, in each way that was asked for."""

    length: int
    stream: Scoring
    windows: Scoring | None
    adapting: Adapting | None


def score(chosen: Namespace) -> None:
    """Score every file that was named; all are looked at before the model is."""
    ways = _Ways(_windows(chosen), _adaptation(chosen))
    for file in chosen.files:
        _look_at(file)
    engine = Engine.load(
        chosen.checkpoint,
        threads=chosen.threads,
        device=chosen.device,
        precision=chosen.precision or "float32",
    )
    for notice in engine.notices:
        report_notice(notice)
    if ways.windows:
        check_windows(engine.checkpoint, **ways.windows)
    many, all_scores = len(chosen.files) > 1, list[Scores]()
    if many and not chosen.json:
        print(_row(["file", *HEADS, *ways.heads], chosen.files))
    for file in chosen.files:
        scores, details = _scored(engine, file, chosen, ways)
        all_scores.append(scores)
        if chosen.json:
            named = {"file": file} if many else {}
            print(json.dumps(named | _record(engine, scores) | details), flush=True)
        elif many:
            print(_row([visible(file), *scores.row(ways.heads)], chosen.files), flush=True)
        else:
            print("\n".join(scores.alone()))
    if many and chosen.json:
        print(json.dumps({"files": len(all_scores)} | _record(engine, sum_of(all_scores))))
    elif many:
        print(_row(["total", *sum_of(all_scores).row(ways.heads)], chosen.files))


def _windows(chosen: Namespace) -> dict[str, int]:
    """Which windows are drawn; nothing where none are. Raises InputError."""
    windows = {"window": WINDOW, "windows": WINDOWS, "seed": 1}
    given = {name: value for name in windows if (value := getattr(chosen, name)) is not None}
    if chosen.protocol == RANDOM_WINDOWS:
        return windows | given
    for name in given:
        raise InputError(argument(name), " goes with --protocol windows alone")
    return {}


def _adaptation(chosen: Namespace) -> Adaptation | None:
    """How the model learns from the text, if it does. Raises InputError, CharlmError."""
    options = {name: getattr(chosen, f"adapt_{name}") for name in ("rate", "length", "decay")}
    given = {name: value for name, value in options.items() if value is not None}
    if not chosen.adapt:
        for name in given:
            raise InputError(argument(f"adapt_{name}"), " goes with --adapt alone")
        return None
    for name, own in (("precision", (None, "float32")), ("device", ("cpu",))):
        if getattr(chosen, name) not in own:
            reason = "--adapt learns in float32 on the CPU: leave out "
            raise InputError(reason, argument(name, getattr(chosen, name)))
    if find_spec("torch") is None:
        raise CharlmError(f"--adapt needs {TORCH_MISSING}")
    return Adaptation(**given)


def _look_at(file: str) -> None:
    """Raise InputError for a file that cannot be read or held; one that can is not read yet."""
    mode = size = 0
    with suppress(OSError, ValueError):
        mode, size = (status := os.stat(file)).st_mode, status.st_size
    readable = stat.S_ISFIFO(mode) or (stat.S_ISREG(mode) and os.access(file, os.R_OK))
    if file != "-" and not readable:
        read_bytes(file, "text")  # which says what is wrong with it
    if _HELD * size > memory():
        raise InputError(
            f"text {shortened(file)} is {bytes_text(size)} large, and to score it takes {_HELD}"
            f" times that or more: this machine has {bytes_text(memory())} of memory: cut it into"
            " several"
        )


def _scored(
    engine: Engine, file: str, chosen: Namespace, ways: _Ways
) -> tuple[Scores, dict[str, Any]]:
    """The scores of one file, and what is told of every character if that was asked for."""
    with errors_of(file if len(chosen.files) > 1 else ""):
        begun, name, windows, adapted = _begun(engine, file, chosen, ways), _named(file), None, None
        _read_to_end(begun.stream, f"scoring {name}", begun.length)
        [total] = begun.stream.totals()
        if begun.windows is not None:
            window, count, seed = ways.windows.values()
            _read_to_end(begun.windows, f"windows of {name}", window * count)
            windows = mean_of(begun.windows.totals(), window, seed)
        if begun.adapting is not None:
            _read_to_end(begun.adapting, f"learning {name}", begun.length)
            learned = ScoreTotal(begun.adapting.count, begun.adapting.nats)
            adapted = Adapted(learned, begun.adapting.adaptation)
    if chosen.details is None:
        return Scores(total, windows, adapted), {}
    whole = begun.stream.score()
    assert whole.details is not None
    told = engine.vocabulary, whole.ids, whole.log_probs, whole.details
    details = {"details": {"n": chosen.details, **details_as_json(*told)}}
    return Scores(total, windows, adapted), details


def _begun(engine: Engine, file: str, chosen: Namespace, ways: _Ways) -> _Begun:
    """What reads a file in each way; its text is ids from here on."""
    data = byte_pieces(file, "text")
    text = "".join(decoded(data, name_of(file), chosen.encoding, chosen.errors, "text"))
    unknown: Unknown = chosen.unknown or "error"
    keep, windows, adapting = chosen.details is not None, None, None
    stream = engine.start_score(text, details=chosen.details, unknown=unknown, keep=keep)
    if ways.windows:
        windows = engine.start_windows(text, **ways.windows, unknown=unknown)
    if ways.adaptation is not None:
        from charlm.train.adapt import Adapting

        ids = encode_text(engine.checkpoint, text, unknown, exact=True)
        pieces = map(ids.piece, range(len(ids)))
        targets = int((ids.bounds[:, 1] - ids.bounds[:, 0]).sum())
        examples = ((piece.inputs, piece.targets) for piece in pieces)
        adapting = Adapting(engine.checkpoint, examples, targets, ways.adaptation, engine.threads)
    return _Begun(len(text), stream, windows, adapting)


def _read_to_end(scoring: Scoring | Adapting, doing: str, length: int) -> None:
    """Score to the end, and show on a terminal how much is done where that is long."""
    progress = ProgressLine()
    try:
        while not scoring.done:
            scoring.advance()
            if length > LONG:
                progress.show(f"{doing}, {int(100 * scoring.read)} %")
    finally:
        progress.clear()


def _named(file: str) -> str:
    return visible(file)[-_NAMED:]


def _record(engine: Engine, scores: Scores) -> dict[str, Any]:
    record: dict[str, Any] = {"checkpoint": engine.checkpoint.sha256}
    record |= {"precision": engine.precision, "device": engine.device}
    return record | scores.as_json()


def _row(cells: list[str], files: list[str]) -> str:
    width = max(len("total"), *(len(visible(file)) for file in files))
    name, *numbers = cells
    return f"{name:<{width}}" + "".join(f"{number:>13}" for number in numbers)
