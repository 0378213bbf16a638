"""Characters per second on a CUDA device, beside the native engine on the same machine's CPU.

    python -m benchmarks.cuda [--hidden 512] [--threads N]

A random LSTM samples from the nucleus of 0.95, B rows at a time, and searches 32 prompts with
beams of 10. By the clock, since a device has no process time; the two take turns, and the median
of the turns counts. Without a CUDA device it says so and measures nothing; `--device torch-cpu`
runs the same code on the CPU, to see that it works.

Beside it the floor: characters per second if a position took no longer than reading every weight
once, than the operations of its products, than launching what it asks torch for (`floors`).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from benchmarks.floors import Rates, Work, launches_of, measured
from benchmarks.models import Size, random_checkpoint, weight_count
from benchmarks.tables import Table, add_json_option, write_json
from charlm.decoding import BeamSearch, Sampling, Strategy
from charlm.engine.engine import Engine
from charlm.engine.session import Session
from charlm.errors import CharlmError
from charlm.model.config import ModelConfig

_FEW = 20_000  # characters of the native engine in a turn: it is slower on many rows


@dataclass(frozen=True)
class Case:
    """What is written: `samples` of each of `prompts`; hypotheses of a beam count as rows."""

    name: str
    strategy: Strategy
    prompts: int = 1
    samples: int = 1
    rows: int = 1


ROWS = (1, 16, 256, 4096)
CASES = [
    *(
        Case(f"nucleus, {n:,} rows", Sampling(top_p=0.95), samples=n, rows=n)
        for n in (1, 16, 256, 4096)
    ),
    Case("beams, 32 x 10", BeamSearch(width=10), prompts=32, rows=320),
]


def characters_per_s(engine: Engine, case: Case, length: int) -> float:
    """Characters of all rows per second by the clock."""
    session = begun(engine, case, length)
    start = time.perf_counter()
    while not session.done:
        session.advance(length, budget_ms=10_000)
    return case.rows * length / (time.perf_counter() - start)


def begun(engine: Engine, case: Case, length: int) -> Session:
    """A session that has not yet written."""
    return engine.start(
        [""] * case.prompts, case.strategy, n=case.samples, max_length=length, ignore_eos=True
    )


def floor(engine: Engine, config: ModelConfig, case: Case, rates: Rates) -> dict[str, float]:
    """Characters per second at most: by bytes, by operations, by launches."""
    session = begun(engine, case, 8)
    session.advance(4, budget_ms=10_000)  # behind the prompt, all hypotheses there
    launches = launches_of(lambda: session.advance(1, budget_ms=10_000))
    weights = weight_count(config)
    work = Work(4.0 * weights, 2.0 * weights * case.rows, launches)
    return {name: case.rows / seconds for name, seconds in work.seconds(rates).items()}


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
    rates_of_device = measured(torch.device(chosen.device.removeprefix("torch-")))
    figures, lines = [], []
    for case in CASES:
        lengths = chosen.length, max(4, min(chosen.length, _FEW // case.rows))
        turns: list[list[float]] = [[] for _ in engines]
        for engine, length in zip(engines, lengths, strict=True):
            characters_per_s(engine, case, min(32, length))  # first calls allocate
        for _ in range(chosen.rounds):
            for engine, length, rates in zip(engines, lengths, turns, strict=True):
                rates.append(characters_per_s(engine, case, length))
        ours, native = (statistics.median(rates) for rates in turns)
        most = floor(engines[0], checkpoint.config, case, rates_of_device)
        told = [f"{rate:,.0f}" for rate in (ours, native)], [f"{r:,.0f}" for r in most.values()]
        lines.append([case.name, *told[0], f"{ours / native:.2f}x", *told[1]])
        rates_of = {engines[0].device: turns[0], "cpu": turns[1]}
        figures.append({"case": case.name, "characters_per_s": rates_of, "at_most": most})
    names = engines[0].isa, f"{engines[1].isa}, {chosen.threads} threads"
    floors = [f"at most by {name}" for name in ("bytes", "operations", "launches")]
    title = f"{size}, characters per second; the device: {rates_of_device}"
    shown = Table(title, ["", *names, "ratio", *floors], lines)
    print(shown)
    write_json(chosen.json, "cuda", arguments, [shown], figures)


if __name__ == "__main__":
    main()
