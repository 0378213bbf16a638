"""Options that are varied: what may be, the grid, its runs and its report."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from killing import newest_weights
from root import ROOT

from charlm.cli.main import main
from charlm.compare import command
from charlm.compare.options import OPTION_NAMES, Comparison, parse_comparison
from charlm.compare.pictures import MOST_DRAWN
from charlm.compare.plan import Variant, plan_training, plan_variants, sizes
from charlm.compare.report import print_table
from charlm.errors import InputError, Stopped, run_main
from charlm.run.log import read_run_log
from charlm.train.__main__ import main as train_main
from charlm.train.learner import Learner

QUICK = ("--hidden", "6", "--embedding", "5", "--batch", "4", "--length", "16", "--seeds", "1")
GRID = ("--vary", "dropout=0,0.3", "--vary", "locked_dropout=no,yes", "--cells", "gru")
FOLDERS = {
    f"gru-dropout={dropout}-locked-dropout={locked}-1"
    for dropout in ("0", "0.3")
    for locked in ("no", "yes")
}


def arguments(corpus: Path, out: Path, *more: str) -> list[str]:
    return ["compare", "--corpus", str(corpus), "--out", str(out), *QUICK, "--budget=8steps", *more]


@pytest.fixture(scope="module")
def varied(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a grid that came to its end."""
    out = tmp_path_factory.mktemp("varied") / "all"
    assert main(arguments(corpus, out, *GRID)) == 0
    return out


def comparison(*words: str) -> Comparison:
    return parse_comparison(["--corpus", "some.txt", *words])


def variants(*words: str) -> list[Variant]:
    return plan_variants(comparison(*words), 30)


def folders(*words: str) -> list[str]:
    chosen = comparison(*words)
    return [plan_training(chosen, each, seed=1).name for each in plan_variants(chosen, 30)]


def test_what_is_left_open_may_be_one_of_the_values() -> None:
    left, given = variants("--vary", "dropout=auto,0.3", "--cells", "gru")
    assert (left.label, given.label) == ("dropout auto", "dropout 0.3")
    assert "dropout" in plan_training(comparison(), left, seed=1).options().proposed


def test_what_is_left_open_is_alike_in_all(corpus: Path, tmp_path: Path) -> None:
    """Dropout would follow from the length of a batch, which is varied here."""
    out = tmp_path / "c"
    words = ["compare", "--corpus", str(corpus), "--out", str(out), "--hidden", "6", "--seeds", "1"]
    words += ["--unit", "continuous", "--budget", "8steps", "--vary", "length=16,256"]
    assert main(words) == 0
    commands = [read_run_log(run)[0]["command"] for run in sorted((out / "runs").iterdir())]
    settled = {re.findall(r"--batch \d+ --dropout [\d.]+", command)[0] for command in commands}
    assert len(commands) == 2 and len(settled) == 1
    assert settled.pop() in (out / "report.md").read_text()


def test_a_table_keeps_what_is_varied(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table([{"model": "lstm", "learning rate": "0.01", "steps": "10"}], ["learning rate"])
    said = capsys.readouterr().out
    assert "0.01" in said and "steps" not in said


def digest(run: Path) -> str:
    return hashlib.sha256(newest_weights(run)).hexdigest()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--vary dropout", "'dropout' is no option with values, as dropout=0,0.1,0.3"),
        ("--vary =1", "is no option with values"),
        ("--vary", "expected one argument"),
        ("--vary dropout=0,x", "--dropout: 'x' is not a number from 0, at most 0.99"),
        ("--vary dropout=", "'' is not a number"),
        ("--vary dropout=0,-1", "'-1' is not a number"),
        ("--vary optimiser=adam", "'adam' is not one of adamw, sgd: did you mean adamw?"),
        ("--vary tied=maybe", "tied: 'maybe' is neither yes nor no"),
        ("--vary dropuot=0,1", "did you mean --dropout?"),
        ("--vary lr=0.1", "--lr is --learning-rate here"),
        ("--vary cell=gru,lstm", "give --cells"),
        ("--vary cells=gru,lstm", "give --cells once"),
        ("--vary seed=1,2", "give --seeds"),
        ("--vary steps=1,2", "give --budget"),
        ("--vary resume=a,b", "the same command, which goes on"),
        ("--vary out=a,b", "give --out once"),
        ("--vary no-texts=yes,no", "what is learned does not depend on it"),
        ("--vary unit=line,sentence", "measured on another text"),
        ("--vary min_count=1,2", "measured on another text"),
        ("--vary dropout=0.1,0.10", "dropout has 0.1 twice"),
        ("--vary hidden=8,auto", "auto is no size"),
        ("--vary dropout=0 --vary dropout=0.1", "dropout is varied twice"),
        ("--vary dropout=0,0.1 --dropout 0.2", "--dropout is given and varied"),
        ("--vary hidden=8,16 --hidden=8", "--hidden is given and varied"),
        ("--vary momentum=0.5,0.9", "momentum 0.5: --momentum does not go with --optimiser adamw"),
        (f"--vary batch={','.join(map(str, range(1, 1002)))}", "1,001 combinations"),
        ("--rates 3 --learning-rate 0.1", "--rates tries learning rates itself"),
        ("--rates 3 --vary learning-rate=0.1,0.2", "--rates tries learning rates itself"),
        ("--rates 1", "'1' is not an integer from 2 to 9"),
        ("--pictures jpg", "'jpg' is not one of svg, png, pdf"),
        ("--pictures png,png", "names a format twice"),
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
    ("words", "said"),
    [
        ("--cells gru,rnn --vary recurrent-dropout=0,0.1", "recurrent-dropout 0.1: .*no gate"),
        ("--vary tied=no,yes --hidden 6", "tied yes: --tied needs"),
        # found when the text was read, in which one example is a sentence
        ("--vary random-length=no,yes", "random-length yes: --random-length goes with"),
    ],
)
def test_what_does_not_go_together_is_said_before_any_training(
    words: str, said: str, corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        main(["compare", "--corpus", str(corpus), "--out", str(tmp_path / "out"), *words.split()])
    assert not (tmp_path / "out").exists()


def test_the_page_names_every_option() -> None:
    page = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
    assert [name for name in OPTION_NAMES if not re.search(rf"{name}\b", page)] == []


def test_the_grid_is_every_combination_cell_by_cell() -> None:
    words = ("--vary", "layers=1,2", "--vary", "tied=yes,no", "--hidden", "64")
    assert [each.label for each in variants(*words)] == [
        "layers 1, tied yes", "layers 1, tied no", "layers 2, tied yes", "layers 2, tied no"
    ]  # fmt: skip
    assert {each.cell for each in variants(*words)} == {"lstm"}
    two = variants("--vary", "layers=1,2", "--cells", "gru,rnn")
    assert [(each.label, each.config.layers) for each in two] == [
        ("gru, layers 1", 1), ("gru, layers 2", 2), ("rnn, layers 1", 1), ("rnn, layers 2", 2)
    ]  # fmt: skip
    assert [each.label for each in variants()] == ["rnn", "gru", "lstm"]
    # What all have tells none from the others.
    one = ("--vary", "layers=2", "--vary", "embedding=8,16")
    assert [each.label for each in variants(*one)] == ["embedding 8", "embedding 16"]
    assert [each.label for each in variants(*one[:2])] == ["lstm"]


def test_each_combination_has_a_first_cell_with_its_units() -> None:
    words = ("--vary", "hidden=20,40", "--cells", "gru,lstm")
    chosen = comparison(*words)
    alone = [sizes(comparison("--cells", "gru,lstm", "--hidden", h), 30) for h in ("20", "40")]
    found = [each.config for each in plan_variants(chosen, 30)]
    assert found == [alone[0][0], alone[1][0], alone[0][1], alone[1][1]]
    assert [config.hidden_size for config in found[:2]] == [20, 40]
    for each in plan_variants(chosen, 30):
        options = plan_training(chosen, each, seed=1).options()
        assert options.model(30) == each.config


def test_no_two_variants_share_a_folder_and_names_are_plain() -> None:
    values = {
        "dropout": "0,0.1,0.11,0.01",
        "learning-rate": "0.00001,0.1,1,10,100,0.0123456789,0.01234567891",
        "clip": "1000000,999999,1e5",
        "optimiser": "adamw,sgd",
        "locked-dropout": "yes,no",
    }
    words = itertools.chain(*(("--vary", f"{name}={each}") for name, each in values.items()))
    names = folders("--cells", "gru,mingru", *words)
    assert len(names) == 2 * 4 * 7 * 3 * 2 * 2 == len({*names})
    assert all(re.fullmatch(r"[a-z0-9=.+-]+", name) for name in names)


def test_what_is_typed_otherwise_is_the_same_training() -> None:
    one = comparison("--vary", "dropout=0.1", "--vary", "learning_rate=0.01,1")
    other = comparison("--vary", "--learning-rate=1e-2,1.0", "--vary=--dropout=0.10")
    found = [
        [plan_training(chosen, each, seed=1).arguments for each in plan_variants(chosen, 30)]
        for chosen in (one, other)
    ]
    assert found[0] == found[1]
    assert folders("--vary", "dropout=.1", "--vary", "learning_rate=0.01") == [
        "lstm-learning-rate=0.01-dropout=0.1-1"
    ]


def test_every_combination_is_trained_and_told(varied: Path) -> None:
    assert {run.name for run in (varied / "runs").iterdir()} == FOLDERS
    report = (varied / "report.md").read_text(encoding="utf-8")
    assert report.startswith("# Comparison of gru by dropout, locked-dropout\n")
    assert "| model | dropout | locked dropout | units | parameters | learning rate |" in report
    assert "Each training: 8 steps `--embedding 5 --batch 4 --length 16`; one seed." in report
    for dropout, locked in itertools.product(("0", "0.3"), ("no", "yes")):
        folder = varied / "runs" / f"gru-dropout={dropout}-locked-dropout={locked}-1"
        start, *_, end = read_run_log(folder)
        assert (
            f"| gru | {dropout} | {locked} | 6 | {start['parameters']:,} |"
            f" {start['learning_rate']:g} | {end['validation_loss']:.4f} |"
        ) in report
        label = f"dropout {dropout}, locked-dropout {locked}"
        assert report.count(f"| {label} |") == 10  # by five decoders, from two prompts
        assert f">{label}: " in (varied / "loss.svg").read_text(encoding="utf-8")


def test_its_runs_are_those_of_the_training_command(
    varied: Path, corpus: Path, tmp_path: Path
) -> None:
    words = ("--dropout", "0.3", "--locked-dropout", "--cell", "gru", "--steps", "8", *QUICK[:8])
    assert train_main(["--corpus", str(corpus), "--out", str(tmp_path / "run"), *words]) == 0
    other = varied / "runs" / "gru-dropout=0.3-locked-dropout=yes-1"
    assert digest(tmp_path / "run") == digest(other)


def test_with_more_values_only_what_is_missing_is_trained(
    varied: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "more"
    shutil.copytree(varied, out)
    more = ("--vary", "locked-dropout=yes,no", "--vary", "dropout=0.30,0.1", "--cells", "gru")
    assert main(arguments(corpus, out, *more)) == 0
    assert capsys.readouterr().out.count(": kept, loss ") == 2
    assert {run.name for run in (out / "runs").iterdir()} - FOLDERS == {
        "gru-dropout=0.1-locked-dropout=yes-1", "gru-dropout=0.1-locked-dropout=no-1"
    }  # fmt: skip


def test_runs_of_another_comparison_are_not_mixed_in(varied: Path, corpus: Path) -> None:
    before = (varied / "report.md").read_bytes()
    with pytest.raises(InputError, match=r"another comparison .*\(--out\)"):
        main(arguments(corpus, varied, *GRID, "--clip", "2"))
    assert (varied / "report.md").read_bytes() == before


def test_after_an_interrupt_it_goes_on_as_if_there_was_none(
    varied: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = Learner.step

    def interrupted(self: Learner, **closely: bool) -> object:
        if self.options.dropout == 0.3 and self.position.step == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return learn(self, **closely)

    out = tmp_path / "out"
    with monkeypatch.context() as patch, pytest.raises(Stopped, match="the same command") as stop:
        patch.setattr(Learner, "step", interrupted)
        main(arguments(corpus, out, *GRID))
    assert stop.value.exit_code == 130
    assert not (out / "report.md").exists()
    rows = (out / "results.csv").read_text().splitlines()
    assert len(rows) == 1 + 2  # those without dropout were finished
    assert main(arguments(corpus, out, *GRID)) == 0
    assert {run.name for run in (out / "runs").iterdir()} == FOLDERS
    for run in (out / "runs").iterdir():
        assert digest(run) == digest(varied / "runs" / run.name)
    names = ("loss.svg", "gradient-norm.svg", "gradient-distance.svg")
    for name in names:
        assert (out / name).read_bytes() == (varied / name).read_bytes()


def test_of_many_variants_the_best_are_drawn_and_that_is_said(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "MOST_DRAWN", 2)
    rates = ("0.0001", "0.02", "0.01")
    more = ("--vary", f"learning-rate={','.join(rates)}", "--budget", "20steps")
    assert main(arguments(corpus, tmp_path / "out", *more)) == 0
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "Of 3 variants the pictures and the texts show the 2 of the lowest" in report
    assert len(re.findall(r"^\| lstm \| ", report, re.MULTILINE)) == 3
    assert "learning rate | learning rate" not in report  # it is a column already
    for name in ("loss.svg", "gradient-norm.svg", "gradient-distance.svg"):
        picture = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert [f"learning-rate {rate}" in picture for rate in rates] == [False, True, True]
    assert "| learning-rate 0.0001 |" not in report
    assert MOST_DRAWN == 8


def test_clipping_that_is_varied_has_no_line_of_its_own(corpus: Path, tmp_path: Path) -> None:
    more = ("--vary", "clip=0.01,0.1", "--vary", "hidden=6,7")
    words = [word for word in arguments(corpus, tmp_path, *more) if word not in ("--hidden", "6")]
    assert main(words) == 0
    assert "clipped to this" not in (tmp_path / "gradient-norm.svg").read_text(encoding="utf-8")
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    counts = re.findall(r"^\| lstm \| [\d.]+ \| (\d) \| (\d) \| ([\d,]+) \|", report, re.MULTILINE)
    assert [(hidden, units) for hidden, units, _ in counts] == [("6", "6"), ("7", "7")] * 2
    assert np.unique([parameters for *_, parameters in counts]).size == 2
