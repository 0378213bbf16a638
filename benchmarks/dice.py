"""How much of a text stays when a knob is turned, with the same dice and with fresh ones.

    python -m benchmarks.dice [--full]

The engine's random numbers are counted (docs/decoders.md), so that two settings share their dice
when they share a seed. Two measures, in percent, with their standard errors over the texts:

    as written   each setting writes its own text; once they differ, the contexts differ too.
                 `same`: positions with the same character, of the longer text's (an end counts
                 as a character); `before`: positions before the first that differs
    one ahead    both settings draw the next character behind every beginning of the text that
                 the first one wrote: how often it is the same
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.tables import Table, add_json_option, write_json
from charlm.decoding import Sampling
from charlm.engine import Engine
from charlm.session import Completion

MODELS = {"shakespeare": "ROMEO:", "speeches": "We "}  # and the prompt of each
CHANGES = {
    "T 1.0 -> 0.9": (Sampling(), Sampling(temperature=0.9)),
    "top_p 1 -> 0.95": (Sampling(), Sampling(top_p=0.95)),
}
END = "\0"  # stands for the end of a text


@dataclass(frozen=True)
class Share:
    """A mean of parts in [0, 1] and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, parts: Sequence[float]) -> Share:
        return cls(statistics.mean(parts), statistics.stdev(parts) / math.sqrt(len(parts)))

    def __str__(self) -> str:
        return f"{100 * self.mean:.1f} ± {100 * self.error:.1f}"


@dataclass(frozen=True)
class Kept:
    """What one change of a knob keeps of the texts of one model."""

    same: Share
    before: Share
    one_ahead: Share


def characters(completion: Completion) -> str:
    return completion.text + END * completion.finished


def same_part(a: str, b: str) -> float:
    """Positions with the same character, of the longer's."""
    return sum(x == y for x, y in zip(a, b, strict=False)) / max(len(a), len(b))


def part_before(a: str, b: str) -> float:
    """Positions before the first that differs, of the longer's."""
    pairs = enumerate(zip(a, b, strict=False))
    first = next((i for i, (x, y) in pairs if x != y), min(len(a), len(b)))
    return first / max(len(a), len(b))


def measure(
    engine: Engine, prompt: str, change: tuple[Sampling, Sampling], fresh: bool,
    texts: int, length: int,
) -> Kept:  # fmt: skip
    """One change, with the dice of the same seed or of another."""
    before, after = change
    first, second = (
        [
            characters(row)
            for row in engine.write_many([prompt], strategy, n=texts, max_length=length, seed=seed)[
                0
            ]
        ]
        for strategy, seed in ((before, 1), (after, 2 if fresh else 1))
    )
    pairs = list(zip(first, second, strict=True))
    ahead = [
        one_ahead(engine, prompt, change, fresh, seed, length // 2) for seed in range(texts // 4)
    ]
    return Kept(
        Share.of([same_part(a, b) for a, b in pairs]),
        Share.of([part_before(a, b) for a, b in pairs]),
        Share.of(ahead),
    )


def one_ahead(
    engine: Engine, prompt: str, change: tuple[Sampling, Sampling], fresh: bool,
    seed: int, length: int,
) -> float:  # fmt: skip
    """The part of one text's positions where the other setting draws the same character."""
    before, after = change
    text = characters(engine.write(prompt, before, max_length=length, seed=seed))
    beginnings = [prompt + text[:t] for t in range(len(text))]
    dice = seed + fresh * 1_000_000
    drawn = engine.write_many(beginnings, after, max_length=1, seed=dice)
    return statistics.mean(characters(row) == c for (row,), c in zip(drawn, text, strict=True))


def table(found: Sequence[tuple[str, str, str, Kept]]) -> Table:
    """One line a model, change and kind of dice."""
    lines = [
        [f"{model}, {change}, {dice}", str(kept.same), str(kept.before), str(kept.one_ahead)]
        for model, change, dice, kept in found
    ]
    columns = ["", "as written: same", "before", "one ahead: same"]
    return Table("Characters kept when a knob is turned, percent", columns, lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dice", description="Characters kept, same dice and fresh."
    )
    parser.add_argument("--full", action="store_true", help="all that is recorded")
    parser.add_argument("--texts", type=int, help="texts of each setting (200; 1000 in full)")
    parser.add_argument("--length", type=int, default=200, help="characters of a text (200)")
    parser.add_argument("--folder", type=Path, default=ROOT / "checkpoints", metavar="DIR")
    add_json_option(parser, "dice")
    chosen = parser.parse_args(arguments)
    texts = chosen.texts or (1000 if chosen.full else 200)
    found = []
    for model, prompt in MODELS.items():
        engine = Engine.load(chosen.folder / model)
        for name, change in CHANGES.items():
            for dice in ("same dice", "fresh dice"):
                kept = measure(engine, prompt, change, dice != "same dice", texts, chosen.length)
                found.append((model, name, dice, kept))
    shown = table(found)
    print(shown)
    figures = [{"model": m, "change": c, "dice": d} | asdict(k) for m, c, d, k in found]
    write_json(chosen.json, "dice", arguments, [shown], figures)


if __name__ == "__main__":
    main()
