"""Characters learned per second on a CUDA device, beside a model around torch's own layer.

    python -m benchmarks.cuda_training [--cells lstm gru] [--sizes 256 512 1024]

One turn is some whole updates: embedding, layers, linear map, loss, backward, the norm and its
clip, AdamW, on T times of B rows of random characters (V = 100, E = 64). charlm is as the trainer
runs it there: an LSTM by cuDNN, with the norm and the loss looked at after each update; in bfloat16
too, and by the loop that other cells take. torch's layer is nn.LSTM or nn.GRU (another equation),
in float32 and under autocast; cuDNN rounds nothing to TF32 in float32, for either.

By the clock, in turns, the median counts. Without a CUDA device it says so and measures nothing;
`--device torch-cpu` runs the same code on the CPU, to see that it works. Beside it the floor of an
update: reading the recurrent weights anew at every time there and back, the operations of its
products in float32, launching what the loop asks torch for (`floors`).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from benchmarks.floors import Rates, Work, launches_of, measured, wait_for
from benchmarks.learners.charlm_learner import charlm_update
from benchmarks.learners.torch_learners import layer_update
from benchmarks.models import Size, V
from benchmarks.tables import Table, add_json_option, write_json
from benchmarks.training import operations
from charlm.device import choose_device
from charlm.errors import CharlmError
from charlm.model.cells import CELLS
from charlm.options.train_fields import BFLOAT16, LOOP

NAMES = CHARLM, LOW, LOOPED, TORCH, TORCH_LOW = (
    "charlm", "charlm bfloat16", "by the loop", "torch's layer", "its bfloat16"
)  # fmt: skip
FLOORS = ("bytes", "operations", "launches")
_UPDATES = 4  # of a turn


def updates_of(size: Size, device: str) -> dict[str, Callable[[Tensor], None]]:
    """What is compared."""
    ours, theirs = partial(charlm_update, size, LOOP, device=device), device.removeprefix("torch-")
    return {
        CHARLM: ours(),
        LOW: ours(precision=BFLOAT16),
        LOOPED: ours(by_layers=False),
        TORCH: layer_update(size, theirs, enabled=False),
        TORCH_LOW: layer_update(size, theirs),
    }


def measure(size: Size, device: str, times: int, rows: int, rounds: int) -> dict[str, float]:
    """Characters per second of all that can run there."""
    place = torch.device(device.removeprefix("torch-"))
    ids_TB = torch.randint(2, V, (times + 1, rows), device=place)
    updates = updates_of(size, device)
    turns: dict[str, list[float]] = {}
    for name, update in updates.items():
        try:
            update(ids_TB)  # first calls allocate
            turns[name] = []
        except RuntimeError as error:  # bfloat16 is not for every version of cuDNN
            print(f"{size}, {name} is skipped: {str(error).splitlines()[0]}")
    for _ in range(rounds):
        for name in turns:
            turns[name].append(_seconds(updates[name], ids_TB, place))
    taken = {name: statistics.median(each) for name, each in turns.items()}
    return {name: _UPDATES * times * rows / seconds for name, seconds in taken.items()}


def _seconds(update: Callable[[Tensor], None], ids_TB: Tensor, device: torch.device) -> float:
    wait_for(device)
    start = time.perf_counter()
    for _ in range(_UPDATES):
        update(ids_TB)
    wait_for(device)
    return time.perf_counter() - start


def floor(size: Size, device: str, times: int, rows: int, rates: Rates) -> dict[str, float]:
    """Characters per second at most, of an update by the loop."""
    ids_TB = torch.randint(2, V, (times + 1, rows), device=device.removeprefix("torch-"))
    update = charlm_update(size, LOOP, device=device, by_layers=False)
    update(ids_TB)  # the optimiser makes its memory
    recurrent = len(CELLS[size.cell].gates) * size.hidden_size**2 * size.layers
    characters = times * rows
    launches = launches_of(lambda: update(ids_TB))
    work = Work(2.0 * 4 * recurrent * times, float(operations(size) * characters), launches)
    return {name: characters / seconds for name, seconds in work.seconds(rates).items()}


def table(
    found: Mapping[Size, Mapping[str, float]],
    floors: Mapping[Size, Mapping[str, float]],
    title: str,
) -> Table:
    """One line a model."""
    lines = []
    for size, rates in found.items():
        shown = [f"{rates[name]:,.0f}" if name in rates else "-" for name in NAMES]
        ratio = f"{rates[CHARLM] / rates[TORCH]:.2f}x"
        lines.append([str(size), *shown, ratio, *(f"{floors[size][n]:,.0f}" for n in FLOORS)])
    columns = ["", *NAMES, f"charlm / {TORCH}", *(f"at most by {name}" for name in FLOORS)]
    return Table(title, columns, lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cuda_training", description="Characters learned on a device."
    )
    parser.add_argument("--device", default="cuda", help="cuda (default), or torch-cpu")
    parser.add_argument("--cells", nargs="+", default=["lstm", "gru"], choices=("lstm", "gru"))
    parser.add_argument("--sizes", type=int, nargs="+", metavar="H", default=[256, 512, 1024])
    parser.add_argument("--times", type=int, default=128, metavar="T")
    parser.add_argument("--rows", type=int, default=64, metavar="B")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (5)")
    add_json_option(parser, "cuda_training")
    chosen = parser.parse_args(arguments)
    try:
        choose_device(chosen.device)
    except CharlmError as error:
        print(f"skipped: {error}")
        return
    torch.manual_seed(0)
    rates = measured(torch.device(chosen.device.removeprefix("torch-")))
    batch = chosen.times, chosen.rows
    sizes = [Size(cell, hidden_size) for cell in chosen.cells for hidden_size in chosen.sizes]
    found = {size: measure(size, chosen.device, *batch, chosen.rounds) for size in sizes}
    floors = {size: floor(size, chosen.device, *batch, rates) for size in sizes}
    title = f"Training on {chosen.device}, {chosen.times} times x {chosen.rows} rows, characters"
    shown = table(found, floors, f"{title} per second; the device: {rates}")
    print(shown)
    figures = [
        {"model": str(size), "characters_per_s": found[size], "at_most": floors[size]}
        for size in sizes
    ]
    write_json(chosen.json, "cuda_training", arguments, [shown], figures)


if __name__ == "__main__":
    main()
