"""python -m charlm.train, from its options to the files it leaves."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from root import ROOT

from charlm.engine.engine import Engine
from charlm.errors import CharlmError, CorpusError, InputError, TrainingError, run_main
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import PROPOSED
from charlm.options.training import parse_options
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import LAST, MODEL, RESUME, RUN_LOG
from charlm.run.log import read_run_log
from charlm.text.corpus import load_corpus
from charlm.text.ngram import measure_baseline
from charlm.text.parts import parse_split
from charlm.text.preparation import Preparation
from charlm.text.vocabulary import EOS
from charlm.train.__main__ import main
from charlm.train.dataset import encode
from charlm.train.evaluate import Reader, evaluate_stream
from charlm.train.keep.folder import RunFolder, default_path
from charlm.train.learner import Learner
from charlm.train.loop import LoopPass
from charlm.train.model import CharModel
from charlm.train.passes import Learned

SMALL = ["--hidden", "12", "--embedding", "5", "--batch", "4", "--length", "16", "--no-texts"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Some 2,000 characters with a pattern to learn."""
    path = tmp_path / "animals.txt"
    names = ["cat", "dog", "owl", "hen", "cow"]
    sentences = [f"The {a} sees {n} {b}s." for n, a in enumerate(names) for b in names]
    path.write_text("\n".join(sentences * 3 + [s.replace("sees", "has") for s in sentences]))
    return path


def train(corpus: Path | str, out: Path, *more: str) -> list[dict[str, Any]]:
    """Run it; the run log."""
    arguments = ["--corpus", str(corpus), "--out", str(out), *SMALL, *more]
    assert main(arguments) == 0
    return read_run_log(out)


def of_kind(log: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line for line in log if line["kind"] == kind]


def test_a_run_leaves_a_model_and_its_story(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    log = train(corpus, out, "--steps", "60", "--split", "80/10/10", "--learning-rate", "0.02")
    assert {MODEL, LAST, RESUME, "run.jsonl"} <= {path.name for path in out.iterdir()}
    start, end = log[0], log[-1]
    assert (start["kind"], end["kind"]) == ("start", "end")
    assert start["learning_rate"] == 0.02
    assert start["corpus"]["name"] == "animals.txt"
    assert start["corpus"]["duplicates"] == 50
    steps = of_kind(log, "step")
    assert steps[-1]["step"] == 60
    assert steps[-1]["progress"] == 1
    assert steps[-1]["loss"] < steps[0]["loss"] - 0.5
    best = min(e["validation_loss"] for e in of_kind(log, "evaluation"))
    checkpoint = load_checkpoint(out)
    assert checkpoint.metrics["validation_loss"] == pytest.approx(best, abs=1e-6)
    assert checkpoint.metrics["test_loss"] == end["test_loss"] > 0
    assert checkpoint.corpus["split"] == "80/10/10"
    assert load_checkpoint(out / LAST).metrics["step"] == 60


def test_a_new_run_says_once_what_it_has_to_beat(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(corpus, out, "--steps", "5", "--split", "80/10/10")
    assert main(["--resume", str(out), "--steps", "10"]) == 0
    (line,) = of_kind(read_run_log(out), "baseline")
    read = load_corpus(str(corpus), Preparation("sentence", split=parse_split("80/10/10")))
    expected = measure_baseline(read, load_checkpoint(out).vocabulary, EOS)
    assert expected is not None
    assert line == {"kind": "baseline", **expected._asdict()}
    log = train(corpus, tmp_path / "whole", "--steps", "5", "--split", "100/0/0")
    assert not of_kind(log, "baseline")


def test_the_run_log_holds_no_folder(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(corpus, out, "--steps", "1")
    assert str(tmp_path) not in (out / "run.jsonl").read_text()
    command = read_run_log(out)[0]["command"]
    assert command.startswith("python -m charlm.train --corpus animals.txt --out run ")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_stored_loss_is_that_of_one_continuous_pass(
    cell: str, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    options = ["--unit", "continuous", "--cell", cell, "--layers", "2", "--split", "60/40/0"]
    train(corpus, out, "--steps", "12", *options)
    checkpoint = load_checkpoint(out)
    assert checkpoint.text.start_id == checkpoint.vocabulary.to_id["\n"]
    assert checkpoint.text.max_length == 0
    model = CharModel(checkpoint.config)
    model.from_tensors(checkpoint.tensors)
    text = corpus.read_text()
    ids = encode(text[len(text) * 60 // 100 :], checkpoint.vocabulary)
    reader = Reader(model.eval(), LoopPass(TrainConfig()))
    loss = evaluate_stream(reader, ids, checkpoint.text.start_id, lambda _: None)
    assert checkpoint.metrics["validation_loss"] == pytest.approx(loss, abs=1e-6)


@pytest.mark.parametrize("unit", ["sentence", "continuous"])
def test_the_engine_scores_what_the_trainer_stored(unit: str, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(corpus, out, "--steps", "12", "--unit", unit, "--split", "60/40/0")
    preparation = Preparation(unit, split=parse_split("60/40/0"))
    held_out = load_corpus(str(corpus), preparation).validation
    score = Engine.load(out).score(" ".join(example.text for example in held_out))
    stored = load_checkpoint(out).metrics["validation_loss"]
    assert score.loss == pytest.approx(stored, abs=1e-5)
    assert score.count == sum(len(e.text) + e.ends for e in held_out)


@pytest.mark.long
def test_it_learns_english(tmp_path: Path) -> None:
    """From the text that Python carries: far below what letter frequencies give (about 2.9)."""
    out = tmp_path / "run"
    options = ["--hidden", "128", "--characters", "800k", "--learning-rate", "0.005"]
    assert main(["--out", str(out), *options]) == 0
    assert load_checkpoint(out).metrics["validation_loss"] < 2.4
    assert load_checkpoint(out).metrics["test_loss"] < 2.4


def test_the_seeds_gru_has_no_bias_unless_asked(corpus: Path, tmp_path: Path) -> None:
    train(corpus, tmp_path / "a", "--cell", "gru", "--steps", "1")
    train(corpus, tmp_path / "b", "--cell", "gru", "--steps", "1", "--gru-bias")
    assert not load_checkpoint(tmp_path / "a").config.bias
    assert load_checkpoint(tmp_path / "b").config.bias


def weights(run: Path) -> dict[str, np.ndarray]:
    return dict(load_checkpoint(run / LAST).tensors)


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    for name, tensor in one.items():
        np.testing.assert_array_equal(tensor, other[name], err_msg=name)


@pytest.mark.parametrize("unit", ["sentence", "continuous"])
def test_a_resumed_run_ends_where_an_unbroken_one_does(
    unit: str, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--unit", unit, "--steps", "50", "--dropout", "0.3"]
    train(corpus, tmp_path / "whole", *options)

    class Crash(BaseException):  # as a kill: nothing is saved
        pass

    step = Learner.step

    def crashing(self: Learner, **closely: bool) -> object:
        if self.position.step == 37:
            raise Crash
        return step(self, **closely)

    broken = tmp_path / "broken"
    with monkeypatch.context() as patch, pytest.raises(Crash):
        patch.setattr(Learner, "step", crashing)
        patch.setattr("charlm.train.trainer._SECONDS_BETWEEN_SAVES", 0.0)
        train(corpus, broken, *options)
    assert load_checkpoint(broken / LAST).metrics["step"] == 37
    assert main(["--resume", str(broken)]) == 0
    assert of_kind(read_run_log(broken), "notice")[-1]["message"] == "resumed from step 37"
    assert_same(weights(tmp_path / "whole"), weights(broken))


def test_the_same_seed_gives_the_same_model(corpus: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        train(corpus, tmp_path / name, "--steps", "8", "--seed", seed)
    assert_same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not np.array_equal(
        weights(tmp_path / "a")["embedding"], weights(tmp_path / "c")["embedding"]
    )


def test_a_finished_run_goes_on_with_a_larger_budget(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(corpus, out, "--steps", "3")
    assert main(["--resume", str(out), "--steps", "6"]) == 0
    assert load_checkpoint(out / LAST).metrics["step"] == 6
    with pytest.raises(InputError, match=r"--hidden of the run is 12 and cannot change"):
        main(["--resume", str(out), "--hidden", "13"])
    corpus.write_text("Another text. Altogether.")
    with pytest.raises(InputError, match="learned from another text"):
        main(["--resume", str(out)])


def test_a_larger_budget_is_evaluated_evenly_too(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(corpus, out, "--steps", "50")
    assert main(["--resume", str(out), "--steps", "150"]) == 0
    steps = [e["step"] for e in of_kind(read_run_log(out), "evaluation")]
    assert steps[:2] == [25, 50]
    assert len(steps) >= 5
    assert steps[-1] == 150


def test_sentences_of_a_text_without_a_space_have_their_spaces(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("cat\nowl.\nHen\nfox.\n" + "".join(f"A\nb{n}.\n" for n in range(30)))
    train(path, tmp_path / "run", "--steps", "1", "--unit", "sentence")
    assert " " in load_checkpoint(tmp_path / "run").vocabulary


def test_an_existing_run_is_not_overwritten(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(corpus, out, "--steps", "1")
    before = (out / MODEL).read_bytes()
    with pytest.raises(InputError, match="already holds a run"):
        train(corpus, out, "--steps", "1")
    assert (out / MODEL).read_bytes() == before
    with pytest.raises(InputError, match="no run to resume"):
        main(["--resume", str(tmp_path)])


def test_one_budget_given_on_resuming_replaces_the_others() -> None:
    saved = parse_options(["--steps", "5", "--minutes", "9", "--hidden", "7"]).plain()
    options = parse_options(["--characters", "2k"], saved)
    assert (options.characters, options.steps, options.minutes) == (2000, None, None)
    assert options.hidden == 7
    assert parse_options([], saved).minutes == 9


def test_too_many_characters_are_an_error_before_any_run(tmp_path: Path) -> None:
    path = tmp_path / "all.txt"
    many = "".join(chr(c) for c in range(0x10000, 0x10000 + 70_000))
    path.write_text(many + "abcabc", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"70,003 distinct.*min_count=2"):
        train(path, tmp_path / "run", "--steps", "1")
    assert not (tmp_path / "run").exists()
    report = train(path, tmp_path / "run", "--steps", "1", "--min-count", "2")[0]["corpus"]
    assert (report["distinct"], report["rare_removed"]) == (3, 70_000)


def test_out_of_memory_is_one_line(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def allocate(_: Learner, **closely: bool) -> None:
        torch.empty(2**60)

    monkeypatch.setattr(Learner, "step", allocate)
    with pytest.raises(TrainingError, match="out of memory"):
        train(corpus, tmp_path / "run", "--steps", "1")


def test_two_trainers_do_not_share_a_run(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(corpus, out, "--steps", "1")
    holder = RunFolder.open(out)
    with pytest.raises(TrainingError, match=r"in use by pid \d+"):
        main(["--resume", str(out)])
    holder.close()
    assert main(["--resume", str(out)]) == 0


def test_a_loss_that_is_not_a_number_stops_and_keeps_the_last_good_model(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    learn = Learner._learn

    def spoiled(self: Learner, batch: Any, number: int) -> Learned:
        learned = learn(self, batch, number)
        factor = float("nan") if self.position.step == 29 else 1.0
        return learned._replace(total=learned.total * factor, loss=learned.loss * factor)

    monkeypatch.setattr(Learner, "_learn", spoiled)
    with pytest.raises(TrainingError, match=r"loss is nan.* at step 30 with learning rate 0\.0"):
        train(corpus, out, "--steps", "100")
    assert load_checkpoint(out).metrics["step"] == 25
    end = read_run_log(out)[-1]
    assert (end["kind"], end["step"]) == ("end", 29)
    assert "loss is nan" in end["reason"]


def test_a_full_disk_is_a_warning(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    write, calls = RunFolder.write, []

    def full_at_first(self: RunFolder, name: str, data: bytes) -> None:
        calls.append(name)
        if len(calls) <= 5:
            raise OSError(28, "No space left on device")
        write(self, name, data)

    monkeypatch.setattr(RunFolder, "write", full_at_first)
    log = train(corpus, tmp_path / "run", "--steps", "100")
    assert calls[:7] == [RESUME, MODEL, LAST, MODEL, LAST, MODEL, LAST]
    reason, out = (
        "was not saved (No space left on device): every save tries again",
        tmp_path / "run",
    )
    told = [notice["message"] for notice in of_kind(log, "notice")]
    assert told == [f"{out / name} {reason}" for name in (RESUME, MODEL, LAST)]  # once each
    assert f"charlm: warning: {out / LAST} {reason}" in capsys.readouterr().err
    assert load_checkpoint(tmp_path / "run").metrics["validation_loss"] > 0


def test_a_run_that_could_save_nothing_says_so(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: RunFolder, name: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFolder, "write", full)
    with pytest.raises(TrainingError, match=r"no model could be saved in .*run"):
        train(corpus, tmp_path / "run", "--steps", "20")


def test_a_run_folder_that_goes_is_named(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    step = Learner.step

    def removing(self: Learner, **closely: bool) -> object:
        if self.position.step == 3:
            out.rename(tmp_path / "elsewhere")
        return step(self, **closely)

    monkeypatch.setattr(Learner, "step", removing)
    with pytest.raises(TrainingError, match=r"run folder .*run has gone"):
        train(corpus, out, "--steps", "5")


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("record_writer.RecordWriter.write", errno.ENOSPC),  # in the writer's own thread
        ("record_writer.RecordWriter.flush", errno.ENOSPC),
        ("event_file_writer.EventFileWriter.__init__", errno.EROFS),
    ],
)
def test_tensorboard_that_fails_is_one_warning(
    where: str, number: int, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(f"tensorboard.summary.writer.{where}", fail)
    log = train(corpus, tmp_path / "run", "--steps", "40")
    assert [notice["message"] for notice in of_kind(log, "notice")] == [
        f"TensorBoard is off for this run, training goes on: [Errno {number}] {os.strerror(number)}"
    ]
    assert of_kind(log, "end")[0]["step"] == 40


def test_a_curve_that_tensorboard_cannot_draw_is_one_warning(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("the histogram is empty")

    monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter.add_histogram", fail)
    log = train(corpus, tmp_path / "run", "--steps", "1")
    assert [notice["message"] for notice in of_kind(log, "notice")] == [
        "TensorBoard is off for this run, training goes on: the histogram is empty"
    ]


@pytest.mark.parametrize("unit", ["sentence", "line", "continuous"])
@pytest.mark.parametrize("text", ["a", "\u00e9" * 300, "Only one sentence.", "\x00\x1b]0;x\x07."])
def test_the_smallest_texts_train(text: str, unit: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.txt"
    path.write_text(text)
    log = train(path, tmp_path / "run", "--steps", "3", "--unit", unit)
    assert all(np.isfinite(s["loss"]) for s in of_kind(log, "step"))
    assert load_checkpoint(tmp_path / "run").metrics["step"] == 3
    if len(text) == 1:
        assert "too short for a validation part" in of_kind(log, "notice")[0]["message"]


def test_nothing_is_made_for_a_text_that_cannot_be_used(tmp_path: Path) -> None:
    blank = tmp_path / "blank.txt"
    blank.write_text(" \n")
    for source in (blank, tmp_path / "missing.txt", "/dev/null"):
        with pytest.raises(CorpusError):
            train(str(source), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_no_place_for_a_run(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"animals\.txt/run cannot be written: Not a directory"):
        train(corpus, corpus / "run")
    with pytest.raises(InputError, match="control characters"):
        train(corpus, tmp_path / "a\x1b[1mb")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cell", "lstn"], r"'lstn' is not one of"),
        (["--hidden", "0"], "'0' is not an integer from 1 to 16384"),
        (["--split", "90/20/0"], "sum to 100"),
        (["--characters", "many"], "'many' is not a count"),
        (["--steps", "0"], "'0' is not a count"),
        (["--minutes", "nan"], "'nan' is not a number above 0"),
        (["--dropout", "1"], "'1' is not a number from 0, at most 0.99"),
        (["--learning-rate", "-1"], "'-1' is not a number above 0"),
        (["--resume", "x", "--out", "y"], "does not go with --resume"),
        (["--hidde", "5"], "there is no option --hidde: did you mean --hidden?"),
    ],
)
def test_bad_options_are_one_line_and_exit_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(main, arguments) == 2
    error = capsys.readouterr().err
    assert re.search(message, error)
    assert error.startswith("charlm: error: ")
    assert error.count("\n") == 1


def test_budgets() -> None:
    assert parse_options([]).proposed == PROPOSED
    assert parse_options(["--characters", "auto"]).proposed == PROPOSED
    assert parse_options(["--steps", "7"]).characters is None
    assert parse_options(["--characters", "1.5m"]).characters == 1_500_000
    assert parse_options(["--characters", "300k"]).characters == 300_000
    assert parse_options(["--dropout", "0"]).dropout == 0


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for option in ("--corpus", "--unit", "--resume", "--characters", "--encoding", "examples:"):
        assert option in text


def test_torch_is_not_loaded_to_say_that_an_option_is_wrong() -> None:
    code = (
        "import sys; from charlm.train.__main__ import main\n"
        "try: main(['--hidden', '0'])\n"
        "except ValueError: print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "False\n"


def test_torch_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("charlm.train.") and "options" not in n]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CharlmError, match="training needs PyTorch, which is not installed"):
        main([])


def test_default_folder() -> None:
    path = default_path("/some where/my [b]text\x1b.txt", "gru")
    assert re.fullmatch(r"checkpoints/my_b_text-gru-\d{8}-\d{6}", str(path))
    assert str(default_path("-", "rnn")).startswith("checkpoints/text-rnn-")


def test_a_foreign_resume_file_is_refused(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(corpus, out, "--steps", "1")
    for data in (b"", b"not a zip", (out / MODEL).read_bytes()):
        (out / RESUME).write_bytes(data)
        with pytest.raises(CharlmError, match="resume"):
            main(["--resume", str(out)])


@pytest.mark.parametrize("names", [("vocabulary", "start_id"), ("position.losses",), ("more",)])
def test_a_resume_file_of_another_version_is_refused(
    names: tuple[str, ...], corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    train(corpus, out, "--steps", "1")
    with RunFolder.open(out) as folder:
        values: dict[str, Any] = dict(folder.load_resume())
        for name in names:
            if name.startswith("position."):
                del values["position"][name.removeprefix("position.")]
            elif values.pop(name, None) is None:
                values[name] = 1
        folder.save_resume(values)  # type: ignore[arg-type]
    log = (out / RUN_LOG).read_bytes()
    with pytest.raises(InputError, match=rf"another version .*: {', '.join(sorted(names))}\)"):
        main(["--resume", str(out)])
    assert (out / RUN_LOG).read_bytes() == log


@pytest.mark.parametrize("part", ["model", "optimiser"])
def test_a_resume_file_with_parts_of_another_model_is_refused(
    part: str, corpus: Path, tmp_path: Path
) -> None:
    out, other = tmp_path / "run", tmp_path / "other"
    train(corpus, out, "--steps", "1")
    train(corpus, other, "--steps", "1", "--layers", "2")
    with RunFolder.open(out) as folder, RunFolder.open(other) as others:
        folder.save_resume(folder.load_resume() | {part: others.load_resume()[part]})  # type: ignore
    with pytest.raises(InputError, match=r"does not fit the model \(.*start a new run"):
        main(["--resume", str(out)])


def test_without_a_corpus_python_documents_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "module.py").write_text('"""Return the value of a thing, or raise."""\n')
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(tmp_path / "lib"))
    out = tmp_path / "run"
    assert main(["--out", str(out), *SMALL, "--steps", "2"]) == 0
    report = read_run_log(out)[0]["corpus"]
    assert report["name"] == "python documentation"
    assert report["examples"] > 100


def test_the_report_is_in_the_run_log_and_on_the_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dashes.txt"
    path.write_bytes("\ufeffIt is\x96so.\r\nIs it?".encode())
    report = train(path, tmp_path / "run", "--steps", "1")[0]["corpus"]
    assert report["cp1252_repaired"] == {"U+0096": 1}
    loaded = load_corpus(str(path), Preparation())
    assert report == json.loads(json.dumps(loaded.report.as_values()))
    assert "repaired U+0096: 1 (a cp1252 '–')" in capsys.readouterr().out


def test_prompts_go_the_way_of_the_text(tmp_path: Path) -> None:
    """Case and Unicode form stand in the checkpoint, and the engine applies them."""
    path, out = tmp_path / "cafes.txt", tmp_path / "run"
    path.write_text(
        "Le CAFE\u0301 \u00e9tait OUVERT.\nUn Cafe\u0301 noir.\nAh.\n", encoding="utf-8"
    )
    log = train(path, out, "--steps", "2", "--case", "lower", "--form", "NFC", "--unit", "line")
    checkpoint = load_checkpoint(out)
    assert (checkpoint.text.case, checkpoint.text.form) == ("lower", "NFC")
    assert "".join(checkpoint.vocabulary.characters) == "\n .acefhilnortuv\u00e9"
    assert log[0]["text"]["case"] == "lower"
    engine = Engine.load(out)
    typed, prepared = (engine.write(p).text for p in ("UN CAFE\u0301", "un caf\u00e9"))
    assert typed == prepared
