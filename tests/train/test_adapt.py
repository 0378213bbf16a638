"""Dynamic evaluation: scored first, then learned, as a plain twin in PyTorch does it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command_line import Call, refused
from models import overflowing_checkpoint, random_checkpoint

from charlm.cli import score
from charlm.engine import encoded_text
from charlm.engine.encoded_text import EncodedText, encode_text
from charlm.engine.engine import Engine
from charlm.errors import CharlmError
from charlm.options.scoring import Adaptation
from charlm.run.checkpoint import Checkpoint
from charlm.text.readers import Stretch, stretches
from charlm.train.adapt import Adapting, Example
from charlm.train.model import CharModel, detached

TEXT = "what is a café? no one knows. the cat sat on the mat, and then it went away!\n" * 3
HOW = Adaptation(rate=0.005, length=7, decay=0.01)


def examples_of(encoded: EncodedText) -> list[Example]:
    pieces = [encoded.piece(place) for place in range(len(encoded))]
    return [(piece.inputs, piece.targets) for piece in pieces]


def adapted(
    checkpoint: Checkpoint, how: Adaptation, text: str = TEXT, threads: int = 1
) -> Adapting:
    examples = examples_of(encode_text(checkpoint, text, "error"))
    work = Adapting(checkpoint, examples, sum(len(t) for _, t in examples), how, threads)
    while not work.done:
        work.advance()
    return work


def twin(checkpoint: Checkpoint, examples: Sequence[Example], how: Adaptation) -> list[float]:
    """The sum of the losses of every segment, by PyTorch's autograd over the cells' equations."""
    model = CharModel(checkpoint.config)
    model.from_tensors(checkpoint.tensors)
    origin = [weight.detach().clone() for weight in model.parameters()]
    squares = [torch.zeros_like(weight) for weight in origin]
    sums, step = [], 0
    for inputs, targets in examples:
        state = model.zero_state(1)
        for begin in range(0, len(inputs), how.length):
            ids, goals = (
                torch.tensor(x[begin : begin + how.length]).long() for x in (inputs, targets)
            )
            logits, state = model(ids[:, None], state)
            loss = torch.nn.functional.cross_entropy(logits[:, 0], goals, reduction="sum")
            sums.append(loss.item())
            model.zero_grad()
            (loss / how.length).backward()
            state = detached(state)
            step += 1
            with torch.no_grad():
                for weight, v, first in zip(model.parameters(), squares, origin, strict=True):
                    v += 0.001 * (weight.grad**2 - v)
                    weight -= how.rate * weight.grad / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
                    weight += how.decay * (first - weight)
    return sums


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "mingru", "minlstm"])
@pytest.mark.parametrize("unit", ["continuous", "line", "sentence"])
def test_every_segment_is_as_the_twin_has_it(cell: str, unit: Any) -> None:
    checkpoint = random_checkpoint(cell, unit, layers=2)
    # Smaller weights: else an RNN is chaotic, and what is rounded otherwise grows.
    small = {name: tensor / np.float32(2) for name, tensor in checkpoint.tensors.items()}
    checkpoint = replace(checkpoint, tensors=small)
    examples = examples_of(encode_text(checkpoint, TEXT, "error"))
    expected = twin(checkpoint, examples, HOW)
    assert len(expected) > 30
    work = Adapting(checkpoint, examples, sum(len(t) for _, t in examples), HOW)
    sums = []
    while not work.done:
        before = work.nats
        work.advance()
        sums.append(work.nats - before)
    np.testing.assert_allclose(sums, expected, rtol=2e-4, atol=2e-4)
    fixed = twin(checkpoint, examples, replace(HOW, rate=0.0))
    assert abs(sum(expected) - sum(fixed)) > 1  # it does learn


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "mingru", "minlstm"])
@pytest.mark.parametrize("unit", ["continuous", "sentence"])
def test_without_a_rate_it_is_the_plain_score(cell: str, unit: Any) -> None:
    checkpoint = random_checkpoint(cell, unit)
    expected = Engine(checkpoint).score(TEXT)
    work = adapted(checkpoint, replace(HOW, rate=0.0))
    assert work.count == expected.count
    assert work.nats / work.count == pytest.approx(expected.loss, abs=1e-6)


def test_the_same_bits_with_any_threads_and_the_checkpoint_stays() -> None:
    checkpoint = random_checkpoint(hidden_size=48, layers=2)
    before = {name: tensor.copy() for name, tensor in checkpoint.tensors.items()}
    assert adapted(checkpoint, HOW).nats == adapted(checkpoint, HOW, threads=3).nats
    for name, tensor in checkpoint.tensors.items():
        assert tensor.tobytes() == before[name].tobytes()


def test_a_text_that_repeats_itself_is_learned() -> None:
    checkpoint = random_checkpoint()
    loss = Engine(checkpoint).score(TEXT * 5).loss
    work = adapted(checkpoint, Adaptation(rate=0.01, length=20), TEXT * 5)
    assert work.nats / work.count < loss - 0.5


def test_nothing_is_seen_before_it_is_scored() -> None:
    """Of a text without any order nothing can be learned but how frequent its letters are."""
    checkpoint = random_checkpoint()
    letters = np.random.default_rng(1).choice([*"abcdefgh"], 4000)
    work = adapted(checkpoint, Adaptation(rate=0.005, decay=0.0), "".join(letters))
    assert np.log(8) < work.nats / work.count < Engine(checkpoint).score("".join(letters)).loss - 1


def test_a_rate_that_is_too_large_is_one_line() -> None:
    with pytest.raises(CharlmError, match="model that learns overflow at character 1, or"):
        adapted(overflowing_checkpoint(), HOW, "ababab")


def test_the_command_tells_it_apart(charlm: Call, run: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    engine = Engine.load(run)
    plain, work = engine.score(TEXT), adapted(engine.checkpoint, HOW)
    options = "--adapt", "--adapt-rate", 0.005, "--adapt-length", 7, "--adapt-decay", 0.01
    record = json.loads(charlm("score", run, path, *options, "--json").out)
    assert (record["loss"], record["characters"]) == (plain.loss, plain.count)
    loss = work.nats / work.count
    assert record["adapted"] == {
        "loss": loss,
        "bpc": loss / np.log(2),
        "perplexity": pytest.approx(np.exp(loss)),
        "characters": plain.count,
        "rate": 0.005,
        "length": 7,
        "decay": 0.01,
    }
    lines = charlm("score", run, path, *options).out.splitlines()
    assert lines[0].split() == ["stream", "adapted"]
    assert lines[1].split()[:3] == ["loss", f"{plain.loss:.4f}", f"{loss:.4f}"]
    assert lines[-1].startswith("adapted ") and "0.005" in lines[-1] and "every 7 char" in lines[-1]
    both = charlm("score", run, path, *options, "--protocol", "windows", "--window", 9).out
    assert both.splitlines()[0].split() == ["stream", "windows", "adapted"]


def test_every_file_begins_with_the_weights_of_the_checkpoint(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text(TEXT)
    (tmp_path / "b").write_text(TEXT[9:99])
    files = tmp_path / "a", tmp_path / "b"
    records = [
        json.loads(line)
        for line in charlm("score", run, *files, "--adapt", "--json").out.splitlines()
    ]
    alone = json.loads(charlm("score", run, files[1], "--adapt", "--json").out)
    assert records[1]["adapted"] == alone["adapted"]
    a, b, both = (record["adapted"] for record in records)
    nats = a["loss"] * a["characters"] + b["loss"] * b["characters"]
    assert both["characters"] == a["characters"] + b["characters"]
    assert both["loss"] == pytest.approx(nats / both["characters"], rel=1e-12)
    head, *_, total = charlm("score", run, *files, "--adapt").out.splitlines()
    assert head.split()[-1] == "adapted" and total.split()[-1] == f"{both['loss']:.4f}"


def test_a_long_text_is_read_in_one_stream(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    short = json.loads(charlm("score", run, path, "--adapt", "--json").out)

    def shared(length: int) -> list[Stretch]:
        return stretches(length, exact=50, at_once=2, longest=40, warm_up=9)

    monkeypatch.setattr(encoded_text, "stretches", shared)
    long = json.loads(charlm("score", run, path, "--adapt", "--json").out)
    assert long["approximate"] and "approximate" not in short
    assert long["adapted"] == short["adapted"]


def test_what_does_not_go_with_it_is_one_line(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    for name in ("rate", "length", "decay"):
        refused(charlm("score", "RUN", path, f"--adapt-{name}", 1), f"--adapt-{name} goes with")
    for options, said in (
        (("--adapt-rate", -1), "--adapt-rate is -1.0: it must be from 0 to 100"),
        (("--adapt-length", 0), "--adapt-length is 0: it must be an integer from 1 to 65,536"),
        (("--adapt-decay", 2), "--adapt-decay is 2.0: it must be from 0 to 1"),
        (("--precision", "int8"), "--adapt learns in float32 on the CPU: leave out --precision"),
        (("--device", "cuda"), "--adapt learns in float32 on the CPU: leave out --device"),
    ):
        refused(charlm("score", "RUN", path, "--adapt", *options), said)
    monkeypatch.setattr(score, "find_spec", lambda name: None)
    missing = charlm("score", run, path, "--adapt")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith("charlm: error: --adapt needs PyTorch, which is not installed")


def test_an_interrupt_leaves_no_traceback(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)

    def interrupted(self: Adapting) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Adapting, "advance", interrupted)
    assert charlm("score", run, path, "--adapt") == (130, "", "")
