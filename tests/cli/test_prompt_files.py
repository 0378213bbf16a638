"""Where prompts come from: the command line, lines, whole files, JSON lines with ids."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import Call, refused

from charlm.cli.prompt_files import GivenPrompt, read_prompts
from charlm.engine.engine import Engine
from charlm.errors import InputError, UnknownCharacter

NOTHING = ["--max-length", 0]


def prompts_of(out: str) -> list[str]:
    return [json.loads(line)["prompt"] for line in out.splitlines()]


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("one\\ntwo", "one\ntwo"),
        ("\\n\\n", "\n\n"),
        ("a\\tb", "a\tb"),
        ("a\\\\nb", "a\\nb"),
        ("a\\xb\\", "a\\xb\\"),
        ("\\q", "\\q"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_typed_prompt_has_the_escapes_of_a_stop(
    charlm: Call, make_run: Any, typed: str, meant: str
) -> None:
    run = make_run(characters="\n\t\\abnoetwplixq")
    result = charlm("write", run, f"--prompt={typed}", *NOTHING, "--json")
    assert prompts_of(result.out) == [meant]


def test_a_file_is_one_prompt_of_several_lines(charlm: Call, run: Path, tmp_path: Path) -> None:
    file = tmp_path / "song"
    for content, meant in (
        (b"one\ntwo\n", "one\ntwo"),
        (b"one\ntwo", "one\ntwo"),
        (b"one\n\n", "one\n"),
        (b"\xef\xbb\xbfone\r\ntwo\r\n", "one\ntwo"),
        (b"", ""),
        (b"\n", ""),
        (b"a\\n", None),
    ):
        file.write_bytes(content)
        result = charlm("write", run, "--prompt-file", file, *NOTHING, "--json")
        if meant is None:  # a file has no escapes: the model knows no backslash
            refused(result, "'\\\\'")
        else:
            assert prompts_of(result.out) == [meant]
    file.write_bytes(b"caf\xe9")
    refused(charlm("write", run, "--prompt-file", file), "prompt file song", "offset 3")
    refused(charlm("write", run, "--prompt-file", tmp_path / "no"), "does not exist")
    refused(charlm("write", run, "--prompt-file", file, "--prompt", "a"), "not allowed with")


def test_a_prompt_of_several_lines_may_be_piped_in(
    charlm: Call, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\n")))
    result = charlm("write", run, "--prompt-file", "-", *NOTHING, "--json")
    assert prompts_of(result.out) == ["one\ntwo"]


@pytest.mark.parametrize("name", ["a.jsonl", "A.NDJSON", "a.txt"])
def test_the_id_of_a_prompt_comes_back_in_its_record(
    charlm: Call, run: Path, tmp_path: Path, name: str
) -> None:
    file, records = tmp_path / name, tmp_path / "records"
    given: list[dict[str, Any]] = [
        {"id": "a7", "prompt": "one\ntwo"},
        {"prompt": "the "},
        {"id": 12, "prompt": "one\ntwo", "solution": [1, 2]},
        {"id": "a7", "prompt": ""},
        {"id": None, "prompt": "é"},
    ]
    file.write_text("\n".join(json.dumps(one) for one in given) + "\n\n")
    for strategy, n in (("sample", 2), ("beam", 2)):
        call = ["--strategy", strategy, "-n", n, "--max-length", 9, "--json"]
        out = charlm("write", run, "--prompts", file, *call).out
        written = [json.loads(line) for line in out.splitlines()]
        ids = [one.get("id") for one in given for _ in range(n)]
        assert [record.get("id") for record in written] == ids
        assert ["id" in record for record in written] == [id is not None for id in ids]
        assert [record["prompt"] for record in written[::n]] == [one["prompt"] for one in given]
        texts = [record["text"] for record in written[:n]]
        again = [record["text"] for record in written[2 * n : 3 * n]]
        assert (texts == again) == (strategy == "beam")  # a repeated prompt has the next dice
        records.write_text(out)
        assert charlm("write", run, "--from", records, "--json").out == out
        plain = charlm("write", run, "--prompts", file, *call[:-1]).out
        assert charlm("write", run, "--from", records).out == plain


def test_lines_that_only_look_like_json_are_prompts(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    for lines in (["{", "}"], ['{"a": 1}'], ['{"prompt": "x"}', "y"], ["{x}", "[1]"], [""]):
        file.write_text("\n".join(lines) + "\n")
        assert read_prompts(None, str(file), None) == [GivenPrompt(line) for line in lines]
    file.write_text(' {"prompt": "a"}\n\n{"prompt": "b", "id": 3}')
    assert read_prompts(None, str(file), None) == [GivenPrompt("a"), GivenPrompt("b", 3)]
    for wrong in ('{"prompt": 3}', '{"prompt": "a", "id": []}'):
        file.write_text('{"prompt": "a"}\n' + wrong)
        with pytest.raises(InputError, match="line 2"):
            read_prompts(None, str(file), None)


@pytest.mark.parametrize(
    "line, said",
    [
        ("one", "not JSON"),
        ("3", 'no "prompt"'),
        ('{"text": "a"}', 'no "prompt"'),
        ('{"prompt": 3}', 'no "prompt"'),
        ('{"prompt": null}', 'no "prompt"'),
        ('{"prompt": "a", "id": [1]}', '"id"'),
        ('{"prompt": "a", "id": true}', '"id"'),
        ('{"prompt": "a", "id": 1.5}', '"id"'),
        ('{"prompt": "a", "id": ' + "9" * 5000 + "}", "not JSON"),
        ("[" * 99_999, "not JSON"),
        ('{"prompt": "\\ud800"}', "U+D800"),
        ('{"prompt": "a\\u0000"}', "U+0000"),
    ],
)
def test_a_line_that_is_no_prompt_is_named(
    charlm: Call, run: Path, tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"prompt": "a"}\n\n' + line + "\n")
    result = charlm("write", run, "--prompts", file)
    refused(result, said)
    assert "line 3" in result.err or "U+" in said
    assert len(result.err) < 400


def test_a_prompt_with_an_unknown_character_is_named_by_its_place(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    file, out = tmp_path / "prompts", tmp_path / "out"
    file.write_text("one\ntwo\noneX\nY\n")
    refused(charlm("write", run, "--prompts", file, "--out", out), "prompt 3: character 'X'")
    assert not out.exists()
    refused(charlm("write", run, "--prompt", "oneX"), "error: character 'X' (U+0058) at position 3")
    engine = Engine.load(run)
    with pytest.raises(UnknownCharacter, match=r"^prompt 2: character 'Z'"):
        engine.read_prompts(["a", "Z", "X"])


def test_a_hostile_id_in_a_record_is_refused(charlm: Call, run: Path, tmp_path: Path) -> None:
    file = tmp_path / "records"
    record = json.loads(charlm("write", run, "--prompt", "a", "--max-length", 5, "--json").out)
    for id in ("x", "\x1b[2J", 0, -7, None):
        file.write_text(json.dumps({"id": id} | record))
        again = charlm("write", run, "--from", file, "--json")
        assert json.loads(again.out) == {"id": id} | record
    for hostile in ([], {}, True, 1.5, [[[]]]):
        file.write_text(json.dumps({"id": hostile} | record))
        refused(charlm("write", run, "--from", file), "line 1: not a record of charlm")


def test_a_drawn_seed_is_told_and_kept(charlm: Call, run: Path) -> None:
    call = ["write", run, "--prompt", "a", "--strategy", "sample", "--max-length", 20, "--json"]
    seeds = []
    for _ in range(3):
        result = charlm(*call, "--seed", "random")
        seed = json.loads(result.out)["seed"]
        assert result.err == f"charlm: seed {seed}\n"
        assert charlm(*call, "--seed", seed).out == result.out
        seeds.append(seed)
    assert len(set(seeds)) == 3
    for wrong in ("Random", "", "1.5", "0x1", "9" * 5000):
        result = charlm(*call, f"--seed={wrong}")
        refused(result)
        assert "random" in result.err or "seed" in result.err
