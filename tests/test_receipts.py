"""A record names its text: written from it again, the same bytes come out."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeRun
from test_cli import Call, charlm, refused

from charlm.checkpoint import load_checkpoint

__all__ = ["charlm"]  # the fixture

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


def test_a_record_that_is_not_of_this_model_is_refused(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "records"
    good = charlm("write", run, "--prompt", "a", "--max-length", 9, "--json").out
    record: dict[str, Any] = json.loads(good)
    assert record["checkpoint"] == load_checkpoint(run).sha256
    changes: list[tuple[dict[str, Any], str]] = [
        ({"checkpoint": "0" * 64}, "checkpoint is 000000000000"),
        ({"engine_format": 999}, "engine_format is 999"),
        ({"device": "cuda"}, "device is cuda"),
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
        ({"sample": "0"}, "not a record"),
        ({"sample": -1}, "not a record"),
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
