"""The record of a completion: all that names its text, so that the text can be written again.

A record is one JSON object on a line of `charlm write --json`. With the same checkpoint file
and engine format it gives the same text on the CPU at any batch size, number of threads and
instruction set; `rewrite` writes it again and compares. On another device a text is the same
only up to near ties.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.config import PRECISIONS, Precision
from charlm.decoding import Limits, Strategy, is_beam, strategy_named
from charlm.engine import ENGINE_FORMAT, Engine
from charlm.errors import InputError
from charlm.events import Completion, Details
from charlm.session import Session
from charlm.vocabulary import Vocabulary


@dataclass(frozen=True)
class Order:
    """What names the texts of one call. details: rivals told of each character, or None."""

    name: str
    strategy: Strategy
    limits: Limits
    seed: int
    details: int | None = None
    precision: Precision = "float32"


def records_of(
    engine: Engine, order: Order, session: Session, first_sample: int = 0
) -> Iterator[tuple[Completion, dict[str, Any]]]:
    """Every completion of a session that is done, in order, and its record."""
    common = {
        "checkpoint": engine.checkpoint.sha256,
        "engine_format": ENGINE_FORMAT,
        "precision": engine.precision,
        "device": engine.device,
        "strategy": order.name,
        "options": asdict(order.strategy),
        "limits": asdict(order.limits),
        "seed": order.seed,
    }
    row = 0
    for completions in session.completions():
        for sample, completion in enumerate(completions, start=first_sample):
            record = common | {"sample": sample} | asdict(completion)
            if order.details is not None:
                told = session.vocabulary, *session.told(row)
                record["details"] = {"n": order.details, **details_as_json(*told)}
            row += 1
            yield completion, record


def details_as_json(
    vocabulary: Vocabulary,
    ids: NDArray[np.int32],
    log_probs: NDArray[np.float32],
    details: Details,
) -> dict[str, Any]:
    """What is known of T characters: lists of T.

    The end is the empty character; a rival is [character, log_prob, log_prob after the filters],
    the last null if it was filtered out.
    """
    to_char = vocabulary.to_char
    rivals = zip(
        details.rival_ids.tolist(),
        details.rival_log_probs.tolist(),
        details.rival_kept_log_probs.tolist(),
        strict=True,
    )
    return {
        "characters": [to_char(id) for id in ids.tolist()],
        "log_probs": [_short(x) for x in log_probs.tolist()],
        "ranks": details.ranks.tolist(),
        "entropies": [_short(x) for x in details.entropies.tolist()],
        "rivals": [
            [
                [to_char(id), _short(raw), None if kept == -inf else _short(kept)]
                for id, raw, kept in zip(*position, strict=True)
            ]
            for position in rivals
        ],
    }


def _short(value: float) -> float:
    """A float32 in the 9 digits that name it."""
    return float(f"{value:.9g}")


@dataclass(frozen=True)
class Request:
    """A record read: what to write, and what must come out."""

    line: int
    record: Mapping[str, Any]
    order: Order
    sample: int
    prompt: str


def read_records(data: bytes, name: str, checkpoint: str, device: str) -> list[Request]:
    """The records of a file, one a line, each checked. Raises InputError naming the line.

    checkpoint, device: SHA-256 and name, of which each must be.
    """
    same = {"engine_format": ENGINE_FORMAT, "checkpoint": checkpoint, "device": device}
    requests = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            requests.append(_parsed(json.loads(line), number, same))
        except InputError as error:
            raise InputError(f"records {name}, line {number:,}: {error}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InputError(f"records {name}, line {number:,}: not a record of charlm") from None
    if not requests:
        raise InputError(f"records {name}: there is none")
    return requests


def _parsed(record: Mapping[str, Any], line: int, same: Mapping[str, object]) -> Request:
    for key, mine in same.items():
        if record[key] != mine:
            raise InputError(f"its {key} is {str(record[key])[:12]}, not {str(mine)[:12]}")
    precision = record["precision"]
    if precision not in PRECISIONS:
        raise InputError(f"its precision {precision!r} is not one of {', '.join(PRECISIONS)}")
    name, strategy = record["strategy"], strategy_named(record["strategy"], record["options"])
    limits = Limits(**record["limits"] | {"stop": tuple(record["limits"]["stop"])})
    if record["end"] == "time":
        if is_beam(strategy):
            raise InputError("a search that was cut by time cannot be written again")
        length = record["length"]
        limits = replace(
            limits, max_length=length, min_length=min(limits.min_length, length), seconds=None
        )
    details = record["details"]["n"] if "details" in record else None
    order = Order(name, strategy, limits, record["seed"], details, precision)
    prompt, sample = record["prompt"], record["sample"]
    if not isinstance(prompt, str) or not isinstance(sample, int) or sample < 0:
        raise TypeError
    return Request(line, record, order, sample, prompt)


def rewrite(
    engines: Mapping[Precision, Engine], requests: Sequence[Request]
) -> list[tuple[Completion, dict[str, Any]]]:
    """The text of every record written anew, and its record. Raises InputError if one differs.

    engines: of the records' checkpoint, by precision.
    """
    groups: dict[Order, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.order, []).append(request)
    written: dict[tuple[Order, str, int], tuple[Completion, dict[str, Any]]] = {}
    for order, group in groups.items():
        engine = engines[order.precision]
        for prompts, first, n in _batches(order, group):
            session = engine.start(
                prompts,
                order.strategy,
                n=n,
                first_sample=first,
                details=order.details,
                seed=order.seed,
                **asdict(order.limits),
            )
            while not session.done:
                session.advance(256)
            found = zip(prompts, session.completions(), strict=True)  # a beam may find fewer
            asked = (prompt for prompt, completions in found for _ in completions)
            for prompt, (completion, record) in zip(
                asked, records_of(engine, order, session, first), strict=True
            ):
                written[order, prompt, record["sample"]] = completion, record
    return [
        (
            written[r.order, r.prompt, r.sample][0],
            _checked(r, written[r.order, r.prompt, r.sample][1]),
        )
        for r in requests
    ]


def _batches(order: Order, requests: Sequence[Request]) -> Iterator[tuple[list[str], int, int]]:
    """(prompts, first sample, n): every wanted sample, those of many prompts together."""
    wanted: dict[str, set[int]] = {}
    for request in requests:
        wanted.setdefault(request.prompt, set()).add(request.sample)
    if is_beam(order.strategy):
        yield list(wanted), 0, max(request.sample for request in requests) + 1
        return
    runs: dict[tuple[int, int], list[str]] = {}
    for prompt, samples in wanted.items():
        firsts = sorted(sample for sample in samples if sample - 1 not in samples)
        lasts = sorted(sample for sample in samples if sample + 1 not in samples)
        for first, last in zip(firsts, lasts, strict=True):
            runs.setdefault((first, last - first + 1), []).append(prompt)
    for (first, n), prompts in runs.items():
        yield prompts, first, n


def _checked(request: Request, record: dict[str, Any]) -> dict[str, Any]:
    """The new record, once it is found to say what the old one said."""
    old = request.record
    if old["end"] == "time":
        record = record | {"limits": old["limits"], "end": "time"}
    new = json.loads(json.dumps(record))
    for key in [*new, *old]:
        if key not in old or key not in new or new[key] != old[key]:
            raise InputError(f"line {request.line:,} of the records: {key} comes out otherwise")
    return record
