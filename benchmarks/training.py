"""Characters learned per second: charlm's update beside the same model around torch's own layer.

    python -m benchmarks.training [--full] [--cells gru lstm] [--sizes 128 256 512] [...]

One turn is one whole update: embedding, layers, linear map, loss, backward, the norm and its clip,
AdamW, on T times of B rows of random characters (V = 100, E = 64). charlm is as the trainer runs
it: plainly, with what hides and what is paid for (dropout everywhere, both penalties), and by the
loop in PyTorch. torch's GRU resets behind the product, the practical's before it: the same number
of multiplications, another equation. bf16: torch's model under autocast to bfloat16, where the
processor can do that.

On one thread and one core, in turns; the figure is the median of characters per second of process
time. GFLOP/s are those of the products of the plain update, against what the core can do. With two
threads: characters per second by the clock, beside one, in turns.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.ceiling import Ceiling
from benchmarks.measure import pin, take_turns
from benchmarks.models import E, Size, V
from benchmarks.tables import Table, add_json_option, judged, write_json
from charlm import _engine
from charlm.model.cells import CELLS
from charlm.options.train_config import LOOP, NATIVE, TrainConfig
from charlm.text.vocabulary import PAD
from charlm.train.dataset import Batch
from charlm.train.loop import LoopPass
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel
from charlm.train.native import NativePass
from charlm.train.optimiser import clip, make_optimiser
from charlm.train.regularise import Regularisers

LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
NAMES = CHARLM, REGULARISED, LOOPED, TORCH, BF16 = (
    "charlm", "with everything", "by the loop", "torch's layer", "bf16"
)  # fmt: skip
#: What hides and what is paid for, of every kind.
EVERYTHING = {
    "dropout": 0.3,
    "embedding_dropout": 0.1,
    "weight_dropout": 0.2,
    "recurrent_dropout": 0.2,
    "activation_penalty": 2.0,
    "slowness_penalty": 1.0,
}
#: Of the core's peak: where torch comes nearer to it than that leaves room for, this is enough.
ENOUGH = 0.7
Update = Callable[[Tensor], None]  # on ids [T + 1, B]
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


class TorchModel(nn.Module):
    """The model as one writes it around torch's layer."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.layers = LAYERS[size.cell](E, size.hidden_size, size.layers)
        self.output = nn.Linear(size.hidden_size, V)

    def forward(self, ids_TB: Tensor) -> Tensor:
        h_TBH, _ = self.layers(self.embedding(ids_TB))
        return self.output(h_TBH)


def torch_update(size: Size, **autocast: Any) -> Update:
    """An update of torch's model."""
    model = TorchModel(size)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.001)

    def update(ids_TB: Tensor) -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, **autocast):
            loss = masked_cross_entropy(model(ids_TB[:-1]).float(), ids_TB[1:], PAD)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    return update


def charlm_update(size: Size, sequence: str = NATIVE, threads: int = 1, **more: Any) -> Update:
    """An update as the trainer makes it."""
    given = {"dropout": 0.0, **more, "sequence": sequence, "threads": threads}
    if not CELLS[size.cell].candidate:
        given.pop("recurrent_dropout", None)
    options = TrainConfig(
        cell=size.cell, hidden=size.hidden_size, layers=size.layers, embedding=E, **given
    )
    config = options.model(V)
    model = CharModel(config, Regularisers.of(options))
    passes = NativePass(config, options) if sequence == NATIVE else LoopPass(options)
    optimiser = make_optimiser(options, model)

    def update(ids_TB: Tensor) -> None:
        batch = Batch(ids_TB[:-1], ids_TB[1:], True)
        learned = passes.learn(model, batch, model.zero_state(ids_TB.shape[1]), 1, 0)
        optimiser.zero_grad(set_to_none=True)
        learned.total.backward()
        clip(options, model)
        optimiser.step()

    return update


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
        torch_update(size, enabled=False),
        torch_update(size),
    ]
    ids_TB = torch.randint(2, V, (times + 1, rows))
    calls = {name: partial(update, ids_TB) for name, update in zip(NAMES, updates, strict=True)}
    try:
        calls[BF16]()
    except RuntimeError:
        del calls[BF16]  # not on this processor
    take_turns(calls, 1)  # first calls allocate
    return {name: times * rows / took for name, took in take_turns(calls, rounds).items()}


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
                f"{gflops:.0f} ({gflops / peak:.0%})",
            ]
        )
    beside = [f"charlm / {TORCH}", f"{REGULARISED} / {TORCH}", f"charlm / {BF16}", "GFLOP/s"]
    title = f"Training, {times} times x {rows} rows, characters per second; a core can {peak:.0f}"
    return Table(f"{title} GFLOP/s", ["", *NAMES, *beside], lines)


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
        Table(
            "Training on two threads, with dropout 0.1, characters per second by the clock",
            ["", "one thread", "two threads", "two / one"],
            [
                [str(size), f"{one:,.0f}", f"{two:,.0f}", judged(two / one, 1.6, "{:.2f}x")]
                for size, (one, two) in threads.items()
            ],
        ),
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
