"""What a training measures of its held-out parts, when, and what it says of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charlm.errors import InputError, TrainingError
from charlm.run.checkpoint import load_checkpoint
from charlm.run.log import read_run_log
from charlm.text.config import TextConfig
from charlm.text.cutting import Example
from charlm.text.prepared import Part
from charlm.text.readers import WARM_UP, Stretch
from charlm.text.vocabulary import EOS, Vocabulary
from charlm.train.__main__ import main
from charlm.train.held_out import HeldOut
from charlm.train.learner import Learner
from charlm.train.measuring import Measurer, exploding, sample_size
from charlm.train.tell.reporter import Reporter

TEXT = "".join(f"The number {n} follows {n - 1}, and so on.\n" for n in range(3_000))
SMALL = ["--hidden", "12", "--embedding", "5", "--batch", "8", "--length", "16", "--no-texts"]
VOCABULARY = Vocabulary.of([TEXT])


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text(TEXT)
    return path


def train(corpus: Path, run: Path, *more: str) -> list[dict[str, Any]]:
    assert main(["--corpus", str(corpus), "--out", str(run), *SMALL, *more]) == 0
    return read_run_log(run)


def stream(length: int) -> HeldOut:
    text = TextConfig("continuous", max_length=0)
    return HeldOut(Part.of([Example(TEXT[:length], False)]), VOCABULARY, text)


def lines() -> HeldOut:
    examples = [Example(line, True) for line in TEXT.splitlines()]
    return HeldOut(Part.of(examples), VOCABULARY, TextConfig("line", start_id=EOS))


def stretches_of(chosen: object) -> list[Stretch]:
    assert isinstance(chosen, list)
    return chosen


def test_a_sample_is_spread_over_the_part_and_fixed() -> None:
    part = stream(100_000)
    sample = part.spread(20_000)
    assert abs(sample.targets - 20_000) < 100 and not sample.exact
    chosen = stretches_of(sample.chosen)
    assert chosen[0].begin == 0 and chosen[-1].end == part.targets
    gaps = {b.begin - a.end for a, b in pairwise(chosen)}
    assert max(gaps) - min(gaps) <= 1 and min(gaps) > 0
    assert all(stretch.warm_up == WARM_UP for stretch in chosen[1:])
    assert part.spread(20_000) == sample
    examples = lines().spread(10_000)
    assert isinstance(examples.chosen, np.ndarray)
    assert set(np.diff(examples.chosen)) <= {12, 13}
    assert abs(examples.targets - 10_000) < 100


def test_of_a_short_part_all_is_read() -> None:
    for part in (stream(3_000), lines()):
        assert part.spread(10**9).targets == part.targets
        assert part.spread(part.targets).targets == part.targets
        assert part.whole().exact and part.whole().targets == part.targets
    assert sum(b - a for a, b, _ in stretches_of(stream(3_000).spread(9_999).chosen)) == 3_000


@pytest.mark.parametrize("length", [1, 2, 255, 300, 5_000])
@pytest.mark.parametrize("wanted", [1, 100, 1_000, 5_000])
def test_samples_of_every_size_lie_inside(length: int, wanted: int) -> None:
    part = stream(length)
    sample = part.spread(wanted)
    for begin, end, warm_up in stretches_of(sample.chosen):
        assert 0 <= warm_up <= begin < end <= length
    little, times = part.trial(sample)
    assert little.targets <= sample.targets and times >= 1


def test_a_part_above_two_million_characters_is_read_by_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("charlm.train.held_out.EXACT", 9_999)
    monkeypatch.setattr("charlm.train.held_out._MANY", 5_000)
    assert len(stream(9_999).whole().chosen) == 1
    whole = stream(10_000).whole()
    assert not whole.exact and whole.readers > 1 and abs(whole.targets - 5_000) < 100


def test_of_examples_above_two_million_characters_a_sample_is_measured_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = lines()
    monkeypatch.setattr("charlm.train.held_out.EXACT", part.targets)
    assert part.whole().exact
    monkeypatch.setattr("charlm.train.held_out.EXACT", part.targets - 1)
    monkeypatch.setattr("charlm.train.held_out._MANY", 5_000)
    whole = part.whole()
    assert not whole.exact and abs(whole.targets - 5_000) < 100
    assert isinstance(whole.chosen, np.ndarray)
    assert whole.chosen.tolist() == np.asarray(part.spread(5_000).chosen).tolist()


def test_little_is_measured_where_little_is_learned(corpus: Path, tmp_path: Path) -> None:
    """Field case 12: the whole part was measured after each few steps."""
    sizes = {}
    for budget in (("--steps", "40"), ("--steps", "40000"), ("--characters", "100k")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Learner, "step", None)
            sizes[budget] = sample_of(corpus, *budget)
    assert sizes["--steps", "40"] == 5_000  # the least that tells models apart
    assert sizes["--steps", "40000"] == 100_000
    assert sizes["--characters", "100k"] == 5_000
    assert sample_of(corpus, "--steps", "40", "--evaluation-characters", "600") == 600
    whole = sample_of(corpus, "--steps", "40", "--evaluation-characters", "0")
    assert whole > len(TEXT) // 20 - 50


def sample_of(corpus: Path, *options: str) -> int:
    return sample_size(learner_of(corpus, *options))


def test_the_same_sample_is_read_each_time_and_the_end_reads_all(
    corpus: Path, tmp_path: Path
) -> None:
    read: list[tuple[str, int, bool]] = []
    measure = Learner.loss_of

    def noted(self: Learner, part: str, selection: Any, *rest: Any) -> float:
        read.append((part, selection.targets, selection.exact))
        return measure(self, part, selection, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "loss_of", noted)
        log = train(corpus, tmp_path / "run", "--steps", "75", "--evaluations", "3",
                    "--unit", "continuous", "--evaluation-characters", "2k")  # fmt: skip
    *along, validation, test = read
    assert along == [("validation", 1_995, False)] * 3
    parts = log[0]["corpus"]["parts"]
    assert validation == ("validation", parts["validation"]["characters"], True)
    assert test == ("test", parts["test"]["characters"], True)
    assert "approximate" not in log[-1]
    assert "approximate" not in load_checkpoint(tmp_path / "run").metrics


@pytest.mark.parametrize("unit", ["continuous", "line"])
def test_what_is_approximate_says_so(
    unit: str, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("charlm.train.held_out.EXACT", 999)
    monkeypatch.setattr("charlm.train.held_out._MANY", 3_000)
    log = train(corpus, tmp_path / "run", "--steps", "5", "--unit", unit)
    lacks = log[-1]["approximate"]
    read = re.match(r"approximate: ([0-9,]+) of ", lacks["validation_loss"])
    assert read and 2_900 < int(read[1].replace(",", "")) < 3_000
    assert load_checkpoint(tmp_path / "run").metrics["approximate"] == lacks
    assert f"({lacks['test_loss']})" in capsys.readouterr().out


class _Clock:
    """Time that goes on by what is measured: a second for each call of `loss_of`'s selection."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds_per_position", "lacks"),
    [(1e-6, ""), (1e-3, "by 23 readers"), (1e-2, "4,997 of 6,039")],
)
def test_a_run_by_the_clock_measures_what_fits(
    seconds_per_position: float, lacks: str, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reader takes as many steps of time as there are characters; many take fewer."""
    clock = _Clock()
    monkeypatch.setattr("charlm.train.measuring.time", clock)

    def loss_of(self: Learner, part: str, selection: Any, *_: Any) -> float:
        clock.now += seconds_per_position * max(b - a + w for a, b, w in selection.chosen)
        return 1.0

    monkeypatch.setattr(Learner, "loss_of", loss_of)
    learner = learner_of(corpus, "--minutes", "0.1", "--unit", "continuous")
    chosen = Measurer(learner, lambda: None).end()["validation"]
    from charlm.train.measuring import lacking

    assert lacks in lacking(chosen, learner.held_out["validation"])
    assert chosen.exact == (not lacks)


def learner_of(corpus: Path, *options: str) -> Learner:
    from charlm.options.training import parse_options
    from charlm.train.command import _learner
    from charlm.train.text import load_text, settled

    parsed = parse_options(["--corpus", str(corpus), *SMALL, *options])
    text, vocabulary = load_text(parsed, Reporter())
    return _learner(settled(parsed, text), text, vocabulary, text.config)


def test_time_is_kept_back_for_the_end_of_a_run_by_the_clock(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _Clock()
    monkeypatch.setattr("charlm.train.measuring.time", clock)
    learner = learner_of(corpus, "--minutes", "1", "--unit", "continuous")
    monkeypatch.setattr(Measurer, "end_seconds", lambda _: 7.0)
    Measurer(learner, lambda: None).keep_time(since=clock.now - 5)
    assert learner.kept_back == 12
    learner.position.seconds = 47
    assert 0.97 < learner.progress() < 1
    learner.position.seconds = 48
    assert learner.progress() == 1
    Measurer(learner, lambda: None).keep_time(since=clock.now - 500)
    assert learner.kept_back == 30  # half of it is for learning, whatever went by
    steps = learner_of(corpus, "--steps", "9")
    Measurer(steps, lambda: None).keep_time(since=0)
    assert steps.kept_back == 0


def test_a_run_by_the_clock_ends_at_all_of_its_progress(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Field case 11: it ended at "96 %"."""
    log = train(corpus, tmp_path / "run", "--minutes", "0.02", "--evaluations", "1")
    assert [line for line in log if line["kind"] == "step"][-1]["progress"] == 1
    assert "100 %  step " in capsys.readouterr().out
    train(corpus, tmp_path / "other", "--steps", "7")
    assert "100 %  step 7" in capsys.readouterr().out


def test_the_last_step_is_told_though_the_line_before_was_just_now(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reporter = Reporter()
    told = {"step": 1, "loss": 1.0, "characters_per_s": 1.0, "seconds_left": 0.0}
    for progress in (0.3, 0.4, 1.0):
        reporter.step(told | {"progress": progress})
    assert [line[:5] for line in capsys.readouterr().out.splitlines()] == [" 30 %", "100 %"]


def test_how_far_the_end_is_measured_is_told(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("charlm.train.tell.reporter._SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr("charlm.train.evaluate._CHUNK", 500)
    train(corpus, tmp_path / "run", "--steps", "3", "--unit", "continuous")
    out = capsys.readouterr().out
    told = [line for line in out.splitlines() if "measuring the" in line]
    assert any("validation" in line for line in told) and any("test" in line for line in told)
    assert all(" left" in line for line in told)
    shares = [int(line[:3]) for line in told if "validation" in line]
    assert shares == sorted(shares) and shares[-1] == 100


@pytest.mark.parametrize(
    ("loss", "best", "said"),
    [
        (1761.0, None, "worse than guessing (4.60)"),
        (4.8, 4.7, "worse than guessing"),
        (3.9, 1.7, "more than twice the best, 1.7"),
        (4.65, None, ""),
        (2.0, 1.9, ""),
        (2.0, None, ""),
    ],
)
def test_what_is_called_exploding(loss: float, best: float | None, said: str) -> None:
    message = exploding(loss, best, 100)
    assert said in message and bool(message) == bool(said)


def test_an_explosion_is_said_and_on_request_ends_the_run(corpus: Path, tmp_path: Path) -> None:
    """Field case 8: 1761 nats were "the best so far", exit 0."""
    hot = ["--optimiser", "sgd", "--learning-rate", "100", "--momentum", "0.9", "--clip", "1e6"]
    hot += ["--schedule", "constant", "--steps", "60", "--evaluations", "2"]
    log = train(corpus, tmp_path / "run", *hot)
    notices = [line["message"] for line in log if line["kind"] == "notice"]
    assert sum("worse than guessing" in notice for notice in notices) == 1
    assert "--stop-exploding" in next(n for n in notices if "guessing" in n)
    with pytest.raises(TrainingError, match=r"worse than guessing.*lower --learning-rate"):
        train(corpus, tmp_path / "other", *hot, "--stop-exploding")
    log = read_run_log(tmp_path / "other")
    assert log[-1]["kind"] == "end" and "guessing" in log[-1]["reason"]
    assert math.isfinite(load_checkpoint(tmp_path / "other").metrics["validation_loss"])


def test_a_loss_twice_the_best_is_said(corpus: Path, tmp_path: Path) -> None:
    losses = iter([1.0, 1.5, 2.1, 2.5, 1.9, 2.2, 9.0, 9.0, 9.0, 9.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "loss_of", lambda *_: next(losses))
        patch.setattr("charlm.train.trainer.FEWEST_STEPS", 1)
        patch.setattr("charlm.train.trainer.Trainer._rises", lambda _: True)
        log = train(corpus, tmp_path / "run", "--steps", "6", "--evaluations", "6")
    told = [line["message"] for line in log if "twice the best" in line.get("message", "")]
    assert [message.split()[2] for message in told] == ["2.1", "2.2"]  # again behind a good one


def test_learning_by_heart_is_no_explosion(corpus: Path, tmp_path: Path) -> None:
    losses = iter([1.0, *[9.0] * 20])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "loss_of", lambda *_: next(losses))
        patch.setattr("charlm.train.trainer.FEWEST_STEPS", 1)
        log = train(corpus, tmp_path / "run", "--steps", "6", "--stop-exploding")
    assert "explodes" not in json.dumps(log)


def test_a_sample_is_announced(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(corpus, tmp_path / "run", "--steps", "2")
    out = capsys.readouterr().out
    assert "ended at step 2: budget used" in out
    main(["--corpus", str(corpus), *SMALL, "--steps", "2", "--dry-run"])
    out = capsys.readouterr().out
    assert "measured along the way: 4,990 of 6,040 characters" in out
    assert "of it for measuring" in out


def resume(run: Path, *more: str) -> int:
    return main(["--resume", str(run), *more])


def test_a_run_that_came_to_its_end_is_not_measured_again(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Field case 18."""
    run = tmp_path / "run"
    train(corpus, run, "--steps", "30")
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    capsys.readouterr()
    assert resume(run) == 0
    assert "step 30 was the end of its budget: give more of it" in capsys.readouterr().out
    after = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    assert {n: d for n, d in after.items() if n != ".lock"} == {
        n: d for n, d in before.items() if n != ".lock"
    }
    assert resume(run, "--steps", "40") == 0
    assert read_run_log(run)[-1]["step"] == 40


@pytest.mark.parametrize("budget", [("--minutes", "0.02"), ("--steps", "20", "--patience", "2")])
def test_so_it_is_by_the_clock_and_when_patience_ended_it(
    budget: Sequence[str], corpus: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    losses = iter([1.0, *[1.5] * 99])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "loss_of", lambda *_: next(losses))
        patch.setattr("charlm.train.trainer.FEWEST_STEPS", 1)
        train(corpus, run, *budget)
        before = (run / "run.jsonl").read_bytes()
        assert resume(run) == 0
    assert (run / "run.jsonl").read_bytes() == before


def test_a_run_killed_while_its_end_was_measured_is_measured(corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"

    def killed(*_: Any) -> None:
        raise MemoryError

    with pytest.MonkeyPatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(Measurer, "measure_end", killed)
        train(corpus, run, "--steps", "30")
    assert resume(run) == 0
    assert read_run_log(run)[-1]["reason"] == "budget used"
    assert read_run_log(run)[-1]["validation_loss"] is not None


def test_a_rate_that_jumps_is_said(corpus: Path, tmp_path: Path) -> None:
    """Field case 18: the rate rose 22-fold when steps were added."""
    run = tmp_path / "run"
    train(corpus, run, "--steps", "10")
    resume(run, "--steps", "100")
    told = [line["message"] for line in read_run_log(run) if line["kind"] == "notice"]
    assert any("the learning rate goes from 0.00056 to 0.027:" in message for message in told)
    constant = tmp_path / "constant"
    train(corpus, constant, "--steps", "10", "--schedule", "constant")
    resume(constant, "--steps", "20")
    assert "rate goes" not in json.dumps(read_run_log(constant))


def test_a_text_that_moved_names_the_cure(corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(corpus, run, "--steps", "3")
    moved = corpus.rename(tmp_path / "moved.txt")
    with pytest.raises(InputError, match=r"does not exist.* named with --corpus"):
        resume(run, "--steps", "6")
    assert resume(run, "--steps", "6", "--corpus", str(moved)) == 0


def test_standard_input_is_not_waited_for_at_a_terminal(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    run = tmp_path / "run"

    def given(data: bytes, terminal: bool) -> None:
        text = io.TextIOWrapper(io.BytesIO(data))
        monkeypatch.setattr(text, "isatty", lambda: terminal)
        monkeypatch.setattr(sys, "stdin", text)

    given(TEXT.encode(), terminal=False)
    assert main(["--corpus", "-", "--out", str(run), *SMALL, "--steps", "3"]) == 0
    given(b"", terminal=True)
    with pytest.raises(InputError, match="pipe that text in again, or name it"):
        resume(run, "--steps", "6")
    given(TEXT.encode(), terminal=False)
    assert resume(run, "--steps", "6") == 0
    given(b"", terminal=True)
    assert resume(run, "--steps", "9", "--corpus", str(corpus)) == 0


@pytest.mark.parametrize(
    ("run", "typed"),
    [("checkpoints/mine", "mine"), ("far away/mine", "'far away/mine'"), ("./-own", "./-own")],
)
def test_at_a_terminal_it_is_said_how_to_write_with_it(
    run: str, typed: str, corpus: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Reporter, "has_bar", True)
    assert main(["--corpus", str(corpus), "--out", run, *SMALL, "--steps", "3"]) == 0
    said = capsys.readouterr().out
    assert said.endswith(f"\nit writes by: python -m charlm write {typed}\n")


def test_the_end_of_patience_is_said(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    losses = iter([1.0, *[1.5] * 9])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "loss_of", lambda *_: next(losses))
        patch.setattr("charlm.train.trainer.FEWEST_STEPS", 1)
        train(corpus, tmp_path / "run", "--steps", "20", "--patience", "3")
    assert "ended at step 4: no better in 3 evaluations" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        (("--unit", "line", "--max-length", "1000000"), "--max-length"),
        (
            (
                "--unit",
                "continuous",
            ),
            "--hidden",
        ),
    ],
)
def test_out_of_memory_names_what_is_large(
    options: Sequence[str], cure: str, corpus: Path, tmp_path: Path
) -> None:
    """Field case 24."""

    def refused(*_: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "_step", refused)
        with pytest.raises(TrainingError, match=f"out of memory: make {cure}"):
            train(corpus, tmp_path / "run", "--steps", "3", *options)


def test_a_sample_in_the_log_of_a_training_says_what_it_is() -> None:
    """Field case 11: a bare text stood among the lines without a word."""
    from types import SimpleNamespace

    from charlm.train.tell.teller import Teller
    from charlm.train.tell.texts import Text

    lines: list[str] = []
    ignored = SimpleNamespace(append=lambda *_, **__: None, text=lambda *_: None)
    reporter = SimpleNamespace(line=lambda line, style="": lines.append(line))
    teller = Teller(ignored, ignored, reporter)  # type: ignore[arg-type]
    teller.text(Text(300, "nucleus", "To be."))
    teller.text(Text(300, "greedy", "the the"))
    assert lines == ["step 300: nucleus writes, from nothing:", "To be."]
