"""The keys of the five decoders: the same wherever a model writes."""

from __future__ import annotations

from charlm.decoding import DECODERS as ALL

from .key import Key, always

#: F2 and so on, in the order in which the names stand; behind the leader the number alone.
DECODERS: tuple[Key, ...] = tuple(
    Key(
        f"decoder('{name}')", (f"f{number}",), always(decoder.spoken),
        f"{decoder.spoken}: {decoder.said}", "Decoders", rank=9, leader=str(number),
    )
    for number, (name, decoder) in enumerate(ALL.items(), start=2)
)  # fmt: skip
