"""A record names its text: written from it again, the same bytes come out."""

from __future__ import annotations

import io
import json
import shutil
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from command_line import Call, Result, refused
from golden import CELLS, model_path, records_path
from models import MakeRun
from root import ROOT

from charlm.cli.rewriting import read_records, rewrite
from charlm.decoding import STRATEGIES, Limits
from charlm.engine.engine import ENGINE_FORMAT, Engine
from charlm.engine.records import Order, records_of
from charlm.run.checkpoint import load_checkpoint, save_checkpoint

CALLS = [
    ["--strategy", "sample", "--prompt", "a", "-n", "5", "--seed", "9"],
    ["--prompt", "the ", "--no-repeat-ngram", "3", "--typical-p", "0.9", "--stop", "e", "-n", "3"],
    ["--strategy", "greedy", "--prompt", "", "--ban", "aé\\n"],
    ["--strategy", "sample", "--prompt", "b", "-n", "2", "--details", "3", "--temperature", "0.7"],
    ["--strategy", "sample", "--prompt", "b", "--details", "0", "--max-length", "0"],
    ["--strategy", "beam", "--prompt", "a", "--width", "5", "-n", "3"],
    ["--strategy", "nucleus-beam", "--prompt", "a", "--width", "4", "-n", "1"],
    ["--strategy", "sample", "--prompt", "a", "-n", "5", "--seed", "9", "--precision", "int8"],
    ["--strategy", "beam", "--prompt", "a", "--precision", "int8"],
]


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_record_is_written_again(
    charlm: Call, make_run: MakeRun, tmp_path: Path, call: list[str], threads: int
) -> None:
    run, file = make_run(unit="sentence", end=0.5), tmp_path / "records"
    call = call if "--max-length" in call else [*call, "--max-length", "50"]
    records = charlm("write", run, *call, "--json").out
    file.write_text(records)
    again = charlm("write", run, "--from", file, "--threads", threads)
    if "--details" not in call:
        assert again == charlm("write", run, *call)
    assert charlm("write", run, "--from", file, "--threads", threads, "--json").out == records


@pytest.mark.parametrize("prompt", ["a ☃ b", "a ☃ ", " ☃ a", "a☃b"])
def test_a_prompt_that_lost_a_character_is_written_again(
    charlm: Call, make_run: MakeRun, tmp_path: Path, prompt: str
) -> None:
    run, file = make_run(unit="sentence", end=0.5), tmp_path / "records"
    call = ["--prompt", prompt, "--unknown", "skip", "--max-length", "20", "--json"]
    records = charlm("write", run, *call).out
    assert "  " not in json.loads(records)["prompt"]
    file.write_text(records)
    assert charlm("write", run, "--from", file, "--json").out == records


def test_beams_that_found_fewer_texts_are_written_again(
    charlm: Call, make_run: MakeRun, tmp_path: Path
) -> None:
    run, file, prompts = make_run(), tmp_path / "records", tmp_path / "prompts"
    prompts.write_text("\n".join("abcdefgh"))
    call = ["--prompts", prompts, "--strategy", "nucleus-beam", "--width", "50", "-n", "50"]
    call += ["--top-p", "0.5", "--max-length", "1", "--json"]
    records = charlm("write", run, *call).out
    found = [json.loads(line)["prompt"] for line in records.splitlines()]
    assert len({found.count(prompt) for prompt in found}) > 1
    file.write_text(records)
    assert charlm("write", run, "--from", file, "--json").out == records


def test_many_records_in_any_order(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = []
    for call in CALLS:
        text = charlm("write", run, *call, "--max-length", "30", "--json").out
        lines += text.splitlines(keepends=True)
    lines = [*lines[::2], "\n", *lines[1::2][::-1]]
    data = io.TextIOWrapper(io.BytesIO("".join(lines).encode()))
    monkeypatch.setattr(sys, "stdin", data)
    lines.remove("\n")
    assert charlm("write", run, "--from", "-", "--json").out == "".join(lines)


def test_a_text_cut_by_time_is_written_again(charlm: Call, run: Path, tmp_path: Path) -> None:
    file = tmp_path / "records"
    long = ["--prompt", "a", "--max-length", 2**31 - 1, "--seconds", "0.05", "--json"]
    for strategy, written in (("sample", True), ("beam", False)):
        records = charlm("write", run, *long, "--strategy", strategy).out
        assert json.loads(records.splitlines()[0])["end"] == "time"
        file.write_text(records)
        again = charlm("write", run, "--from", file, "--json")
        if written:
            assert again.out == records
        else:
            refused(again, "line 1", "cut by time")


def test_a_text_that_ended_before_its_time_is_written_again_without_a_clock(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "records"
    common = ["--prompt", "a", "--strategy", "sample", "-n", "5", "--max-length", "40", "--json"]
    slow = charlm("write", run, *common, "--seconds", 1000).out
    record = slow.replace('"seconds": 1000.0', '"seconds": 1e-09')
    assert record != slow and record.count('"end": "length"') == 5
    file.write_text(record)
    assert charlm("write", run, "--from", file, "--json").out == record


def test_a_text_found_by_a_search_that_time_cut_is_not_written_again(
    charlm: Call, make_run: MakeRun, tmp_path: Path
) -> None:
    run = make_run(unit="sentence", end=2.0)
    file, engine = tmp_path / "records", Engine.load(run)
    limits = Limits(max_length=90, seconds=1000.0)
    order = Order("beam", STRATEGIES["beam"], limits, 1)
    session = engine.start(["a"], order.strategy, n=10, max_length=90, seconds=1000.0)
    while not (session.done or any(c.finished for c in session.completions()[0])):
        session.advance(1)
    assert not session.done
    session._deadline = 0  # the time is up
    records = [record for _, record in records_of(engine, order, session)]
    assert {record["end"] for record in records} >= {"time", "eos"}
    for record in records:
        file.write_text(json.dumps(record))
        refused(charlm("write", run, "--from", file), "line 1", "cut by time")
        del record["cut"]  # as records were once
        file.write_text(json.dumps(record))
        if record["end"] == "eos" and record["rank"] == 0:
            again = charlm("write", run, "--from", file)
            assert again.code == 0 or "time may have cut its search" in again.err


def test_a_record_that_is_not_of_this_model_is_refused(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "records"
    good = charlm("write", run, "--prompt", "a", "--max-length", 9, "--json").out
    record: dict[str, Any] = json.loads(good)
    assert record["identity"] == load_checkpoint(run).identity
    changes: list[tuple[dict[str, Any], str]] = [
        ({"identity": "0" * 64}, "model is 000000000000"),
        ({"engine_format": 999}, "engine_format is 999"),
        ({"device": "cuda"}, "device is 'cuda', not 'cpu'"),
        ({"precision": "int8"}, "comes out otherwise"),
        ({"precision": "int4"}, "precision 'int4' is not one of float32, int8"),
        ({"precision": ["int8"]}, "is not one of"),
        ({"text": "other"}, "text comes out otherwise"),
        ({"seed": record["seed"] + 1}, "comes out otherwise"),
        ({"log_prob": -1.0}, "log_prob comes out otherwise"),
        ({"more": 1}, "more comes out otherwise"),
        ({"strategy": "magic"}, "'magic' is not one of"),
        ({"options": {"width": 3}}, "does not belong"),
        ({"options": 3}, "not a record"),
        ({"limits": {"stop": 3}}, "not a record"),
        ({"limits": {"max_length": -1, "stop": []}}, "max_length"),
        ({"sample": "0"}, "sample is '0'"),
        ({"sample": -1}, "sample is -1"),
        ({"prompt": None}, "not a record"),
        ({"seed": "1"}, "seed"),
        ({"details": {}}, "not a record"),
    ]
    for change, said in changes:
        file.write_text("\n" + json.dumps(record | change) + "\n")
        refused(charlm("write", run, "--from", file), said)
    for text in ("", "\n", "{}", "[1]", "3", good[:-9], "\x00", '{"a":' * 9999):
        file.write_text(text)
        refused(charlm("write", run, "--from", file), "records")


def test_a_state_is_kept_and_gone_on_from(charlm: Call, run: Path, tmp_path: Path) -> None:
    state = tmp_path / "a.state"
    common = ["--strategy", "sample", "--seed", 5]
    whole = charlm("write", run, "--prompt", "the ", *common, "--max-length", 40).out
    half = charlm(
        "write", run, "--prompt", "the ", *common, "--max-length", 20, "--save-state", state
    ).out
    rest = charlm("write", run, "--state", state, *common, "--max-length", 20)
    assert rest.out == whole and whole.startswith(half.removesuffix("\n"))
    more = charlm("write", run, "--state", state, "--prompt", "ab", *common, "--json")
    text = half.removesuffix("\n") + "ab"
    assert json.loads(more.out)["prompt"] == text
    file = tmp_path / "record"
    file.write_text(more.out)
    assert charlm("write", run, "--from", file, "--json") == more


def test_stops_are_typed_with_escapes(charlm: Call, run: Path) -> None:
    arguments = ["--prompt", "a", "--strategy", "sample", "--max-length", 300, "--json"]
    record = json.loads(charlm("write", run, *arguments, "--stop", "\\n", "--stop", "qzx").out)
    assert record["limits"]["stop"] == ["\n", "qzx"]
    assert record["end"] == "stop" and record["text"].index("\n") == record["length"] - 1
    typed = charlm("write", run, *arguments, "--ban", "\\\\n\\t").out
    assert json.loads(typed)["options"]["ban"] == "\\n\t"


def test_score_tells_of_every_character(charlm: Call, run: Path, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("what is it?")
    told = json.loads(charlm("score", run, text, "--json", "--details", 2).out)["details"]
    assert "".join(told["characters"]) == "what is it?"
    assert {len(told[k]) for k in ("log_probs", "ranks", "entropies", "rivals")} == {11}
    for log_prob, rank, rivals in zip(
        told["log_probs"], told["ranks"], told["rivals"], strict=True
    ):
        assert len(rivals) == 2 and rivals[0][1] >= rivals[1][1] >= (log_prob if rank > 1 else -99)
        assert rank > 1 or rivals[rank][1] == log_prob
    refused(charlm("score", run, text, "--details", 2), "--details needs --json")


# Every engine format


@pytest.fixture
def golden_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder whose runs are the golden models."""
    for cell in CELLS:
        folder = tmp_path / "checkpoints" / cell
        folder.mkdir(parents=True)
        shutil.copy(model_path(cell), folder / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


FORMATS = range(2, ENGINE_FORMAT + 1)


@pytest.mark.parametrize("version", FORMATS)
@pytest.mark.parametrize("threads", [1, 3])
def test_the_records_of_every_format_are_written_again(
    charlm: Call, golden_runs: Path, version: int, threads: int
) -> None:
    text = records_path(version).read_text("utf-8")
    again = charlm("write", "--from", records_path(version), "--json", "--threads", threads)
    assert (again.code, again.out) == (0, text)
    assert len(text.splitlines()) >= 140


@pytest.mark.parametrize("version", FORMATS)
def test_the_texts_of_every_format_are_written_again(
    charlm: Call, golden_runs: Path, version: int
) -> None:
    """By model, precision and strategy, as plain text and by the engine that is at hand."""
    file = golden_runs / "some"
    groups: dict[tuple[str, str, str], list[str]] = {}
    for line in records_path(version).read_text("utf-8").splitlines(keepends=True):
        record = json.loads(line)
        model = record["identity" if version > 2 else "checkpoint"]
        groups.setdefault((model, record["precision"], record["strategy"]), []).append(line)
    assert {strategy for _, _, strategy in groups} == set(STRATEGIES)
    assert len({(model, precision) for model, precision, _ in groups}) == 4
    models = {name: c for c in map(load_checkpoint, map(model_path, CELLS))
              for name in (c.identity, c.sha256)}  # fmt: skip
    for (model, precision, strategy), lines in groups.items():
        records = [json.loads(line) for line in lines]
        requests = read_records("".join(lines).encode(), "x", "cpu")
        engine = Engine(models[model], precision=precision)  # type: ignore[arg-type]
        found = rewrite({(model, precision): engine}, requests)  # type: ignore[dict-item]
        assert [c.text for c in found] == [record["text"] for record in records]
        file.write_text("".join(lines))
        shown = charlm("write", "--from", file).out
        if "beam" not in strategy:
            whole = [record["prompt"] + record["text"] for record in records]
            ended = (text if text.endswith("\n") else text + "\n" for text in whole)
            assert shown == "\n".join(ended)
        assert all(record["prompt"] + record["text"] in shown for record in records)


def test_a_record_of_format_two_has_shared_dice_and_its_rank_as_sample() -> None:
    requests = read_records(records_path(2).read_bytes(), "x", "cpu")
    assert {request.dice for request in requests} == {"shared"}
    for request in requests:
        beam = "beam" in request.order.name
        place = request.rank if beam else request.sample
        assert place == request.record["sample"] and request.rank * request.sample == 0


# The model is looked for

PLACES = [
    "model.safetensors",
    "mine/model.safetensors",
    "mine/last.safetensors",
    "mine/kept/step-1,000.safetensors",
    "several/runs/a-1/model.safetensors",
    "several/runs/a-1/last.safetensors",
    "several/runs/a-1/kept/best.safetensors",
]


def some_records(charlm: Call, checkpoint: Path, *options: object) -> str:
    call = ["--prompt", "the ", "-n", 2, "--max-length", 20, "--json"]
    return charlm("write", checkpoint, *call, *options).out


@pytest.mark.parametrize("place", PLACES)
def test_the_model_of_a_record_is_found_among_the_runs(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    file, path = tmp_path / "records", tmp_path / "checkpoints" / place
    file.write_text(some_records(charlm, run))
    path.parent.mkdir(parents=True)
    shutil.move(run / "model.safetensors", path)
    (tmp_path / "checkpoints" / "broken").mkdir()
    (tmp_path / "checkpoints" / "broken" / "model.safetensors").write_bytes(b"not a model")
    monkeypatch.chdir(tmp_path)
    again = charlm("write", "--from", "records", "--json")
    assert again.out == file.read_text()
    assert again.err == f"charlm: the records are of checkpoints/{place}\n"
    old = json.loads(again.out.splitlines()[0])
    old["checkpoint"] = load_checkpoint(path).sha256
    del old["identity"]
    file.write_text(json.dumps(old))
    assert charlm("write", "--from", "records").err == again.err


def test_the_model_of_a_record_may_be_one_that_came_with_charlm(
    charlm: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = ROOT / "checkpoints" / "speeches"
    (tmp_path / "records").write_text(some_records(charlm, shipped))
    again = charlm("write", "--from", "records", "--json")
    assert again.out == (tmp_path / "records").read_text()
    assert again.err == f"charlm: the records are of {shipped / 'model.safetensors'}\n"


def test_a_checkpoint_that_is_given_is_the_one(
    charlm: Call, run: Path, make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_run("other", seed=1)
    monkeypatch.chdir(tmp_path)
    Path("checkpoints").mkdir()
    Path("records").write_text(records := some_records(charlm, run))
    Path("checkpoints/other").symlink_to(other)
    refused(charlm("write", "--from", "records"), "is none of the runs", "CHECKPOINT")
    for given in (["--from", "records", "run"], ["run", "--from", "records"]):
        again = charlm("write", *given, "--json")
        assert again == (0, records, "")
    Path("checkpoints/mine").symlink_to(run)
    for name in ("other", "checkpoints/other/model.safetensors"):
        theirs = load_checkpoint(run).identity[:12], load_checkpoint(other).identity[:12]
        said = charlm("write", name, "--from", "records")
        refused(said, "line 1", "is {}, not {}".format(*theirs), name)
    refused(charlm("write", "nothing", "--from", "records"), "nothing")
    assert charlm("write", "--from", "records", "--json").out == records


def test_records_of_two_models_in_one_file(
    charlm: Call, make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [make_run(f"checkpoints_{i}", seed=i, cell=cell) for i, cell in enumerate(CELLS[1:])]
    parts = [some_records(charlm, run, "--strategy", s).splitlines(keepends=True)
             for run in runs for s in ("sample", "beam")]  # fmt: skip
    mixed = "".join(line for lines in zip(*parts, strict=True) for line in lines)
    (tmp_path / "records").write_text(mixed)
    (tmp_path / "checkpoints").mkdir()
    for run in runs:
        shutil.move(run, tmp_path / "checkpoints")
    monkeypatch.chdir(tmp_path)
    again = charlm("write", "--from", "records", "--json")
    assert again.out == mixed
    assert again.err.count("the records are of") == 2
    refused(charlm("write", runs[0].name, "--from", "records"), "line 3", "its model is")


def test_write_needs_a_checkpoint_or_records(charlm: Call) -> None:
    refused(charlm("write", "--prompt", "a"), "CHECKPOINT is missing")
    refused(charlm("write"), "CHECKPOINT is missing")


def test_a_bit_equal_training_writes_the_records_of_the_first(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    file, again = tmp_path / "records", tmp_path / "again.safetensors"
    file.write_text(records := some_records(charlm, run))
    first = load_checkpoint(run)
    metrics = {**first.metrics, "seconds": 99.5, "step": 13}
    save_checkpoint(again, replace(first, metrics=metrics, corpus={"name": "moved.txt"}))
    assert load_checkpoint(again).sha256 != first.sha256
    assert charlm("write", again, "--from", file, "--json").out == records


# Records last


def replayed(charlm: Call, run: Path, file: Path, record: dict[str, Any]) -> Result:
    file.write_text(json.dumps(record))
    return charlm("write", run, "--from", file, "--json")


#: Of each option a value that is not neutral and changes the texts below, for some with others.
TURNED: dict[str, Any] = {
    "ban": "e ",
    "allow": "abc",
    "no_repeat_ngram": 1,
    "temperature": 0.3,
    "top_n_sigma": 0.01,
    "top_k": 1,
    "top_p": 0.2,
    "min_p": 0.9,
    "typical_p": 0.05,
    "width": 3,
    "length_penalty": 5.0,
    "stop_rule": "first",
    "patience": 4.0,
    "mode": "best",
}
BESIDE = {
    "stop_rule": ["--length-penalty", 2],
    "patience": ["--stop-rule", "patience", "--length-penalty", 2],
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_option_that_a_record_has_not_is_neutral(
    charlm: Call, make_run: MakeRun, tmp_path: Path, strategy: str
) -> None:
    run, file = make_run(unit="sentence", end=2.0), tmp_path / "record"
    call = ["--prompt", "the ", "--strategy", strategy, "-n", 3, "--max-length", 25, "--json"]
    for option in fields(STRATEGIES[strategy]):
        flags = [*BESIDE.get(option.name, []), "--" + option.name.replace("_", "-")]
        neutral = records_without(charlm("write", run, *call, *flags, option.default), option.name)
        file.write_text("".join(neutral))
        assert charlm("write", run, "--from", file, "--json").out == "".join(neutral)
        turned = charlm("write", run, *call, *flags, TURNED[option.name])
        file.write_text("".join(records_without(turned, option.name)))
        refused(charlm("write", run, "--from", file), "of the records: ")


def records_without(result: Result, option: str) -> list[str]:
    """The records of a call as lines, with an option left out."""
    records = [json.loads(line) for line in result.out.splitlines()]
    for record in records:
        del record["options"][option]
    assert len(records) == 3
    return [json.dumps(record) + "\n" for record in records]


def test_a_record_with_no_options_or_limits_at_all_has_neutral_ones(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    for strategy in ("greedy", "sample", "beam"):
        call = ["--prompt", "the ", "--strategy", strategy, "-n", 1, "--json"]
        record = json.loads(charlm("write", run, *call).out) | {"options": {}, "limits": {}}
        assert replayed(charlm, run, tmp_path / "record", record).code == 0


def test_a_limit_that_a_record_has_not_is_neutral(
    charlm: Call, make_run: MakeRun, tmp_path: Path
) -> None:
    run, file = make_run(unit="sentence", end=1.0), tmp_path / "record"
    call = ["--prompt", "the ", "--strategy", "sample", "--json"]
    plain = json.loads(charlm("write", run, *call).out)
    assert plain["end"] == "eos"
    turned: dict[str, list[object]] = {
        "max_length": ["--max-length", 5],
        "min_length": ["--min-length", 60],
        "stop": ["--stop", plain["text"][3]],
        "ignore_eos": ["--ignore-eos"],
    }
    for limit in fields(Limits):
        less = plain | {"limits": {k: v for k, v in plain["limits"].items() if k != limit.name}}
        assert replayed(charlm, run, file, less).code == 0
        if limit.name != "seconds":
            record = json.loads(charlm("write", run, *call, *turned.pop(limit.name)).out)
            assert record["text"] != plain["text"]
            del record["limits"][limit.name]
            refused(replayed(charlm, run, file, record), "line 1", "comes out otherwise")


def test_fields_that_a_record_has_not(charlm: Call, run: Path, tmp_path: Path) -> None:
    """What names the text is needed; what has a neutral value, or is only compared, is not."""
    file = tmp_path / "record"
    call = ["--prompt", "the ", "--max-length", 20, "--json", "--details", 2, "--strategy"]
    record = json.loads(charlm("write", run, *call, "sample").out)
    free = {"precision", "device", "dice", "text", "log_prob", "score", "length", "details"}
    for name in record:
        less = {key: value for key, value in record.items() if key != name}
        again = replayed(charlm, run, file, less)
        if name in free:
            assert again.out == json.dumps(less) + "\n"
        else:
            refused(again, "line 1: not a record of charlm")
    shared = json.loads(charlm("write", run, *call, "sample", "--dice", "shared").out)
    assert shared.pop("dice") == "0" * 16
    refused(replayed(charlm, run, file, shared), "comes out otherwise")
    beams = charlm("write", run, *call[:-3], "--strategy", "beam", "-n", 2).out.splitlines()
    for line in beams:
        less = json.loads(line)
        if less.pop("rank") == 0:
            assert replayed(charlm, run, file, less).code == 0
        else:
            refused(replayed(charlm, run, file, less), "comes out otherwise")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_option_or_limit_that_is_not_known_is_refused(
    charlm: Call, run: Path, tmp_path: Path, strategy: str
) -> None:
    file = tmp_path / "record"
    call = ["--prompt", "a", "--strategy", strategy, "-n", 1, "--max-length", 9, "--json"]
    record = json.loads(charlm("write", run, *call).out)
    for option in ("magic", "seed", "", "__class__"):
        changed = record | {"options": record["options"] | {option: 0}}
        refused(replayed(charlm, run, file, changed), "line 1", "does not belong")
        changed = record | {"limits": record["limits"] | {option: 0}}
        refused(replayed(charlm, run, file, changed), "line 1: not a record")


DEEP: Any = [[[[[]]]]]
HOSTILE: dict[str, list[Any]] = {
    "engine_format": [1, 4, 2.5, "3", None, [], {}, 10**400, True],
    "identity": [None, 3, [], {}, "", "0" * 64, "\x1b[2J", "\ud800"],
    "checkpoint": [3, []],
    "strategy": [None, 3, [], {}, "", "sampling", DEEP],
    "options": [None, 3, [], "", [["ban", ""]], {"ban": []}, {"temperature": 10**400},
                {"temperature": "1"}, {"top_p": -(10**400)}, {"top_k": 10**400}, {"min_p": {}}],
    "limits": [None, 3, [], "", {"stop": "abc"}, {"stop": [3]}, {"stop": [[]]}, {"stop": {}},
               {"stop": None}, {"seconds": 10**400}, {"seconds": []}, {"max_length": 10**400},
               {"max_length": []}, {"min_length": {}}, {"ignore_eos": []}, {"stop": ["\ud800"]}],
    "seed": [[], {}, None, -1, 1.0, "1", True, 2**64, 10**400, DEEP],
    "details": [[], {}, 3, None, {"n": []}, {"n": {}}, {"n": ""}, {"n": False}, {"n": True},
                {"n": -1}, {"n": 0.0}, {"n": 1.0}, {"n": 10**400}, {"n": DEEP}, {"n": None}],
    "precision": [[], {}, 8, None, "int4", DEEP],
    "device": [[], {}, None, 0, "cuda", "\x1b[2J"],
    "dice": ["prompt", "shared", "xyz", "", 5, None, [], {}, "A" * 16, "f" * 15, "\x1b[2J", DEEP],
    "sample": [-1, [], {}, None, "0", 0.5, 2**32, 2**64, 10**400, DEEP],
    "rank": [-1, [], {}, None, "0", 0.5, 1, 2**40, 10**400, DEEP],
    "prompt": [[], {}, None, 3, "☃", "\ud800", DEEP],
    "text": [[], {}, None, 3, DEEP],
    "log_prob": [[], None, 10**400, "x"],
    "length": [[], None, -1, 10**400],
    "end": ["time", [], None, {}, "soon", DEEP],
}  # fmt: skip


@pytest.mark.parametrize("field", HOSTILE)
@pytest.mark.parametrize("strategy", ["sample", "nucleus-beam"])
def test_a_hostile_field_is_refused_in_one_line(
    charlm: Call, run: Path, tmp_path: Path, field: str, strategy: str
) -> None:
    file = tmp_path / "record"
    call = ["--prompt", "a", "--strategy", strategy, "-n", 1, "--max-length", 9, "--json"]
    record = json.loads(charlm("write", run, *call).out)
    for value in HOSTILE[field]:
        changed = record | {field: value}
        if field in ("options", "limits") and isinstance(value, dict):
            changed[field] = record[field] | value
        if field == "checkpoint":
            del changed["identity"]  # which it stood for
        if field == "end" and value == "time" and strategy == "sample":
            continue  # may be true
        refused(replayed(charlm, run, file, changed))
        file.write_text(json.dumps(record) + "\n" + json.dumps(changed))
        refused(charlm("write", run, "--from", file, "--json"))


def test_a_hostile_cut_by_time_is_refused_in_one_line(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    call = ["--prompt", "a", "--strategy", "sample", "--max-length", 9, "--json"]
    record = json.loads(charlm("write", run, *call).out) | {"end": "time"}
    for length in ([], None, -1, "9", 10**400, True, 8, DEEP, 2**31):
        changed = record | {"length": length}
        refused(replayed(charlm, run, tmp_path / "record", changed), "line 1")
