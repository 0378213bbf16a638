"""Beginning with a checkpoint, planning without beginning, and a disk with no room for words."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from root import ROOT

from charlm import Engine
from charlm.errors import CorpusError, InputError, TrainingError
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import LAST, MODEL, RUN_LOG
from charlm.run.log import Tail, read_run_log
from charlm.train.__main__ import main
from charlm.train.keep.folder import RunFolder
from charlm.train.learner import Learner
from charlm.train.plan import misfit

SMALL = ["--hidden", "12", "--embedding", "5", "--batch", "4", "--length", "16", "--no-texts"]
OPTIONS = ["--cell", "gru", "--layers", "2", "--unit", "continuous", "--case", "lower"]
FIRST = "The cat sees a dog.\nThe dog sees a cat.\n" * 20
SECOND = "A fox \u00e9tait ici!\n" * 40


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A run on the first text."""
    path, run = tmp_path / "first.txt", tmp_path / "first"
    path.write_text(FIRST)
    arguments = ["--corpus", str(path), "--out", str(run), *SMALL, *OPTIONS, "--steps", "60"]
    assert main([*arguments, "--learning-rate", "0.02"]) == 0
    return run


@pytest.fixture
def second(tmp_path: Path) -> Path:
    path = tmp_path / "second.txt"
    path.write_text(SECOND)
    return path


def test_it_begins_with_the_weights_and_learns_the_new_characters(
    trained: Path, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Learner] = []
    step = Learner.step

    def watched(self: Learner, closely: bool) -> object:
        if not begun:
            begun.append(self)
            old, weights = load_checkpoint(trained), self.model.to_tensors()
            known = len(old.vocabulary)
            for name in ("embedding", "output_weight", "output_bias"):
                np.testing.assert_array_equal(weights[name][:known], old.tensors[name])
            assert (weights["output_bias"][known:] == old.tensors["output_bias"].min()).all()
            for name in weights.keys() - {"embedding", "output_weight", "output_bias"}:
                np.testing.assert_array_equal(weights[name], old.tensors[name])
        return step(self, closely)

    run = tmp_path / "second"
    arguments = ["--corpus", str(second), "--out", str(run), "--from", str(trained), "--no-texts"]
    arguments += ["--batch", "4", "--length", "16", "--steps", "30", "--average", "0.9"]
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", watched)
        assert main(arguments) == 0
    old, new = load_checkpoint(trained), load_checkpoint(run)
    assert new.config.cell == "gru"
    assert (new.text.unit, new.text.case, new.text.start_id) == (
        "continuous", "lower", old.text.start_id
    )  # fmt: skip
    known = len(old.vocabulary.characters)
    assert new.vocabulary.characters[:known] == old.vocabulary.characters
    assert "".join(new.vocabulary.characters[known:]) == "!fix\u00e9"
    log = read_run_log(run)
    assert "characters are new to the model: !fix\u00e9" in log[1]["message"]
    assert "--from first" in log[0]["command"]
    assert str(tmp_path) not in (run / "run.jsonl").read_text()
    (trained / MODEL).unlink()  # the run goes on without the checkpoint that it began with
    assert main(["--resume", str(run), "--steps", "35"]) == 0
    assert load_checkpoint(run / LAST).vocabulary == new.vocabulary


def test_it_begins_better_than_from_nothing(trained: Path, tmp_path: Path) -> None:
    text = tmp_path / "first.txt"
    losses = []
    for name, more in (("tuned", ["--from", str(trained)]), ("new", [*SMALL, *OPTIONS])):
        run = tmp_path / name
        arguments = ["--corpus", str(text), "--out", str(run), "--steps", "1", "--no-texts"]
        assert main([*arguments, *more, "--batch", "4", "--length", "16"]) == 0
        losses.append(read_run_log(run)[-1]["validation_loss"])
    assert losses[0] < losses[1] - 0.5


def test_the_messages_of_a_chat_are_learned_scored_and_learned_on_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that goes on, one that begins with its weights and a score know that it is a chat."""
    said = [
        f"{name}: {word} {n}" for n in range(30) for name, word in (("Ana", "sí"), ("Bo", "no"))
    ]
    path, run, plain = tmp_path / "chat.txt", tmp_path / "run", tmp_path / "plain.txt"
    path.write_text("".join(f"[3.4.24, 18:{n % 60:02}:05] {s}\n" for n, s in enumerate(said)))
    plain.write_text("\n".join(said))
    arguments = ["--corpus", str(path), "--chat", "messages", "--out", str(run), *SMALL]
    assert main([*arguments, "--steps", "5"]) == 0
    checkpoint = load_checkpoint(run)
    assert (checkpoint.text.chat, checkpoint.text.unit) == ("messages", "line")
    assert "[" not in checkpoint.vocabulary
    engine = Engine.load(run)
    score, other = (engine.score(each.read_text()) for each in (path, plain))
    assert score.loss == other.loss and score.count == other.count
    assert main(["--resume", str(run), "--steps", "7"]) == 0
    capsys.readouterr()
    assert main(["--from", str(run), "--corpus", str(path), "--dry-run"]) == 0
    assert "chat: a chat as WhatsApp exports it: 60 messages" in capsys.readouterr().out
    with pytest.raises(InputError, match="--chat of the run is 'messages' and cannot change"):
        main(["--resume", str(run), "--chat", "keep", "--steps", "9"])
    with pytest.raises(CorpusError, match=r"plain\.txt reads as no chat: --chat keep takes it"):
        main(["--from", str(run), "--corpus", str(plain), "--dry-run"])
    assert main(["--from", str(run), "--corpus", str(plain), "--chat", "keep", "--dry-run"]) == 0
    with pytest.raises(InputError, match="documentation is no chat"):
        main(["--chat", "messages", "--dry-run"])


def test_what_is_typed_as_auto_is_what_the_checkpoint_or_the_run_has(
    trained: Path, second: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, auto = tmp_path / "auto", ["--hidden", "auto", "--batch", "auto", "--dropout", "auto"]
    words = ["--corpus", str(second), "--from", str(trained), "--out", str(run), "--steps", "3"]
    assert main([*words, *auto, "--no-texts"]) == 0
    said = capsys.readouterr().out
    assert "batch: 8 (auto: for 612 characters)\n" in said and "hidden size" not in said
    assert load_checkpoint(run).config.hidden_size == 12
    assert main(["--resume", str(run), *auto, "--steps", "4"]) == 0
    assert read_run_log(run)[-1]["step"] == 4


def test_what_is_proposed_is_told_and_kept(
    second: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = ["--corpus", str(second), "--unit", "continuous", "--out", str(run), "--no-texts"]
    assert main(words) == 0
    said = capsys.readouterr().out
    for line in (
        "hidden size: 64 (auto: for 612 characters)",
        "budget: 24,480 characters (auto: 40 passes)",
        "dropout: 0.5 (auto: for 40 passes, 67 parameters a character)",
        "learning rate: 0.028 (auto: for lstm 64 x 1)",
    ):
        assert line + "\n" in said
    assert load_checkpoint(run).config.hidden_size == 64
    assert read_run_log(run)[-1]["characters"] == pytest.approx(24_480, abs=600)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hidden", "13"], "--hidden of the checkpoint is 12 and cannot change"),
        (["--unit", "line"], "--unit of the checkpoint is 'continuous'"),
        (["--resume", "x"], "do not go with --resume"),
    ],
)
def test_what_cannot_change_is_named(
    arguments: list[str], message: str, trained: Path, second: Path
) -> None:
    with pytest.raises(InputError, match=message):
        main(["--corpus", str(second), "--from", str(trained), *arguments])


def test_a_dry_run_says_what_it_takes_and_makes_nothing(
    second: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    arguments = ["--corpus", str(second), "--out", str(out), *SMALL, "--unit", "continuous"]
    assert main([*arguments, "--hidden", "256", "--epochs", "3", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert not out.exists()
    assert "passes over the text: about 3.0" in said.out
    for word in ("parameters: ", "characters to learn from: 612", "time: about", "memory: about"):
        assert word in said.out
    assert "far too many for 612 characters" in said.err


def test_what_fits_and_what_does_not() -> None:
    assert misfit(726_000, 1_000_000) == ""
    assert "far too many" in misfit(726_000, 10_000)
    assert "far too few" in misfit(10_000, 100_000_000)


def test_words_that_find_no_room_are_an_error_and_the_run_is_whole(
    second: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    arguments = ["--corpus", str(second), "--out", str(run), *SMALL, "--steps", "3"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "charlm.train", *arguments],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode != 0
    assert "standard output could not be written (No space left on device)" in done.stderr
    assert load_checkpoint(run / LAST).metrics["step"] == 3


# A training that was killed before it saved anything.


def test_the_same_command_begins_again_what_saved_nothing(
    second: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "run"
    command = ["--corpus", str(second), "--out", str(run), *SMALL, "--steps", "1"]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt  # at the one place where it had begun and saved nothing

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("charlm.train.command.Trainer", killed)
        main(command)
    assert [path.name for path in run.iterdir() if path.suffix == ".jsonl"] == [RUN_LOG]
    again = re.escape(f"it began and saved nothing: begin again (--out {run})")
    with pytest.raises(InputError, match=again):
        main(["--resume", str(run)])
    assert main(command) == 0
    assert f"the training in {run} had saved nothing: it begins anew" in capsys.readouterr().out
    log = read_run_log(run)
    assert [line["kind"] for line in log].count("start") == 1 and log[-1]["kind"] == "end"


@pytest.mark.parametrize(
    "log",
    [b'{"kind": "start"}\n{"kind": "step", "step": 10}\n', b"notes of mine\n", b"x", b"\n", b"{}"],
)
def test_a_log_that_says_more_is_left_alone(log: bytes, second: Path, tmp_path: Path) -> None:
    (tmp_path / RUN_LOG).write_bytes(log)
    with pytest.raises(InputError, match="already holds a run"):
        main(["--corpus", str(second), "--out", str(tmp_path), *SMALL, "--steps", "1"])
    with pytest.raises(InputError, match=r"no resume\.safetensors\)$"):
        main(["--resume", str(tmp_path)])
    assert (tmp_path / RUN_LOG).read_bytes() == log


@pytest.mark.parametrize("cut", [0, 1, 15, 16, 17, 40])
def test_a_beginning_that_was_cut_anywhere_is_one(cut: int, tmp_path: Path) -> None:
    (tmp_path / RUN_LOG).write_bytes(b'{"kind": "start", "step": 0, "run": "x"}'[:cut])
    with RunFolder.create(tmp_path) as folder:
        assert folder.begins_anew
    assert (tmp_path / RUN_LOG).read_bytes() == b""


def test_who_follows_a_log_sees_that_it_begins_anew(tmp_path: Path) -> None:
    (tmp_path / RUN_LOG).write_bytes(b'{"kind": "start", "run": "old"}\n')
    tail = Tail(tmp_path)
    assert [line["run"] for line in tail.new()] == ["old"]
    with RunFolder.create(tmp_path):
        (tmp_path / RUN_LOG).write_bytes(b'{"kind": "start", "run": "new"}\n{"kind": "step"}\n')
    assert [line["kind"] for line in tail.new()] == ["start", "step"]


def test_what_another_process_trains_does_not_begin_anew(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path):
        (tmp_path / RUN_LOG).write_bytes(b'{"kind": "start"}\n')
        with pytest.raises(TrainingError, match="is in use by pid"):
            RunFolder.create(tmp_path)
    assert (tmp_path / RUN_LOG).read_bytes()
