"""Characters per second of the engine, beside what one would write in plain PyTorch.

    python benchmarks/decode.py [--sizes 128 256 512] [--batches 1 64] [--json FILE]

Three writers decode the same random one-layer LSTM (V = 100, E = 64, logits of standard
deviation 2.5), each drawing every character from the nucleus of 0.95:

    engine    charlm.engine.Engine
    eager     a Python loop over the cell written out in torch operations
    nn.LSTM   torch's own layer, fed one character at a time

All on one thread. They take turns (A B C A B C ...), each turn long enough to be timed; the
figure is the median of characters per second of process time, which other jobs on the machine
disturb least. Ratios within one run are what counts.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from charlm.checkpoint import Checkpoint
from charlm.config import ModelConfig, TextConfig, parameter_shapes
from charlm.decoding import Sampling
from charlm.engine import Engine
from charlm.vocabulary import EOS, Vocabulary

V, E, TOP_P = 100, 64, 0.95
Writer = Callable[[int], None]  # writes that many positions of every row


def random_checkpoint(hidden_size: int) -> Checkpoint:
    """A random LSTM whose logits are about as sharp as those of a trained one."""
    random = np.random.default_rng(0)
    config = ModelConfig("lstm", V, E, hidden_size)
    tensors = {
        name: (random.uniform(-2, 2, p.shape) / hidden_size**0.5).astype(np.float32)
        for name, p in parameter_shapes(config).items()
    }
    vocabulary = Vocabulary([chr(0x100 + i) for i in range(V - 2)])
    text = TextConfig("continuous", EOS)  # no end: every row writes to the last position
    checkpoint = Checkpoint(config, text, vocabulary, tensors, {}, {})
    logits = Engine(checkpoint).logits(random.integers(2, V, (8, 20)).astype(np.int32))
    output = tensors["output_weight"] * np.float32(2.5 / logits[:, -1].std())
    return replace(checkpoint, tensors=tensors | {"output_weight": output})


def engine_writer(checkpoint: Checkpoint, rows: int) -> Writer:
    engine = Engine(checkpoint, threads=1)

    def write(positions: int) -> None:
        session = engine.start([""], Sampling(top_p=TOP_P), n=rows, max_length=positions)
        while not session.done:
            session.advance(positions, budget_ms=1000)

    return write


def nucleus_draw(logits_BV: Tensor) -> Tensor:
    """One id per row from the nucleus: sort, cumulate, cut, draw."""
    p_BV, order_BV = torch.softmax(logits_BV, -1).sort(-1, descending=True)
    p_BV[p_BV.cumsum(-1) - p_BV >= TOP_P] = 0
    return order_BV.gather(-1, torch.multinomial(p_BV, 1)).squeeze(-1)


def eager_writer(checkpoint: Checkpoint, rows: int) -> Writer:
    weights = {name: torch.from_numpy(t) for name, t in checkpoint.tensors.items()}
    size = checkpoint.config.hidden_size
    # One product of [x, h] for all gates, as one writes it for speed.
    both = torch.cat([weights["layers.0.input_weight"], weights["layers.0.hidden_weight"]], 1).T
    both, bias = both.contiguous(), weights["layers.0.bias"]
    output = weights["output_weight"].T.contiguous()

    @torch.inference_mode()
    def write(positions: int) -> None:
        h, c = torch.zeros(rows, size), torch.zeros(rows, size)
        ids = torch.full((rows,), EOS)
        for _ in range(positions):
            x = weights["embedding"][ids]
            i, f, g, o = torch.addmm(bias, torch.cat([x, h], 1), both).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            ids = nucleus_draw(torch.addmm(weights["output_bias"], h, output))
            ids.tolist()

    return write


def layer_writer(checkpoint: Checkpoint, rows: int) -> Writer:
    weights = {name: torch.from_numpy(t) for name, t in checkpoint.tensors.items()}
    layer = nn.LSTM(E, checkpoint.config.hidden_size)
    layer.load_state_dict(
        {
            "weight_ih_l0": weights["layers.0.input_weight"],
            "weight_hh_l0": weights["layers.0.hidden_weight"],
            "bias_ih_l0": weights["layers.0.bias"],
            "bias_hh_l0": torch.zeros_like(weights["layers.0.bias"]),
        }
    )

    @torch.inference_mode()
    def write(positions: int) -> None:
        state = None
        ids = torch.full((rows,), EOS)
        for _ in range(positions):
            h_1BH, state = layer(weights["embedding"][ids][None], state)
            logits = nn.functional.linear(h_1BH[0], weights["output_weight"])
            ids = nucleus_draw(logits + weights["output_bias"])
            ids.tolist()

    return write


WRITERS = {"engine": engine_writer, "eager": eager_writer, "nn.LSTM": layer_writer}


def rates(writers: dict[str, Writer], rows: int, rounds: int, seconds: float) -> dict[str, float]:
    """Median characters per second of process time, the writers taking turns."""
    positions = {}
    for name, write in writers.items():
        write(4)  # first calls allocate
        n, took = 8, 0.0
        while took < seconds / 4:
            n *= 2
            took = timed(write, n)
        positions[name] = max(8, int(n * seconds / took))
    measured: dict[str, list[float]] = {name: [] for name in writers}
    for _ in range(rounds):
        for name, write in writers.items():
            measured[name].append(rows * positions[name] / timed(write, positions[name]))
    return {name: statistics.median(values) for name, values in measured.items()}


def timed(write: Writer, positions: int) -> float:
    """Process time of one call, in seconds."""
    start = time.process_time()
    write(positions)
    return time.process_time() - start


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Characters per second, on one thread.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 512], metavar="H")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64], metavar="B")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each writer (5)")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn (0.5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    results = []
    print(f"{'':16}" + "".join(f"{name:>12}" for name in WRITERS) + "   engine / eager, nn.LSTM")
    for size in chosen.sizes:
        checkpoint = random_checkpoint(size)
        for rows in chosen.batches:
            writers = {name: make(checkpoint, rows) for name, make in WRITERS.items()}
            found = rates(writers, rows, chosen.rounds, chosen.seconds)
            ratios = [found["engine"] / found[name] for name in ("eager", "nn.LSTM")]
            print(
                f"LSTM H{size} B={rows}".ljust(16)
                + "".join(f"{rate:12,.0f}" for rate in found.values())
                + f"   {ratios[0]:.1f}x, {ratios[1]:.1f}x"
            )
            results.append({"hidden_size": size, "batch": rows, "characters_per_s": found})
    if chosen.json:
        about = {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "machine": platform.machine(),
            "isa": Engine(random_checkpoint(16)).isa,
            "rounds": chosen.rounds,
            "seconds": chosen.seconds,
        }
        chosen.json.write_text(json.dumps(about | {"results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
