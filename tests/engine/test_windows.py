"""Windows of a text at random places, each scored from the zero state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command_line import Call, refused
from models import MakeRun, overflowing_checkpoint, random_checkpoint

from charlm.engine import scoring
from charlm.engine.encoded_text import EncodedText
from charlm.engine.engine import Engine
from charlm.engine.windows import WindowScore, cut_windows, mean_of
from charlm.errors import CharlmError, InputError
from charlm.reference import ReferenceModel
from charlm.run.checkpoint import Checkpoint
from charlm.train.model import CharModel

TEXT = "what is a café? no one knows. the cat sat on the mat, and then it went away!\n" * 20
SMALL: dict[str, Any] = {"window": 12, "windows": 40}


def places(windows: list[EncodedText], ids: np.ndarray) -> list[int]:
    """Where windows begin: of ids that all differ."""
    return [int(np.flatnonzero(ids == each.ids[0])[0]) for each in windows]


def as_nanogpt(checkpoint: Checkpoint, ids: np.ndarray, window: int, at: list[int]) -> np.ndarray:
    """The loss of each batch of one as nanoGPT's get_batch cuts it, by PyTorch alone."""
    model = CharModel(checkpoint.config).eval()
    model.from_tensors(checkpoint.tensors)
    data = torch.from_numpy(ids.astype(np.int64))
    x = torch.stack([data[i : i + window] for i in at], 1)
    y = torch.stack([data[i + 1 : i + 1 + window] for i in at], 1)
    with torch.no_grad():
        logits, _ = model(x, model.zero_state(len(at)))
    each = torch.nn.functional.cross_entropy(logits.permute(0, 2, 1), y, reduction="none")
    return np.asarray(each.mean(0))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "mingru", "minlstm"])
def test_the_number_is_that_of_nanogpt(cell: str) -> None:
    checkpoint = random_checkpoint(cell, layers=2)
    engine = Engine(checkpoint)
    ids = np.array(engine.vocabulary.string2code(TEXT), np.int32)
    at = places(cut_windows(np.arange(len(ids)), **SMALL, seed=7), np.arange(len(ids)))
    expected = as_nanogpt(checkpoint, ids, 12, at)
    score = engine.score_windows(TEXT, **SMALL, seed=7)
    assert (score.total.count, score.window, score.windows, score.seed) == (480, 12, 40, 7)
    assert score.total.loss == pytest.approx(expected.mean(), abs=1e-5)
    error = expected.std(ddof=1) / 40**0.5
    assert score.standard_error == pytest.approx(error, abs=1e-5) and error > 0.01


def test_the_first_character_of_a_window_is_read_and_no_target() -> None:
    """A text of one window: the reference is fed its characters, the start id never."""
    checkpoint = random_checkpoint("gru")
    engine, model = Engine(checkpoint), ReferenceModel(checkpoint)
    text = "no one knows."
    first, *targets = engine.vocabulary.string2code(text)
    state, logits = model.feed(model.initial_state(), [first])
    nats = 0.0
    for id in targets:
        nats -= logits[id] - np.logaddexp.reduce(logits)
        state, logits = model.feed(state, [id])
    score = engine.score_windows(text, window=12, windows=3)
    assert score.total.count == 36 and score.standard_error == 0
    assert score.total.nats == pytest.approx(3 * nats, rel=1e-5)
    assert engine.score(text).total.nats != pytest.approx(nats, rel=1e-3)


def test_every_place_is_as_likely_and_the_same_on_every_machine() -> None:
    ids = np.arange(30)
    assert places(cut_windows(ids, 20, 12, 1), ids) == PLACES
    assert places(cut_windows(ids, 20, 5, 1), ids) == PLACES[:5]
    assert places(cut_windows(ids, 20, 12, 2), ids) != PLACES
    counts = np.bincount(places(cut_windows(ids, 20, 20_000, 3), ids), minlength=10)
    assert len(counts) == 10  # the last window ends where the text does
    assert ((counts - 2_000) ** 2 / 2_000).sum() < 27.9  # chi-square, 9 degrees, 1 in 1,000


#: Of 30 characters, by seed 1: words of Philox4x64-10, whose known answers NumPy tests.
PLACES = [3, 8, 1, 0, 9, 0, 7, 2, 4, 1, 2, 8]


def test_neither_batches_nor_threads_nor_the_device_change_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checkpoint = random_checkpoint()
    whole = Engine(checkpoint).score_windows(TEXT, **SMALL)
    for size in (1, 100):
        monkeypatch.setattr(scoring, "_BATCH", size)
        assert Engine(checkpoint, threads=3).score_windows(TEXT, **SMALL) == whole
    on_torch = Engine(checkpoint, device="torch-cpu").score_windows(TEXT, **SMALL)
    assert on_torch.total.loss == pytest.approx(whole.total.loss, abs=1e-5)


def test_the_mean_and_its_error() -> None:
    totals = [scoring.ScoreTotal(2, nats) for nats in (2.0, 4.0, 12.0)]
    assert mean_of(totals, 2, 9) == WindowScore(
        scoring.ScoreTotal(6, 18.0), 2, 3, 9, pytest.approx((7 / 3) ** 0.5)
    )


def test_an_overflow_is_of_a_window() -> None:
    with pytest.raises(CharlmError, match=r"^window 1: the model's numbers overflow at char"):
        Engine(overflowing_checkpoint()).score_windows("baba", window=3, windows=2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": 0}, "window is 0: it must be an integer from 1 to 65,536"),
        ({"windows": 1}, "windows is 1: it must be an integer from 2 to 100,000"),
        ({"seed": -1}, "seed is -1"),
        ({"window": 1540}, "has 1,540 characters, and a window of 1,540 needs 1,541: make window"),
    ],
)
def test_what_cannot_be_drawn(options: dict[str, int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Engine(random_checkpoint()).score_windows(TEXT, **options)


def test_the_command_shows_both_numbers_apart(charlm: Call, run: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    engine = Engine.load(run)
    stream, windows = engine.score(TEXT), engine.score_windows(TEXT, **SMALL, seed=5)
    options = "--protocol", "windows", "--window", 12, "--windows", 40, "--seed", 5
    record = json.loads(charlm("score", run, path, *options, "--json").out)
    assert record["loss"] == stream.loss
    assert record["windows"] == {
        "loss": windows.total.loss,
        "bpc": windows.total.bpc,
        "perplexity": windows.total.perplexity,
        "characters": 480,
        "standard_error": windows.standard_error,
        "window": 12,
        "windows": 40,
        "seed": 5,
    }
    lines = charlm("score", run, path, *options).out.splitlines()
    assert lines[0].split() == ["stream", "windows"]
    numbers = [f"{stream.loss:.4f}", f"{windows.total.loss:.4f}"]
    assert lines[1].split() == ["loss", *numbers, "nats", "per", "character"]
    assert lines[-1].startswith("windows               40  of 12 from the zero state, seed 5; ")
    assert lines[-1].endswith(f"error of their loss {windows.standard_error:.4f}")


def test_several_files_have_their_windows_and_no_sum_of_them(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(TEXT if name == "a" else TEXT[5:600])
    files = tmp_path / "a", tmp_path / "b"
    options = "--protocol", "windows", "--window", 12, "--windows", 40
    said = charlm("score", run, *files, *options, "--json").out
    records = [json.loads(line) for line in said.splitlines()]
    assert ["windows" in record for record in records] == [True, True, False]
    assert records[1]["windows"]["loss"] == (
        Engine.load(run).score_windows(TEXT[5:600], **SMALL).total.loss
    )
    head, *rows, total = charlm("score", run, *files, *options).out.splitlines()
    assert head.split() == ["file", "loss", "bpc", "perplexity", "characters", "windows", "+-"]
    for row, record in zip(rows, records, strict=False):
        found = record["windows"]
        assert row.split()[-2:] == [f"{found['loss']:.4f}", f"{found['standard_error']:.4f}"]
    assert total.split()[-2:] == ["-", "-"]


def test_what_does_not_go_with_windows_is_one_line(
    charlm: Call, make_run: MakeRun, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    for name in ("window", "windows", "seed"):
        refused(
            charlm("score", "RUN", path, f"--{name}", 3),
            f"--{name} goes with --protocol windows alone",
        )
    for unit in ("sentence", "line"):
        refused(
            charlm("score", make_run(unit, unit=unit), path, path, "--protocol", "windows"),
            f"error: windows are of continuous text, and this model's unit is {unit}",
        )
    run = make_run()
    refused(charlm("score", run, path, "--protocol", "windows", "--windows", 1), "--windows is 1")
    short = tmp_path / "short"
    short.write_text("a cat")
    refused(charlm("score", run, short, "--protocol", "windows"), "5 characters", "make --window")
