"""`charlm score`: how well a model predicts texts, a line for each and the total."""

from __future__ import annotations

import json
import os
import stat
from argparse import Namespace
from typing import Any

from charlm.cli.progress_line import LONG, ProgressLine
from charlm.cli.scores import HEADS, Scores, sum_of
from charlm.display import visible
from charlm.engine.engine import Engine
from charlm.engine.records import details_as_json
from charlm.engine.scoring import Scoring
from charlm.engine.windows import check_windows, mean_of
from charlm.errors import InputError, argument, errors_of, report_notice
from charlm.options.scoring import RANDOM_WINDOWS
from charlm.text.files import decode, read_bytes
from charlm.text.readers import WINDOW, WINDOWS
from charlm.text.vocabulary import Unknown

_NAMED = 40  # characters of a path in the line of progress, which is one line
#: What is drawn where nothing is said.
_DRAWN = {"window": WINDOW, "windows": WINDOWS, "seed": 1}


def score(chosen: Namespace) -> None:
    """Score every file that was named; all are looked at before the model is."""
    drawn = _drawn(chosen)
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
    if drawn:
        check_windows(engine.checkpoint, **drawn)
    many, all_scores = len(chosen.files) > 1, list[Scores]()
    others = ("windows", "+-") if drawn else ()
    if many and not chosen.json:
        print(_row(["file", *HEADS, *others], chosen.files))
    for file in chosen.files:
        scores, details = _scored(engine, file, chosen, drawn)
        all_scores.append(scores)
        if chosen.json:
            named = {"file": file} if many else {}
            print(json.dumps(named | _record(engine, scores) | details), flush=True)
        elif many:
            print(_row([visible(file), *scores.row(others)], chosen.files), flush=True)
        else:
            print("\n".join(scores.alone()))
    if many and chosen.json:
        print(json.dumps({"files": len(all_scores)} | _record(engine, sum_of(all_scores))))
    elif many:
        print(_row(["total", *sum_of(all_scores).row(others)], chosen.files))


def _drawn(chosen: Namespace) -> dict[str, int]:
    """Which windows are drawn; nothing where none are. Raises InputError."""
    given = {name: value for name in _DRAWN if (value := getattr(chosen, name)) is not None}
    if chosen.protocol == RANDOM_WINDOWS:
        return _DRAWN | given
    for name in given:
        raise InputError(argument(name), " goes with --protocol windows alone")
    return {}


def _look_at(file: str) -> None:
    """Raise CorpusError for a file that cannot be read; one that can is not read yet."""
    try:
        mode = os.stat(file).st_mode
    except (OSError, ValueError):
        mode = 0
    readable = stat.S_ISFIFO(mode) or (stat.S_ISREG(mode) and os.access(file, os.R_OK))
    if file != "-" and not readable:
        read_bytes(file, "text")  # which says what is wrong with it


def _scored(
    engine: Engine, file: str, chosen: Namespace, drawn: dict[str, int]
) -> tuple[Scores, dict[str, Any]]:
    """The scores of one file, and what is told of every character if that was asked for."""
    with errors_of(file if len(chosen.files) > 1 else ""):
        stream, windows, length = _begun(engine, file, chosen, drawn)
        _read_to_end(stream, f"scoring {_named(file)}", length)
        found = None
        if windows is not None:
            _read_to_end(windows, f"windows of {_named(file)}", drawn["window"] * drawn["windows"])
            found = mean_of(windows.totals(), drawn["window"], drawn["seed"])
        scores = Scores(stream.totals()[0], found)
    if chosen.details is None:
        return scores, {}
    whole = stream.score()
    assert whole.details is not None
    told = engine.vocabulary, whole.ids, whole.log_probs, whole.details
    return scores, {"details": {"n": chosen.details, **details_as_json(*told)}}


def _begun(
    engine: Engine, file: str, chosen: Namespace, drawn: dict[str, int]
) -> tuple[Scoring, Scoring | None, int]:
    """The scorings of a file, whose text is ids from here on, and its length."""
    text = decode(*read_bytes(file, "text"), chosen.encoding, chosen.errors, "text")
    unknown: Unknown = chosen.unknown or "error"
    keep = chosen.details is not None
    stream = engine.start_score(text, details=chosen.details, unknown=unknown, keep=keep)
    windows = engine.start_windows(text, **drawn, unknown=unknown) if drawn else None
    return stream, windows, len(text)


def _read_to_end(scoring: Scoring, doing: str, length: int) -> None:
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
