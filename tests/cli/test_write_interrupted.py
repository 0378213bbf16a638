"""Ctrl-C while texts are written: what there is is printed, whole lines, exit code 130."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Call, command
from models import MakeRun
from root import ROOT

from charlm.cli import task as text_task
from charlm.cli import write as write_command
from charlm.cli.interrupts import noticed_interrupts
from charlm.cli.progress_line import ProgressLine
from charlm.decoding import Sampling
from charlm.engine.engine import Engine
from charlm.engine.prompt_state import PromptState


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """interrupted(n): SIGINT comes as the n-th advance of a session begins."""

    def arrange(n: int) -> None:
        left = iter(range(n - 1, -1, -1))
        end = write_command._Puller.end

        def counted(self: Any, session: Any, advance: Any, *enough: Any) -> None:
            def interrupting() -> None:
                if next(left, 1) == 0:
                    os.kill(os.getpid(), signal.SIGINT)
                advance()

            end(self, session, interrupting, *enough)

        monkeypatch.setattr(write_command._Puller, "end", counted)

    return arrange


@pytest.mark.parametrize("n", [1, 3])
def test_a_text_ends_as_it_stands(
    charlm: Call, run: Path, interrupted: Callable[[int], None], n: int
) -> None:
    interrupted(3)
    call = ["--prompt", "the ", "--strategy", "sample", "--max-length", 2000, "-n", n]
    result = charlm("write", run, *call)
    assert (result.code, result.err) == (130, "")
    whole = Engine.load(run).write_many(["the "], Sampling(), n=n, max_length=2000)[0]
    shown = result.out
    for completion in whole:
        text = "the " + completion.text
        same = next(i for i in range(2000) if shown[i : i + 1] != text[i])
        assert 4 < same < 2000
        shown = shown[same:].lstrip("\n")
    assert shown == "" and result.out.endswith("\n")


@pytest.mark.parametrize("strategy", ["beam", "nucleus-beam"])
def test_a_beam_ends_with_its_best(
    charlm: Call, run: Path, interrupted: Callable[[int], None], strategy: str
) -> None:
    interrupted(2)
    call = ["--prompt", "the ", "--strategy", strategy, "--width", 4, "--max-length", 100_000]
    result = charlm("write", run, *call)
    assert (result.code, result.err) == (130, "")
    assert re.match(r"1\. score -\d+\.\d+, log_prob -\d+\.\d+, length \d+, cut\nthe ", result.out)
    assert len(re.findall(r"^\d\. score", result.out, re.MULTILINE)) == 3
    assert result.out.endswith("\n")


@pytest.mark.parametrize("strategy", ["sample", "beam"])
def test_of_records_only_whole_ones_are_written(
    charlm: Call,
    make_run: MakeRun,
    tmp_path: Path,
    interrupted: Callable[[int], None],
    strategy: str,
) -> None:
    run, out = make_run(unit="sentence", end=-2.0), tmp_path / "out"
    call = ["--prompt", "a", "--strategy", strategy, "-n", 5, "--json", "--max-length", 400]
    whole = charlm("write", run, *call).out
    for options, read in (([], None), (["--out", out], out)):
        for n in (1, 2):
            interrupted(n)
            result = charlm("write", run, *call, *options)
            written = result.out
            if read is not None:
                assert result.err in ("", f"charlm: {out} holds what was whole: --continue goes on"
                                      " with it\n")  # fmt: skip
                written = read.read_text() if read.exists() else ""
                read.unlink(missing_ok=True)
            assert result.code == 130
            assert whole.startswith(written) and (written == "" or written.endswith("\n"))
            assert all(json.loads(line)["end"] for line in written.splitlines())


def test_an_interrupted_file_is_gone_on_with(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    interrupted: Callable[[int], None],
) -> None:  # fmt: skip
    monkeypatch.setattr(text_task, "ROWS_PER_THREAD", 2)
    prompts, out = tmp_path / "prompts", tmp_path / "out"
    prompts.write_text("one\ntwo\none\n\nthree\n")
    call = ["write", run, "--prompts", prompts, "--strategy", "sample", "--json"]
    call += ["--max-length", 65]
    whole = charlm(*call).out
    for _ in range(20):
        interrupted(3)  # each call ends one group and begins another
        result = charlm(*call, "--out", out, "--continue")
        if result.code == 0:
            break
        assert result.code == 130
        assert whole.startswith(out.read_text() if out.exists() else "")
    assert out.read_text() == whole


@pytest.mark.parametrize(
    "more, said",
    [
        ([], "--continue goes on with it"),
        (["--seed", "random"], "--seed {seed} --continue goes on with it"),
        (["--seconds", 99], ""),
    ],
)
def test_one_is_told_to_go_on_where_that_can_be_done(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    interrupted: Callable[[int], None], more: list[Any], said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(text_task, "ROWS_PER_THREAD", 2)
    call = ["write", run, "--prompt", "a", "--strategy", "sample", "-n", 9, "--json"]
    for n, written in ((1, False), (6, True)):
        out = tmp_path / f"out-{n}"
        interrupted(n)
        result = charlm(*call, "--max-length", 200, *more, "--out", out)
        notices = [line for line in result.err.splitlines() if not line.startswith("charlm: seed")]
        assert (result.code, out.exists()) == (130, written)
        if not (written and said):
            assert notices == []
            continue
        seed = json.loads(out.read_text().splitlines()[0])["seed"]
        said = said.format(seed=seed)
        assert notices == [f"charlm: {out} holds what was whole: {said}"]


def test_an_interrupt_keeps_the_state_or_says_that_it_does_not(
    charlm: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    interrupted: Callable[[int], None],
) -> None:  # fmt: skip
    state = tmp_path / "state"
    call = ["write", run, "--prompt", "the ", "--strategy", "sample"]
    interrupted(2)
    broken = charlm(*call, "--max-length", 500, "--save-state", state)
    assert broken.code == 130 and broken.err.count("\n") == 1
    assert f"{state} is the state after the text as it stands" in broken.err
    length = len(broken.out) - 5
    engine = Engine.load(run)
    session = engine.start(["the "], Sampling(), max_length=length)
    while not session.done:
        session.advance(64)
    assert PromptState.load(str(state)).ids.tolist() == engine.state_after(session).ids.tolist()
    state.unlink()
    for n, strategy in ((1, "beam"), (2, "nucleus-beam")):
        interrupted(n)
        beam = ["write", run, "--prompt", "a", "--strategy", strategy, "--max-length", 9999]
        broken = charlm(*beam, "--save-state", state)
        assert (broken.code, state.exists()) == (130, True)
        state.unlink()
    monkeypatch.setattr(
        write_command._Puller, "read", lambda *_: os.kill(os.getpid(), signal.SIGINT)
    )
    broken = charlm(*call, "--save-state", state)
    assert (broken.code, state.exists()) == (130, False)
    assert f"{state} was not saved: the prompt was not read to its end" in broken.err


def test_a_second_interrupt_ends_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    reached = []
    with pytest.raises(KeyboardInterrupt), noticed_interrupts() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked
        reached.append(1)
        signal.raise_signal(signal.SIGINT)
        reached.append(2)
    assert reached == [1] and signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt), noticed_interrupts() as interrupt:
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    with noticed_interrupts() as interrupt:
        assert not interrupt.asked
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with noticed_interrupts() as interrupt:
            signal.raise_signal(signal.SIGINT)
        assert not interrupt.asked
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("strategy", ["sample", "beam", "greedy"])
def test_a_real_interrupt_in_a_pipe(run: Path, strategy: str) -> None:
    arguments = command("write", run, "--prompt", "aA", "--unknown", "skip", "--strategy", strategy)
    with subprocess.Popen(
        [*arguments, "--max-length", "1000000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    ) as process:  # fmt: skip
        assert process.stdout and process.stderr
        process.stderr.readline()
        if strategy != "beam":
            process.stdout.read(100)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, b"")
    assert out.endswith(b"\n") or not out


# Progress, on a terminal


def on_terminal(arguments: list[str], stdout: int | None = None) -> tuple[int, str]:
    """Exit code, and what standard error shows of a command on a terminal of its own."""
    parent, child = pty.openpty()
    environment = os.environ | {"TERM": "xterm"}
    with subprocess.Popen(
        arguments, stdout=stdout or child, stderr=child, cwd=ROOT, env=environment
    ) as process:
        os.close(child)
        data = b""
        while True:
            try:
                chunk = os.read(parent, 4096)
            except OSError:
                break
            if not chunk:
                break
            data += chunk
    os.close(parent)
    return process.returncode, data.decode()


def test_reading_a_long_prompt_is_shown_on_a_terminal_alone(make_run: MakeRun) -> None:
    run = make_run(hidden_size=128)
    prompt = run.parent / "long"
    prompt.write_text("the cat sat. " * 3000)
    out = run.parent / "out"
    for more in ([], ["--json"], ["--strategy", "beam"]):
        arguments = command("write", run, "--prompt-file", prompt, "--max-length", "5", *more)
        with out.open("wb") as file:
            code, shown = on_terminal(arguments, file.fileno())
        assert code == 0
        assert re.search(r"reading the prompt, \d+ %", shown)
        assert shown.endswith("\r\x1b[2K")
        piped = subprocess.run(arguments, capture_output=True, cwd=ROOT)
        assert (piped.returncode, piped.stderr) == (0, b"")
        assert piped.stdout == out.read_bytes()


def test_a_long_text_of_which_nothing_is_shown_says_how_long_it_is(
    run: Path, tmp_path: Path
) -> None:
    for more in (["--json"], ["--strategy", "beam", "--width", "2"]):
        with (tmp_path / "out").open("wb") as file:
            arguments = command("write", run, "--prompt", "a", "--max-length", "20001", *more)
            code, shown = on_terminal(arguments, file.fileno())
        assert code == 0 and re.search(r"\d+ of 20,001 characters", shown)
        assert shown.endswith("\r\x1b[2K")


def test_a_short_prompt_shows_no_progress(run: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.write_text("one\ntwo\n")
    with (tmp_path / "out").open("wb") as file:
        arguments = command("write", run, "--prompts", prompts, "--max-length", "5")
        assert on_terminal(arguments, file.fileno()) == (0, "")


def test_how_many_prompts_are_written_is_shown_on_a_terminal_alone(
    run: Path, tmp_path: Path
) -> None:
    prompts, out = tmp_path / "prompts", tmp_path / "out"
    prompts.write_text("one\n" * 200)
    arguments = command("write", run, "--prompts", prompts, "--max-length", "9", "--out", out)
    code, shown = on_terminal([*arguments, "--json"])
    assert code == 0 and "48 of 200 prompts" in shown and shown.endswith("\r\x1b[2K")
    out.unlink()
    piped = subprocess.run(arguments, capture_output=True, cwd=ROOT)
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, b"", b"")


def test_no_progress_on_a_terminal_that_cannot_clear_a_line(
    charlm: Call, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for term in ("dumb", ""):
        monkeypatch.setenv("TERM", term)
        line = ProgressLine()
        line.show("something")
        line.clear()
    assert charlm("write", run, "--prompt", "a", "--max-length", 3).err == ""
