"""Esc and a key that come at once: a terminal sends the same for Alt and that key.

tmux keeps Esc back for half a second (`escape-time`) and sends it with what is typed meanwhile.
Textual (8.2) makes `alt+q` of Esc and q, but of Esc and a sign the sign alone, of some others a
character that macOS types, and of Esc and an arrow Esc alone. Of an Esc in what is pasted it makes
keys too: here it is a character of the paste, as it is drawn.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.events import Key
from textual.keys import key_to_character
from textual.message import Message

from charlm.display import visible

_ESC = "\x1b"
_ALT = "alt+"
#: Begins of longer sequences, and Tab: Esc and Tab is Shift+Tab on the Linux console.
_NO_KEY = "[OP]^_\t" + _ESC
#: Arrows, function keys and the like, with Alt held.
_HELD = re.compile(r"\x1b\[(?P<number>\d+);3(?P<end>[~A-Z])")
#: Esc and one of these is the begin of something that Textual does not know, not two keys.
_UNKNOWN = ("left_square_bracket", "right_square_bracket")
_PASTE, _PASTED = "\x1b[200~", "\x1b[201~"


class EscapeParser(XTermParser):
    """Tells of every such key as `alt+KEY`, whatever the key, and of none in what is pasted."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasting = False
        #: The end of what came, where a paste may have begun; of a paste, what may be its end.
        self._tail = ""

    def feed(self, data: str) -> Iterable[Message]:
        """What becomes of what was read; "" is the end of all."""
        tamed = self._tamed(data)
        return super().feed(tamed) if tamed or not data else ()

    def _tamed(self, data: str) -> str:
        """What was read, Esc within a paste as a sign that is drawn."""
        done, rest = "", data
        while rest:
            known = self._tail + rest
            mark = _PASTED if self._pasting else _PASTE
            head, found, rest = known.partition(mark)
            if self._pasting:
                kept = "" if found else _begun(head, mark)
                done += head.removesuffix(kept).replace(_ESC, visible(_ESC)) + found
                self._tail = kept
            else:
                done += (head + found)[len(self._tail) :]
                self._tail = "" if found else _begun(head, mark)
            self._pasting ^= bool(found)
        return done

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
    name = key.key.removeprefix(_ALT)
    if name == key.key or name in _UNKNOWN:
        return [key]
    if name.startswith("shift+") and len(name) == len("shift+q"):
        name = name[-1].upper()
    return [Key("escape", _ESC), Key(name, key.character or key_to_character(name))]


def held(key: Key) -> Key:
    """A key that edits: with Alt it is no text, which a field would write before it acts."""
    return Key(key.key, None) if key.key.startswith(_ALT) else key


def _begun(text: str, mark: str) -> str:
    """The end of a text with which a mark may have begun."""
    ends = (mark[:length] for length in range(len(mark) - 1, 0, -1))
    return next((end for end in ends if text.endswith(end)), "")
