"""`charlm score`: how well a model predicts texts, a line for each and the total."""

from __future__ import annotations

import json
import math
import os
import stat
from argparse import Namespace
from typing import Any

from charlm.cli.progress_line import LONG, ProgressLine
from charlm.display import visible
from charlm.engine.engine import Engine
from charlm.engine.records import details_as_json
from charlm.engine.scoring import ScoreTotal, Scoring
from charlm.errors import errors_of, report_notice
from charlm.text.files import decode, read_bytes
from charlm.text.vocabulary import Unknown
from charlm.wording import fixed

_NAMED = 40  # characters of a path in the line of progress, which is one line
_UNITS = ("nats per character", "bits per character", "", "predicted, ends included")


def score(chosen: Namespace) -> None:
    """Score every file that was named; all are looked at before the model is."""
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
    many, totals = len(chosen.files) > 1, []
    if many and not chosen.json:
        print(_row(("file", "loss", "bpc", "perplexity", "characters"), chosen.files))
    for file in chosen.files:
        total, details = _scored(engine, file, chosen)
        totals.append(total)
        if chosen.json:
            named = {"file": file} if many else {}
            print(json.dumps(named | _as_json(engine, total) | details), flush=True)
        elif many:
            print(_row((visible(file), *_shown(total)), chosen.files), flush=True)
        else:
            _print_alone(total)
    if many:
        _print_sum(engine, totals, chosen)


def _look_at(file: str) -> None:
    """Raise CorpusError for a file that cannot be read; one that can is not read yet."""
    try:
        mode = os.stat(file).st_mode
    except (OSError, ValueError):
        mode = 0
    readable = stat.S_ISFIFO(mode) or (stat.S_ISREG(mode) and os.access(file, os.R_OK))
    if file != "-" and not readable:
        read_bytes(file, "text")  # which says what is wrong with it


def _scored(engine: Engine, file: str, chosen: Namespace) -> tuple[ScoreTotal, dict[str, Any]]:
    """The total of one file, and what is told of every character if that was asked for."""
    keep = chosen.details is not None
    with errors_of(file if len(chosen.files) > 1 else ""):
        scoring, length = _begun(engine, file, chosen, keep)
        _read_to_end(scoring, file, length)
        [total] = scoring.totals()
    if not keep:
        return total, {}
    whole = scoring.score()
    assert whole.details is not None
    told = engine.vocabulary, whole.ids, whole.log_probs, whole.details
    return total, {"details": {"n": chosen.details, **details_as_json(*told)}}


def _begun(engine: Engine, file: str, chosen: Namespace, keep: bool) -> tuple[Scoring, int]:
    """The scoring of a file, whose text is ids from here on, and its length."""
    text = decode(*read_bytes(file, "text"), chosen.encoding, chosen.errors, "text")
    unknown: Unknown = chosen.unknown or "error"
    scoring = engine.start_score(text, details=chosen.details, unknown=unknown, keep=keep)
    return scoring, len(text)


def _read_to_end(scoring: Scoring, file: str, length: int) -> None:
    """Score a text, and show on a terminal how much of a long one is done."""
    progress = ProgressLine()
    try:
        while not scoring.done:
            scoring.advance()
            if length > LONG:
                progress.show(f"scoring {visible(file)[-_NAMED:]}, {int(100 * scoring.read)} %")
    finally:
        progress.clear()


def _as_json(engine: Engine, total: ScoreTotal) -> dict[str, Any]:
    record: dict[str, Any] = {"checkpoint": engine.checkpoint.sha256}
    record |= {"precision": engine.precision, "device": engine.device} | _values(total)
    if not math.isfinite(total.perplexity):
        record["perplexity"] = None  # JSON has no infinity
    if total.approximate:
        record |= {"approximate": True, "readers": total.readers}
    return record


def _values(total: ScoreTotal) -> dict[str, float | int]:
    return {
        "loss": total.loss,
        "bpc": total.bpc,
        "perplexity": total.perplexity,
        "characters": total.count,
    }


def _shown(total: ScoreTotal) -> tuple[str, ...]:
    """loss, bpc, perplexity, characters as they are printed, and a word if they are approximate."""
    numbers = [
        f"{value:,}" if isinstance(value, int) else fixed(value)
        for value in _values(total).values()
    ]
    return (*numbers, *(["approximate"] if total.approximate else []))


def _print_alone(total: ScoreTotal) -> None:
    for key, shown, unit in zip(_values(total), _shown(total), _UNITS, strict=False):
        print(f"{key:<12}{shown:>12}  {unit}".rstrip())
    if total.approximate:
        print(f"{'approximate':<12}{total.readers:>12,}  readers side by side, each warmed up")


def _print_sum(engine: Engine, totals: list[ScoreTotal], chosen: Namespace) -> None:
    """The total of all files, as of one."""
    nats, count = math.fsum(total.nats for total in totals), sum(total.count for total in totals)
    whole = ScoreTotal(count, nats, max(total.readers for total in totals))
    if chosen.json:
        print(json.dumps({"files": len(totals)} | _as_json(engine, whole)))
    else:
        print(_row(("total", *_shown(whole)), chosen.files))


def _row(cells: tuple[str, ...], files: list[str]) -> str:
    width = max(len("total"), *(len(visible(file)) for file in files))
    name, *numbers = cells
    return f"{name:<{width}}" + "".join(f"{number:>13}" for number in numbers)
