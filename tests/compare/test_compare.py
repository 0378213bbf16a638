"""`python -m charlm compare`: its options, its runs, its report."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
from contextlib import nullcontext
from html import unescape
from pathlib import Path

import pytest
from killing import newest_weights
from markdown_it import MarkdownIt

from charlm.cli.main import main
from charlm.compare import trainings
from charlm.compare.options import Comparison, parse_comparison
from charlm.compare.plan import plan_training, plan_variants, sizes
from charlm.compare.report import escaped
from charlm.compare.trainings import check_folder
from charlm.decoding import STRATEGIES
from charlm.display import visible
from charlm.errors import InputError, Stopped, TrainingError, run_main
from charlm.model.config import ModelConfig
from charlm.run.checkpoint import load_checkpoint
from charlm.run.log import read_run_log
from charlm.train.__main__ import main as train_main
from charlm.train.learner import Learner
from charlm.train.tell.announce import command_line

SMALL = ("--embedding", "5", "--batch", "4", "--length", "16", "--learning-rate", "0.02")
CELLS = ("lstm", "gru", "rnn")


def arguments(corpus: Path, out: Path, *more: str) -> list[str]:
    words = ["compare", "--corpus", str(corpus), "--out", str(out), "--cells", ",".join(CELLS)]
    return [*words, "--hidden", "12", "--budget", "26steps", "--seeds", "2", *SMALL, *more]


@pytest.fixture(scope="module")
def compared(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a comparison that came to its end."""
    out = tmp_path_factory.mktemp("compared") / "all"
    assert main(arguments(corpus, out)) == 0
    return out


def comparison(*words: str) -> Comparison:
    return parse_comparison(["--corpus", "some.txt", *words])


def digest(run: Path) -> str:
    return hashlib.sha256(newest_weights(run)).hexdigest()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--cells rnn,grue", "'grue' is not one of rnn, gru, lstm"),
        ("--cells rnn,rnn", "names a cell twice"),
        ("--budget 5", "as 2000steps or 5min"),
        ("--budget 0min", "as 2000steps or 5min"),
        ("--budget nansteps", "as 2000steps or 5min"),
        ("--seeds 0", "not an integer from 1 to 100"),
        ("--seed 4", "give --seeds"),
        ("--steps=30", "give --budget"),
        ("--cels rnn", "did you mean --cells?"),
        ("--dropuot 0.3", "did you mean --dropout?"),
        ("--learning-rate x", "--learning-rate"),
    ],
)
def test_bad_options_are_one_line(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(main, ["compare", "--corpus", "some.txt", *words.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("charlm: error: ") and err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("", (), "nothing but white space"),
        ("a", (), "a validation part"),
        ("Some words. And more. " * 9, ("--prompt", "ß"), "'ß'"),
        ("Some words. And more. " * 9, ("--recurrent-dropout", "0.1"), "an rnn has no gate"),
    ],
)
def test_what_cannot_be_compared_is_said_before_any_training(
    text: str, words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    corpus, out = tmp_path / "some.txt", tmp_path / "out"
    corpus.write_text(text)
    with pytest.raises(InputError, match=re.escape(said)):
        main(["compare", "--corpus", str(corpus), "--out", str(out), *words])
    assert not out.exists()


@pytest.mark.parametrize("words", [["--corpus"], ["--corpus", "some.txt", "--validation"]])
def test_what_can_be_read_only_once_is_refused(words: list[str], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for source, named in (("-", "standard input"), (str(pipe), f"{pipe} is a pipe, which")):
        with pytest.raises(InputError, match=f"^{re.escape(named)} can be read only once"):
            parse_comparison([*words, source])


def test_a_budget_is_steps_or_minutes() -> None:
    assert comparison().budget == ("--steps", "2000")
    assert comparison("--budget", "3ksteps").budget == ("--steps", "3k")
    assert comparison("--budget", "1.5min").budget == ("--minutes", "1.5")


@pytest.mark.parametrize("layers", [1, 2])
def test_equal_parameters_are_as_near_as_sizes_allow(layers: int) -> None:
    chosen = comparison("--cells", "gru,lstm,rnn", "--hidden", "40", "--layers", str(layers))
    first, *others = sizes(chosen, vocabulary_size=33)
    assert (first.cell, first.hidden_size) == ("gru", 40)
    for config in others:
        counts = [
            ModelConfig(config.cell, 33, 64, hidden, layers).parameter_count
            for hidden in range(1, 200)
        ]
        nearest = min(abs(count - first.parameter_count) for count in counts)
        assert abs(config.parameter_count - first.parameter_count) == nearest


def test_equal_units_are_equal() -> None:
    chosen = comparison("--equal", "hidden", "--hidden", "40", "--gru-bias")
    configs = sizes(chosen, vocabulary_size=33)
    assert [(c.cell, c.hidden_size, c.bias) for c in configs] == [
        ("rnn", 40, True), ("gru", 40, True), ("lstm", 40, True)
    ]  # fmt: skip


def test_the_report_has_table_pictures_and_texts(compared: Path) -> None:
    report = (compared / "report.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (lstm|gru|rnn|\d-gram|unigram) \|.*\|$", report, re.MULTILINE)
    assert len(table) == 5
    for cell in CELLS:
        ends = [read_run_log(compared / "runs" / f"{cell}-{seed}")[-1] for seed in (1, 2)]
        mean = sum(end["validation_loss"] for end in ends) / 2
        row = rf"^\| {cell} \| [\d,]+ \| [\d,]+ \| 0\.02 \| {mean:.4f} ± "
        assert re.search(row, report, re.MULTILINE)
        for strategy in STRATEGIES:
            assert len(re.findall(rf"^\| {strategy} \| {cell} \|", report, re.MULTILINE)) == 2
    for name in re.findall(r"!\[.*\]\((.*)\)", report):
        assert (compared / name).read_text(encoding="utf-8").startswith("<svg ")
    assert str(compared.parent) not in report
    rendered = MarkdownIt("commonmark").enable("table").render(report)
    assert "num|bers.txt" in rendered
    assert rendered.count("<table>") == 3


def test_its_runs_are_those_of_the_training_command(
    compared: Path, corpus: Path, tmp_path: Path
) -> None:
    chosen = parse_comparison(arguments(corpus, tmp_path / "again")[1:])
    size = load_checkpoint(compared / "runs" / "gru-2").config.vocabulary_size
    gru = plan_training(chosen, plan_variants(chosen, size)[1], seed=2)
    assert train_main(gru.arguments) == 0
    assert digest(gru.folder) == digest(compared / "runs" / "gru-2")


def test_runs_of_before_there_were_variants_are_known_by_their_command(tmp_path: Path) -> None:
    """Folder and arguments are as they always were, and so are the runs that have them."""
    chosen = comparison("--cells", "lstm,gru", "--out", str(tmp_path), "--dropout", "0.2")
    training = plan_training(chosen, plan_variants(chosen, 30)[0], seed=3)
    folder = str(tmp_path / "runs" / "lstm-3")
    assert training.arguments == (
        *("--corpus", "some.txt", "--out", folder, "--cell", "lstm", "--hidden", "128"),
        *("--seed", "3", "--dropout", "0.2", "--steps", "2000", "--no-texts"),
    )


def test_runs_of_before_a_warm_up_was_proposed_are_not_mixed_in(tmp_path: Path) -> None:
    chosen = comparison("--cells", "lstm", "--out", str(tmp_path), "--layers", "2")
    training = plan_training(chosen, plan_variants(chosen, 30)[0], seed=1)
    start = {
        "kind": "start", "proposed": {"learning_rate": 0.017}, "corpus": {"sha256": "x"},
        "command": command_line(training.arguments, training.options()),
    }  # fmt: skip
    training.folder.mkdir(parents=True)
    for proposed, said in (({}, "add --warm-up 0"), ({"warm_up": 60}, "")):
        lines = json.dumps({**start, "proposed": proposed}) + "\n"
        (training.folder / "run.jsonl").write_text(lines)
        with pytest.raises(InputError, match=said) if said else nullcontext():
            check_folder(training, "x")


def test_finished_runs_are_kept_and_missing_ones_trained(
    compared: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "more"
    shutil.copytree(compared, out)
    shutil.rmtree(out / "runs" / "gru-2")
    before = digest(out / "runs" / "rnn-2")
    log = (out / "runs" / "rnn-2" / "run.jsonl").read_bytes()
    assert main(arguments(corpus, out)) == 0
    assert capsys.readouterr().out.count(": kept, loss ") == 5
    assert digest(out / "runs" / "gru-2") == digest(compared / "runs" / "gru-2")
    assert digest(out / "runs" / "rnn-2") == before
    assert (out / "runs" / "rnn-2" / "run.jsonl").read_bytes() == log


@pytest.mark.long
def test_minutes_layers_and_continuous_text(corpus: Path, tmp_path: Path) -> None:
    more = ("--budget", "0.02min", "--seeds", "1", "--cells", "gru,lstm", "--unit", "continuous")
    prompts = ("--prompt", "The number 7", "--prompt", "")
    layers = ("--layers", "2", "--equal", "hidden")
    assert main(arguments(corpus, tmp_path / "out", *more, *layers, *prompts)) == 0
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "Each training: 0.02 minutes" in report
    assert len(re.findall(r"^\| (?:gru|lstm) \| 12 x 2 \| ", report, re.MULTILINE)) == 2
    assert "From “The number 7”:" in report
    assert "From nothing:" in report


@pytest.mark.parametrize("more", [("--budget", "27steps"), ("--batch", "5"), ("--hidden", "11")])
def test_runs_of_another_comparison_are_not_mixed_in(
    more: tuple[str, ...], compared: Path, corpus: Path
) -> None:
    with pytest.raises(InputError, match=r"another comparison .*\(--out\)"):
        main(arguments(corpus, compared, *more))


def test_nor_are_runs_on_another_text(compared: Path, corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / corpus.name
    other.write_text(corpus.read_text() + "And one more.")
    with pytest.raises(InputError, match="another comparison"):
        main(arguments(other, compared))


def test_after_an_interrupt_it_goes_on_as_if_there_was_none(
    compared: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = Learner.step

    def interrupted(self: Learner, **closely: bool) -> object:
        if self.options.cell == "gru" and self.position.step == 9:
            os.kill(os.getpid(), signal.SIGINT)
        return learn(self, **closely)

    out = tmp_path / "out"
    with monkeypatch.context() as patch, pytest.raises(Stopped, match="the same command") as stop:
        patch.setattr(Learner, "step", interrupted)
        main(arguments(corpus, out))
    assert stop.value.exit_code == 130
    assert not (out / "report.md").exists()
    assert sorted(run.name for run in (out / "runs").iterdir()) == ["gru-1", "lstm-1"]
    assert main(arguments(corpus, out)) == 0
    for run in (out / "runs").iterdir():
        assert digest(run) == digest(compared / "runs" / run.name)


def test_a_folder_that_was_left_before_any_save_is_begun_anew(
    compared: Path, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(compared, out)
    run = out / "runs" / "lstm-1"
    start = (run / "run.jsonl").read_text().splitlines(keepends=True)[0]
    shutil.rmtree(run)
    run.mkdir()
    (run / "run.jsonl").write_text(start)
    assert main(arguments(corpus, out)) == 0
    assert digest(run) == digest(compared / "runs" / "lstm-1")


def test_a_training_that_fails_is_named(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> int:
        raise TrainingError("loss is nan")

    monkeypatch.setattr(trainings, "train", failing)
    with pytest.raises(TrainingError, match="lstm-1: loss is nan"):
        main(arguments(corpus, tmp_path / "out"))


@pytest.mark.parametrize(
    "text",
    ["*a* _b_ `c` ~~d~~", "[x](y) ![z](w) <b>&amp;</b>", "a|b\\|c", "1. x # y > z - w + v",
     "https://x.org a@b.c", "\x1b[31m\nline\u202e", "$x$ ^y^ {z} ::: == \\"],
)  # fmt: skip
def test_texts_of_a_model_are_text_in_markdown(text: str) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    table = f"| a | b |\n| --- | --- |\n| {escaped(text)} | end |"
    cells = re.findall(r"<td>(.*)</td>", parser.render(table))
    assert [unescape(cell) for cell in cells] == [visible(text).strip(), "end"]
