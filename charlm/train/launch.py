"""How many processes train one model together, as torchrun (or whoever starts them) says it.

It is said in the environment: RANK of WORLD_SIZE processes, which meet at MASTER_ADDR:MASTER_PORT.
No torch here: what is wrong is said before it is imported.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import NamedTuple

from charlm.errors import InputError

_NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_MOST = 65_535  # processes, and ports


class Launch(NamedTuple):
    """Process `rank` of `size`, and where they meet."""

    rank: int
    size: int
    address: str
    port: int


def launched(environment: Mapping[str, str]) -> Launch | None:
    """What the environment says; None where this process trains alone. Raises InputError."""
    there = [name for name in _NAMES if environment.get(name)]
    missing = [name for name in _NAMES if name not in there]
    if not there:
        return None
    if missing:
        raise InputError(
            f"{', '.join(there)} set and {', '.join(missing)} not: start several processes with"
            " torchrun, which sets all of them, or unset them"
        )
    size = _whole(environment, "WORLD_SIZE", 1, _MOST)
    rank = _whole(environment, "RANK", 0, size - 1)
    port = _whole(environment, "MASTER_PORT", 1, _MOST)
    if size == 1:
        return None
    return Launch(rank, size, _address(environment["MASTER_ADDR"]), port)


def _whole(environment: Mapping[str, str], name: str, low: int, high: int) -> int:
    value = environment[name]
    if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
        raise InputError(f"{name} is {value[:60]!r}, not an integer from {low} to {high}")
    return int(value)


def _address(name: str) -> str:
    try:
        socket.getaddrinfo(name, None)
    except (OSError, UnicodeError):
        raise InputError(f"MASTER_ADDR is {name[:60]!r}: no machine is known by it here") from None
    return name
