"""What charlm's cells learn beside torch's own: same sizes, data, steps and seeds.

    python benchmarks/quality.py CORPUS [--cells lstm gru] [--seeds 1 2 3] [--json FILE]

Both read the text as one stream (B rows, T characters, the state carried and detached), learn
with AdamW under half a cosine and clip the gradient alike; both begin with weights uniform in
+-1/sqrt(H). The validation loss is that of one exact pass over the last tenth, in nats per
character. torch's LSTM has two biases per gate, of which the hidden one is held at 0; its GRU
resets behind the product, n = tanh(W x + r * (U h + b)), charlm's before it, as the equations of
the practical do, so the two GRUs are different models of almost the same size.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from charlm.model.config import ModelConfig
from charlm.options.train_config import TrainConfig
from charlm.text.vocabulary import PAD, Vocabulary
from charlm.train.dataset import encode
from charlm.train.evaluate import Reader, evaluate_stream
from charlm.train.loop import LoopPass
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel
from charlm.train.streams import StreamBatches

T, B, E = 64, 32, 64
RATE, LAST_RATE, CLIP = 3e-3, 0.02, 1.0


class TorchModel(nn.Module):
    """nn.LSTM or nn.GRU between an embedding and a linear map, with the face of a CharModel."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.config, self.device = config, torch.device("cpu")
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size)
        layer: Any = nn.LSTM if config.cell == "lstm" else nn.GRU
        self.recurrence = layer(config.embedding_size, size, config.layers, bias=config.bias)
        self.output = nn.Linear(size, config.vocabulary_size)
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if "bias" in name:
                    weight.zero_()
                elif name != "embedding.weight":
                    weight.uniform_(-(size**-0.5), size**-0.5)
                if config.cell == "lstm" and "bias_ih" in name:
                    weight[size : 2 * size] = 1  # the forget gate, as charlm's
                if "bias_hh" in name:
                    weight.requires_grad_(False)

    def zero_state(self, rows: int) -> Any:
        """The state before any text, layers first."""
        zeros = torch.zeros(self.config.layers, rows, self.config.hidden_size)
        return ((zeros, zeros),) if self.config.cell == "lstm" else ((zeros,),)

    def forward(self, ids_TB: Tensor, state: Any) -> tuple[Tensor, Any]:
        """logits_TBV and the state after the last time."""
        before = state[0] if self.config.cell == "lstm" else state[0][0]
        h_TBH, after = self.recurrence(self.embedding(ids_TB), before)
        return self.output(h_TBH), (after if self.config.cell == "lstm" else (after,),)


def learn(model: Any, batches: StreamBatches, steps: int) -> None:
    """The same steps for either model."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=RATE, betas=(0.9, 0.99), weight_decay=0.05)
    epoch, index, state = 0, 0, model.zero_state(batches.rows)
    for step in range(steps):
        batch = batches.batch(epoch, index)
        if batch.fresh:
            state = model.zero_state(batches.rows)
        logits_TBV, state = model(batch.inputs_TB, state)
        state = tuple(tuple(tensor.detach() for tensor in layer) for layer in state)
        optimiser.zero_grad(set_to_none=True)
        masked_cross_entropy(logits_TBV, batch.targets_TB, PAD).backward()
        nn.utils.clip_grad_norm_(weights, CLIP)
        share = LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * step / steps)) / 2
        optimiser.param_groups[0]["lr"] = RATE * share
        optimiser.step()
        index += 1
        if index >= batches.count(epoch):
            epoch, index = epoch + 1, 0


def measure(cell: str, seed: int, chosen: Any, text: str) -> dict[str, float]:
    """Validation losses of charlm's cell and torch's, and the seconds each took."""
    vocabulary = Vocabulary.of([text])
    ids, cut = encode(text, vocabulary), len(text) * 9 // 10
    config = ModelConfig(cell, len(vocabulary), E, chosen.hidden, bias=cell != "gru")  # type: ignore[arg-type]
    found = {}
    for name, kind in (("charlm", CharModel), ("torch", TorchModel)):
        torch.manual_seed(seed)
        model: Any = kind(config)
        batches = StreamBatches(ids[:cut], B, T, vocabulary.to_id["\n"], seed)
        start = time.process_time()
        learn(model, batches, chosen.steps)
        found[f"{name}_seconds"] = time.process_time() - start
        reader = Reader(model.eval(), LoopPass(TrainConfig()))
        found[name] = evaluate_stream(reader, ids[cut:], int(ids[cut - 1]), lambda _: None)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Validation losses beside torch's own layers.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--cells", nargs="+", default=["lstm", "gru"], choices=["lstm", "gru"])
    parser.add_argument("--hidden", type=int, default=128, metavar="N")
    parser.add_argument("--steps", type=int, default=1000, metavar="N")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    text = chosen.corpus.read_text(encoding="utf-8")
    results = []
    for cell in chosen.cells:
        runs = [measure(cell, seed, chosen, text) for seed in chosen.seeds]
        means = {name: statistics.mean(run[name] for run in runs) for name in ("charlm", "torch")}
        each = ", ".join(f"{run['charlm']:.4f} / {run['torch']:.4f}" for run in runs)
        print(
            f"{cell} H{chosen.hidden}, {chosen.steps} steps: charlm {means['charlm']:.4f},"
            f" torch {means['torch']:.4f}, difference {means['charlm'] - means['torch']:+.4f}"
            f" nats (charlm / torch by seed: {each})",
            flush=True,
        )
        results.append({"cell": cell, "means": means, "runs": runs})
    if chosen.json:
        about = {"torch": torch.__version__, "hidden": chosen.hidden, "steps": chosen.steps}
        chosen.json.write_text(json.dumps(about | {"results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
