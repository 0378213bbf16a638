"""Many prompts are written in groups, and nobody can tell it from the texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Call, Result
from models import MakeRun, overflowing_checkpoint

from charlm.cli import task as text_task
from charlm.cli.groups import Group, sampled_groups, searched_groups
from charlm.cli.main import main
from charlm.decoding import Greedy
from charlm.engine.engine import Engine
from charlm.engine.session import Session
from charlm.run.checkpoint import save_checkpoint
from charlm.wording import fixed

#: Prompts with repetitions before, on and behind the borders of groups of every size below.
PROMPTS = ["one", "two", "one", "", "one", "three", "two", "", "one", "two", "one"]
CALLS = [
    ["--strategy", "sample"],
    ["--strategy", "sample", "-n", 3, "--details", 2, "--json"],
    ["--strategy", "sample", "-n", 7, "--json"],
    ["--strategy", "greedy", "--json"],
    ["--strategy", "beam", "--width", 3, "--json"],
    ["--strategy", "beam", "--width", 3],
    ["--strategy", "nucleus-beam", "--width", 2, "-n", 1],
    ["--strategy", "nucleus-beam", "--width", 2, "--json", "--dice", "shared"],
]


@pytest.fixture
def openings(tmp_path: Path) -> Path:
    file = tmp_path / "openings.txt"
    file.write_text("".join(line + "\n" for line in PROMPTS))
    return file


@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join(map(str, call)))
@pytest.mark.parametrize("unit", ["continuous", "sentence"])
def test_groups_of_any_size_write_the_bytes_of_one(
    charlm: Call,
    make_run: MakeRun,
    openings: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: list[Any],
    unit: str,
) -> None:
    run = make_run(unit=unit, end=1.0)
    call = ["write", run, "--prompts", openings, *call, "--max-length", 20]
    outputs = []
    for rows in (10_000, 1, 2, 5, 6):
        monkeypatch.setattr(text_task, "ROWS_PER_THREAD", rows)
        outputs.append(charlm(*call))
    assert outputs[0].code == 0 and len(outputs[0].out) > 200
    assert all(output == outputs[0] for output in outputs)
    threads = charlm(*call, "--threads", 2)
    assert threads == outputs[0]


def test_samples_are_counted_over_the_whole_list(
    charlm: Call, run: Path, openings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_task, "ROWS_PER_THREAD", 2)
    call = ["--strategy", "sample", "--json", "--max-length", 9]
    lines = charlm("write", run, "--prompts", openings, *call).out.splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["prompt"] for record in records] == PROMPTS
    assert [r["sample"] for r in records if r["prompt"] == "one"] == [0, 1, 2, 3, 4]
    file = openings.with_name("records")
    file.write_text("".join(line + "\n" for line in lines))
    assert charlm("write", run, "--from", file, "--json").out.splitlines() == lines


@pytest.mark.parametrize("strategy", ["sample", "greedy", "beam", "nucleus-beam"])
@pytest.mark.parametrize("as_json", [True, False])
def test_each_group_is_printed_before_the_next_is_decoded(
    run: Path,
    openings: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
    as_json: bool,
) -> None:
    monkeypatch.setattr(text_task, "ROWS_PER_THREAD", 2)
    printed: list[int] = []
    begin = text_task.Texts.begin

    def noted(self: Any, group: Group) -> Session:
        out = capsys.readouterr().out
        printed.append(out.count("\n"))
        return begin(self, group)

    monkeypatch.setattr(text_task.Texts, "begin", noted)
    call = ["--strategy", strategy, "--max-length", "5", "-n", "1", *["--json"] * as_json]
    assert main(["write", str(run), "--prompts", str(openings), *call]) == 0
    groups = len(PROMPTS) if "beam" in strategy else len(PROMPTS) // 2 + 1
    assert len(printed) == groups and printed[0] == 0 and all(printed[1:])
    if as_json and "beam" not in strategy:
        assert printed[1:] == [2] * (groups - 1)


def test_what_stands_in_no_group_and_in_two() -> None:
    def texts(groups: Iterator[Group]) -> list[tuple[int, int]]:
        return [
            (prompt, group.skip + sample)
            for group in groups
            for prompt in range(group.begin, group.end)
            for sample in range(group.n)
        ]

    for prompts in (0, 1, 2, 7):
        for n in (1, 2, 3, 10):
            every = [(prompt, sample) for prompt in range(prompts) for sample in range(n)]
            for rows in (1, 2, 3, 4, 100):
                assert texts(sampled_groups(prompts, n, rows)) == every
                for begin, skip in every:
                    rest = texts(sampled_groups(prompts, n, rows, begin, skip))
                    assert rest == every[every.index((begin, skip)) :]
                sizes = [g.n * (g.end - g.begin) for g in sampled_groups(prompts, n, rows)]
                assert all(size <= rows for size in sizes)
                assert texts(searched_groups(prompts, n, 3, rows)) == every


def test_a_limit_of_time_is_one_for_all_groups(
    charlm: Call, run: Path, openings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the time is up, what has not begun is a text of no characters, cut by time."""
    monkeypatch.setattr(text_task, "ROWS_PER_THREAD", 2)
    common = ["write", run, "--prompts", openings, "--json", "--seconds"]
    for strategy in ("sample", "beam", "nucleus-beam"):
        for details in ([], ["--details", 2]) if strategy == "sample" else ([],):
            call = [*common, 1e-9, "--strategy", strategy, *details, "-n", 1]
            records = [json.loads(line) for line in charlm(*call).out.splitlines()]
            assert [record["prompt"] for record in records] == PROMPTS
            assert {record["end"] for record in records} == {"time"}
            assert {record["limits"]["seconds"] for record in records} == {1e-9}
            if strategy == "sample":
                file = openings.with_name("records")
                file.write_text("".join(json.dumps(record) + "\n" for record in records))
                assert charlm("write", run, "--from", file, "--json").code == 0
    enough = charlm(*common, 1000, "--strategy", "sample", "--max-length", 9).out
    assert all(json.loads(line)["end"] == "length" for line in enough.splitlines())


def test_prompts_that_follow_a_state_are_grouped_too(
    charlm: Call, run: Path, openings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = openings.with_name("state")
    begun = ["write", run, "--prompt", "the ", "--max-length", 0]
    assert charlm(*begun, "--save-state", state).code == 0
    call = ["write", run, "--state", state, "--prompts", openings, "--max-length", 9]
    for strategy in ("sample", "beam"):
        outputs = set()
        for rows in (1000, 1, 5):
            monkeypatch.setattr(text_task, "ROWS_PER_THREAD", rows)
            outputs.add(charlm(*call, "--strategy", strategy, "--json"))
        [output] = outputs
        prompts = [json.loads(line)["prompt"] for line in output.out.splitlines()]
        assert list(dict.fromkeys(prompts)) == list(dict.fromkeys("the " + p for p in PROMPTS))
        out = openings.with_name(strategy)
        out.write_text("".join(output.out.splitlines(keepends=True)[:3]))
        more = charlm(*call, "--strategy", strategy, "--json", "--out", out, "--continue")
        assert more.code == 0 and out.read_text() == output.out


def test_an_overflow_in_a_later_group_is_told_when_all_is_written(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, prompts = tmp_path / "model", tmp_path / "prompts"
    save_checkpoint(model, overflowing_checkpoint())
    prompts.write_text("a\na\na\nb\nb\n")
    call = ["--strategy", "sample", "--max-length", 3, "--prompts", prompts]
    whole = charlm("write", model, *call, "--json")
    assert whole.code == 1 and "overflow in prompt " in whole.err
    for rows in (1, 2):
        monkeypatch.setattr(text_task, "ROWS_PER_THREAD", rows)
        assert charlm("write", model, *call, "--json") == whole
        plain = charlm("write", model, *call)
        assert (plain.code, plain.err) == (whole.code, whole.err)


def test_no_prompts_are_no_texts(charlm: Call, run: Path, tmp_path: Path) -> None:
    for name, content in (("a.txt", ""), ("a.jsonl", ""), ("b.jsonl", "\n\n")):
        (tmp_path / name).write_text(content)
        assert charlm("write", run, "--prompts", tmp_path / name) == Result(0, "", "")
        out = tmp_path / ("out-" + name)
        done = charlm("write", run, "--prompts", tmp_path / name, "--out", out, "--json")
        assert done == Result(0, "", "") and out.read_bytes() == b""


def test_scores_never_read_as_minus_zero(charlm: Call, make_run: MakeRun) -> None:
    run = make_run(unit="sentence", end=2.0)
    call = ["--prompt", "a", "--strategy", "beam", "--length-penalty", 10, "--max-length", 400]
    out = charlm("write", run, *call, "--ignore-eos").out
    assert "score -" in out and "-0.0000" not in out and "score 0.0000" not in out
    nothing = charlm("write", run, *call[:4], "--max-length", 0).out
    assert "-0.0" not in nothing
    assert [fixed(x) for x in (-0.0, 0.0, -1.23456e-5, 1e-9, -0.5, 12.34567)] == [
        "0.0000",
        "0.0000",
        "-1.2e-05",
        "1e-09",
        "-0.5000",
        "12.3457",
    ]
    assert fixed(-0.004, 2) == "-0.004" and fixed(-0.006, 2) == "-0.01"


def test_engine_reads_prompts_as_a_session_does(run: Path) -> None:
    engine = Engine.load(run)
    prompts, notices = engine.read_prompts(["the ", "Ab"], "map")
    session = engine.start(["the ", "Ab"], Greedy(), unknown="map")
    assert [p.text for p in prompts] == session.prompts and notices == session.notices
    assert engine.read_prompts(prompts)[0] == prompts
