"""Files of gigabytes that hold nothing: refused in a line, with little memory.

Each command runs in a process that may take so much memory and no more. The files are sparse.
"""

from __future__ import annotations

import json
import math
import os
import struct
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import file_changes
import numpy as np
import pytest
from models import random_checkpoint
from root import ROOT

from charlm.cli import score
from charlm.engine.engine import Engine
from charlm.engine.prompt_state import PromptState
from charlm.errors import CharlmError, InputError
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.run import sealed_file
from charlm.run.checkpoint import load_checkpoint, save_checkpoint
from charlm.run.control import Control
from charlm.run.layout import CONTROL, OLD_RESUME, RUN_LOG
from charlm.run.log import rewind
from charlm.train.keep.folder import RunFolder

_SIZE = 3 << 30
_ROOM = 500 << 20  # bytes of address space; a command that opens a small model has enough with 300


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, random_checkpoint(characters="\n ab", hidden_size=3))
    return path


def sparse(path: Path, beginning: bytes = b"", size: int = _SIZE) -> Path:
    path.write_bytes(beginning)
    os.truncate(path, size)
    return path


def lying(
    path: Path, good: Path, tensor: str = "", hidden_size: int = 0, *, size: int = _SIZE,
    is_sealed: bool = False,
) -> Path:  # fmt: skip
    """A sealed file that is as large as its header says; its seal is right where that is asked.

    tensor: takes it all, though it is none of that model; else the model is one of that size.
    """
    data = good.read_bytes()
    long = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + long])
    [(key, content)] = header.pop("__metadata__").items()
    content, end = json.loads(content), size
    if tensor:
        header[tensor] |= {"shape": [size // 4], "data_offsets": [0, size]}
    else:
        content["config"]["hidden_size"], end = hidden_size, 0
        for name, (shape, _) in parameter_shapes(ModelConfig(**content["config"])).items():
            begin, end = end, end + 4 * math.prod(shape)
            header[name] |= {"shape": list(shape), "data_offsets": [begin, end]}
    meant = {key: json.dumps(content, separators=(",", ":"))}
    head = json.dumps({"__metadata__": meant} | header).encode()
    head = struct.pack("<Q", len(head)) + head
    if is_sealed:
        head = file_changes.sealed(head + bytes(end))[: len(head)]
    return sparse(path, head, len(head) + end)


def told(*words: object) -> str:
    """The one line of a command that may take so much memory."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({_ROOM}, {_ROOM}))"
    code = f"{limited}; from charlm.__main__ import entry; entry()"
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    [line] = ended.stderr.splitlines()
    return line


def test_what_is_read_at_once_is_not_read_where_it_is_large(model: Path, tmp_path: Path) -> None:
    large = sparse(tmp_path / "large")
    for option, kind in (
        ("--prompts", "prompts"), ("--prompt-file", "prompt file"), ("--from", "file of records")
    ):  # fmt: skip
        line = told("write", model, option, large)
        assert f"{kind} {large} is larger than 250 MB, and is held in memory" in line


def test_a_pipe_that_does_not_end_is_left(model: Path) -> None:
    with (
        subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless,
        pytest.raises(subprocess.CalledProcessError) as error,
    ):
        code = "from charlm.text import files; files.LARGEST = 9_000_000;"
        code += "from charlm.__main__ import entry; entry()"
        words = [sys.executable, "-c", code, "write", str(model), "--prompt", "-"]
        subprocess.run(words, stdin=endless.stdout, check=True, stderr=subprocess.PIPE, cwd=ROOT)
    assert b"prompts - is larger than 9 MB" in error.value.stderr


def test_a_text_to_score_tells_what_it_is_by_its_beginning(model: Path, tmp_path: Path) -> None:
    assert "holds many NUL bytes" in told("score", model, sparse(tmp_path / "large"))


def test_a_text_to_score_is_one_that_the_machine_can_hold(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "memory", lambda: 8 << 30)
    with pytest.raises(InputError, match=r"is 3\.22 GB large, and to score it takes 4 times that"):
        score._look_at(str(sparse(tmp_path / "large")))


def test_what_is_large_and_not_whole_is_not_read(model: Path, tmp_path: Path) -> None:
    large = 400_000_000  # more than is read at once, and more than there is room for
    checkpoint = lying(tmp_path / "large.safetensors", model, "output_weight", size=large)
    assert "checksum differs, the file is damaged" in told("info", checkpoint)
    Engine.load(model).feed("a").save(tmp_path / "state")
    state = lying(tmp_path / "large", tmp_path / "state", "ids", size=large)
    assert "checksum differs, the file is damaged" in told("write", model, "--state", state)


def test_what_is_large_and_whole_and_no_model_or_state_is_not_read(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_file, "_AT_ONCE", 1_000_000)
    Engine.load(model).feed("a").save(tmp_path / "state")
    ours = {"size": 30_000_000, "is_sealed": True}
    checkpoint = lying(tmp_path / "large.safetensors", model, "output_weight", **ours)
    state = lying(tmp_path / "large", tmp_path / "state", "logits", **ours)
    data = state.read_bytes().replace(b'"dtype": "F32"', b'"dtype": "I32"')
    state.write_bytes(file_changes.sealed(data))
    for read, path, said in (
        (load_checkpoint, checkpoint, r"tensor 'output_weight' has shape \[7500000\]"),
        (PromptState.load, state, r"tensor 'logits' is 'I32' \[7500000\]|'state' is 'I32'"),
    ):
        tracemalloc.start()
        with pytest.raises(CharlmError, match=said):
            read(path)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 6_000_000


@pytest.mark.long
def test_a_state_of_a_very_long_text_survives_its_file(model: Path, tmp_path: Path) -> None:
    state, path = Engine.load(model).feed("a"), tmp_path / "long.state"
    ids = np.resize(state.ids, 65_000_000)  # 260 MB
    replace(state, ids=ids).save(path)
    assert path.stat().st_size > 250_000_000
    assert (PromptState.load(path).ids == ids).all()


@pytest.mark.long
def test_a_large_model_is_checked_before_it_is_read(model: Path, tmp_path: Path) -> None:
    checkpoint = lying(tmp_path / "large.safetensors", model, hidden_size=13_000)
    assert checkpoint.stat().st_size > 2.7e9
    assert "checksum differs, the file is damaged" in told("info", checkpoint)


def test_a_model_is_checked_in_pieces_above_some_size(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_file, "_AT_ONCE", 1_000_000)
    checkpoint = lying(tmp_path / "large.safetensors", model, hidden_size=1000)
    tracemalloc.start()
    with pytest.raises(CharlmError, match="checksum differs, the file is damaged"):
        load_checkpoint(checkpoint)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 6_000_000 < checkpoint.stat().st_size
    whole = random_checkpoint(characters="\n ab", hidden_size=1000)
    save_checkpoint(checkpoint, whole)
    assert load_checkpoint(checkpoint).identity == whole.identity
    monkeypatch.setattr(sealed_file, "memory", lambda: 2 * checkpoint.stat().st_size - 1)
    with pytest.raises(CharlmError, match="large, and loading takes twice that: this machine has"):
        load_checkpoint(checkpoint)


def test_a_long_line_that_is_no_record_is_not_read(model: Path, tmp_path: Path) -> None:
    out = sparse(tmp_path / "out.jsonl")
    line = told("write", model, "--prompt", "a", "--json", "--out", out, "--continue")
    assert f"{out} has a line of 64 MB or more that is no record of this command" in line
    assert out.stat().st_size == _SIZE


def test_what_lies_in_a_run_is_read_in_pieces(tmp_path: Path) -> None:
    first = b'{"kind": "step", "step": 1}\n'
    sparse(tmp_path / RUN_LOG, first, 50_000_000)
    with (tmp_path / RUN_LOG).open("ab") as log:
        log.write(b'\n{"kind": "step", "step": 9}\n')
    control = Control(tmp_path)
    sparse(tmp_path / CONTROL, b'{"act": "pause"}\n', 50_000_000)
    tracemalloc.start()
    assert control.new()[0].name == "pause"
    rewind(tmp_path, 2)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000
    assert (tmp_path / RUN_LOG).stat().st_size == 50_000_001
    assert (tmp_path / RUN_LOG).read_bytes().startswith(first + b"\0")


def test_an_old_resume_file_is_looked_at_from_its_end(tmp_path: Path) -> None:
    sparse(tmp_path / OLD_RESUME)
    tracemalloc.start()
    with RunFolder.open(tmp_path) as folder, pytest.raises(InputError, match="is damaged, or not"):
        folder.load_resume()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000
