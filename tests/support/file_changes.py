"""How a file is changed by a fuzzer that knows its kind: what stands before the parser is repaired.

A change takes a file apart, changes one of its parts and puts it together again, so that lengths,
offsets, checksums and archives are right and what lies behind them is reached. A part is changed as
JSON, where it is some, or blindly: by libFuzzer where it is there, else by `blind`.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any

from fuzzing import sealed
from hostile_files import VALUES

from charlm.checks import is_number
from charlm.text.prepared import VERSION

#: Changes bytes that mean nothing to it.
Blind = Callable[[bytes], bytes]
#: Changes a file of a kind.
Change = Callable[[bytes, Random, Blind], bytes]

_MARK = "\x01HERE\x01"
_SPELLED = json.dumps(_MARK)
_LARGEST = 1 << 20  # bytes that a length may ask a change for
MARK = b"charlm text %3d\n" % VERSION  # of a prepared text
_BEFORE_HEADER = len(MARK) + 32 + 8


def blind(random: Random) -> Blind:
    """Without libFuzzer: bits flipped, bytes set, left out, repeated, put in, moved."""

    def change(data: bytes) -> bytes:
        begin, end = sorted(random.randrange(len(data) + 1) for _ in "12")
        end = min(end, begin + random.choice([1, 1, 4, 64]))
        part, behind = data[begin:end], data[end:]
        number = random.choice([0, -1, 2**31, 2**63, 10**30])
        return data[:begin] + random.choice([
            b"", part * 2, random.randbytes(1), random.randbytes(len(part)), b"%d" % number,
            bytes(byte ^ 1 << random.randrange(8) for byte in part), b"\xff" * len(part),
            behind[: end - begin] + part,
        ]) + behind  # fmt: skip

    return change


def any_bytes(data: bytes, random: Random, some: Blind) -> bytes:
    """The change of a file of which nothing is known."""
    return some(data)


def json_text(data: bytes, random: Random, some: Blind) -> bytes:
    """JSON with one value replaced, taken from elsewhere in it, left out or said twice."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return some(data)
    if random.random() < 0.2 or not isinstance(tree, dict | list) or not tree:
        return some(data)
    holder, key = _place(tree, random)
    old = holder[key]
    how = random.randrange(6)
    if how == 0:
        del holder[key]
        return _spelled(tree)
    value = random.choice(VALUES).encode()
    if how == 1:
        other, place = _place(tree, random)
        value = _spelled(other[place])
    elif how == 2:
        value = some(_spelled(old))
    elif how == 3 and isinstance(old, str):
        value = _spelled(some(old.encode("utf-8", "surrogatepass")).decode("utf-8", "replace"))
    elif how == 3 and is_number(old):
        value = b"%d" % (int(old) + random.choice([-1, 1, 255, 2**31, -(2**31), 10**18]))
    elif how == 4 and isinstance(holder, dict):  # a second value of the same key
        value = _spelled(old) + b"," + _spelled(key) + b":" + value
    elif how == 5 and isinstance(old, list):
        value = _spelled(random.choice([old * 2, old[::-1], old[1:], [*old, old]]))
    holder[key] = _MARK
    return _spelled(tree).replace(_SPELLED.encode(), value, 1)


def lines(data: bytes, random: Random, some: Blind) -> bytes:
    """Lines of JSON, of which one is changed, left out, repeated or moved."""
    each = data.split(b"\n")
    place, how = random.randrange(len(each)), random.randrange(8)
    if how == 0:
        return some(data)
    line = each.pop(place)
    if how == 2:
        each += [line, line]
    elif how == 3:
        each.insert(random.randrange(len(each) + 1), line)
    elif how > 3:
        each.insert(place, json_text(line, random, some))
    return b"\n".join(each)


def words(*known: str) -> Change:
    """The change of a text in which certain words mean something, most of the time still UTF-8."""

    def change(data: bytes, random: Random, some: Blind) -> bytes:
        if random.random() < 0.5:
            changed = some(data)
            return changed if random.random() < 0.1 else changed.decode("utf-8", "ignore").encode()
        word = random.choice(known).encode()
        ends = [place for place in range(len(data) + 1) if data[place : place + 1] in b"\n =,;\t"]
        begin = random.choice(ends)
        end = random.choice([begin, min([e for e in ends if e > begin], default=begin)])
        return data[:begin] + word + data[end:]

    return change


def sealed_file(data: bytes, random: Random, some: Blind) -> bytes:
    """A sealed file with another content, other tensors or another header, sealed again."""
    return _sealed_file(data, random, some, None)


def resume_file(data: bytes, random: Random, some: Blind) -> bytes:
    """The same, where a tensor holds JSON."""
    return _sealed_file(data, random, some, "plain")


def _sealed_file(data: bytes, random: Random, some: Blind, told: str | None) -> bytes:
    how = random.randrange(10)
    try:
        size = struct.unpack_from("<Q", data)[0]
        header, tensors = json.loads(data[8 : 8 + size]), data[8 + size :]
        [(key, content)] = header.pop("__metadata__").items()
        place = slice(*header[told]["data_offsets"]) if told else slice(0)
        content = content.encode("utf-8", "surrogatepass")
        if how == 0:
            return sealed(some(data)) if random.random() < 0.5 else some(data)
        if told and how > 3:
            header, tensors = _with_told(header, tensors, told, place, random, some)
        elif how < 5:
            content = json_text(content, random, some)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, struct.error):
        return some(data)
    entries = _spelled(header)
    if how in (5, 6, 7) and not told:
        entries = json_text(entries, random, some)
    elif how in (8, 9) and not told:
        tensors = some(tensors) if tensors else tensors
    if random.random() < 0.9:
        tensors = _of_length(entries, tensors)
    return sealed_of(key, content, entries, tensors)


def sealed_of(key: str, content: bytes, entries: bytes, tensors: bytes) -> bytes:
    """A sealed file of its parts: our JSON, that of the tensors, and these."""
    meant = json.dumps({key: content.decode("utf-8", "surrogateescape")}).encode()
    head = b'{"__metadata__":' + meant + (b"," if len(entries) > 2 else b"") + entries[1:]
    return sealed(struct.pack("<Q", len(head)) + head + tensors)


def _with_told(
    header: dict[str, Any], tensors: bytes, told: str, place: slice, random: Random, some: Blind
) -> tuple[dict[str, Any], bytes]:
    """Other JSON in a tensor, and the tensors behind it moved."""
    text = json_text(tensors[place], random, some)
    moved = len(text) - (place.stop - place.start)
    for entry in header.values():
        if entry["data_offsets"][0] >= place.stop:
            entry["data_offsets"] = [offset + moved for offset in entry["data_offsets"]]
    header[told] |= {"shape": [len(text)], "data_offsets": [place.start, place.start + len(text)]}
    return header, tensors[: place.start] + text + tensors[place.stop :]


def _of_length(entries: bytes, tensors: bytes) -> bytes:
    """The tensors as long as the header says, where that is short."""
    try:
        length = max(int(each["data_offsets"][1]) for each in json.loads(entries).values())
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return tensors
    if not 0 <= length < _LARGEST:
        return tensors
    return (tensors + bytes(max(0, length - len(tensors))))[:length]


def prepared_text(data: bytes, random: Random, some: Blind) -> bytes:
    """A prepared text with another header, whose checksum is right, or other numbers."""
    size = int.from_bytes(data[48:56], "little")
    header, rest = data[_BEFORE_HEADER : _BEFORE_HEADER + size], data[_BEFORE_HEADER + size :]
    if random.random() < 0.1 or not header:
        return some(data)
    if random.random() < 0.2:
        rest = some(rest) if rest else rest
    else:
        header = json_text(header, random, some)
    return prepared_of(header, rest)


def prepared_of(header: bytes, rest: bytes) -> bytes:
    """A prepared text of this version: its header, and what lies behind it."""
    return MARK + sha256(header).digest() + len(header).to_bytes(8, "little") + header + rest


def gzipped(data: bytes, random: Random, some: Blind) -> bytes:
    """A gzip archive of other bytes, several of them, or a damaged one."""
    try:
        text = zlib.decompressobj(31).decompress(data, _LARGEST)
    except zlib.error:
        return some(data)
    if random.random() < 0.3 or not text:
        return some(data)
    packed = gzip.compress(some(text), random.choice([0, 1, 9]), mtime=0)
    return random.choice([packed, packed, packed + data, packed + bytes(9), packed[:-9]])


def zipped(data: bytes, random: Random, some: Blind) -> bytes:
    """A zip archive of which one member is another; its checksums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {each.filename: archive.read(each) for each in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, zlib.error, EOFError,
            RuntimeError):  # fmt: skip
        return some(data)
    if random.random() < 0.1 or not members:
        return some(data)
    pickled = [name for name in members if name.endswith("data.pkl")]
    name = random.choice([*members, *pickled * len(members)])
    members[name] = some(members[name] or b"0")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", random.choice([zipfile.ZIP_STORED] * 9 + [8])) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def _place(tree: Any, random: Random) -> tuple[Any, Any]:
    """A place somewhere in a tree that is not empty: what holds it, and its key there."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    key = random.choice(keys)
    if isinstance(tree[key], dict | list) and tree[key] and random.random() < 0.8:
        return _place(tree[key], random)
    return tree, key


def _spelled(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
