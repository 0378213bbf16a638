"""What the fuzzer hands in: good values made bad, one kind of badness at a time."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any

import numpy as np

INTEGERS = [-1, 0, 1, 2, 3, 17, 255, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64]
NUMBERS = [0.0, -0.0, 1e-30, 1e-3, 0.5, 1.0, 1.0000001, 99.0, 1e30, 1e308, 10**400]
ODDITIES: list[Any] = [
    *(float("nan"), float("inf"), float("-inf")),
    *(None, True, "", "lstm", "\0", "\ud800", b"int8", [], [None], {}, object(), 10**30, -(2**63)),
    *(np.float32(2), np.int64(3), np.zeros(3, np.float32), np.zeros((0, 2), np.int32)),
]
DTYPES = [np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_, object, ">f4", "S3"]
EXTREMES = [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-42, 1e6, -0.0]


def wild(random: Random) -> Any:
    """Any value whatsoever."""
    return random.choice(random.choice([INTEGERS, NUMBERS, ODDITIES]))


def bad_array(random: Random, array: np.ndarray) -> Any:
    """An array spoiled in type, layout, shape or values."""
    how = random.randrange(8)
    if how == 0:
        return array.astype(random.choice(DTYPES))
    if how == 1:  # every other element of a larger one
        return np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array
    if how == 2:  # at an odd address
        memory = np.frombuffer(b"\0" + array.tobytes(), np.uint8)[1:]
        return memory.view(array.dtype).reshape(array.shape)
    if how == 3:
        return array.T if random.random() < 0.5 else array[None]
    if how == 4:
        return np.resize(array, [random.choice([0, 1, 2, 5, s, s + 1]) for s in array.shape])
    if how == 5:  # of no bytes, and endless
        return np.zeros([random.choice([0, 2**31, 2**40]), 0][:: random.choice([1, -1])], "i4")
    if how == 6:
        return wild(random)
    spoiled = array.copy()
    if spoiled.size and spoiled.dtype == np.float32:
        spoiled.flat[random.randrange(spoiled.size)] = random.choice(EXTREMES)
    elif spoiled.size:
        spoiled.flat[random.randrange(spoiled.size)] = random.choice([-1, 99, 2**31 - 1, -(2**31)])
    return spoiled


def bad_ids(random: Random, ids: Any) -> Any:
    """A list of ids, or of lists of them, or an array, spoiled somewhere."""
    if isinstance(ids, np.ndarray):
        return bad_array(random, ids)
    if not isinstance(ids, list) or random.random() < 0.15:
        return wild(random)
    how = random.randrange(5)
    if how == 0 or not ids:
        return [*ids, bad_ids(random, ids[0]) if ids else wild(random)]
    place = random.randrange(len(ids))
    if how == 1:
        return ids[:place]
    if how == 2:
        return tuple(ids) if random.random() < 0.5 else iter(ids)
    changed = bad_ids(random, ids[place]) if isinstance(ids[place], list) else wild(random)
    return [*ids[:place], changed, *ids[place + 1 :]]


def bad_starts(random: Random, starts: Any) -> Any:
    """Starts spoiled: one too few or many, a tuple cut, an array or a number that is wrong."""
    if not starts or random.random() < 0.2:
        return random.choice([[*starts, None], starts[:-1], tuple(starts), wild(random)])
    place = random.randrange(len(starts))
    start = starts[place]
    if start is None or random.random() < 0.2:
        changed: Any = wild(random) if start is None else start[:2]
    else:
        part = random.randrange(3)
        bad = random.choice(INTEGERS) if part == 2 else bad_array(random, start[part])
        changed = (*start[:part], bad, *start[part + 1 :])
    return [*starts[:place], changed, *starts[place + 1 :]]


def bad_dice(random: Random, dice: Any) -> Any:
    """Dice spoiled: of one prompt too few or many, or a pair or a number that is none."""
    if not dice or random.random() < 0.2:
        return random.choice([[*dice, (1, 0)], dice[:-1], tuple(dice), wild(random)])
    place = random.randrange(len(dice))
    key, first = dice[place]
    pairs: list[Any] = [(wild(random), first), (key, wild(random)), (key,), (key, first, 0), [key]]
    return [*dice[:place], random.choice([*pairs, wild(random)]), *dice[place + 1 :]]


def bad_arrays(random: Random, arrays: Any) -> Any:
    """Named arrays with one missing, too many, misnamed or spoiled; one alone spoiled."""
    if isinstance(arrays, np.ndarray):
        return bad_array(random, arrays)
    if not isinstance(arrays, dict):
        return wild(random)
    changed = dict(arrays)
    name = random.choice(list(changed))
    tensor = changed.pop(name)
    how = random.randrange(8)
    if how == 0:
        return changed
    if how == 1:
        return wild(random)
    if how == 2:
        return {**changed, random.choice([3, None, "\ud800", b"bias", (), name + "x"]): tensor}
    return {**changed, name: bad_array(random, tensor)}


def bad_states(random: Random, arrays: Any) -> Any:
    """A list of arrays with one missing, too many or spoiled."""
    if not isinstance(arrays, list) or not arrays or random.random() < 0.2:
        return wild(random)
    place = random.randrange(len(arrays))
    bad = bad_array(random, arrays[place])
    return random.choice(
        [arrays[1:], [*arrays, arrays[0]], [*arrays[:place], bad, *arrays[place + 1 :]]]
    )


def bad_options(random: Random, options: Any) -> Any:
    """Options with one missing, too many or of any value."""
    changed = dict(options)
    changed[random.choice([*changed, "more"])] = wild(random)
    if random.random() < 0.2:
        changed.pop(random.choice([*changed]))
    return wild(random) if random.random() < 0.1 else changed


#: How an argument is spoiled, by its name; `wild` otherwise.
SPOILERS: dict[str, Callable[[Random, Any], Any]] = {
    **dict.fromkeys(("prompts", "stops", "banned", "inputs", "targets", "counter"), bad_ids),
    **dict.fromkeys(("ids", "x", "gradient", "mean", "square", "velocity"), bad_array),
    "starts": bad_starts,
    "dice": bad_dice,
    **dict.fromkeys(("tensors", "weights", "gradients"), bad_arrays),
    **dict.fromkeys(("states", "gates"), bad_states),
    "regularisers": bad_options,
}


def spoiled(random: Random, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with one or two of them spoiled, sometimes one left out or added."""
    changed = dict(arguments)
    for name in random.sample(list(arguments), min(len(arguments), random.choice([1, 1, 2]))):
        spoil = SPOILERS.get(name)
        changed[name] = spoil(random, changed[name]) if spoil else wild(random)
    if random.random() < 0.02:
        changed.pop(random.choice(list(changed)), None)
    if random.random() < 0.01:
        changed["more"] = 1
    return changed


def damaged(random: Random, data: bytes) -> bytes:
    """A sealed file cut, overwritten or lengthened, or with other JSON; half sealed again."""
    how = random.randrange(6)
    place = random.randrange(len(data))
    if how == 0:
        return data[:place]
    if how == 1:
        data = data[:place] + random.randbytes(random.choice([1, 1, 2, 8])) + data[place + 1 :]
    elif how == 2:
        data = struct.pack("<Q", random.choice([0, 1, 2**20, 2**63, len(data)])) + data[8:]
    elif how == 3:
        data = data[:place] + data[place:] * random.choice([0, 2, 3])
    else:
        data = _other_json(random, data)
    return sealed(data) if random.random() < 0.5 else data


def sealed(data: bytes) -> bytes:
    """The same with the SHA-256 that belongs to it, where there still is a place for one."""
    mark = b'sha256\\":\\"'
    place = data.find(mark) + len(mark)
    if place < len(mark) or place + 64 > len(data):
        return data
    zeroed = data[:place] + b"0" * 64 + data[place + 64 :]
    return data[:place] + sha256(zeroed).hexdigest().encode() + data[place + 64 :]


def _other_json(random: Random, data: bytes) -> bytes:
    """The file with one value of its header, or of our JSON inside it, replaced."""
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + size])
    [(key, text)] = header["__metadata__"].items()
    content = json.loads(text)
    _replace_one(random, random.choice([header, content]))
    if isinstance(header.get("__metadata__"), dict) and key in header["__metadata__"]:
        header["__metadata__"][key] = json.dumps(content, separators=(",", ":"))
    packed = json.dumps(header, separators=(",", ":")).encode()
    packed = packed.replace(b'"BIG"', b"1e999").replace(b'"DEEP"', b"[" * 5000 + b"]" * 5000)
    return struct.pack("<Q", len(packed)) + packed + data[8 + size :]


def _replace_one(random: Random, tree: Any) -> None:
    """Replace a value somewhere in a tree of dicts and lists, or a key of a dict."""
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    key = random.choice(keys)
    if isinstance(tree[key], dict | list) and tree[key] and random.random() < 0.8:
        _replace_one(random, tree[key])
    elif isinstance(tree, dict) and random.random() < 0.2:
        tree["x" + str(key)] = tree.pop(key)
    else:
        others = [None, -1, 0, 3, 2**31, 2**63, 10**300, 0.5, "", "x", "BIG", "DEEP", [], {}, [[]]]
        tree[key] = random.choice([*others, True])
