"""The names of dice: which random numbers belong to which prompt.

Random numbers are counted, not drawn (Philox4x32-10; Salmon et al. 2011). Their key is the seed,
exclusive-or the name of the prompt's dice, so that different prompts have independent noise at one
seed: a character model soon forgets its prompt, and with shared noise all texts would become one.
The engines take the key as it is; the name is made here and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from charlm.errors import InputError

#: The dice that prompts may share. Engine format 2 knew no others.
SHARED = 0


def name_of(ids: Sequence[int]) -> int:
    """The name of a prompt's dice, 64 bits. ids: the prepared prompt, the start id first.

    It is the first 8 bytes, little-endian, of SHA-256 over the ids as little-endian int32.
    """
    digest = hashlib.sha256(np.asarray(ids, dtype="<i4").tobytes()).digest()
    return int.from_bytes(digest[:8], "little")


def spelled(name: int) -> str:
    """A name as records and `dice=` spell it: 16 hexadecimal digits."""
    return f"{name:016x}"


def read_name(word: object) -> int:
    """The name that was spelled. Raises InputError."""
    if isinstance(word, str) and re.fullmatch("[0-9a-f]{16}", word):
        return int(word, 16)
    raise InputError(f"dice {word!r:.40} are not named by 16 hexadecimal digits")


def choose(dice: str, own: int) -> int:
    """The name that is meant by "prompt" (a prompt's own), "shared" or a name that is spelled.

    Raises InputError.
    """
    if dice == "prompt":
        return own
    if dice == "shared":
        return SHARED
    try:
        return read_name(dice)
    except InputError:
        raise InputError(
            f"dice {dice!r:.40} are none of prompt, shared or a name of 16 hexadecimal digits"
        ) from None
