"""A text made ready and cut into examples: the same for what is learned, scored and written from.

repair, Unicode form  >  cut into units  >  case  >  pieces of at most max_length
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from charlm.text.chats import chat_in
from charlm.text.config import KEEP, TextConfig
from charlm.text.pieces import LINES, SAFE, cut_at, gathered
from charlm.text.sentences import sentences_of

# Bytes of cp1252 (dashes, quotes, ellipsis) that were once decoded as Latin-1 came out as C1
# controls, which no text uses on purpose. Five of the 32 have no meaning in cp1252 and stay.
CP1252 = {
    code: character
    for code in range(0x80, 0xA0)
    if (character := bytes([code]).decode("cp1252", "ignore"))
}
_C1 = re.compile("[\x80-\x9f]")


class Example(NamedTuple):
    """One text to learn. `ends`: EOS follows it (not so for all but the last piece of a cut)."""

    text: str
    ends: bool


@dataclass
class Repairs:
    """What was repaired, in numbers; `c1`: of each character that was one of cp1252."""

    byte_order_mark: bool = False
    newlines: int = 0
    c1: Counter[str] = field(default_factory=Counter)

    @property
    def cp1252(self) -> dict[str, int]:
        """How often each was repaired, by character, as U+0096."""
        return {f"U+{ord(c):04X}": count for c, count in sorted(self.c1.items())}


def repaired(text: str, config: TextConfig, repairs: Repairs | None = None) -> str:
    """Byte order mark out, newlines to LF, cp1252 repaired, Unicode form applied."""
    return "".join(repaired_pieces([text], config, repairs))


def repaired_pieces(
    pieces: Iterable[str], config: TextConfig, repairs: Repairs | None = None
) -> Iterator[str]:
    """The same of a text in pieces, and as pieces."""
    repairs = repairs or Repairs()
    for number, piece in enumerate(cut_at(SAFE, pieces)):
        if number == 0 and piece.startswith("\ufeff"):
            repairs.byte_order_mark, piece = True, piece[1:]
        if returns := piece.count("\r"):
            repairs.newlines += returns
            piece = piece.replace("\r\n", "\n").replace("\r", "\n")
        wrong = Counter(c for c in _C1.findall(piece) if ord(c) in CP1252)
        if wrong:
            repairs.c1 += wrong
            piece = piece.translate(CP1252)
        yield unicodedata.normalize(config.form, piece) if config.form != "none" else piece


def prepare_text(text: str, config: TextConfig) -> str:
    """A text that is not cut, as the model knows it: repaired, in its Unicode form and case."""
    return in_case(repaired(text, config), config)


def in_case(text: str, config: TextConfig) -> str:
    """The text in the case of the configuration."""
    return text.lower() if config.case == "lower" else text


def prepare_prompt(text: str, config: TextConfig) -> str:
    """A prompt prepared as the text of the model was.

    Sentences: runs of white space become one space, leading white space goes, one trailing
    space stays (it says that a word ended). Lines: newlines become a space.
    """
    text = prepare_text(text, config)
    if config.unit == "sentence":
        return re.sub(r"\s+", " ", text).lstrip(" ")
    return text.replace("\n", " ") if config.unit == "line" else text


def examples_of(text: str, config: TextConfig) -> list[Example]:
    """The examples of a text as it was read, by the unit; duplicates stay."""
    texts = texts_of(repaired(text, config), config)
    if config.unit == "sentence" and config.sentence_rule == 1:  # the case came before the cut
        texts = [in_case(text, config) for text in texts]
    units = (in_case(unit, config) for text in texts for unit in units_of([text], config))
    return [example for unit in units for example in pieces_of(unit, config)]


def texts_of(text: str, config: TextConfig) -> list[str]:
    """What a repaired text is that is cut each by itself: messages of a chat, or all of it."""
    chat = None if config.chat == KEEP else chat_in(text, asked=True)
    return [text] if chat is None else list(chat.messages([text]))


def units_of(pieces: Iterable[str], config: TextConfig) -> Iterator[str]:
    """The sentences, lines or documents of a repaired text that are not blank; or all of it."""
    if config.unit == "continuous":
        return iter(["".join(pieces)])
    if config.unit == "sentence":
        return sentences_of(pieces, config.sentence_rule)
    if config.unit == "document":
        documents = (part.strip("\n") for part in _between(pieces, config.separator))
        return (document for document in documents if document and not document.isspace())
    lines = (line for piece in cut_at(LINES, pieces) for line in piece.split("\n"))
    return (line.rstrip() for line in lines if line and not line.isspace())


def _between(pieces: Iterable[str], separator: str) -> Iterator[str]:
    """What stands between separators.

    One that is a line by itself, or empty lines, may begin or end the text, be repeated, and have
    white space behind it.
    """
    lines = separator[1:-1].split("\n")
    if len(separator) < 2 or not separator[0] == separator[-1] == "\n":
        return _parted(pieces, re.compile(re.escape(separator)), 0)
    pattern = "".join(rf"{re.escape(line)}[ \t]*\n" for line in lines)
    return _parted(chain(["\n"], pieces, ["\n"]), re.compile(rf"\n(?:{pattern})+"), len(lines))


def _parted(pieces: Iterable[str], between: re.Pattern[str], lines: int) -> Iterator[str]:
    """A text parted by a pattern, which so many lines behind it, at most, could make longer."""
    held = ""

    def waiting() -> int:
        return len(held)

    for piece in gathered(pieces, waiting):
        held += piece
        begin, settled = 0, len(held)
        for _ in range(lines):
            settled = held.rfind("\n", 0, max(0, settled))
        for match in between.finditer(held):
            if match.end() > settled:
                break
            yield held[begin : match.start()]
            begin = match.end()
        held = held[begin:]
    yield from between.split(held)


def pieces_of(unit: str, config: TextConfig) -> Iterator[Example]:
    """One unit as examples: pieces of at most `max_length`, of which only the last ends."""
    if config.unit == "continuous":
        yield from [Example(unit, False)] * bool(unit)
        return
    size = config.max_length or len(unit)
    for start in range(0, len(unit), size):
        yield Example(unit[start : start + size], start + size >= len(unit))
