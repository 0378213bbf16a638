"""Loss against time: a training by charlm's command, and nanoGPT's recipe for a CPU beside it.

    python -m benchmarks.race CORPUS [--options "..."]

Both learn the first nine tenths of the text on one core; the loss is that of the same 2,400 random
windows of 64 characters of the last tenth, every character of a window counted, nothing known
before it: the recipe's own measure, which a model with a memory pays for (`exact` is one pass over
all of the last tenth). The recipe's time is its updates alone, charlm's is all that its command
takes from the first update on, its own measuring included. The figure is the share of the recipe's
time after which charlm's loss is as low as the recipe's last.
"""

from __future__ import annotations

import argparse
import math
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from benchmarks.learners.gpt_learner import CONTEXT, UPDATES, GptLearner, windows
from benchmarks.measure import pin
from benchmarks.tables import Table, add_json_option, judged, write_json
from charlm.options.train_config import TrainConfig
from charlm.run.checkpoint import Checkpoint, load_checkpoint
from charlm.run.layout import KEPT
from charlm.run.log import read_run_log
from charlm.text.vocabulary import Vocabulary
from charlm.train.dataset import encode
from charlm.train.model import CharModel
from charlm.train.native import NativePass

WINDOWS, MEASURED = 2400, 20  # windows in all; how often the recipe is measured
Curve = list[tuple[float, float]]  # seconds, loss


def recipe(train: torch.Tensor, held_out: torch.Tensor, begins: torch.Tensor, V: int) -> Curve:
    """The recipe's losses over the seconds of its updates."""
    learner, seconds, curve = GptLearner(train, V), 0.0, []
    while learner.updates < UPDATES:
        start = time.perf_counter()
        for _ in range(UPDATES // MEASURED):
            learner.step()
        seconds += time.perf_counter() - start
        with torch.no_grad():
            inputs, targets = windows(held_out, CONTEXT, begins)
            logits = torch.cat([learner.model(part) for part in inputs.split(200)])
            loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        curve.append((seconds, float(loss)))
    return curve


def charlm(path: Path, options: Sequence[str], begins: torch.Tensor) -> tuple[Curve, float]:
    """charlm's losses over the seconds of its command, and the exact loss of its best weights."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "run")
        given = ["--corpus", str(path), "--unit", "continuous", "--split", "90/10/0", "--no-texts"]
        kept = ["--keep", "100", "--evaluations", "40", "--threads", "1", "--out", str(run)]
        command = [sys.executable, "-m", "charlm.train", *given, *kept, *options]
        subprocess.run(command, check=True, capture_output=True)
        log = read_run_log(run)
        seconds = {line["step"]: line["seconds"] for line in log if line["kind"] == "evaluation"}
        exact = next(line["validation_loss"] for line in log if line["kind"] == "end")
        curve = [
            (seconds[checkpoint.metrics["step"]], window_loss(checkpoint, path, begins))
            for checkpoint in map(load_checkpoint, sorted((run / KEPT).glob("*.safetensors")))
        ]
    return sorted(curve), exact


def window_loss(checkpoint: Checkpoint, path: Path, begins: torch.Tensor) -> float:
    """The mean loss over the windows, each from the zero state."""
    ids = torch.from_numpy(encode(path.read_text("utf-8"), checkpoint.vocabulary).astype(np.int64))
    model = CharModel(checkpoint.config).eval()
    model.from_tensors(checkpoint.tensors)
    options = TrainConfig(cell=checkpoint.config.cell, threads=1)
    inputs, targets = windows(ids[len(ids) * 9 // 10 :], CONTEXT, begins)
    passes = NativePass(checkpoint.config, options)
    total, _ = passes.measure(model, inputs.T, targets.T, model.zero_state(len(begins)))
    return total / targets.numel()


def overtaken(curve: Curve, loss: float) -> float:
    """After how many seconds a curve is as low as that; infinite where it never is."""
    return next((seconds for seconds, each in curve if each <= loss), math.inf)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.race", description="Loss against time, beside a transformer."
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--options", default="", help="of charlm's training")
    add_json_option(parser, "race")
    chosen = parser.parse_args(arguments)
    pin()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    text = chosen.corpus.read_text("utf-8")
    vocabulary = Vocabulary.of([text])
    ids = torch.from_numpy(encode(text, vocabulary).astype(np.int64))
    cut = len(ids) * 9 // 10
    held_out = ids[cut:]
    begins = torch.randint(len(held_out) - CONTEXT, (WINDOWS,))
    theirs = recipe(ids[:cut], held_out, begins, len(vocabulary))
    ours, exact = charlm(chosen.corpus, shlex.split(chosen.options), begins)
    whole, last = theirs[-1]
    reached = overtaken(ours, last)
    lines = [
        [f"{whole * share:.0f}", *(at(curve, whole * share) for curve in (theirs, ours))]
        for share in (0.05, 0.1, 0.2, 0.33, 0.5, 0.75, 1.0, 2.0, 4.0)
    ]
    shown = [
        Table("Loss over seconds of one core", ["seconds", "the recipe", "charlm"], lines),
        Table(
            "The recipe's last loss",
            ["loss", "its seconds", "charlm's", "share", "charlm's best", "in one pass"],
            [
                [
                    f"{last:.4f}", f"{whole:.0f}", f"{reached:.0f}",
                    judged(whole / reached, 3.0, "{:.1f} times as fast"),
                    f"{min(loss for _, loss in ours):.4f}", f"{exact:.4f}",
                ]
            ],
        ),
    ]  # fmt: skip
    for each in shown:
        print(each)
    figures = [{"recipe": theirs, "charlm": ours, "exact": exact}]
    typed = sys.argv[1:] if arguments is None else arguments
    named = [chosen.corpus.name if word == str(chosen.corpus) else word for word in typed]
    write_json(chosen.json, "race", named, shown, figures)


def at(curve: Curve, seconds: float) -> str:
    """The lowest loss that there was by then."""
    losses = [loss for when, loss in curve if when <= seconds]
    return f"{min(losses):.4f}" if losses else ""


if __name__ == "__main__":
    main()
