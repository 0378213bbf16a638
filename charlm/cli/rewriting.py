"""Records read, and their texts written again.

Records last. One is compared on the fields that it has, and an option that it has not is neutral,
so that a new option breaks no old record. Those of engine format 2 name the model by its file
(`checkpoint`), know no dice but the shared ones, and call the rank of a beam's text `sample`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from charlm import dice
from charlm.checks import check_range, shown
from charlm.decoding import MAX_WIDTH, STRATEGIES, Limits, Strategy, is_beam, strategy_named
from charlm.engine.engine import MAX_RIVALS, Engine
from charlm.engine.events import Completion
from charlm.engine.prompts import Prompt
from charlm.engine.records import Order, is_prompt_id, records_of
from charlm.engine.session import MAX_SAMPLE, MAX_SEED
from charlm.errors import InputError
from charlm.model.config import PRECISIONS, Precision

_FORMATS = (2, 3)


@dataclass(frozen=True)
class Request:
    """A record read: what to write, and what must come out.

    model: its identity, or of old the SHA-256 of its file. dice: as `Engine.start` takes them.
    """

    line: int
    record: Mapping[str, Any]
    model: str
    order: Order
    prompt: str
    dice: str
    sample: int
    rank: int


def read_records(data: bytes, name: str, device: str) -> list[Request]:
    """The records of a file, one a line, each checked. Raises InputError naming the line.

    device: the name of the one at hand, of which each must be.
    """
    requests = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            requests.append(_parsed(json.loads(line), number, device))
        except InputError as error:
            raise InputError(f"records {name}, line {number:,}: {error}") from None
        except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InputError(f"records {name}, line {number:,}: not a record of charlm") from None
    if not requests:
        raise InputError(f"records {name}: there is none")
    return requests


def _parsed(record: Mapping[str, Any], line: int, device: str) -> Request:
    version = record["engine_format"]
    if version not in _FORMATS:
        raise InputError(
            f"its engine_format is {version!r:.12}, not {' or '.join(map(str, _FORMATS))}"
        )
    if (theirs := record.get("device", "cpu")) != device:
        raise InputError(f"its device is {theirs!r:.14}, not {device!r}")
    precision = record.get("precision", "float32")
    if precision not in PRECISIONS:
        raise InputError(f"its precision {shown(precision)} is not one of {', '.join(PRECISIONS)}")
    name, strategy = record["strategy"], _strategy(record["strategy"], record["options"])
    details = record["details"]["n"] if "details" in record else None
    order = Order(name, strategy, _limits(record, strategy), record["seed"], details, precision)
    check_range("seed", order.seed, 0, MAX_SEED)
    check_range("details", 0 if details is None else details, 0, MAX_RIVALS)
    model, prompt = record.get("identity", record.get("checkpoint")), record["prompt"]
    sample, rank, named = record["sample"], record.get("rank", 0), record.get("dice", "prompt")
    if version == 2:
        named = "shared"
        sample, rank = (0, sample) if is_beam(strategy) else (sample, 0)
    if not (isinstance(prompt, str) and isinstance(model, str)):
        raise TypeError
    check_range("sample", sample, 0, MAX_SAMPLE)
    check_range("rank", rank, 0, MAX_WIDTH - 1)
    dice.choose(named, 0)  # refuses what is none
    if not is_prompt_id(record.get("id")):
        raise TypeError
    return Request(line, record, model, order, prompt, named, sample, rank)


def _limits(record: Mapping[str, Any], strategy: Strategy) -> Limits:
    """When the text ended, whatever the clock says: one that time cut, at its length."""
    limits = Limits(**record["limits"] | {"stop": tuple(record["limits"].get("stop", ()))})
    limits = replace(limits, seconds=None)
    if record["end"] != "time" and not record.get("cut"):
        return limits
    if is_beam(strategy):
        raise InputError("a search that was cut by time cannot be written again")
    length = record["length"]
    return replace(limits, max_length=length, min_length=min(limits.min_length, length))


def _strategy(name: str, options: Mapping[str, Any]) -> Strategy:
    """The strategy as it is named, with what is not named at its neutral value."""
    strategy_named(name, options)  # refuses what does not belong to it
    return type(STRATEGIES[name])(**options)


class _Place(NamedTuple):
    """What names one text among those of an order."""

    prompt: str
    dice: str  # spelled
    sample: int
    rank: int


def rewrite(
    engines: Mapping[tuple[str, Precision], Engine], requests: Sequence[Request]
) -> list[Completion]:
    """The text of every record written anew. Raises InputError if one comes out otherwise.

    engines: by the name of the model and the precision.
    """
    groups: dict[tuple[str, Order], list[Request]] = {}
    for request in requests:
        groups.setdefault((request.model, request.order), []).append(request)
    completions: dict[int, Completion] = {}
    for (model, order), group in groups.items():
        engine = engines[model, order.precision]
        prompts = _prompts(engine, group)
        places = {request.line: _place(prompts, request) for request in group}
        written = _written(engine, order, prompts, dict.fromkeys(places.values()))
        for request in group:
            completion, record = written.get(places[request.line], (None, {}))
            if completion is None:
                raise InputError(f"line {request.line:,} of the records: there is no such text")
            _check_same(request, record)
            completions[request.line] = completion
    return [completions[request.line] for request in requests]


def _prompts(engine: Engine, requests: Sequence[Request]) -> dict[str, Prompt]:
    """Every prompt as it was fed. Raises InputError naming a line."""
    prompts: dict[str, Prompt] = {}
    for request in requests:
        try:
            if request.prompt not in prompts:
                prompts[request.prompt] = engine.prompt_as_fed(request.prompt)
        except InputError as error:
            raise InputError(f"line {request.line:,} of the records: {error}") from None
    return prompts


def _place(prompts: Mapping[str, Prompt], request: Request) -> _Place:
    name = dice.choose(request.dice, prompts[request.prompt].dice)
    return _Place(request.prompt, dice.spelled(name), request.sample, request.rank)


def _written(
    engine: Engine, order: Order, prompts: Mapping[str, Prompt], places: Collection[_Place]
) -> dict[_Place, tuple[Completion, dict[str, Any]]]:
    """Completions and records of one order: at least those that are wanted."""
    found = {}
    for n, firsts in _batches(order, places).items():
        session = engine.start(
            [prompts[first.prompt] for first in firsts],
            order.strategy,
            n=n,
            first_sample=[first.sample for first in firsts],
            dice=[first.dice for first in firsts],
            details=order.details,
            seed=order.seed,
            **asdict(order.limits),
        )
        while not session.done:
            session.advance(256)
        for completion, record in records_of(engine, order, session):
            rank = record.get("rank", 0)
            place = _Place(record["prompt"], record["dice"], record["sample"], rank)
            found[place] = completion, record
    return found


def _batches(order: Order, places: Collection[_Place]) -> dict[int, list[_Place]]:
    """The first place of every prompt that is to be written, by how many of its texts are."""
    if is_beam(order.strategy):
        count = max(place.rank for place in places) + 1
        return {count: list({place._replace(rank=0): None for place in places})}
    batches: dict[int, list[_Place]] = {}
    for first in places:
        if first._replace(sample=first.sample - 1) in places:
            continue
        n = 1
        while first._replace(sample=first.sample + n) in places:
            n += 1
        batches.setdefault(n, []).append(first)
    return batches


def _check_same(request: Request, record: dict[str, Any]) -> None:
    """Raise InputError unless a record says what the one that was read says."""
    old, new = dict(request.record), json.loads(json.dumps(record))
    new["limits"]["seconds"] = old["limits"].get("seconds")
    if old["end"] == "time":
        new |= {"limits": old["limits"], "end": "time"}
    # By these it was found; what a prompt is called has no part in its text.
    for key in ("engine_format", "checkpoint", "identity", "sample", "rank", "id"):
        old.pop(key, None)
    for key, value in old.items():
        if key not in new or not _agrees(value, new[key]):
            timed = is_beam(request.order.strategy) and old["limits"].get("seconds")
            why = " (time may have cut its search)" if timed else ""
            raise InputError(
                f"line {request.line:,} of the records: {key} comes out otherwise{why}"
            )


def _agrees(old: object, new: object) -> bool:
    """Whether a field is as it was; an option that it had not is not looked at."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(name in new and new[name] == value for name, value in old.items())
    return old == new
