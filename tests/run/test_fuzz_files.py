"""Every reader of files on files that were changed, without the guide that fuzz_files.py has."""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import file_changes
import fuzz_files
import pytest
from file_targets import TARGETS, wrong


@pytest.mark.parametrize("count", [40, pytest.param(3000, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", TARGETS)
def test_changed_files(
    name: str, count: int, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda file: None)
    target, random = TARGETS[name], Random(1)
    read, seeds = target.reader(good, tmp_path), target.seeds(good)
    for seed in seeds:
        read(seed)
    found: dict[str, str] = {}
    for place in range(count):
        data = target.change(seeds[place % len(seeds)], random, file_changes.blind(random))
        kind, said = wrong(target, read, data)
        found.setdefault(kind, f"{said}\n{data[:2000]!r}")
    del found[""]
    assert seeds and not found, "\n".join(found.values())


def _as(name: str, good: Path, edit: Callable[[Any], object]) -> bytes:
    """The first seed of a reader with its JSON edited: its own, or that of its lines."""
    seed = TARGETS[name].seeds(good)[0]
    if name == "prepared-text":
        size = int.from_bytes(seed[48:56], "little")
        header = _edited(seed[56 : 56 + size], edit).ljust(size)
        return file_changes.prepared_of(header, seed[56 + size :])
    if name not in ("checkpoint", "resume"):
        return b"\n".join(_edited(line, edit) for line in seed.splitlines())
    size = struct.unpack_from("<Q", seed)[0]
    header, tensors = json.loads(seed[8 : 8 + size]), seed[8 + size :]
    [(key, content)] = header.pop("__metadata__").items()
    if name == "resume":
        place = slice(*header["plain"]["data_offsets"])
        plain = _edited(tensors[place], edit).ljust(place.stop - place.start)
        tensors = tensors[: place.start] + plain + tensors[place.stop :]
    else:
        content = _edited(content.encode(), edit).decode()
    return file_changes.sealed_of(key, content.encode(), json.dumps(header).encode(), tensors)


def _edited(data: bytes, edit: Callable[[Any], object]) -> bytes:
    tree = json.loads(data)
    edit(tree)
    return json.dumps(tree, separators=(",", ":")).encode()


#: What the fuzzer found, in its shortest form: reader, what was edited.
FOUND: tuple[tuple[str, Callable[[Any], object]], ...] = (
    ("checkpoint", lambda tree: tree["config"].update({"x" * 5000: 1})),
    ("checkpoint", lambda tree: tree["text"].update(separator="x" * 5000)),
    ("resume", lambda tree: tree["options"].pop("learning_rate")),
    ("prepared-text", lambda tree: tree["report"].update(cp1252_repaired=[])),
    ("prepared-text", lambda tree: tree["report"]["parts"]["train"].pop("characters")),
    ("prepared-text", lambda tree: tree["report"].update(mean_length="x")),
    ("records", lambda line: line["options"].update({"x" * 5000: 1})),
    ("compared-run", lambda line: line.pop("kind")),
    ("compared-run", lambda line: line.pop("characters", None)),
    ("compared-run", lambda line: line.pop("command", None)),
    ("compared-run", lambda line: line.update(validation_loss="x", corpus=[], proposed=3)),
)


@pytest.mark.parametrize("place", range(len(FOUND)))
def test_what_was_found(place: int, good: Path, tmp_path: Path) -> None:
    name, edit = FOUND[place]
    target = TARGETS[name]
    read = target.reader(good, tmp_path)
    assert wrong(target, read, _as(name, good, edit)) == ("", "")


def test_where_atheris_is_not_the_fuzzer_says_so_and_reads_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz_files, "FOLDER", tmp_path / "fuzz")
    monkeypatch.setattr(fuzz_files, "find_spec", lambda name: None)
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.setattr("sys.argv", ["fuzz_files.py", "--seconds", "60"])
    fuzz_files.main()
    assert capsys.readouterr().out.startswith("skipped: atheris is not here")
    assert not list(tmp_path.iterdir())
    finding = tmp_path / "finding"
    finding.write_text("quit = 1")
    again = ["fuzz_files.py", "--only", "settings", "--again", str(finding)]
    monkeypatch.setattr("sys.argv", again)
    with pytest.raises(SystemExit) as ended:
        fuzz_files.main()
    assert (ended.value.code, capsys.readouterr().out) == (0, "nothing is wrong with it\n")


LONG = "x" * 5000
#: The same of what is no JSON.
FOUND_IN_TEXTS = (
    ("settings", f"{LONG} = 1"),
    ("settings", f'[keys]\n{LONG} = "f1"'),
    ("settings", f'[keys]\nquit = "{LONG}"'),
    *(("settings", f"{name} = 0x{'f' * 5000}") for name in ("pace", "theme", "colours", "plain")),
    ("table", "name\r,text\nann,one\nben,two\ncleo,three\n"),
    ("table", f"name,{LONG * 30}\nann,one\n"),
)


@pytest.mark.parametrize("place", range(len(FOUND_IN_TEXTS)))
def test_what_was_found_in_texts(place: int, good: Path, tmp_path: Path) -> None:
    name, text = FOUND_IN_TEXTS[place]
    target = TARGETS[name]
    assert wrong(target, target.reader(good, tmp_path), text.encode()) == ("", "")
