"""The small values: vocabulary, strategies, run log, filter, error mains."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from root import ROOT

from charlm import checks
from charlm.decoding import (
    STRATEGIES,
    BeamSearch,
    Greedy,
    Limits,
    NucleusBeam,
    Sampling,
    is_beam,
    strategy_named,
)
from charlm.display import visible, visible_text
from charlm.errors import CorpusError, InputError, Stopped, UnknownCharacter, run_main
from charlm.run.layout import RUN_LOG
from charlm.run.log import RunLog, Tail, read_run_log, rewind
from charlm.text.config import MAX_VOCABULARY
from charlm.text.vocabulary import EOS, PAD, Vocabulary


def test_ids_start_behind_pad_and_eos() -> None:
    vocabulary = Vocabulary.of(["banana", "ε"])
    assert (PAD, EOS) == (0, 1)
    assert vocabulary.characters == ("a", "b", "n", "ε")
    assert len(vocabulary) == 6
    assert vocabulary.string2code("banε") == [3, 2, 4, 5]
    assert vocabulary.code2string([PAD, 3, EOS, 2, PAD]) == "ba"
    assert [vocabulary.to_char(id) for id in range(6)] == ["", "", "a", "b", "n", "ε"]
    assert "ε" in vocabulary and "z" not in vocabulary


@given(st.text())
def test_code2string_undoes_string2code(text: str) -> None:
    vocabulary = Vocabulary.of([text])
    assert vocabulary.code2string(vocabulary.string2code(text)) == text


def test_an_unknown_character_is_named_with_its_place() -> None:
    with pytest.raises(UnknownCharacter, match=r"'\\x1b' \(U\+001B\) at position 2"):
        Vocabulary("ab").string2code("ab\x1b")
    for id in (-1, 4):
        with pytest.raises(InputError, match="not in a vocabulary of 4"):
            Vocabulary("ab").to_char(id)


def test_a_vocabulary_has_a_cap() -> None:
    characters = [chr(0x10000 + i) for i in range(MAX_VOCABULARY)]
    assert len(Vocabulary(characters)) == MAX_VOCABULARY + 2
    with pytest.raises(CorpusError, match=r"65,537 .* 65,536 .*min_count=2"):
        Vocabulary([*characters, "a"])


BAD = {
    "temperature": [-1, 1e-30, math.inf, math.nan, 100.1, True, "1", None],
    "top_n_sigma": [-0.1, 100.1, math.nan],
    "top_k": [-1, 1.5, 2**31, True],
    "top_p": [0, -0.1, 1.1, math.nan, None],
    "min_p": [-0.1, 1, math.nan],
    "width": [0, -1, 131_073, 2.5],
    "length_penalty": [math.inf, math.nan, 11, "a"],
    "typical_p": [0, -0.1, 1.1, math.nan],
    "no_repeat_ngram": [-1, 2.0, True, 2**16],
    "ban": [None, 3],
    "allow": [None, ("a",)],
    "stop_rule": ["", "last", None],
    "patience": [0, -1, math.nan, 2.0],
    "mode": ["", "worst"],
}


@pytest.mark.parametrize("kind", [Greedy, Sampling, BeamSearch, NucleusBeam])
def test_values_out_of_range_are_refused(kind) -> None:
    fields = kind.__dataclass_fields__
    for name, values in BAD.items():
        for value in values if name in fields else ():
            with pytest.raises(InputError, match=name):
                kind(**{name: value})


def test_values_at_the_ends_are_allowed() -> None:
    for temperature in (0, 0.01, 100):
        Sampling(temperature=temperature)
    Sampling(top_p=1e-9, min_p=0.999, top_k=2**31 - 1)
    BeamSearch(width=131_072, length_penalty=-10)


BAD_LIMITS = {
    "max_length": [-1, 2**31, 1.5, True],
    "min_length": [-1, 401, None],
    "stop": ["abc", ["abc"], ("",), (3,)],
    "ignore_eos": [1, None],
    "seconds": [0, -1, math.nan, math.inf, "1"],
}


def test_limits_out_of_range_are_refused() -> None:
    for name, values in BAD_LIMITS.items():
        for value in values:
            with pytest.raises(InputError, match=name):
                Limits(**{name: value})
    assert Limits(max_length=0).min_length == 0
    assert Limits(min_length=400, stop=("\n", "."), seconds=0.5).stop == ("\n", ".")


def test_patience_belongs_to_its_stop_rule() -> None:
    assert BeamSearch(stop_rule="patience", patience=2).patience == 2
    with pytest.raises(InputError, match=r"needs stop_rule=.patience., not exact"):
        BeamSearch(patience=2)


def test_strategies_by_name() -> None:
    assert strategy_named("greedy") == Greedy()
    assert strategy_named("nucleus") == Sampling(top_p=0.95)
    assert strategy_named("nucleus", {"temperature": 0.5}) == Sampling(0.5, top_p=0.95)
    assert strategy_named("nucleus-beam", {"width": 3}) == NucleusBeam(3, 0.95)
    assert [is_beam(s) for s in STRATEGIES.values()] == [False, False, False, True, True]
    with pytest.raises(InputError, match="top_p does not belong to strategy beam"):
        strategy_named("beam", {"top_p": 0.9})
    with pytest.raises(InputError, match=r"temperature does not .*takes: ban, allow, no_rep"):
        strategy_named("greedy", {"temperature": 0.9})
    with pytest.raises(InputError, match="'magic' is not one of greedy"):
        strategy_named("magic")


def test_a_run_log_is_tailed_as_it_grows(tmp_path) -> None:
    tail = Tail(tmp_path)
    assert tail.new() == []
    with RunLog(tmp_path) as log:
        log.append("step", step=1, loss=2.5)
        assert tail.new() == [{"kind": "step", "step": 1, "loss": 2.5}]
        log.append("step", step=2, loss=math.nan, nested={"a": [math.inf, 1.0]})
        log.append("sample", text="é\n\x1b[2J\ud800")
        lines = tail.new()
    assert lines[0] == {"kind": "step", "step": 2, "loss": None, "nested": {"a": [None, 1.0]}}
    assert lines[1]["text"] == "é\n\x1b[2J\ud800"
    assert tail.new() == []
    assert len(read_run_log(tmp_path)) == 3


def test_half_a_line_waits_and_a_cut_line_is_passed_over(tmp_path) -> None:
    path = tmp_path / RUN_LOG
    path.write_bytes(b'{"kind":"step","step":1}\n{"kind":"st')
    tail = Tail(tmp_path)
    assert [line["step"] for line in tail.new()] == [1]
    with open(path, "ab") as file:
        file.write(b'ep","step":2}\n{"kind":"step","st')
    assert [line["step"] for line in tail.new()] == [2]
    with RunLog(tmp_path) as log:  # a trainer that goes on after a crash
        log.append("step", step=4)
    assert [line["step"] for line in tail.new()] == [4]
    path.write_bytes(b'{"kind":"start"}\n')  # started afresh
    assert tail.new() == [{"kind": "start"}]


def test_a_long_log_comes_in_pieces(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("charlm.run.log._PIECE", 64)
    with RunLog(tmp_path) as log:
        for step in range(20):
            log.append("step", step=step)
    tail = Tail(tmp_path)
    pieces = [tail.new()]
    while tail.behind:
        pieces.append(tail.new())
    assert max(map(len, pieces)) <= 3
    assert [line["step"] for piece in pieces for line in piece] == list(range(20))
    assert [line["step"] for line in read_run_log(tmp_path)] == list(range(20))
    (tmp_path / RUN_LOG).write_bytes(b"x" * 1000 + b'\n{"kind":"start"}\n')
    monkeypatch.setattr("charlm.run.log._LONGEST", 128)
    assert read_run_log(tmp_path) == [{"kind": "start"}]


def test_a_log_that_was_rewound_is_read_again(tmp_path) -> None:
    with RunLog(tmp_path) as log:
        for step in (10, 20, 30):
            log.append("step", step=step)
        log.append("notice", message="of the part that was lost")
    tail = Tail(tmp_path)
    assert len(tail.new()) == 4
    rewind(tmp_path, 20)
    with RunLog(tmp_path) as log:
        for step in range(30, 300):  # longer than it was before the reader looks again
            log.append("step", step=step)
    assert [line["step"] for line in tail.new()] == [10, 20, *range(30, 300)]
    rewind(tmp_path, 299)
    assert tail.new() == []


class FullDisk(io.BytesIO):
    """Takes `room` bytes, then none."""

    room = 10

    def write(self, data: Any) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = super().write(data[: self.room])
        self.room -= taken
        return taken


def test_a_full_disk_costs_lines_of_the_log_but_not_the_next_ones(tmp_path) -> None:
    with RunLog(tmp_path) as log:
        disk, log._file = log._file, FullDisk()
        for step in (1, 2):
            log.append("step", step=step)
        disk.write(log._file.getvalue())
        log._file = disk
        log.append("step", step=3)
    assert [line["step"] for line in read_run_log(tmp_path)] == [3]


HOSTILE = "a\x1b]0;x\x07\x9b31m\u202eb\u200b\ud800\x00\x7f\r\tc\n[/b][@click=app.quit]"


def test_nothing_dangerous_passes_the_filter() -> None:
    shown = visible_text(HOSTILE)
    assert shown.encode("utf-8")
    assert all(c == "\n" or c.isprintable() for c in shown)
    assert "\n" not in visible(HOSTILE)
    assert shown.startswith("a␛]0;x␇\\x9b31m\\u202eb\\u200b\\ud800␀␡␍␉c\n[/b]")


#: Marks of several scripts that count as format characters, and are seen.
_SEEN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD,
         *range(0x13430, 0x13440)}  # fmt: skip


def test_of_every_code_point_the_filter_shows_something() -> None:
    shown = visible_text("".join(map(chr, range(sys.maxunicode + 1))))
    hidden = {c for c in set(shown) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert hidden - set(map(chr, _SEEN)) == {"\n"}
    assert all(visible_text(chr(code)) for code in range(sys.maxunicode + 1))


@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_the_filter_leaves_no_control_and_keeps_plain_text(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [c for c in shown if unicodedata.bidirectional(c) in {"RLO", "LRO", "RLE", "LRE"}]
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (InputError("bad \x1b[31m thing\nhere"), 2),
        (Stopped("stopped", 15), 143),
        (OSError(28, "No space left on device"), 1),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_become_one_line_and_an_exit_code(raised, code, capfd) -> None:
    def main(arguments):
        raise raised

    assert run_main(main, []) == code
    error = capfd.readouterr().err
    assert error.count("\n") <= 1
    assert "\x1b" not in error
    if code in (1, 2, 143):
        assert error.startswith("charlm: error: ")


def test_debug_lets_the_traceback_through() -> None:
    def main(arguments):
        assert arguments == ["--other"]
        raise InputError("bad")

    with pytest.raises(InputError):
        run_main(main, ["--debug", "--other"])


def test_run_log_lines_are_plain_json(tmp_path) -> None:
    with RunLog(tmp_path) as log:
        log.append("notice", message="é")
    line = (tmp_path / RUN_LOG).read_bytes()
    assert line.isascii() and json.loads(line) == {"kind": "notice", "message": "é"}


def test_a_late_interrupt_does_not_disturb_the_exit() -> None:
    story = (
        "import atexit, os, signal; from charlm.errors import run_and_exit;"
        "atexit.register(os.kill, os.getpid(), signal.SIGINT); run_and_exit(lambda arguments: 3)"
    )
    ended = subprocess.run([sys.executable, "-c", story], cwd=ROOT, capture_output=True)
    assert (ended.returncode, ended.stderr) == (3, b"")


def test_memory_is_what_is_told_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    container = tmp_path / "memory.max"
    monkeypatch.setattr(checks, "_CONTAINER", container)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for told, least in (("max\n", machine), ("123456789\n", 123_456_789), (f"{1 << 70}", machine)):
        container.write_text(told)
        assert checks.memory() == least
    container.unlink()
    assert checks.memory() == machine
    for unknown in (Mock(return_value=-1), Mock(side_effect=OSError), Mock(side_effect=ValueError)):
        monkeypatch.setattr("charlm.checks.os.sysconf", unknown)
        assert checks.memory() == sys.maxsize
