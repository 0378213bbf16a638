"""Esc and a key that come at once: a terminal sends the same for Alt and that key.

tmux keeps Esc back for half a second (`escape-time`) and sends it with what is typed meanwhile.
Textual (8.2) makes `alt+q` of Esc and q, but of Esc and a sign the sign alone, of some others a
character that macOS types, and of Esc and an arrow Esc alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.events import Key
from textual.keys import key_to_character

_ESC = "\x1b"
_ALT = "alt+"
#: Begins of longer sequences, and Tab: Esc and Tab is Shift+Tab on the Linux console.
_NO_KEY = "[OP]^_\t" + _ESC
#: Arrows, function keys and the like, with Alt held.
_HELD = re.compile(r"\x1b\[(?P<number>\d+);3(?P<end>[~A-Z])")


class EscapeParser(XTermParser):
    """Tells of every such key as `alt+KEY`, whatever the key."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        if len(sequence) == len("Eq") and sequence[0] == _ESC and sequence[1] not in _NO_KEY:
            alt, sequence = True, sequence[1]
        elif held := _HELD.fullmatch(sequence):
            number, end = held["number"], held["end"]
            alt, sequence = True, f"{_ESC}[{number}~" if end == "~" else f"{_ESC}O{end}"
        for key in super()._sequence_to_key_events(sequence):
            yield Key(_ALT + key.key, key.character) if alt else key


def hear_escapes(driver: type[Driver]) -> None:
    """Let a driver read its terminal by this parser, if it reads one."""
    names = vars(sys.modules[driver.__module__])
    if "XTermParser" in names:
        names["XTermParser"] = EscapeParser


def parted(key: Key) -> list[Key]:
    """Esc and the key, if they came at once; else the key alone."""
    if not key.key.startswith(_ALT):
        return [key]
    name = key.key.removeprefix(_ALT)
    if name.startswith("shift+") and len(name) == len("shift+q"):
        name = name[-1].upper()
    return [Key("escape", _ESC), Key(name, key.character or key_to_character(name))]
