"""Characters learned per second: charlm's model beside the same model around torch's own layer.

    python -m benchmarks.training [--full] [--cells gru lstm] [--sizes 128 256 512] [...]

One turn is one update: embedding, layers, linear map, loss, backward and AdamW, on T times of B
rows of random characters (V = 100, E = 64). On one thread and one core, in turns; the figure is
the median of characters per second of process time. torch's GRU resets behind the product, the
practical's before it: the same number of multiplications, another equation. bf16: torch's model
under autocast to bfloat16, where the processor can do that.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.measure import pin, take_turns
from benchmarks.models import E, Size, V
from benchmarks.tables import Table, add_json_option, judged, write_json
from charlm.model.config import ModelConfig
from charlm.text.vocabulary import PAD
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel

LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
NAMES = CHARLM, TORCH, BF16 = "charlm", "torch's layer", "bf16"
Update = Callable[[Tensor], None]  # on ids [T + 1, B]: forward, backward, one step of AdamW
Rates = Mapping[str, float]  # characters per second of every learner


def target(size: Size) -> float | None:
    """What charlm should reach of torch's layer in float32."""
    if size.cell == "lstm":
        large = size.hidden_size >= 512
        return (1.6 if large else 2.0) if size.layers == 1 else (1.4 if large else 1.6)
    return 2.0 if size.cell == "gru" else None


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


def charlm_forward(size: Size, rows: int) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    """charlm's model, and how it makes logits of ids."""
    config = ModelConfig(size.cell, V, E, size.hidden_size, size.layers, size.cell != "gru")
    model = CharModel(config)
    return model, lambda ids_TB: model(ids_TB, model.zero_state(rows))[0]


def updater(model: nn.Module, forward: Callable[[Tensor], Tensor], **autocast: Any) -> Update:
    """One update of the model, each time on the same characters."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.001)

    def update(ids_TB: Tensor) -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, **autocast):
            loss = masked_cross_entropy(forward(ids_TB[:-1]).float(), ids_TB[1:], PAD)
        loss.backward()
        optimiser.step()

    return update


def measure(size: Size, times: int, rows: int, rounds: int) -> Rates:
    """Characters per second of the learners, taking turns."""
    plain, mixed = TorchModel(size), TorchModel(size)
    updates = [
        updater(*charlm_forward(size, rows), enabled=False),
        updater(plain, plain, enabled=False),
        updater(mixed, mixed),
    ]
    ids_TB = torch.randint(2, V, (times + 1, rows))
    calls = {name: partial(update, ids_TB) for name, update in zip(NAMES, updates, strict=True)}
    try:
        calls[BF16]()
    except RuntimeError:
        del calls[BF16]  # not on this processor
    take_turns(calls, 1)  # first calls allocate
    return {name: times * rows / took for name, took in take_turns(calls, rounds).items()}


def table(found: Mapping[Size, Rates], times: int, rows: int) -> Table:
    """One line a model."""
    lines = [
        [
            str(size),
            *(f"{rates[name]:,.0f}" if name in rates else "-" for name in NAMES),
            judged(rates[CHARLM] / rates[TORCH], target(size), "{:.2f}x"),
            f"{rates[CHARLM] / rates[BF16]:.2f}x" if BF16 in rates else "-",
        ]
        for size, rates in found.items()
    ]
    columns = ["", *NAMES, f"{CHARLM} / {TORCH}", f"{CHARLM} / {BF16}"]
    title = f"Training, {times} times x {rows} rows, characters per second"
    return Table(title, columns, lines)


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
    pin()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found = {
        size: measure(size, chosen.times, chosen.rows, chosen.rounds)
        for cell in chosen.cells
        for layers in chosen.layers
        for hidden_size in chosen.sizes
        for size in [Size(cell, hidden_size, layers)]
    }
    shown = table(found, chosen.times, chosen.rows)
    print(shown)
    figures = [{"model": str(s), "characters_per_s": rates} for s, rates in found.items()]
    write_json(chosen.json, "training", arguments, [shown], figures)


if __name__ == "__main__":
    main()
