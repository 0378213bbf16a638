"""How much of a text stays when a knob is turned, and how much of one prompt's is in another's.

    python -m benchmarks.dice [--full]

The engine's random numbers are counted (docs/decoders.md), so that two settings share their dice
when they share prompt and seed. Two measures, in percent, with standard errors over the texts:

    as written   each setting writes its own text; once they differ, the contexts differ too.
                 `same`: positions with the same character, of the longer text's (an end counts
                 as a character); `before`: positions before the first that differs
    one ahead    both settings draw the next character behind every beginning of the text that
                 the first one wrote: how often it is the same

And of prompts that have their own dice, beside prompts that share them (`dice="shared"`):

    variance     of the mean log_prob of many prompts over seeds, as a multiple of what independent
                 texts would have
    one text     of ten prompts' texts, the pairs that agree in more than 90 % of their last 200
                 characters, in percent
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.measure import ROOT
from benchmarks.tables import Table, add_json_option, write_json
from charlm.decoding import Sampling
from charlm.dice import spelled
from charlm.engine.engine import Engine
from charlm.engine.session import Completion

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
    drawn = engine.write_many(
        beginnings,
        after,
        max_length=1,
        seed=seed + fresh * 1_000_000,
        dice=spelled(engine.feed(prompt).dice),
    )
    return statistics.mean(characters(row) == c for (row,), c in zip(drawn, text, strict=True))


@dataclass(frozen=True)
class Shared:
    """What different prompts have in common."""

    variance: float
    one_text: float


def openings(engine: Engine, count: int, length: int) -> list[str]:
    """Different prompts of one length, which the model itself wrote."""
    texts: dict[str, None] = {}
    for seed in range(1, 100):
        for [completion] in engine.write_many([""] * count, max_length=4 * length, seed=seed):
            text = completion.text.replace("\n", " ").strip()
            if len(text) >= length and not text[length - 1].isspace():
                texts.setdefault(text[:length])
            if len(texts) == count:
                return list(texts)
    raise ValueError("the model writes too few different beginnings")


def shared(engine: Engine, dice: str, seeds: int, prompts: int, length: int) -> Shared:
    """What the texts of different prompts have in common, with dice of their own or shared ones."""
    asked = openings(engine, prompts, 12)
    values = np.array(
        [
            [row.log_prob / row.length for (row,) in engine.write_many(
                asked, Sampling(), max_length=length, ignore_eos=True, seed=seed, dice=dice
            )]
            for seed in range(1, seeds + 1)
        ]
    )  # [seeds, prompts]  # fmt: skip
    independent = values.var(axis=0, ddof=1).mean() / prompts
    texts = [
        row.text[-200:]
        for (row,) in engine.write_many(
            asked[:10], Sampling(), max_length=1000, ignore_eos=True, dice=dice
        )
    ]
    pairs = [(a, b) for i, a in enumerate(texts) for b in texts[:i]]
    one = statistics.mean(same_part(a, b) > 0.9 for a, b in pairs)
    return Shared(float(values.mean(axis=1).var(ddof=1) / independent), one)


def table_of_prompts(found: Sequence[tuple[str, str, Shared]]) -> Table:
    """One line a model and kind of dice."""
    lines = [
        [f"{model}, dice {dice}", f"{s.variance:.2f}", f"{100 * s.one_text:.0f}"]
        for model, dice, s in found
    ]
    columns = ["", "variance", "one text, % of pairs"]
    return Table("Different prompts at one seed", columns, lines)


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
    parser.add_argument("--seeds", type=int, help="of the texts of prompts (10; 40 in full)")
    parser.add_argument("--folder", type=Path, default=ROOT / "checkpoints", metavar="DIR")
    add_json_option(parser, "dice")
    chosen = parser.parse_args(arguments)
    texts = chosen.texts or (1000 if chosen.full else 200)
    seeds = chosen.seeds or (40 if chosen.full else 10)
    found = []
    for model, prompt in MODELS.items():
        engine = Engine.load(chosen.folder / model)
        for name, change in CHANGES.items():
            for dice in ("same dice", "fresh dice"):
                kept = measure(engine, prompt, change, dice != "same dice", texts, chosen.length)
                found.append((model, name, dice, kept))
    prompts = []
    for model in MODELS:
        engine = Engine.load(chosen.folder / model)
        for dice in ("prompt", "shared"):
            prompts.append((model, dice, shared(engine, dice, seeds, 200, chosen.length)))
    shown = [table(found), table_of_prompts(prompts)]
    print(*shown, sep="\n")
    figures = [{"model": m, "change": c, "dice": d} | asdict(k) for m, c, d, k in found]
    figures += [{"model": m, "prompts": d} | asdict(s) for m, d, s in prompts]
    write_json(chosen.json, "dice", arguments, shown, figures)


if __name__ == "__main__":
    main()
