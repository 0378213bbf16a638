"""Texts scored: many files, long texts by many readers, many texts at once."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Call, refused
from models import overflowing_checkpoint, random_checkpoint
from root import ROOT

from charlm import _engine
from charlm.engine import encoded_text, scoring
from charlm.engine.engine import Engine
from charlm.engine.scoring import Score, ScoreTotal
from charlm.errors import CharlmError, InputError, UnknownCharacter
from charlm.reference import ReferenceModel
from charlm.text import readers
from charlm.text.readers import Stretch, stretches

TEXT = "what is a café? no one knows. the cat sat on the mat, and then it went away!\n" * 40


@pytest.fixture
def few_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of 1,000 characters is long already."""

    def short(length: int) -> list[Stretch]:
        return stretches(length, exact=1000, at_once=4, longest=200, warm_up=50)

    monkeypatch.setattr(encoded_text, "stretches", short)


def test_stretches_share_a_text_out() -> None:
    assert stretches(0) == []
    for length in (1, 255, 2_000_000):
        assert stretches(length) == [Stretch(0, length, 0)]
    for length in (2_000_001, 3_145_728, 3_145_729, 100_000_000):
        shares = stretches(length)
        assert len(shares) <= readers.AT_ONCE * -(-length // (readers.AT_ONCE * readers.LONGEST))
        assert shares[0] == Stretch(0, shares[0].end, 0)
        for before, share in pairwise(shares):
            assert (share.begin, share.warm_up) == (before.end, readers.WARM_UP)
            assert share.end - share.begin <= readers.LONGEST
        assert shares[-1].end == length
    for length in range(400):
        shares = stretches(length, exact=0, at_once=8, longest=20, warm_up=5)
        assert [i for s in shares for i in range(s.begin, s.end)] == list(range(length))
        assert all(s.warm_up == min(5, s.begin) and s.end - s.begin <= 20 for s in shares)
        assert length < 10 or len(shares) > 1


def test_many_readers_come_to_what_the_reference_says(few_readers: None) -> None:
    checkpoint = random_checkpoint("gru", hidden_size=12)
    engine, model = Engine(checkpoint), ReferenceModel(checkpoint)
    text = TEXT[:1500]
    score = engine.score(text)
    assert score.approximate and score.readers == len(encoded_text.stretches(1500)) > 4
    ids = engine.vocabulary.string2code(text)
    assert score.ids.tolist() == ids and score.count == 1500
    fed = [checkpoint.text.start_id, *ids]
    for begin, end, warm_up in encoded_text.stretches(1500):
        state, logits = model.feed(model.initial_state(), fed[begin - warm_up : begin + 1])
        for place in range(begin, min(end, begin + 3)):
            log_prob = logits[ids[place]] - np.logaddexp.reduce(logits)
            assert score.log_probs[place] == pytest.approx(log_prob, abs=1e-4)
            state, logits = model.feed(state, [ids[place]])
    exact = engine.start_score_ids(ids).score()
    assert not exact.approximate and exact.loss != score.loss
    assert score.loss == pytest.approx(exact.loss, abs=0.05)
    assert score.log_probs[:100].tobytes() == exact.log_probs[:100].tobytes()


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_text_up_to_the_limit_is_exact(few_readers: None, precision: str) -> None:
    engine = Engine(random_checkpoint(), precision=precision)
    for length in (1, 999, 1000):
        score = engine.score(TEXT[:length])
        ids = engine.vocabulary.string2code(TEXT[:length])
        assert score.log_probs.tobytes() == engine.start_score_ids(ids).score().log_probs.tobytes()
        assert score.readers == 1 and not score.approximate
        # As it was before there were readers: one session, its sum in double.
        native = _engine.ScoringSession(
            model=engine._model,
            inputs=[[engine.checkpoint.text.start_id, *ids[:-1]]],
            targets=[ids],
            rivals=-1,
            threads=1,
        )
        while not native.done():
            native.advance(4096, 20)
        [log_probs] = native.log_probs()
        assert score.loss == -float(log_probs.sum(dtype=np.float64)) / length
        assert engine.start_score(TEXT[:length], keep=False).totals() == [score.total]
    assert engine.score(TEXT[:1001]).approximate


@pytest.mark.parametrize("unit", ["sentence", "line"])
def test_examples_are_never_approximate(few_readers: None, unit: Any) -> None:
    engine = Engine(random_checkpoint(unit=unit))
    score = engine.score(TEXT)
    assert score.count > 1000 and not score.approximate


@pytest.mark.parametrize("unit", ["continuous", "sentence", "line"])
@pytest.mark.parametrize("details", [None, 2])
def test_batches_change_no_bit(
    few_readers: None, monkeypatch: pytest.MonkeyPatch, unit: Any, details: int | None
) -> None:
    engine = Engine(random_checkpoint(unit=unit), threads=2)
    whole = engine.score(TEXT, details=details)
    for size in (1, 700, 1300):
        monkeypatch.setattr(scoring, "_BATCH", size)
        score = engine.score(TEXT, details=details)
        assert score.ids.tobytes() == whole.ids.tobytes()
        assert score.log_probs.tobytes() == whole.log_probs.tobytes()
        assert (score.loss, score.readers) == (whole.loss, whole.readers)
        if details is not None:
            assert score.details is not None and whole.details is not None
            assert score.details.rival_ids.tobytes() == whole.details.rival_ids.tobytes()
            assert score.details.ranks.shape == (score.count,)
        [total] = engine.start_score(TEXT, keep=False).totals()
        assert (total.count, total.readers) == (whole.count, whole.readers)
        assert total.loss == pytest.approx(whole.loss, rel=1e-12)


@pytest.mark.parametrize("unit", ["continuous", "sentence"])
def test_many_texts_are_scored_as_each_alone(few_readers: None, unit: Any) -> None:
    engine = Engine(random_checkpoint(unit=unit), threads=2)
    texts = [TEXT[:7], "a", TEXT[:1700], "the cat. a dog!", TEXT[3:1500]]
    for details in (None, 1):
        scores = engine.score_many(texts, details=details)
        assert len(scores) == len(texts)
        for score, text in zip(scores, texts, strict=True):
            alone = engine.score(text, details=details)
            assert score.log_probs.tobytes() == alone.log_probs.tobytes()
            assert (score.loss, score.readers) == (alone.loss, alone.readers)
            assert (score.details is None) == (details is None)
    assert engine.score_many([]) == []
    with pytest.raises(InputError, match="empty"):
        engine.score_many(["a", ""])
    with pytest.raises(UnknownCharacter):
        engine.score_many(["a", "A"])
    assert engine.score_many(["a", "A"], unknown="map")[1].count == engine.score("a").count


def test_an_unknown_character_is_named_by_its_place_in_the_whole_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoded_text, "_AT_A_TIME", 10)
    engine = Engine(random_checkpoint())
    for text, place in (("a" * 25 + "Z" + "a" * 20 + "Q", 25), ("Q" + "a" * 30, 0)):
        with pytest.raises(UnknownCharacter, match=f"at position {place} "):
            engine.score(text)
    text = "aß" * 30
    assert engine.score(text, unknown="skip").log_probs.tobytes() == (
        engine.score("a" * 30).log_probs.tobytes()
    )


def test_progress_goes_from_nothing_to_all(few_readers: None) -> None:
    for device in ("cpu", "torch-cpu"):
        engine = Engine(random_checkpoint(), device=device)
        work = engine.start_score(TEXT[:1500])
        shares = [work.read]
        while not work.done:
            work.advance(50)
            shares.append(work.read)
        assert shares == sorted(shares) and (shares[0], shares[-1]) == (0, 1)
        assert device != "cpu" or len(set(shares)) > 2


def test_an_overflow_is_named_by_its_place() -> None:
    engine = Engine(overflowing_checkpoint())
    with pytest.raises(CharlmError, match="overflow at character 3"):
        engine.score("aba")
    with pytest.raises(CharlmError, match="overflow at character"):
        engine.score_many(["aa", "aba"])
    work = engine.start_score("aba", keep=False)
    while not work.done:
        work.advance()
    for _ in range(2):
        with pytest.raises(CharlmError, match="overflow at character 3"):
            work.totals()


def test_a_loss_past_the_range_of_perplexity(charlm: Call) -> None:
    assert ScoreTotal(1, 1000.0).perplexity == math.inf
    assert Score(np.zeros(1, np.int32), np.full(1, -1e4, np.float32)).perplexity == math.inf


def test_several_files_have_a_line_each_and_a_total(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {"a.txt": "what is it?", "b\x1b.txt": "no one knows.", "c.txt": "é"}
    for name, text in texts.items():
        Path(name).write_text(text)
    engine = Engine.load(run)
    scores = [engine.score(text) for text in texts.values()]
    lines = charlm("score", run, *texts, "--json").out.splitlines()
    each = [json.loads(line) for line in lines]
    assert [record.get("file") for record in each] == [*texts, None]
    assert [record["loss"] for record in each[:-1]] == [score.loss for score in scores]
    count, nats = sum(s.count for s in scores), sum(s.loss * s.count for s in scores)
    assert (each[-1]["files"], each[-1]["characters"]) == (3, count)
    assert each[-1]["loss"] == pytest.approx(nats / count, rel=1e-12)
    shown = charlm("score", run, *texts).out.splitlines()
    assert [line.split()[0] for line in shown] == ["file", "a.txt", "b␛.txt", "c.txt", "total"]
    assert shown[1].split()[1:] == [
        f"{scores[0].loss:.4f}", f"{scores[0].bpc:.4f}", f"{scores[0].perplexity:.4f}", "11"
    ]  # fmt: skip
    assert f"{nats / count:.4f}" in shown[-1] and str(count) in shown[-1]
    alone = json.loads(charlm("score", run, "a.txt", "--json", "--details", 1).out)
    both = charlm("score", run, "a.txt", "c.txt", "--json", "--details", 1).out.splitlines()
    assert json.loads(both[0])["details"] == alone["details"]


def test_an_error_says_which_of_several_files_it_is_of(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("what is it?")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "odd.txt").write_text("A")
    for name, said in (("empty.txt", "the text to score is empty"), ("odd.txt", "character 'A'")):
        partly = charlm("score", run, "a.txt", name, "--json")
        assert partly.code == 2 and json.loads(partly.out)["file"] == "a.txt"
        assert partly.err.startswith(f"charlm: error: {name}: {said}")
        assert charlm("score", run, name).err.startswith(f"charlm: error: {said}")
    (tmp_path / "folder").mkdir()
    for name, said in (("nowhere.txt", "does not exist: check the path"),
                       ("folder", "is a folder: give a text file")):  # fmt: skip
        for model in (run, "no-such-model"):  # nothing is scored, no model is loaded
            partly = charlm("score", model, "a.txt", name, "--json")
            assert partly == (2, "", f"charlm: error: text {name} {said}\n")


def test_an_error_says_which_of_many_texts_it_is_of() -> None:
    engine = Engine(random_checkpoint())
    with pytest.raises(InputError, match=r"^text 2: the text to score is empty$"):
        engine.score_many(["a", ""])
    with pytest.raises(UnknownCharacter, match=r"^text 3: character 'A'"):
        engine.score_many(["a", "b", "A"])
    with pytest.raises(InputError, match=r"^the text to score is empty$"):
        engine.score_many([""])
    engine = Engine(overflowing_checkpoint())
    with pytest.raises(CharlmError, match=r"^text 1: the model's numbers overflow"):
        engine.score_many(["abab", "abab"])


def test_a_long_text_says_that_it_is_approximate(
    charlm: Call, run: Path, tmp_path: Path, few_readers: None
) -> None:
    (tmp_path / "long").write_text(TEXT[:1500])
    (tmp_path / "short").write_text(TEXT[:1000])
    count = len(encoded_text.stretches(1500))
    record = json.loads(charlm("score", run, tmp_path / "long", "--json").out)
    assert (record["approximate"], record["readers"]) == (True, count)
    assert f"approximate {count:>12}" in charlm("score", run, tmp_path / "long").out
    exact = charlm("score", run, tmp_path / "short", "--json").out
    assert "approximate" not in exact and "readers" not in exact
    lines = charlm("score", run, tmp_path / "short", tmp_path / "long").out.splitlines()
    assert ["approximate" in line for line in lines] == [False, False, True, True]


def test_standard_input_is_one_of_the_files(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("what is it?")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no one knows.")))
    lines = charlm("score", run, "-", tmp_path / "a", "--json").out.splitlines()
    assert json.loads(lines[0])["loss"] == Engine.load(run).score("no one knows.").loss
    refused(charlm("score", run), "FILE")


def test_a_long_text_takes_little_memory(run: Path, tmp_path: Path) -> None:
    """It was 38 bytes a character; of 6 million that were 228 MB."""
    text = tmp_path / "text"
    text.write_text((TEXT * 2000)[:6_000_000])
    story = (
        "import resource, sys\n"
        "from charlm.cli.main import main\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "main(['score', sys.argv[1], sys.argv[2], '--json']); before = peak()\n"
        "main(['score', sys.argv[1], sys.argv[3], '--json']); print(peak() - before)\n"
    )
    short = tmp_path / "short"
    short.write_text(TEXT[:1000])
    done = subprocess.run(
        [sys.executable, "-c", story, run, short, text], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[1])["readers"] > 1
    assert int(done.stdout.split()[-1]) < 130
