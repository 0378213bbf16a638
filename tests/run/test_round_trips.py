"""What crosses from training to writing and back: saved and read again, it is what it was."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from properties import ANY_TEXT, CHARACTER, PLAIN, tried

from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.model.identity import identity_of
from charlm.run import log
from charlm.run.checkpoint import (
    Checkpoint,
    checkpoint_bytes,
    describe_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from charlm.run.control import ACTS, MAX_LEARNING_RATE, Act, Control, steer
from charlm.run.layout import CONTROL, RUN_LOG
from charlm.run.log import RunLog, Tail, read_ends, read_run_log, rewind
from charlm.text.config import CHATS, UNITS, TextConfig
from charlm.text.vocabulary import EOS, Vocabulary

#: What could be taken for the seal of a file.
SEALED = st.sampled_from(['"sha256":"' + "0" * 64 + '"', '\\"sha256\\":\\"' + "a" * 64, "charlm"])
TOLD = st.dictionaries(ANY_TEXT | SEALED, PLAIN | SEALED, max_size=4) | st.just(
    {"sha256": "0" * 64}
)
KINDS = st.sampled_from(["start", "step", "probe", "evaluation", "notice", "end"])
NUMBERS = st.floats() | st.integers(-(2**63), 2**63)
VALUES = st.dictionaries(
    ANY_TEXT.filter(lambda key: key != "kind"),
    PLAIN | NUMBERS | st.lists(NUMBERS, max_size=3) | st.dictionaries(ANY_TEXT, NUMBERS),
    max_size=4,
)
LINES = st.lists(st.tuples(KINDS, VALUES), min_size=1, max_size=6)


@st.composite
def checkpoints(draw: st.DrawFn) -> Checkpoint:
    """Any small model that can be trained, and anything told of it."""
    characters = draw(st.sets(CHARACTER, min_size=1, max_size=12))
    vocabulary = Vocabulary(sorted(characters))
    size = st.integers(1, 5)
    config = ModelConfig(
        draw(st.sampled_from(list(CELLS))), len(vocabulary), draw(size), draw(size),
        draw(st.integers(1, 3)), bias=draw(st.booleans()),
    )  # fmt: skip
    unit = draw(st.sampled_from(UNITS))
    text = TextConfig(
        unit,  # type: ignore[arg-type]
        draw(st.integers(EOS, len(vocabulary) - 1)),
        draw(st.integers(0, 2**31 - 1)),
        form=draw(st.sampled_from(["none", "NFC"])),
        case=draw(st.sampled_from(["keep", "lower"])),
        separator=draw(st.text(CHARACTER, min_size=1)) if unit == "document" else "",
        sentence_rule=draw(st.integers(1, 2)) if unit == "sentence" else 1,
        chat=draw(st.sampled_from(CHATS)),
    )
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    tensors = {}
    for name, parameter in parameter_shapes(config).items():
        bits = random.integers(0, 2**32, parameter.shape, np.uint32)
        floats = bits.view(np.float32)
        tensors[name] = np.where(np.isfinite(floats), floats, np.float32(-0.0))
    return Checkpoint(config, text, vocabulary, tensors, draw(TOLD), draw(TOLD))


@tried(40, saved=checkpoints())
def test_a_checkpoint_comes_back_to_the_bit(saved: Checkpoint) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        digest = save_checkpoint(path, saved)
        loaded, told = load_checkpoint(path), describe_checkpoint(path)
        data = path.read_bytes()
    assert checkpoint_bytes(loaded) == (data, digest) and loaded.sha256 == digest
    for name in ("config", "text", "vocabulary", "metrics", "corpus"):
        assert getattr(loaded, name) == getattr(told, name) == getattr(saved, name), name
    assert loaded.tensors.keys() == saved.tensors.keys()
    for name, tensor in saved.tensors.items():
        assert loaded.tensors[name].tobytes() == tensor.tobytes()
    assert loaded.identity == saved.identity
    assert replace(saved, metrics={}, corpus={}).identity == saved.identity


@tried(30, saved=checkpoints(), data=st.data())
def test_another_bit_is_another_model(saved: Checkpoint, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(saved.tensors)))
    tensors = {other: tensor.copy() for other, tensor in saved.tensors.items()}
    bits = tensors[name].reshape(-1).view(np.uint32)
    bits[data.draw(st.integers(0, len(bits) - 1))] ^= 1 << data.draw(st.integers(0, 31))
    changed = identity_of(saved.config, saved.text, saved.vocabulary, tensors)
    assert changed != saved.identity
    longer = replace(saved.text, max_length=saved.text.max_length ^ 1)
    assert identity_of(saved.config, longer, saved.vocabulary, saved.tensors) != saved.identity


def written(lines: list[tuple[str, dict[str, Any]]], run: Path) -> None:
    with RunLog(run) as file:
        for kind, values in lines:
            file.append(kind, **values)


def finite(value: Any) -> Any:
    """What JSON can hold of it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(item) for item in value]
    return {key: finite(item) for key, item in value.items()} if isinstance(value, dict) else value


@tried(40, lines=LINES, cut=st.integers(0, 10**6), more=LINES, piece=st.integers(1, 400))
def test_a_log_that_is_cut_anywhere_is_read_up_to_there(
    lines: list[tuple[str, dict[str, Any]]],
    cut: int,
    more: list[tuple[str, dict[str, Any]]],
    piece: int,
) -> None:
    """And what is written behind the cut is read too, whoever had read a part of it before."""
    expected, further = (
        [{"kind": kind} | finite(values) for kind, values in some] for some in (lines, more)
    )
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        run, path = Path(folder), Path(folder, RUN_LOG)
        written(lines, run)
        assert read_run_log(run) == expected
        data = path.read_bytes()
        cut %= len(data) + 1
        path.write_bytes(data[:cut])
        patch.setattr(log, "_PIECE", piece)
        whole = data[:cut].count(b"\n")
        tail = Tail(run)
        read = _all(tail)
        assert read == expected[:whole]
        written(more, run)
        if cut and data[cut - 1 : cut + 1].endswith(b"}\n"):  # a newline alone was cut off
            whole += 1
        after = [*expected[:whole], *further]
        assert read + _all(tail) == _all(Tail(run)) == read_run_log(run) == after
        assert read_ends(run, 1 << 20)[1] == after
        first, last = read_ends(run, piece)
        assert first in ({}, after[0]) and last == after[len(after) - len(last) :]


def _all(tail: Tail) -> list[dict[str, Any]]:
    lines = tail.new()
    while tail.behind:
        lines += tail.new()
    return lines


@tried(
    30,
    steps=st.lists(st.integers(0, 30), max_size=12).map(sorted),
    back=st.integers(-1, 31),
    told=st.lists(st.integers(0, 12), max_size=4),
)
def test_a_log_that_is_rewound_has_no_step_twice(
    steps: list[int], back: int, told: list[int]
) -> None:
    lines: list[dict[str, Any]] = [{"kind": "step", "step": step} for step in steps]
    for place in told:
        lines.insert(place, {"kind": "notice", "message": "of no step"})
    with TemporaryDirectory() as folder:
        with RunLog(Path(folder)) as file:
            for line in lines:
                file.append(**line)
        rewind(Path(folder), back)
        left = read_run_log(Path(folder))
    behind = [n for n, line in enumerate(lines) if line.get("step", -1) > back]
    assert left == lines[: behind[0] if behind else len(lines)]


GOOD_ACTS = st.sampled_from([act for act in ACTS if act != "learning_rate"]).map(Act) | st.floats(
    0, MAX_LEARNING_RATE, exclude_min=True
).map(lambda rate: Act("learning_rate", rate))
#: What is no act: other names and values, other JSON, no JSON.
BAD_LINES = (
    PLAIN.map(json.dumps)
    | st.builds(lambda name: json.dumps({"act": name}), PLAIN.filter(lambda n: n not in ACTS))
    | st.builds(
        lambda value: json.dumps({"act": "learning_rate", "value": value}),
        PLAIN.filter(lambda v: not (isinstance(v, int | float) and 0 < v <= MAX_LEARNING_RATE))
        | st.just(True)
        | st.sampled_from([0, -1, 100.5, math.nan, math.inf, 10**400]),
    )
    | st.sampled_from(
        ["{", "x", '{"act": "pause"', "[" * 5000, '"' * 90, "\x00", "null", "1" * 5000]
    )
)


@tried(40, acts=st.lists(GOOD_ACTS | BAD_LINES, max_size=6), cuts=st.lists(st.integers(1, 60)))
def test_every_act_is_read_once_and_what_is_none_is_a_line(
    acts: list[Act | str], cuts: list[int]
) -> None:
    """However few bytes of a line are there when the training looks."""
    with TemporaryDirectory() as folder:
        run, data = Path(folder), b""
        steer(run, "stop")  # of before: it was meant for another
        control = Control(run)
        for act in acts:
            if isinstance(act, Act):
                steer(run, act.name, act.value)
            else:
                with open(run / CONTROL, "ab") as file:
                    file.write(act.encode() + b"\n")
        whole = (run / CONTROL).read_bytes()
        begin = whole.index(b"\n") + 1
        data, found, at = whole[begin:], [], 0
        for cut in [*cuts, len(data)]:
            at = min(len(data), at + cut)
            (run / CONTROL).write_bytes(whole[: begin + at])
            found += control.new()
        assert control.new() == []
    assert [act for act in found if not act.error] == [a for a in acts if isinstance(a, Act)]
    assert len(found) == len(acts)
    for refused in (act.error for act in found if act.error):
        assert "\n" not in refused and len(refused) < 200
