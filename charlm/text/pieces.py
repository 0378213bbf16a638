"""Texts in pieces, so that none has to be in memory whole.

A text is read and changed a piece after the other. Pieces end where nothing that is done to them
looks across: a newline of two characters, a letter and its accent, a capital sigma and the letter
behind it stay together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

#: Characters of a piece, about.
PIECE = 1 << 20
_LEAST = 1 << 16  # characters that are gathered before a place to cut at is looked for
_PLACES, _AT_EACH = 16, 65_536  # what is looked at of a long text: pieces, characters of each
_NEAR = 512  # characters at the end of a piece, in which there is such a place most of the time

#: Where neither a Unicode form nor a change of case nor a repair looks across: before white space,
#: between letters or digits of ASCII, between ideographs.
SAFE = re.compile(
    r"(?<!\r)(?=[ \t\r\n])|(?<=[0-9A-Za-z])(?=[0-9A-Za-z])|(?<=[\u3400-\u9fff])(?=[\u3400-\u9fff])"
)
#: Behind a line.
LINES = re.compile(r"(?<=\n)")
#: Behind a letter, a digit or an underline.
WORDS = re.compile(r"(?<=\w)")


class Text(Protocol):
    """A text of which slices are taken: a `str`, or one that is kept in a file."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: slice, /) -> str: ...


def in_pieces(text: Text) -> Iterator[str]:
    """A text in pieces, cut anywhere."""
    for begin in range(0, len(text), PIECE):
        yield text[begin : begin + PIECE]


def in_safe_pieces(text: Text) -> Iterator[str]:
    """A text in pieces whose case and form are those of the whole."""
    return cut_at(SAFE, in_pieces(text))


def looked_at(text: Text) -> str:
    """The text, or pieces spread over it, each of whole lines where lines are short."""
    if len(text) <= _PLACES * _AT_EACH:
        return text[:].strip("\n")
    pieces = []
    for i in range(_PLACES):
        begin = (len(text) - _AT_EACH) * i // (_PLACES - 1)
        piece = text[begin : begin + _AT_EACH]
        _, newline, rest = piece.partition("\n")
        pieces.append(rest if begin and newline else piece)
    return "\n".join(pieces).strip("\n")


def cut_at(places: re.Pattern[str], pieces: Iterable[str]) -> Iterator[str]:
    """The same text in pieces that end at such a place, of no width.

    Where there is none, a piece grows until there is one.
    """
    held = ""

    def waiting() -> int:
        return max(_LEAST, len(held))

    for piece in gathered(pieces, waiting):
        held += piece
        if end := _last(places, held):
            yield held[:end]
            held = held[end:]
    if held:
        yield held


def gathered(pieces: Iterable[str], waiting: Callable[[], int]) -> Iterator[str]:
    """The same pieces, several joined until they are as long as what is `waiting` for them.

    So who holds back what is not complete looks a few times only at each character of it, however
    long it becomes.
    """
    some, size = list[str](), 0
    for piece in pieces:
        some.append(piece)
        size += len(piece)
        if size >= waiting():
            yield "".join(some)
            some, size = [], 0
    if some:
        yield "".join(some)


def _last(places: re.Pattern[str], text: str) -> int:
    """The last such place in a text, 0 if there is none."""
    for begin in (max(0, len(text) - _NEAR), 0):
        found = [match.start() for match in places.finditer(text, begin)]
        if found and found[-1]:
            return found[-1]
    return 0
