"""Characters per second on a CUDA device, beside the native engine on the same machine's CPU.

    python -m benchmarks.cuda [--hidden 512] [--threads N]

A random LSTM samples from the nucleus of 0.95, B rows at a time, and searches 32 prompts with
beams of 10. By the clock, since a device has no process time; the two take turns, and the median
of the turns counts. Without a CUDA device it says so and measures nothing; `--device torch-cpu`
runs the same code on the CPU, to see that it works.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.models import Size, random_checkpoint
from benchmarks.tables import Table, add_json_option, write_json
from charlm.decoding import BeamSearch, Sampling, Strategy
from charlm.engine.engine import Engine
from charlm.errors import CharlmError


@dataclass(frozen=True)
class Case:
    """What is written: `samples` of each of `prompts`; hypotheses of a beam count as rows."""

    name: str
    strategy: Strategy
    prompts: int = 1
    samples: int = 1
    rows: int = 1


CASES = [
    *(Case(f"nucleus, {n:,} rows", Sampling(top_p=0.95), samples=n, rows=n) for n in (1, 64, 1024)),
    Case("beams, 32 x 10", BeamSearch(width=10), prompts=32, rows=320),
]


def characters_per_s(engine: Engine, case: Case, length: int) -> float:
    """Characters of all rows per second by the clock."""
    session = engine.start(
        [""] * case.prompts, case.strategy, n=case.samples, max_length=length, ignore_eos=True
    )
    start = time.perf_counter()
    while not session.done:
        session.advance(length, budget_ms=10_000)
    return case.rows * length / (time.perf_counter() - start)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cuda", description="Characters per second, device and CPU."
    )
    parser.add_argument("--device", default="cuda", help="cuda (default), or torch-cpu")
    parser.add_argument("--hidden", type=int, default=512, metavar="H", help="units (512)")
    parser.add_argument("--length", type=int, default=200, help="positions of a turn (200)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (5)")
    parser.add_argument("--threads", type=int, default=1, help="of the native engine (1)")
    add_json_option(parser, "cuda")
    chosen = parser.parse_args(arguments)
    size = Size("lstm", chosen.hidden)
    checkpoint = random_checkpoint(size)
    try:
        engines = [Engine(checkpoint, device=chosen.device)]
    except CharlmError as error:
        print(f"skipped: {error}")
        return
    engines.append(Engine(checkpoint, threads=chosen.threads))
    figures, lines = [], []
    for case in CASES:
        turns: list[list[float]] = [[] for _ in engines]
        for engine in engines:
            characters_per_s(engine, case, 32)  # first calls allocate
        for _ in range(chosen.rounds):
            for engine, rates in zip(engines, turns, strict=True):
                rates.append(characters_per_s(engine, case, chosen.length))
        ours, native = (statistics.median(rates) for rates in turns)
        lines.append([case.name, f"{ours:,.0f}", f"{native:,.0f}", f"{ours / native:.2f}x"])
        rates_of = {engines[0].device: turns[0], "cpu": turns[1]}
        figures.append({"case": case.name, "characters_per_s": rates_of})
    names = engines[0].isa, f"{engines[1].isa}, {chosen.threads} threads"
    shown = Table(f"{size}, characters per second", ["", *names, "ratio"], lines)
    print(shown)
    write_json(chosen.json, "cuda", arguments, [shown], figures)


if __name__ == "__main__":
    main()
