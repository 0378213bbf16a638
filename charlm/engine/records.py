"""The record of a completion: all that names its text, so that the text can be written again.

A record is one JSON object on a line of `charlm write --json`. With the same model it gives the
same text on the CPU at any batch size, number of threads and instruction set, and
`charlm.cli.rewriting` writes it again and compares. On another device a text is the same only up
to near ties.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm import dice
from charlm.decoding import Limits, Strategy, is_beam
from charlm.engine.engine import ENGINE_FORMAT, Engine
from charlm.engine.events import Completion, Details
from charlm.engine.session import Session
from charlm.model.config import Precision
from charlm.text.vocabulary import Vocabulary

#: What the giver of a prompt calls it, if anything.
PromptId = str | int | None
#: Fields of a completion that a record has.
_WRITTEN = ("prompt", "text", "log_prob", "score", "length", "end")


@dataclass(frozen=True)
class Order:
    """What names the texts of one call. details: rivals told of each character, or None."""

    name: str
    strategy: Strategy
    limits: Limits
    seed: int
    details: int | None = None
    precision: Precision = "float32"


def is_prompt_id(value: object) -> bool:
    """Whether a prompt can be called so: by a text, a whole number, or not at all."""
    return value is None or (isinstance(value, str | int) and not isinstance(value, bool))


def common_part(engine: Engine, order: Order) -> dict[str, Any]:
    """What the records of all texts of one order say."""
    return {
        "identity": engine.checkpoint.identity,
        "engine_format": ENGINE_FORMAT,
        "precision": engine.precision,
        "device": engine.device,
        "strategy": order.name,
        "options": asdict(order.strategy),
        "limits": asdict(order.limits),
        "seed": order.seed,
    }


def records_of(
    engine: Engine, order: Order, session: Session, ids: Sequence[PromptId] = ()
) -> Iterator[tuple[Completion, dict[str, Any]]]:
    """Every completion of a session that is done, in order, and its record.

    sample: the index that names its dice. rank: among the texts of one beam, 0 is the best; of a
    beam that time has cut, also of a text that had its end by then, `cut` is true. ids: what the
    prompts are called by who gave them; one that is None is not told.
    """
    common = common_part(engine, order)
    beam = is_beam(order.strategy)
    row = 0
    for prompt, completions in enumerate(session.completions()):
        first = session.first_samples[prompt]
        given = ids[prompt] if ids else None
        called = {} if given is None else {"id": given}
        named = called | common | {"dice": dice.spelled(session.dice[prompt])}
        cut = {"cut": True} if beam and any(c.end == "time" for c in completions) else {}
        for place, completion in enumerate(completions):
            which = {"sample": first, "rank": place} | cut if beam else {"sample": first + place}
            record = named | which | {name: getattr(completion, name) for name in _WRITTEN}
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
