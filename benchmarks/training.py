"""Characters learned per second: charlm's recurrence beside torch's own layer and a plain loop.

    python benchmarks/training.py [--sizes 128 256 512] [--cells rnn gru lstm] [--json FILE]

Forward and backward of one layer over T = 64 times and B = 32 rows, the input's part of the
gates given (torch's layer computes its own, from the E = 64 inputs, as its design asks; charlm's
is computed beside it, so that the work is the same). On one thread, in turns; the figure is the
median of characters per second of process time. The GRU of torch resets behind the product, the
practical's before it: the same number of multiplications, another equation.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from charlm.config import GATES
from charlm.train.sequence import run_cell, run_cell_plainly

T, B, E = 64, 32, 64
LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
Learner = Callable[[], None]  # one forward and backward


def charlm_learner(cell: str, size: int, run: Callable[..., tuple[Tensor, object]]) -> Learner:
    """The layer as `charlm.train.model` runs it, with one of the two recurrences."""
    rows = len(GATES[cell]) * size
    input_weight = (torch.randn(rows, E) / E**0.5).requires_grad_()
    hidden_weight = (torch.randn(rows, size) / size**0.5).requires_grad_()
    x_TBE = torch.randn(T, B, E)
    state = tuple(torch.zeros(B, size) for _ in range(2 if cell == "lstm" else 1))

    def learn() -> None:
        h_TBH, _ = run(cell, nn.functional.linear(x_TBE, input_weight), state, hidden_weight)
        h_TBH.sum().backward()

    return learn


def torch_learner(cell: str, size: int) -> Learner:
    """The layer that torch has."""
    layer = LAYERS[cell](E, size, bias=False)
    x_TBE = torch.randn(T, B, E)

    def learn() -> None:
        layer(x_TBE)[0].sum().backward()

    return learn


def rates(learners: dict[str, Learner], rounds: int) -> dict[str, float]:
    """Median characters per second of process time, the learners taking turns."""
    measured: dict[str, list[float]] = {name: [] for name in learners}
    for learn in learners.values():
        learn()  # first calls allocate
    for _ in range(rounds):
        for name, learn in learners.items():
            start = time.process_time()
            learn()
            measured[name].append(T * B / (time.process_time() - start))
    return {name: statistics.median(values) for name, values in measured.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Characters learned per second, on one thread.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 512], metavar="H")
    parser.add_argument("--cells", nargs="+", default=list(LAYERS), choices=LAYERS)
    parser.add_argument("--rounds", type=int, default=15, help="turns of each learner (15)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    results = []
    print(f"{'':12}{'charlm':>10}{'loop':>10}{'torch':>10}   charlm / loop, torch")
    for cell in chosen.cells:
        for size in chosen.sizes:
            found = rates(
                {
                    "charlm": charlm_learner(cell, size, run_cell),
                    "loop": charlm_learner(cell, size, run_cell_plainly),
                    "torch": torch_learner(cell, size),
                },
                chosen.rounds,
            )
            shown = "".join(f"{rate:10,.0f}" for rate in found.values())
            ratios = [found["charlm"] / found[name] for name in ("loop", "torch")]
            print(f"{cell} H{size}".ljust(12) + f"{shown}   {ratios[0]:.2f}x, {ratios[1]:.2f}x")
            results.append({"cell": cell, "hidden_size": size, "characters_per_s": found})
    if chosen.json:
        about = {"torch": torch.__version__, "times": T, "rows": B, "rounds": chosen.rounds}
        chosen.json.write_text(json.dumps(about | {"results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
