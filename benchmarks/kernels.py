"""How near the engine comes to what the core can do: GFLOP/s, GB/s, and the share of the ceiling.

    python -m benchmarks.kernels [--full] [--strict]

A step of N rows multiplies each row with every weight, and reads every weight at least once. So
it can take no less than its operations at the core's peak, nor less than its bytes at the rate at
which a buffer of that size is read; the longer of the two is the ceiling, and both are measured
in the same run, in turns with the engine (`Engine.logits`: cells and output, no sampler).

A kernel under half its ceiling is called out: a compiler can halve one without a word. With
--strict that ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.ceiling import Ceiling
from benchmarks.measure import cache_sizes, pin, process_seconds, size_for
from benchmarks.models import Size, V, random_checkpoint, weight_count
from benchmarks.tables import Table, add_json_option, judged, write_json
from charlm.engine.engine import Engine

#: Parts of the ceiling to reach: one row with weights within the second cache, or beyond it; many.
NEAR_TARGET, FAR_TARGET, BATCH_TARGET = 0.75, 0.9, 0.8
ALARM = 0.5
ROW_STEPS = 4096  # of one call


@dataclass(frozen=True)
class Finding:
    """Rates per second of one model's steps, and the ceilings of the same run."""

    model: str
    rows: int
    weight_bytes: int
    row_steps: float  # rows x positions
    operations: float
    peak_operations: float
    peak_reading: float  # bytes, from a buffer as large as the weights

    @property
    def reading(self) -> float:
        """Bytes of weights per second, each read once a step."""
        return self.row_steps / self.rows * self.weight_bytes

    @property
    def share(self) -> float:
        """Part of the ceiling that is reached: the fastest possible step over the measured."""
        return max(self.operations / self.peak_operations, self.reading / self.peak_reading)

    @property
    def target(self) -> float:
        """The part that should be reached at least."""
        if self.rows > 1:
            return BATCH_TARGET
        return NEAR_TARGET if self.weight_bytes <= cache_sizes().get("L2", 0) else FAR_TARGET


def measure(size: Size, rows: int, ceiling: Ceiling, rounds: int, seconds: float) -> Finding:
    """The engine and its two ceilings, in turns."""
    checkpoint = random_checkpoint(size)
    engine = Engine(checkpoint)
    weights = weight_count(checkpoint.config)
    # So few at a time that the logits' memory is used again, not asked for anew.
    shape = rows, max(1, ROW_STEPS // rows)
    ids = np.random.default_rng(1).integers(2, V, shape).astype(np.int32)

    def work(calls: int) -> None:
        for _ in range(calls):
            engine.logits(ids)

    calls = size_for(work, seconds)
    turns = {
        "steps": lambda: calls * ids.size / process_seconds(lambda: work(calls)),
        "operations": ceiling.operations(seconds / 4),
        "reading": ceiling.reading(4 * weights, seconds / 4),
    }
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            rates[name].append(turn())
    found = {name: statistics.median(values) for name, values in rates.items()}
    return Finding(
        model=str(size),
        rows=rows,
        weight_bytes=4 * weights,
        row_steps=found["steps"],
        operations=found["steps"] * 2 * weights,
        peak_operations=found["operations"],
        peak_reading=found["reading"],
    )


def table(isa: str, findings: Sequence[Finding]) -> Table:
    """One line a finding."""
    lines = [
        [
            f"{f.model}, {f.rows} row{'s' * (f.rows > 1)}",
            f"{f.weight_bytes / 1024:,.0f}",
            f"{f.row_steps:,.0f}",
            f"{f.operations / 1e9:.1f}",
            f"{f.peak_operations / 1e9:.1f}",
            f"{f.reading / 1e9:.1f}",
            f"{f.peak_reading / 1e9:.1f}",
            judged(f.share, f.target, "{:.0%}"),
        ]
        for f in findings
    ]
    columns = ["", "KiB", "rows x steps / s", "GFLOP/s", "peak", "GB/s", "peak", "of the ceiling"]
    return Table(f"Kernels, {isa}, float32", columns, lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kernels", description="The engine's steps beside the ceilings."
    )
    parser.add_argument("--full", action="store_true", help="all that is recorded")
    parser.add_argument("--cells", nargs="+", choices=["rnn", "gru", "lstm"], metavar="CELL")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="H", default=[128, 256, 512])
    parser.add_argument("--layers", type=int, nargs="+", metavar="L")
    parser.add_argument("--batches", type=int, nargs="+", metavar="B", help="rows at a time")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (5)")
    parser.add_argument("--seconds", type=float, default=0.2, help="length of a turn (0.2)")
    parser.add_argument("--strict", action="store_true", help="fail under half a ceiling")
    add_json_option(parser, "kernels")
    chosen = parser.parse_args(arguments)
    cells = chosen.cells or (["lstm", "gru"])
    layers = chosen.layers or ([1, 2] if chosen.full else [1])
    batches = chosen.batches or ([1, 64, 256] if chosen.full else [1, 64])
    pin()
    isa = Engine(random_checkpoint(Size("rnn", 16))).isa
    ceiling = Ceiling(isa)
    findings = [
        measure(Size(cell, H, L), B, ceiling, chosen.rounds, chosen.seconds)
        for B in batches
        for cell in cells
        for L in layers
        for H in chosen.sizes
    ]
    shown = table(isa, findings)
    print(shown)
    figures = [asdict(f) | {"share": f.share} for f in findings]
    write_json(chosen.json, "kernels", arguments, [shown], figures)
    low = [f for f in findings if f.share < ALARM]
    for f in low:
        print(f"UNDER HALF ITS CEILING: {f.model}, {f.rows} rows: {f.share:.0%}", file=sys.stderr)
    if low and chosen.strict:
        sys.exit(1)


if __name__ == "__main__":
    main()
