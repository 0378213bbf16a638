"""The checkpoint: whole or refused, whatever happened to the file."""

from __future__ import annotations

import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import random_checkpoint
from root import ROOT

from charlm.errors import CheckpointError, InputError
from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig
from charlm.run import sealed_file
from charlm.run.checkpoint import (
    MODEL,
    checkpoint_bytes,
    describe_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from charlm.run.regular_file import (
    opened_folder,
    sweep_temporaries,
    write_at,
    write_atomically,
)
from charlm.run.sealed_file import Kind, read_content, unseal
from charlm.text.config import TextConfig
from charlm.text.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def data() -> bytes:
    """The bytes of a good checkpoint."""
    return checkpoint_bytes(random_checkpoint("gru", characters='ab\ud800é\\"', hidden_size=5))[0]


def load_bytes(folder: Path, data: bytes):
    path = folder / "x.safetensors"
    path.write_bytes(data)
    return load_checkpoint(path)


def with_header(data: bytes, change) -> bytes:
    """The file with its header's JSON changed (and so its checksum wrong)."""
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + size])
    text = change(header)
    body = (text if isinstance(text, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(body)) + body + data[8 + size :]


def resigned(data: bytes) -> bytes:
    """The file with the checksum made right again, as a careful forger would."""
    from hashlib import sha256

    size = struct.unpack_from("<Q", data)[0]
    place = data.index(b'\\"sha256\\":\\"', 8, 8 + size) + len(b'\\"sha256\\":\\"')
    zeroed = data[:place] + b"0" * 64 + data[place + 64 :]
    return zeroed[:place] + sha256(zeroed).hexdigest().encode() + zeroed[place + 64 :]


def with_content(data: bytes, **changes) -> bytes:
    """The file with parts of our own metadata replaced, signed anew."""

    def change(header):
        content = json.loads(header["__metadata__"]["charlm"])
        content.update(changes)
        header["__metadata__"]["charlm"] = json.dumps(content, separators=(",", ":"))

    return resigned(with_header(data, change))


@pytest.mark.parametrize("cell", list(CELLS))
def test_what_is_saved_is_loaded(tmp_path, cell) -> None:
    saved = random_checkpoint(cell, "sentence", layers=2)
    digest = save_checkpoint(tmp_path / MODEL, saved)
    for path in (tmp_path, tmp_path / MODEL, str(tmp_path)):
        loaded = load_checkpoint(path)
        assert loaded.sha256 == digest
        assert (loaded.config, loaded.text) == (saved.config, saved.text)
        assert loaded.vocabulary == saved.vocabulary
        assert (loaded.metrics, loaded.corpus) == (saved.metrics, saved.corpus)
        for name, tensor in saved.tensors.items():
            assert loaded.tensors[name].tobytes() == tensor.tobytes()


def test_the_same_checkpoint_is_the_same_bytes(data) -> None:
    again = random_checkpoint("gru", characters='ab\ud800é\\"', hidden_size=5)
    assert checkpoint_bytes(again)[0] == data


def test_a_file_cut_at_any_byte_is_incomplete(tmp_path, data) -> None:
    for size in range(len(data)):
        with pytest.raises(CheckpointError, match=rf"incomplete file \({size} of \d+ bytes"):
            load_bytes(tmp_path, data[:size])


@pytest.mark.parametrize("at_once", [1 << 28, 0], ids=["at once", "in pieces"])
def test_any_flipped_byte_is_found(tmp_path, data, monkeypatch, at_once) -> None:
    monkeypatch.setattr(sealed_file, "_AT_ONCE", at_once)
    expected = "checksum differs|incomplete file|over the limit|occurs twice"
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(CheckpointError, match=expected):
            load_bytes(tmp_path, bytes(damaged))


@pytest.mark.parametrize(
    "size", [2**63, 2**64 - 1, 2**20 + 1, 2**40], ids=["2^63", "2^64-1", "1 MiB + 1", "2^40"]
)
def test_a_monstrous_header_is_refused_unread(tmp_path, data, size) -> None:
    with pytest.raises(CheckpointError, match="over the limit"):
        load_bytes(tmp_path, struct.pack("<Q", size) + data[8:])


@pytest.mark.parametrize("begin", ["nothing", "a checkpoint"])
def test_a_sparse_file_is_refused_unread(tmp_path, data, begin) -> None:
    """Read as a whole, it would not fit into any memory."""
    (tmp_path / "x").write_bytes(data if begin == "a checkpoint" else b"")
    os.truncate(tmp_path / "x", 2**40)
    message = "not a charlm checkpoint" if begin == "nothing" else "more stands behind its end"
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(tmp_path / "x")


def test_700_000_tensors_are_refused_before_parsing(tmp_path) -> None:
    entry = '"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    body = '{"__metadata__":{"charlm":"{}"},' + ",".join(entry % i for i in range(700_000)) + "}"
    with pytest.raises(CheckpointError, match="over the limit"):
        load_bytes(tmp_path, struct.pack("<Q", len(body)) + body.encode())


def test_a_tensor_does_not_end_where_no_file_does(tmp_path, data) -> None:
    def far(header):
        header["embedding"]["data_offsets"] = [0, 10**3000]

    with pytest.raises(CheckpointError, match="its header cannot be read") as refused:
        load_bytes(tmp_path, with_header(data, far))
    assert len(str(refused.value)) < 300


def test_deep_json_is_refused(tmp_path, data) -> None:
    deep = '{"__metadata__":{"charlm":"x"},"a":' + "[" * 100_000 + "]" * 100_000 + "}"
    with pytest.raises(CheckpointError):
        load_bytes(tmp_path, struct.pack("<Q", len(deep)) + deep.encode())
    with pytest.raises(CheckpointError):
        load_bytes(tmp_path, with_content(data, metrics=json.loads("[" * 500 + "]" * 500)))


def test_wrong_tensors_are_named(tmp_path, data) -> None:
    def twice(header):
        text = json.dumps(header)
        return text[:-1] + ', "output_bias": ' + json.dumps(header["output_bias"]) + "}"

    def missing(header):
        del header["layers.0.hidden_weight"]

    def extra(header):
        header["surprise"] = header["output_bias"]

    def shape(header):
        header["output_bias"]["shape"] = [4, 2]

    def dtype(header):
        header["output_bias"]["dtype"] = "I32"

    for change, message in (
        (twice, "'output_bias' occurs twice"),
        (missing, "'layers.0.hidden_weight' is missing"),
        (extra, "'surprise' does not belong"),
        (shape, r"'output_bias' has shape \[4, 2\]"),
        (dtype, "'output_bias' is 'I32', not F32"),
    ):
        with pytest.raises(CheckpointError, match=message):
            load_bytes(tmp_path, resigned(with_header(data, change)))


def with_text(data: bytes, change: Callable[[str], str]) -> bytes:
    """The file with the text of our own metadata changed, signed anew at its first digits."""

    def changed(header):
        header["__metadata__"]["charlm"] = change(header["__metadata__"]["charlm"])

    return resigned(with_header(data, changed))


OTHER = "e" * 64


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + f',"sha256":"{OTHER}"}}',
        lambda text: text[:-1] + f',"\\u0073ha256":"{OTHER}"}}',
        lambda text: text.replace('"metrics":{', '"metrics":{"seconds":0,'),
        lambda text: text.replace('"metrics":{', '"metrics":{"deep":[{"a":1,"a":2}],'),
    ],
)
def test_a_key_that_stands_twice_is_refused_at_every_depth(tmp_path, data, change) -> None:
    for read in (load_bytes, describe_bytes):
        with pytest.raises(CheckpointError, match=r"'(sha256|seconds|a)' occurs twice"):
            read(tmp_path, with_text(data, change))


def describe_bytes(folder: Path, data: bytes):
    path = folder / "x.safetensors"
    path.write_bytes(data)
    return describe_checkpoint(path)


def test_a_tensor_is_not_declared_twice_in_any_spelling(tmp_path, data) -> None:
    def twice(header):
        return json.dumps(header)[:-1] + ', "\\u006futput_bias": {}}'

    with pytest.raises(CheckpointError, match="'output_bias' occurs twice"):
        load_bytes(tmp_path, with_header(data, twice))

    def axes(header):
        text = json.dumps(header)
        return text.replace('"dtype": "F32"', '"dtype": "F32", "dtype": "F32"', 1)

    with pytest.raises(CheckpointError, match="'dtype' occurs twice"):
        load_bytes(tmp_path, with_header(data, axes))


def test_a_file_cannot_claim_the_checksum_of_another(tmp_path, data) -> None:
    """The digits that are hashed as zeros stand elsewhere than those that are claimed."""

    def elsewhere(header):
        own = header["__metadata__"]["charlm"]
        place = own.index('"sha256":"') + len('"sha256":"')
        claiming = (own[:place] + OTHER + own[place + 64 :]).replace("sha256", "\\u0073ha256")
        decoy = f'{{"sha256":"{"0" * 64}"}}'
        header["__metadata__"] = {"a": decoy, "charlm": claiming}

    with pytest.raises(CheckpointError, match="checksum differs"):
        load_bytes(tmp_path, resigned(with_header(data, elsewhere)))


def test_a_description_claims_no_checksum(tmp_path, data) -> None:
    (tmp_path / "x").write_bytes(data)
    kind = Kind("checkpoint", "charlm", 1, "vocabulary", CheckpointError)
    assert "sha256" not in read_content(kind, tmp_path / "x")
    assert unseal(kind, tmp_path / "x").content["sha256"] == load_checkpoint(tmp_path / "x").sha256


def config_of(data: bytes, **changes) -> dict:
    size = struct.unpack_from("<Q", data)[0]
    return json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["charlm"])["config"] | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": 2**31}, "hidden size is 2147483648"),
        ({"layers": 10**6}, "layers is 1000000"),
        ({"vocabulary_size": 9}, "vocabulary has 8 entries"),
        ({"cell": "transformer"}, "cell 'transformer'"),
        ({"hidden_size": True}, "hidden size is True"),
        ({"hidden_size": 5.5}, "hidden size is 5.5"),
        ({"bias": 1}, "bias is 1"),
        ({"surprise": 1}, "surprise"),
        ({"hidden_size": 6}, "has shape"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path, data, changes, message) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_bytes(tmp_path, with_content(data, config=config_of(data, **changes)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocabulary": ["a", "a", "b", "c", "d", "e"]}, "'a' occurs twice"),
        ({"vocabulary": ["ab", "c", "d", "e", "f", "g"]}, "'ab' is not one character"),
        ({"vocabulary": [1, 2, 3, 4, 5, 6]}, "not one character"),
        ({"vocabulary": None}, "incomplete metadata"),
        ({"text": {"unit": "sentence", "start_id": 99}}, "start id 99"),
        ({"text": {"unit": "novel"}}, "unit 'novel'"),
        ({"version": 3}, "version 3 is newer than 2"),
        ({"version": "1"}, "newer"),
        ({"version": 0}, "no format version 0"),
        ({"version": -5}, "no format version -5"),
    ],
)
def test_wrong_metadata_is_named(tmp_path, data, changes, message) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_bytes(tmp_path, with_content(data, **changes))


def test_other_files_are_not_checkpoints(tmp_path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data.pkl", b"x" * 100)
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    others = {
        "pickle": pickle.dumps({"a": list(range(100))}),
        "zip": archive.read_bytes(),
        "gguf": b"GGUF" + b"\x03\0\0\0" + b"\0" * 64,
        "html": b"<!DOCTYPE html><html><body>404</body></html>",
        "safetensors": struct.pack("<Q", len(header)) + header + b"\0" * 4,
        "text": b"to be or not to be",
    }
    for name, content in others.items():
        with pytest.raises(CheckpointError, match="is not a charlm checkpoint"):
            load_bytes(tmp_path, content)
            pytest.fail(name)


def test_what_is_not_a_file_is_named(tmp_path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "nothing.safetensors")
    with pytest.raises(CheckpointError, match=r"folder .* has no model\.safetensors"):
        load_checkpoint(tmp_path)
    with pytest.raises(CheckpointError, match="not a regular file"):
        load_checkpoint("/dev/zero")


def test_weights_that_are_no_numbers_are_refused(tmp_path) -> None:
    checkpoint = random_checkpoint()
    for value in (np.nan, np.inf, -np.inf):
        bad = checkpoint.tensors["output_bias"].copy()
        bad[3] = value
        with pytest.raises(InputError, match="'output_bias' holds a NaN or infinite"):
            save_checkpoint(
                tmp_path / "x",
                replace(checkpoint, tensors=checkpoint.tensors | {"output_bias": bad}),
            )
    good, _ = checkpoint_bytes(checkpoint)
    poisoned = resigned(good[:-4] + struct.pack("<f", float("nan")))
    with pytest.raises(CheckpointError, match="NaN or infinite"):
        load_bytes(tmp_path, poisoned)


def test_a_vocabulary_of_the_largest_size_fits(tmp_path) -> None:
    characters = [chr(c) for c in range(0x1_0000, 0x1_0000 + 65_536)]
    checkpoint = random_checkpoint("rnn", characters="".join(characters), hidden_size=1)
    save_checkpoint(tmp_path / MODEL, checkpoint)
    assert load_checkpoint(tmp_path).vocabulary == Vocabulary(characters)


def test_writing_keeps_the_umask_and_leaves_nothing_behind(tmp_path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "x", b"one")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640
    with opened_folder(tmp_path) as folder:
        write_at(folder, "private", b"one", 0o600)
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600
    (tmp_path / "private").unlink()
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "x", "text")  # type: ignore[arg-type]
    assert (tmp_path / "x").read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    (tmp_path / ".charlm-left").write_bytes(b"half")
    with opened_folder(tmp_path) as folder:
        sweep_temporaries(folder, 3600)
        assert (tmp_path / ".charlm-left").exists()
        os.utime(tmp_path / ".charlm-left", (1, 1))
        sweep_temporaries(folder, 3600)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    (tmp_path / ".charlm-left").write_bytes(b"half")
    with opened_folder(tmp_path) as folder:
        sweep_temporaries(folder)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_file_cut_while_it_is_open_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is mapped would end the process (SIGBUS), so this reads in another one."""
    path = tmp_path / MODEL
    save_checkpoint(path, random_checkpoint(hidden_size=64))
    program = """if True:
        import os, sys
        from charlm.run.checkpoint import load_checkpoint
        checkpoint = load_checkpoint(sys.argv[1])
        os.truncate(sys.argv[1], 10)
        print(sum(float(tensor.sum()) for tensor in checkpoint.tensors.values()))
    """
    command = [sys.executable, "-c", program, path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and float(done.stdout), done
    save_checkpoint(path, random_checkpoint(hidden_size=64))
    check = sealed_file._header

    def cut(*given: Any) -> dict[str, Any]:
        found = check(*given)
        os.truncate(path, path.stat().st_size - 1000)  # between its length and its tensors
        return found

    monkeypatch.setattr(sealed_file, "_header", cut)
    with pytest.raises(CheckpointError, match="incomplete file"):
        load_checkpoint(path)


KILLED_WRITER = """
import sys
from pathlib import Path
from charlm.run.regular_file import write_atomically
path = Path(sys.argv[1])
print("ready", flush=True)
while True:
    for byte in (b"a", b"b"):
        write_atomically(path, byte * 3_000_000)
"""


def test_a_killed_writer_leaves_the_old_file_or_the_new(tmp_path) -> None:
    path = tmp_path / "x"
    write_atomically(path, b"a" * 3_000_000)
    for attempt in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED_WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        with writer.stdout:
            assert writer.stdout.readline() == b"ready\n"
        time.sleep(0.003 * (attempt + 1))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        content = path.read_bytes()
        assert content in (b"a" * 3_000_000, b"b" * 3_000_000)


def test_a_reader_beside_a_writer_sees_the_old_file_or_the_new(tmp_path) -> None:
    path, seen = tmp_path / "model.safetensors", set()
    two = [replace(random_checkpoint(), metrics={"step": step}) for step in (1, 2)]
    save_checkpoint(path, two[0])

    def write() -> None:
        for turn in range(60):
            save_checkpoint(path, two[turn % 2])

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        seen.add(load_checkpoint(path).metrics["step"])
    writer.join()
    assert seen <= {1, 2}
    assert load_checkpoint(path).metrics["step"] == 2


def test_a_configuration_counts_its_parameters() -> None:
    for cell, bias in (("rnn", True), ("gru", False), ("lstm", True)):
        checkpoint = random_checkpoint(cell, layers=2)  # type: ignore[arg-type]
        assert checkpoint.config.bias is bias
        counted = sum(t.size for t in checkpoint.tensors.values())
        assert checkpoint.config.parameter_count == counted
    with pytest.raises(InputError, match="layers is 0"):
        ModelConfig("rnn", 10, layers=0)


def test_a_file_that_needs_nothing_new_is_version_1(tmp_path: Path) -> None:
    """Version 2 is for a document's separator, the second rule of sentences, a chat's messages."""
    path = tmp_path / "m.safetensors"
    old = random_checkpoint("rnn")
    for text, version in (
        (TextConfig("line"), 1),
        (TextConfig("sentence"), 1),
        (TextConfig("sentence", sentence_rule=2), 2),
        (TextConfig("document", separator="\n\n"), 2),
        (TextConfig("line", chat="messages"), 2),
    ):
        save_checkpoint(path, replace(old, text=text))
        loaded = load_checkpoint(path)
        assert loaded.text == text
        content = read_content(Kind("x", "charlm", 9, "x", InputError), path)
        assert content["version"] == version
        assert ("separator" in content["text"]) == (text.unit == "document")
