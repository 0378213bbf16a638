"""Characters learned per second: charlm's update beside the same model around torch's own layer.

    python -m benchmarks.training [--full] [--cells gru lstm] [--sizes 128 256 512] [...]

One turn is one whole update: embedding, layers, linear map, loss, backward, the norm and its clip,
AdamW, on T times of B rows of random characters (V = 100, E = 64). charlm is as the trainer runs
it: plainly, with what hides and what is paid for (dropout everywhere, both penalties), and by the
loop in PyTorch. torch's GRU resets behind the product, the practical's before it: the same number
of multiplications, another equation. bf16: torch's model under autocast to bfloat16, where the
processor can do that. monitor: what a training takes longer for its close looks at one step in a
hundred. At H 256 also what one would write without torch's layer: the loop over time, the same
through `torch.compile`, and a scan in JAX.

On one thread and one core, in turns; the figure is the median of characters per second of process
time. GFLOP/s are those of the products of the plain update, against what the core can do. With two
threads: characters per second by the clock, beside one, in turns.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from functools import partial

import torch

from benchmarks.ceiling import Ceiling
from benchmarks.learners import others
from benchmarks.learners.charlm_learner import EVERYTHING, charlm_update
from benchmarks.learners.torch_learners import LAYERS, STEPS, layer_update
from benchmarks.measure import pin, take_turns
from benchmarks.models import Size, V
from benchmarks.tables import Table, add_json_option, judged, write_json
from charlm import _engine
from charlm.model.cells import CELLS
from charlm.options.train_fields import LOOP
from charlm.train.trainer import STEPS_PER_PROBE

NAMES = CHARLM, REGULARISED, LOOPED, TORCH, BF16 = (
    "charlm", "with everything", "by the loop", "torch's layer", "bf16"
)  # fmt: skip
WATCHED = "monitor"
#: Of the core's peak: where torch comes nearer to it than that leaves room for, this is enough.
ENOUGH = 0.7
Rates = Mapping[str, float]  # characters per second of every learner


def target(size: Size) -> float | None:
    """What charlm should reach of torch's layer in float32."""
    if size.cell == "lstm":
        large = size.hidden_size >= 512
        return (1.6 if large else 2.0) if size.layers == 1 else (1.4 if large else 1.6)
    return 2.0 if size.cell == "gru" else None


def operations(size: Size) -> int:
    """Floating point operations of one character in the products of an update."""
    gates, hidden = len(CELLS[size.cell].gates) * size.hidden_size, size.hidden_size
    recurrent = size.layers * gates * hidden
    inputs = (size.layers - 1) * gates * hidden  # those of the first layer are looked up
    return 3 * 2 * (recurrent + inputs + V * hidden)


def peak() -> float:
    """GFLOP/s that this core can do in float32."""
    work = Ceiling(_engine.instruction_sets()[0]).operations(0.1)
    return statistics.median(work() for _ in range(5)) / 1e9


def measure(size: Size, times: int, rows: int, rounds: int) -> Rates:
    """Characters per second of the learners, taking turns."""
    updates = [
        charlm_update(size),
        charlm_update(size, **EVERYTHING),
        charlm_update(size, LOOP),
        layer_update(size, enabled=False),
        layer_update(size),
    ]
    ids_TB = torch.randint(2, V, (times + 1, rows))
    calls = {name: partial(update, ids_TB) for name, update in zip(NAMES, updates, strict=True)}
    calls[WATCHED] = partial(charlm_update(size, watched=True), ids_TB)
    try:
        calls[BF16]()
    except RuntimeError:
        del calls[BF16]  # not on this processor
    take_turns(calls, 1)  # first calls allocate
    return {name: times * rows / took for name, took in take_turns(calls, rounds).items()}


def measure_others(size: Size, times: int, rows: int, rounds: int) -> Table:
    """What one would take beside torch's layer, at one size."""
    ids_TB = torch.randint(2, V, (times + 1, rows))
    updates, skipped = others(size)
    for line in skipped:
        print(line)
    updates = {CHARLM: charlm_update(size), **updates, TORCH: layer_update(size, enabled=False)}
    calls = {name: partial(update, ids_TB) for name, update in updates.items()}
    take_turns(calls, 1)  # first calls compile
    found = {name: times * rows / took for name, took in take_turns(calls, rounds).items()}
    lines = [[name, f"{r:,.0f}", f"{found[CHARLM] / r:.2f}x"] for name, r in found.items()]
    return Table(f"{size}, characters per second", ["", "", "charlm beside it"], lines)


def measure_threads(size: Size, times: int, rows: int, rounds: int) -> tuple[float, float]:
    """Characters per second by the clock, of one thread and of two."""
    ids_TB = torch.randint(2, V, (times + 1, rows))
    updates = [charlm_update(size, threads=threads, dropout=0.1) for threads in (1, 2)]
    took: list[list[float]] = [[], []]
    for turn in range(rounds + 1):
        for update, seconds in zip(updates, took, strict=True):
            start = time.perf_counter()
            update(ids_TB)
            if turn:  # first calls allocate
                seconds.append(time.perf_counter() - start)
    one, two = (times * rows / statistics.median(seconds) for seconds in took)
    return one, two


def table(found: Mapping[Size, Rates], times: int, rows: int, peak: float) -> Table:
    """One line a model."""
    lines = []
    for size, rates in found.items():
        gflops = operations(size) * rates[CHARLM] / 1e9
        goal = target(size)
        if goal is not None:  # or 70 % of the peak, whichever is less
            goal = min(goal, ENOUGH * peak * 1e9 / operations(size) / rates[TORCH])
        lines.append(
            [
                str(size),
                *(f"{rates[name]:,.0f}" if name in rates else "-" for name in NAMES),
                judged(rates[CHARLM] / rates[TORCH], goal, "{:.2f}x"),
                f"{rates[REGULARISED] / rates[TORCH]:.2f}x",
                f"{rates[CHARLM] / rates[BF16]:.2f}x" if BF16 in rates else "-",
                f"{(rates[CHARLM] / rates[WATCHED] - 1) / STEPS_PER_PROBE:.1%}",
                f"{gflops:.0f} ({gflops / peak:.0%})",
            ]
        )
    ratios = [f"charlm / {TORCH}", f"{REGULARISED} / {TORCH}", f"charlm / {BF16}"]
    title = f"Training, {times} times x {rows} rows, characters per second; a core can {peak:.0f}"
    return Table(f"{title} GFLOP/s", ["", *NAMES, *ratios, WATCHED, "GFLOP/s"], lines)


def thread_table(threads: Mapping[Size, tuple[float, float]]) -> Table:
    """One line a model, of one thread and of two."""
    return Table(
        "Training on two threads, with dropout 0.1, characters per second by the clock",
        ["", "one thread", "two threads", "two / one"],
        [
            [str(size), f"{one:,.0f}", f"{two:,.0f}", judged(two / one, 1.6, "{:.2f}x")]
            for size, (one, two) in threads.items()
        ],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training", description="Characters learned per second."
    )
    parser.add_argument("--full", action="store_true", help="all that is recorded (15 minutes)")
    parser.add_argument("--cells", nargs="+", default=["lstm", "gru"], choices=LAYERS)
    parser.add_argument("--sizes", type=int, nargs="+", metavar="H")
    parser.add_argument("--layers", type=int, nargs="+", metavar="L")
    parser.add_argument("--times", type=int, metavar="T")
    parser.add_argument("--rows", type=int, metavar="B")
    parser.add_argument("--rounds", type=int, help="turns of each learner")
    add_json_option(parser, "training")
    chosen = parser.parse_args(arguments)
    quick = {"sizes": [128, 256], "layers": [1], "times": 64, "rows": 32, "rounds": 5}
    full = {"sizes": [128, 256, 512], "layers": [1, 2], "times": 128, "rows": 64, "rounds": 5}
    for name, value in (full if chosen.full else quick).items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes = [
        Size(cell, hidden_size, layers)
        for cell in chosen.cells
        for layers in chosen.layers
        for hidden_size in chosen.sizes
    ]
    batch = chosen.times, chosen.rows, chosen.rounds
    threads = {size: measure_threads(size, *batch) for size in sizes}  # before it is pinned
    pin()
    found = {size: measure(size, *batch) for size in sizes}
    shown = [
        table(found, chosen.times, chosen.rows, peak()),
        thread_table(threads),
    ]
    shown += [
        measure_others(size, *batch)
        for size in sizes
        if chosen.full and size.cell in STEPS and (size.hidden_size, size.layers) == (256, 1)
    ]
    for each in shown:
        print(each)
    figures = [
        {"model": str(s), "characters_per_s": rates, "by_threads": threads[s]}
        for s, rates in found.items()
    ]
    write_json(chosen.json, "training", arguments, shown, figures)


if __name__ == "__main__":
    main()
