"""Files that lie, each whole in every other way: with right checksums, so that all of it is read.

A kind of file has a good one. Every value in it is replaced by every value that somebody could put
there, and the rest is sealed again.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from fuzzing import sealed
from hostile import ATTACK
from models import random_checkpoint

from charlm.engine.prompt_state import PromptState
from charlm.run.checkpoint import checkpoint_bytes

#: JSON as it stands in a file, some of which Python would not write.
VALUES = [
    *("null", "true", "-1", "0", "3", "2147483648", "9223372036854775808", "1e308", "-0.0", "0.5"),
    *("NaN", "-Infinity", "1e999", "1" + "0" * 400, "9" * 5000, '""', '"x"', '"\\ud800"'),
    *("[]", "{}", "[[]]", '{"a": 1}', "[" * 5000 + "]" * 5000, json.dumps("x" * 90_000)),
    *(json.dumps(ATTACK), json.dumps(["a"] * 9000), '["a", "a"]', '["ab"]', '"\\u0000"'),
]
_MARK = "\x01HERE\x01"
_SPELLED = json.dumps(_MARK)


class Hostile(NamedTuple):
    """name: what is wrong with it. data: the file."""

    name: str
    data: bytes


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a tree; of a list, to its first and the list itself."""
    if path:
        yield path
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _places(value, (*path, key))
    elif isinstance(tree, list) and tree:
        yield from _places(tree[0], (*path, 0))


def _with(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The tree with another value at a place."""
    if not path:
        return value
    key, *rest = path
    changed = dict(tree) if isinstance(tree, dict) else list(tree)
    changed[key] = _with(tree[key], tuple(rest), value)
    return changed


def lies(tree: Any) -> Iterator[tuple[str, str]]:
    """The JSON of a tree with one value replaced, or left out, for every place in it."""
    for path in _places(tree):
        name = ".".join(map(str, path))
        for number, value in enumerate(VALUES):
            spelled = json.dumps(_with(tree, path, _MARK), separators=(",", ":"))
            yield f"{name} {value[:20]} {number}", spelled.replace(_SPELLED, value)
        *above, last = path
        holder = tree
        for key in above:
            holder = holder[key]
        if isinstance(holder, dict):
            without = {key: value for key, value in holder.items() if key != last}
            yield f"{name} missing", json.dumps(_with(tree, tuple(above), without))


def sealed_lies(data: bytes) -> Iterator[Hostile]:
    """A sealed file with lies in its own JSON and in the header around it."""
    size = struct.unpack_from("<Q", data)[0]
    header, tensors = json.loads(data[8 : 8 + size]), data[8 + size :]
    [(key, text)] = header["__metadata__"].items()
    for name, content in lies(json.loads(text)):
        yield Hostile(name, _packed(header | {"__metadata__": {key: content}}, tensors))
    about = {name: entry for name, entry in header.items() if name != "__metadata__"}
    first = next(iter(about))
    for name, entry in lies({first: about[first]}):
        rest = json.dumps({k: v for k, v in header.items() if k != first}, separators=(",", ":"))
        joined = f"{entry[:-1]},{rest[1:]}" if len(entry) > 2 else rest
        yield Hostile(f"header {name}", _sealed_header(joined.encode(), tensors))
    for length in (0, 1, 2**20, 2**20 + 1, 2**31, 2**63, 2**64 - 1):
        yield Hostile(f"header of {length}", struct.pack("<Q", length) + data[8:])
    yield from not_ours()
    for cut in (1, len(tensors)):
        yield Hostile(f"cut by {cut}", data[:-cut])
    yield Hostile("more behind it", sealed(data + b"\0" * 99))
    nan = tensors[:-4] + struct.pack("<f", float("nan"))
    yield Hostile("nan", sealed(data[: 8 + size] + nan))
    yield Hostile(
        "infinity", sealed(data[: 8 + size] + struct.pack("<f", float("inf")) + tensors[4:])
    )


def _packed(header: dict[str, Any], tensors: bytes) -> bytes:
    return _sealed_header(json.dumps(header, separators=(",", ":")).encode(), tensors)


def _sealed_header(header: bytes, tensors: bytes) -> bytes:
    return sealed(struct.pack("<Q", len(header)) + header + tensors)


class _Planted:
    """Would make a file, if it were unpickled."""

    def __reduce__(self) -> Any:
        return open, ("PLANTED", "w")


def not_ours() -> Iterator[Hostile]:
    """What is another kind of file altogether."""
    pickled = pickle.dumps(_Planted())
    for name, data in (
        ("empty", b""), ("a byte", b"{"), ("pickle", pickled), ("gguf", b"GGUF" + bytes(99)),
        ("html", b"<!doctype html><title>404</title>"), ("noise", sha256(b"1").digest() * 99),
        ("zeros", bytes(5000)), ("text", b"abc\n" * 99), ("utf-16", "abc".encode("utf-16")),
        ("gzip", b"\x1f\x8b\x08" + bytes(50)),
    ):  # fmt: skip
        yield Hostile(name, data)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", method) as archive:
            archive.writestr("archive/data.pkl", pickled)
            archive.writestr("archive/data/0", bytes(10**6))
        yield Hostile(f"zip {method}", packed.getvalue())


def checkpoints() -> Iterator[Hostile]:
    """Models."""
    small = random_checkpoint("lstm", characters="\n ab", hidden_size=3)
    yield from sealed_lies(checkpoint_bytes(small)[0])


def states(place: Path) -> Iterator[Hostile]:
    """Prompt states; a good one lies at `place`."""
    assert PromptState.load(place).precision
    yield from sealed_lies(place.read_bytes())


def run_logs(good: bytes) -> Iterator[Hostile]:
    """Run logs: each has one line that lies, between good ones."""
    lines = good.splitlines()
    for kind in sorted({json.loads(line)["kind"] for line in lines}):
        place = next(p for p, line in enumerate(lines) if json.loads(line)["kind"] == kind)
        for name, line in lies(json.loads(lines[place])):
            changed = [*lines[:place], line.encode(), *lines[place + 1 :]]
            yield Hostile(f"{kind} {name}", b"\n".join(changed) + b"\n")
    yield from not_ours()
    yield Hostile("one long line", b'{"kind": "' + b"x" * 9_000_000)
    yield Hostile("newlines", b"\n" * 2_000_000)


def controls() -> Iterator[Hostile]:
    """Control files."""
    for name, line in lies({"act": "learning_rate", "value": 0.001}):
        yield Hostile(name, line.encode() + b"\n")
    yield from not_ours()


def receipts(good: bytes) -> Iterator[Hostile]:
    """Records of texts. A huge `max_length` or number of texts is only as slow as it says."""
    for name, line in lies(json.loads(good)):
        yield Hostile(name, line.encode() + b"\n")
    yield from not_ours()


def settings() -> Iterator[Hostile]:
    """Settings of the screen, in TOML."""
    for name in ("theme", "glyphs", "decoder", "pace", "threads", "mouse", "keys", "unknown"):
        for number, value in enumerate(VALUES):
            yield Hostile(f"{name} {value[:20]} {number}", f"{name} = {value}\n".encode())
    for number, value in enumerate(VALUES):
        yield Hostile(f"keys.quit {number}", f"[keys]\nquit = {value}\n".encode())
    yield Hostile("100,000 lines", b'theme = "dark"\n' * 100_000)
    yield from not_ours()


def prepared_texts(good: bytes) -> Iterator[Hostile]:
    """Texts of the cache, whose header has a checksum."""
    begin = 16 + 32 + 8
    size = int.from_bytes(good[48:56], "little")
    for name, header in lies(json.loads(good[begin : begin + size])):
        encoded = header.encode()
        head = good[:16] + sha256(encoded).digest() + len(encoded).to_bytes(8, "little")
        yield Hostile(name, head + encoded + good[begin + size :])
    for length in (0, 2**31, 2**63, 2**64 - 1):
        yield Hostile(f"header of {length}", good[:48] + length.to_bytes(8, "little") + good[56:])
    for cut in (0, 16, 40, 56, begin + size, len(good) - 1):
        yield Hostile(f"cut at {cut}", good[:cut])
    yield from not_ours()


def resume_files(good: bytes) -> Iterator[Hostile]:
    """What a run goes on from: its plain values are JSON inside a tensor."""
    size = struct.unpack_from("<Q", good)[0]
    header, tensors = json.loads(good[8 : 8 + size]), good[8 + size :]
    begin, end = header["plain"]["data_offsets"]
    for name, plain in lies(json.loads(tensors[begin:end])):
        data, moved = plain.encode(), dict(header)
        for other, entry in header.items():
            if other != "__metadata__" and entry["data_offsets"][0] >= end:
                offsets = [offset + len(data) - (end - begin) for offset in entry["data_offsets"]]
                moved[other] = entry | {"data_offsets": offsets}
        shape = {"shape": [len(data)], "data_offsets": [begin, begin + len(data)]}
        moved["plain"] = header["plain"] | shape
        yield Hostile(f"plain {name}", _packed(moved, tensors[:begin] + data + tensors[end:]))
    yield from sealed_lies(good)
