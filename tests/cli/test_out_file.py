"""`write --out`: a file that grows group by group, and that a command goes on with."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from command_line import Call, Result, command, refused
from models import MakeRun
from root import ROOT

from charlm.cli import out_file
from charlm.cli import task as text_task
from charlm.errors import CharlmError

CALLS = [
    ["--strategy", "sample", "--prompts", "P", "-n", 3],
    ["--strategy", "sample", "--prompts", "P", "--details", 1, "--seed", 8],
    ["--strategy", "greedy", "--prompts", "P"],
    ["--strategy", "beam", "--prompts", "P", "--width", 3],
    ["--strategy", "nucleus-beam", "--prompts", "P", "--width", 4, "-n", 4, "--top-p", 0.2],
    ["--strategy", "sample", "--prompt", "a", "-n", 9],
    ["--strategy", "sample", "--prompts", "J"],
]
LENGTH = ["--max-length", 8, "--json"]


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_task, "ROWS_PER_THREAD", 4)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    lines = ["one", "two", "one", "", "one"]
    (tmp_path / "P").write_text("".join(line + "\n" for line in lines))
    objects = [{"id": i, "prompt": line} if i else {"prompt": line} for i, line in enumerate(lines)]
    (tmp_path / "J").write_text("".join(json.dumps(o) + "\n" for o in objects))
    return {"P": tmp_path / "P", "J": tmp_path / "J"}


def spelled(call: list[Any], files: dict[str, Path]) -> list[Any]:
    return [files.get(word, word) if isinstance(word, str) else word for word in call]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_file_gets_what_a_pipe_gets(
    charlm: Call, run: Path, files: dict[str, Path], tmp_path: Path, as_json: bool
) -> None:
    for place, call in enumerate(CALLS):
        if "--details" in call and not as_json:
            continue
        arguments = ["write", run, *spelled(call, files), "--max-length", 8]
        arguments += ["--json"] * as_json
        out = tmp_path / f"out-{place}"
        piped = charlm(*arguments)
        assert charlm(*arguments, "--out", out) == Result(0, "", "")
        assert out.read_bytes().decode() == piped.out
        again = charlm(*arguments, "--out", out)
        refused(again, "is there already")
        assert ("--continue" in again.err) == as_json
        assert out.read_bytes().decode() == piped.out


@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join(map(str, call)))
def test_a_file_broken_off_anywhere_becomes_whole(
    charlm: Call,
    make_run: MakeRun,
    files: dict[str, Path],
    tmp_path: Path,
    small_groups: None,
    call: list[Any],
) -> None:
    run = make_run(unit="sentence", end=0.5)
    arguments = ["write", run, *spelled(call, files), *LENGTH]
    whole = charlm(*arguments).out.encode()
    out = tmp_path / "out"
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    cuts = {0, 1, len(whole), len(whole) - 1, *ends, *range(7, len(whole), len(whole) // 9)}
    cuts |= {end + 40 for end in ends[:-1]} | {end - 1 for end in ends}
    for cut in sorted(cuts):
        out.write_bytes(whole[:cut])
        again = charlm(*arguments, "--out", out, "--continue")
        assert (again.code, again.out) == (0, ""), again.err
        assert out.read_bytes() == whole
    out.unlink()
    assert charlm(*arguments, "--out", out, "--continue") == Result(0, "", "")
    assert out.read_bytes() == whole
    for kept in (ends[0], ends[0] + 40, ends[0] - 1):  # a disk that lost its power fills up
        out.write_bytes(whole[:kept] + b"\0" * 50)
        assert charlm(*arguments, "--out", out, "--continue").code == 0
        assert out.read_bytes() == whole


@pytest.mark.parametrize("long", [1, 40, 500], ids=lambda long: f"{long} bytes are long")
def test_records_may_be_long(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    monkeypatch.setattr(out_file, "_LONG", long)
    arguments = ["write", run, "--prompt", "a", "-n", 2, "--details", 3, *LENGTH]
    whole, out = charlm(*arguments).out.encode(), tmp_path / "out"
    first = whole.index(b"\n") + 1
    assert first > 1000
    for cut in (0, 10, 600, first - 1, first, first + 30, first + 600, len(whole)):
        out.write_bytes(whole[:cut])
        assert charlm(*arguments, "--out", out, "--continue").code == 0
        assert out.read_bytes() == whole
    for other in (b"\0" * 600, b"x" * 600, whole[:first] + b"x" * 600 + b"\n"):
        out.write_bytes(other)
        told = charlm(*arguments, "--out", out, "--continue")
        refused(told, "that is no record of this command: nothing was changed")
        assert out.read_bytes() == other


def test_nothing_is_decoded_twice(
    charlm: Call, run: Path, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["write", run, "--prompts", files["P"], "-n", 3, "--strategy", "sample", *LENGTH]
    whole, out = charlm(*arguments).out, tmp_path / "out"
    lines = whole.splitlines(keepends=True)
    begun: list[Any] = []
    begin = text_task.Texts.begin
    monkeypatch.setattr(
        text_task.Texts, "begin", lambda self, group: begun.append(group) or begin(self, group)
    )
    out.write_text("".join(lines[:7]))
    again = charlm(*arguments, "--out", out, "--continue")
    assert again.err == f"charlm: {out} goes on: 3 of 5 prompts are left\n"
    assert [(g.begin, g.end, g.n, g.skip) for g in begun] == [(2, 3, 2, 1), (3, 5, 3, 0)]
    assert out.read_text() == whole


def test_one_prompt_is_left(charlm: Call, run: Path, tmp_path: Path) -> None:
    call, out = ["write", run, "--prompt", "a", "-n", 3, *LENGTH], tmp_path / "out"
    out.write_text("".join(charlm(*call).out.splitlines(keepends=True)[:2]))
    again = charlm(*call, "--out", out, "--continue")
    assert again.err == f"charlm: {out} goes on: 1 of 1 prompt is left\n"


def test_a_file_of_another_command_is_refused_and_stays(
    charlm: Call, run: Path, make_run: MakeRun, files: dict[str, Path], tmp_path: Path
) -> None:
    base = ["--prompts", files["P"], "--strategy", "sample", "-n", 2]
    arguments = ["write", run, *base, *LENGTH]
    whole, out = charlm(*arguments).out, tmp_path / "out"
    other = make_run("other", seed=1)
    out.write_text("".join(whole.splitlines(keepends=True)[:3]))
    before = out.read_bytes()
    more = tmp_path / "more"
    more.write_text("one\nzwei\n")
    changes: list[tuple[list[Any], str]] = [
        (["write", other, *base, *LENGTH], "its identity is"),
        ([*arguments, "--seed", 2], "its seed is 1, this command's 2"),
        ([*arguments, "--temperature", 0.5], "its options.temperature is 1.0, this command's 0.5:"),
        ([*arguments, "--dice", "shared"], "its dice is"),
        ([*arguments, "--max-length", 9], "its limits.max_length is 8, this command's 9:"),
        ([*arguments, "--precision", "int8"], "its precision is"),
        ([*arguments, "--details", 1], "its details or its end"),
        ([*arguments, "-n", 1], "line 2"),
        (["write", run, "--prompts", more, *base[2:], *LENGTH], "line 3: its dice is"),
        (["write", run, "--prompt", "one", "--strategy", "sample", *LENGTH], "fewer texts"),
        (["write", run, *base[:2], "--strategy", "greedy", *LENGTH], "its strategy is"),
    ]
    for call, said in changes:
        refused(charlm(*call, "--out", out, "--continue"), said, str(out))
        assert out.read_bytes() == before


def test_a_file_that_is_none_of_records_stays(
    charlm: Call, run: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    arguments = ["write", run, "--prompts", files["P"], "--strategy", "sample", *LENGTH]
    whole, out = charlm(*arguments).out.encode(), tmp_path / "out"
    first = whole.split(b"\n")[0]
    record = json.loads(first)
    for content in (
        b"my thesis, without a newline at its end",
        b"my thesis\n",
        b"\n",
        b"{}\n",
        b"[1]\n",
        b'{"a":' * 9999 + b"\n",
        b"\xff\xfe\n",
        first + b"x\n",
        first + b" \n",
        json.dumps(record | {"more": 1}).encode() + b"\n",
        json.dumps(record | {"end": "time"}).encode() + b"\n",
        json.dumps(record | {"length": "9"}).encode() + b"\n",
        json.dumps({k: v for k, v in record.items() if k != "text"}).encode() + b"\n",
        whole + b"more\n",
        whole + first + b"\n",
        whole + b"{",
    ):
        out.write_bytes(content)
        refused(charlm(*arguments, "--out", out, "--continue"), "nothing was changed")
        assert out.read_bytes() == content


def test_what_does_not_go_with_it(charlm: Call, run: Path, tmp_path: Path) -> None:
    call = ["write", run, "--prompt", "a"]
    out = ["--out", tmp_path / "out"]
    going_on = [*call, "--json", *out, "--continue"]
    for arguments, said in (
        ([*call, "--continue"], "needs --out FILE and --json"),
        ([*call, "--json", "--continue"], "needs --out FILE and --json"),
        ([*call, *out, "--continue"], "needs --out FILE and --json"),
        ([*going_on, "--seconds", 3], "--seconds"),
        ([*going_on, "--seed", "random"], "random"),
        ([*going_on, "--save-state", "x"], "--save-state"),
        (["write", run, "--from", "x", *out], "--out does not go with --from"),
        ([*call, "--out", tmp_path], "is there already"),
        ([*call, "--out", "-"], "- is standard output already"),
        ([*call, "--json", "--out", "-"], "- is standard output already"),
        ([*going_on[:4], "--json", "--out", tmp_path, "--continue"], "cannot be written"),
        ([*call, "--out", tmp_path / "no" / "out"], "No such file"),
        ([*call, "--out", ""], "cannot be written"),
        ([*call, "--out", "a\0b"], "cannot be written"),
        ([*call, "--out", "x" * 5000], "cannot be written"),
        ([*call, "--json", "--out", "/dev/null", "--continue"], "not a regular file"),
    ):
        refused(charlm(*arguments), said)
        assert list(tmp_path.iterdir()) == [run]


def test_a_wrong_option_leaves_no_file(charlm: Call, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = ["write", run, "--out", out, "--prompt"]
    for more in (["A"], ["a", "--stop", "Ω"], ["a", "--allow", "Ω"], ["a", "-n", 0],
                 ["a", "--strategy", "beam", "--width", 2, "-n", 3]):  # fmt: skip
        refused(charlm(*call, *more))
        assert not out.exists()


def test_a_path_that_cannot_be_written_is_found_before_anything_is_decoded(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_task.Texts, "begin", lambda *_: pytest.fail("it decodes"))
    refused(charlm("write", run, "--prompt", "a", "--out", tmp_path / "no" / "out"), "No such")
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    if os.geteuid() != 0:
        refused(charlm("write", run, "--prompt", "a", "--out", folder / "out"), "denied")


@pytest.mark.parametrize("strategy", ["sample", "beam"])
def test_a_full_disk_is_one_line_and_is_gone_on_from(
    charlm: Call, run: Path, files: dict[str, Path], tmp_path: Path, strategy: str
) -> None:
    """A limit on the size of files stands for the disk."""
    call = ["write", run, "--prompts", files["P"], "--strategy", strategy, "-n", 2, *LENGTH]
    whole, out = charlm(*call).out.encode(), tmp_path / "out"
    limit = len(whole) * 2 // 3

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        command(*call[:1], *call[1:], "--out", out),
        capture_output=True, text=True, cwd=ROOT, preexec_fn=small_files,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"charlm: error: {out} cannot be written on: ")
    assert done.stderr.count("\n") == 1 and "--continue" in done.stderr
    assert out.read_bytes() == whole[:limit]
    assert charlm(*call, "--out", out, "--continue").code == 0
    assert out.read_bytes() == whole


def test_an_empty_file_is_not_left_behind(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterator[None]:
        raise CharlmError("the end")

    out = tmp_path / "out"
    monkeypatch.setattr(text_task.Texts, "groups", fail)
    assert charlm("write", run, "--prompt", "a", "--out", out) == (
        1, "", "charlm: error: the end\n")  # fmt: skip
    assert not out.exists()
    out.touch()
    assert charlm("write", run, "--prompt", "a", "--json", "--out", out, "--continue").code == 1
    assert out.exists()


def test_two_commands_do_not_write_one_file(charlm: Call, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out_file.opened_out(str(out), go_on=False) as held:
        held.append(b"{")
        again = charlm("write", run, "--prompt", "a", "--json", "--out", out, "--continue")
        assert (again.code, again.out) == (1, "") and "in use by another command" in again.err
    assert out.read_bytes() == b"{"


def test_who_gets_no_lock_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another command opens and locks the file between its making and its lock."""
    out = tmp_path / "out"
    flock, held = out_file.fcntl.flock, ExitStack()

    def late(descriptor: int, how: int) -> None:
        monkeypatch.setattr(out_file.fcntl, "flock", flock)
        held.enter_context(out_file.opened_out(str(out), go_on=True))
        flock(descriptor, how)

    monkeypatch.setattr(out_file.fcntl, "flock", late)
    with held:
        with pytest.raises(CharlmError, match="in use by another command"):
            held.enter_context(out_file.opened_out(str(out), go_on=False))
        assert out.exists()


def test_a_file_that_went_before_it_was_locked_is_not_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    flock = out_file.fcntl.flock

    for change in (lambda: None, lambda: out.write_bytes(b"other")):
        out.write_bytes(b"{")

        def late(descriptor: int, how: int, change: Any = change) -> None:
            out.unlink()
            change()
            flock(descriptor, how)

        monkeypatch.setattr(out_file.fcntl, "flock", late)
        with (
            pytest.raises(CharlmError, match="taken away or replaced"),
            out_file.opened_out(str(out), go_on=True),
        ):
            pytest.fail("it is written on")
    assert out.read_bytes() == b"other"


def test_only_where_it_can_one_is_told_to_go_on(charlm: Call, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.touch()
    call = ["write", run, "--prompt", "a"]
    for more, path, told in (
        (["--json"], out, True),
        ([], out, False),
        (["--json"], "/dev/null", False),
        (["--json"], tmp_path, False),
        (["--json", "--seconds", 3], out, False),
        (["--json", "--save-state", tmp_path / "s"], out, False),
    ):
        result = charlm(*call, *more, "--out", path)
        refused(result, "is there already")
        assert ("--continue" in result.err) == told
