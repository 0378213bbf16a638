"""Golden texts: what small committed models write, bit for bit, on every instruction set.

python tests/support/golden.py     writes them anew, after ENGINE_FORMAT was raised

The models stay as they are: records and states of earlier formats, which are not written anew,
are of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from charlm.decoding import (
    STRATEGIES,
    BeamSearch,
    Greedy,
    Limits,
    NucleusBeam,
    Sampling,
    Strategy,
)
from charlm.engine.engine import ENGINE_FORMAT, Engine
from charlm.engine.prompt_state import PromptState
from charlm.engine.records import Order, records_of
from charlm.model.config import Precision
from charlm.run.checkpoint import save_checkpoint

FOLDER = Path(__file__).parents[1] / "golden"
TEXTS = FOLDER / "texts.json"
CELLS = ("rnn", "gru", "lstm")
#: Cell and precision of everything that is written.
CASES: dict[str, tuple[str, Precision]] = {
    **{cell: (cell, "float32") for cell in CELLS},
    "gru-int8": ("gru", "int8"),
}
PROMPTS = ("", "a", "the ", "hello, world! ")
GOLDEN_STRATEGIES: dict[str, Strategy] = {
    **STRATEGIES,
    "filters": Sampling(temperature=0.8, top_k=20, top_p=0.9, min_p=0.02),
    "hot": Sampling(temperature=1.5),
    "typical": Sampling(temperature=0.9, typical_p=0.8),
    "typical-nucleus": Sampling(top_p=0.9, min_p=0.01, typical_p=0.7),
    "no-repeat": Sampling(top_p=0.95, no_repeat_ngram=3),
    "greedy-no-repeat": Greedy(no_repeat_ngram=4, ban=" "),
    "allowed": Sampling(allow="abc\n", no_repeat_ngram=2),
    "beam-3-longer": BeamSearch(width=3, length_penalty=0.7),
    "nucleus-beam-3": NucleusBeam(width=3, top_p=0.8, length_penalty=0.5),
    "beam-patient": BeamSearch(width=4, stop_rule="patience", patience=2, no_repeat_ngram=3),
    "beam-first": BeamSearch(width=4, length_penalty=1, stop_rule="first", ban="e"),
    "nucleus-beam-best": NucleusBeam(width=4, top_p=0.9, mode="best", no_repeat_ngram=2),
}


def model_path(cell: str) -> Path:
    """The committed checkpoint of a cell: random weights, two layers of 21."""
    return FOLDER / f"{cell}.safetensors"


def written(case: str, threads: int = 1) -> dict[str, Any]:
    """Everything that is written in a case: texts, and log-probabilities in hexadecimal."""
    cell, precision = CASES[case]
    engine = Engine.load(model_path(cell), threads=threads, precision=precision)
    return {
        name: [
            [[c.text, c.log_prob.hex(), c.finished] for c in completions]
            for completions in engine.write_many(PROMPTS, strategy, n=2, max_length=60, seed=11)
        ]
        for name, strategy in GOLDEN_STRATEGIES.items()
    }


def records_path(version: int) -> Path:
    """The committed records of an engine format, which every later one writes again."""
    return FOLDER / f"records-{version}.jsonl"


def recorded(case: str) -> Iterator[dict[str, Any]]:
    """The records of a case: of every strategy, and of whatever else a record tells."""
    cell, precision = CASES[case]
    engine = Engine.load(model_path(cell), precision=precision)
    thirty = Limits(max_length=30)
    plain = Order("sample", Sampling(), thirty, 11, precision=precision)

    def write(order: Order, prompts: Sequence[str | PromptState], **given: Any) -> Any:
        given |= {"details": order.details, "seed": order.seed, **asdict(order.limits)}
        session = engine.start(prompts, order.strategy, **given)
        while not session.done:
            session.advance(256)
        for _, record in records_of(engine, order, session):
            yield record
        return session

    for name, strategy in GOLDEN_STRATEGIES.items():
        kinds = (kind for kind, preset in STRATEGIES.items() if type(preset) is type(strategy))
        kind = name if name in STRATEGIES else next(kinds)
        order = Order(kind, strategy, thirty, 11, precision=precision)
        yield from write(order, ["the "], n=2)
    ending = Limits(max_length=20, min_length=5, stop=("e", "\n"))
    told = Order("sample", Sampling(top_p=0.9), ending, 2**64 - 1, 2, precision)
    yield from write(told, ["", "hello, world! "], first_sample=7)
    begun = yield from write(plain, ["a", "b", "a"], first_sample=[0, 0, 1])
    yield from write(plain, [engine.state_after(begun, 2)], first_sample=1)
    drawn = Order("nucleus-beam", NucleusBeam(width=3), thirty, 11, precision=precision)
    yield from write(drawn, ["the "], n=2, first_sample=1)
    yield from write(plain, ["the "], dice="shared")


def main() -> None:
    from models import random_checkpoint

    FOLDER.mkdir(exist_ok=True)
    for cell in CELLS:
        if model_path(cell).exists():
            continue
        unit = "sentence" if cell == "gru" else "continuous"
        checkpoint = random_checkpoint(cell, unit, hidden_size=21, layers=2, end=1.0)  # type: ignore[arg-type]
        save_checkpoint(model_path(cell), checkpoint)
    content = {
        "engine_format": ENGINE_FORMAT,
        "strategies": {n: [type(s).__name__, asdict(s)] for n, s in GOLDEN_STRATEGIES.items()},
        "texts": {case: written(case) for case in CASES},
    }
    lines = [json.dumps(record) + "\n" for case in CASES for record in recorded(case)]
    records_path(ENGINE_FORMAT).write_text("".join(lines), encoding="utf-8")
    TEXTS.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
