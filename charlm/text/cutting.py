"""A text made ready and cut into examples: the same for what is learned, scored and written from.

repair, Unicode form  >  cut into units  >  case  >  pieces of at most max_length
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from charlm.text.config import TextConfig
from charlm.text.sentences import split_sentences

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
    """What was repaired, in numbers; `cp1252` by character, as U+0096."""

    byte_order_mark: bool = False
    newlines: int = 0
    cp1252: dict[str, int] = field(default_factory=dict)


def repaired(text: str, config: TextConfig, repairs: Repairs | None = None) -> str:
    """Byte order mark out, newlines to LF, cp1252 repaired, Unicode form applied."""
    repairs = repairs or Repairs()
    if text.startswith("\ufeff"):
        repairs.byte_order_mark, text = True, text[1:]
    repairs.newlines = text.count("\r")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    wrong: dict[str, int] = {}
    for character in _C1.findall(text):
        if ord(character) in CP1252:
            wrong[character] = wrong.get(character, 0) + 1
    repairs.cp1252 = {f"U+{ord(c):04X}": count for c, count in sorted(wrong.items())}
    if wrong:
        text = text.translate(CP1252)
    return unicodedata.normalize(config.form, text) if config.form != "none" else text


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
    text = repaired(text, config)
    if config.unit == "sentence" and config.sentence_rule == 1:  # the case came before the cut
        text = in_case(text, config)
    units = (in_case(unit, config) for unit in units_of(text, config))
    return [example for unit in units for example in pieces_of(unit, config)]


def units_of(text: str, config: TextConfig) -> Iterable[str]:
    """The sentences, lines or documents of a repaired text that are not blank; or all of it."""
    if config.unit == "continuous":
        return [text]
    if config.unit == "sentence":
        return split_sentences(text, config.sentence_rule)
    if config.unit == "document":
        documents = (part.strip("\n") for part in _between(text, config.separator))
        return (document for document in documents if document and not document.isspace())
    return (line.rstrip() for line in text.split("\n") if not line.isspace() and line)


def _between(text: str, separator: str) -> list[str]:
    """What stands between separators.

    One that is a line by itself, or empty lines, may begin or end the text, be repeated, and have
    white space behind it.
    """
    lines = separator[1:-1]
    if len(separator) < 2 or not separator[0] == separator[-1] == "\n":
        return text.split(separator)
    pattern = "".join(rf"{re.escape(line)}[ \t]*\n" for line in lines.split("\n"))
    return re.split(rf"\n(?:{pattern})+", f"\n{text}\n")


def pieces_of(unit: str, config: TextConfig) -> Iterator[Example]:
    """One unit as examples: pieces of at most `max_length`, of which only the last ends."""
    if config.unit == "continuous":
        yield from [Example(unit, False)] * bool(unit)
        return
    size = config.max_length or len(unit)
    for start in range(0, len(unit), size):
        yield Example(unit[start : start + size], start + size >= len(unit))
