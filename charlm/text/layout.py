"""What one example of a text is, by looking: a sentence, a line, a document, or all of it.

What counts is whether line breaks mean something. In running prose they do not: its lines are
full, or hold several sentences. A list has one example a line. Where lines belong together
(code, verse, plays, records under a heading line), the text is one stream, unless its blocks are
plainly examples of their own: apart by a line that says so, or all begun alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, takewhile
from typing import NamedTuple

from charlm.text.config import Unit
from charlm.text.pieces import PIECE, Text, cut_at, in_pieces, looked_at
from charlm.text.sentences import ends_a_sentence, split_sentences
from charlm.wording import counted

PARAGRAPH = "\n\n"

FEWEST = 20  # examples; fewer leave too little to choose and to test by
_LONGEST = 1_000  # characters, in the mean, of an example that is worth being one
_FULL = 0.8  # of the line breaks, that come where the next word did not fit
_RAGGED = 3  # characters that a full line may be shorter
_SHORTEST_WRAP = 20
_ONE_LENGTH = 0.9  # of the lines, that are as long as the longest
_CLOSED = 0.6  # of the lines, that end a sentence
_SENTENCES = 1.2  # in a line of prose that is one paragraph
_LONG_LINE = 120  # characters, in the median: paragraphs, where they hold sentences
_APART, _BLANK = 0.3, 0.08  # of the lines, that are empty: behind each paragraph; between blocks
_INDENTED = 0.15  # of the lines
_EQUAL, _BROKEN = 0.6, 40  # of the lines, that are as long as the longest; characters of it
_DIFFERENT = 0.3  # of the lines, that begin with the same few characters
_HEADS = ">;@"  # signs of a heading line, as in FASTA and FASTQ
_BARE = 0.1  # of the lines under headings, that hold a space
_BLOCKS = 0.3  # of the blocks, that have several lines
_ALIKE = 0.8  # of the blocks, that begin alike
_LONGEST_START = 20
_FEWEST_MARKERS = 3  # of a sign that is made for it
_LONGEST_DOCUMENT = 4_000  # characters, in the mean, between lines that may mean something else
_TOKEN = re.compile(r"<\|\w+\|>")
_MARKER = re.compile(r"[*=~#_-]{3}|%")
# Behind lines; and where lines are long, where neither such a sign nor such a line is cut in two.
_WHOLE_SIGNS = re.compile(r"(?<=\n)|(?<=[^\W_])(?=[\s<])")
_EMPTY = re.compile(r"\n(?:[ \t]*\n)+")
_SIGN = re.compile(r"[^\w\s\"'“”„«»‘’–—-]")
_NUMBERED = re.compile(r"\d\.\Z")


class Choice(NamedTuple):
    """A unit, the separator of documents, and why it was taken, in words."""

    unit: Unit
    separator: str
    why: str


class _Lines(NamedTuple):
    """The lines of a text or of pieces of it, and those that are not blank."""

    every: list[str]
    full: list[str]


def choose_unit(text: Text) -> Choice:
    """What one example of a repaired text is, by looking at it."""
    looked = looked_at(text)
    every = looked.split("\n")
    lines = _Lines(every, [line for line in every if line.strip()])
    sentences = list(split_sentences(looked))
    if len(lines.full) < 2:
        return _of_one_line(sentences)
    return (
        _apart(looked)
        or _of_prose(lines, sentences)
        or _of_belonging_lines(lines)
        or _of_list(lines)
    )


def separator_of(text: Text) -> str:
    """What stands between the documents of a text: a sign that says so, or an empty line."""
    return _marked(text, 2) or PARAGRAPH


def too_few(count: int, unit: Unit) -> Choice | None:
    """The choice where a unit would leave too few examples."""
    if unit == "continuous" or count >= FEWEST:
        return None
    return Choice("continuous", "", f"by {unit} it would be {count:,}, too few to divide")


def _of_one_line(sentences: Sequence[str]) -> Choice:
    if _is_cut_by(sentences):
        return Choice("sentence", "", "it is one line of sentences")
    return Choice("continuous", "", "it is one line without sentences")


def _apart(text: str) -> Choice | None:
    """Documents: a sign that stands between them, or blocks that begin alike."""
    if separator := _marked(text, FEWEST):
        return Choice("document", separator, f"{separator.strip()!r} stands between them")
    blocks = [block for block in _EMPTY.split(text) if block.strip()]
    beginnings = [block.split("\n", 1)[0] for block in blocks]
    several = sum("\n" in block for block in blocks)
    if len(blocks) < _FEWEST_MARKERS or several < _ALIKE * len(blocks):
        return None
    start, count = Counter(line[:2] for line in beginnings).most_common(1)[0]
    if count < _ALIKE * len(blocks) or not start.strip():
        return None
    start = _common([line for line in beginnings if line.startswith(start)])
    if not _SIGN.search(start):
        return None
    return Choice("document", PARAGRAPH, f"blocks apart by an empty line begin with {start!r}")


def _marked(text: Text, fewest: int) -> str:
    """The sign between documents: one made for it, or a line that makes `fewest` short ones."""
    tokens, lines = Counter[str](), Counter[str]()
    for piece in cut_at(_WHOLE_SIGNS, in_pieces(text)):
        tokens.update(_TOKEN.findall(piece))
        lines.update(line for line in piece.split("\n") if _MARKER.fullmatch(line.rstrip()))
    for token, count in tokens.most_common(1):
        if count >= _FEWEST_MARKERS:
            return line if _holds(text, line := f"\n{token}\n") else token
    for marker, count in lines.most_common(1):
        if count >= fewest - 1 and len(text) <= _LONGEST_DOCUMENT * count:
            return f"\n{marker.rstrip()}\n"
    return ""


def _holds(text: Text, word: str) -> bool:
    places = range(0, len(text), PIECE)
    return any(word in text[begin : begin + PIECE + len(word)] for begin in places)


def _of_prose(lines: _Lines, sentences: Sequence[str]) -> Choice | None:
    """Sentences, where the line breaks of running prose mean nothing."""
    if not _is_cut_by(sentences):
        return None
    closed = sum(map(ends_a_sentence, lines.full)) / len(lines.full)
    per_line = len(sentences) / len(lines.full)
    median = sorted(map(len, lines.full))[len(lines.full) // 2]
    if per_line >= _SENTENCES and (closed >= _CLOSED or median >= _LONG_LINE):
        return Choice("sentence", "", f"sentences, {per_line:.1f} to a line")
    if _is_wrapped(lines) and closed < _CLOSED:
        return Choice("sentence", "", "its lines are full, and sentences run on over them")
    if closed >= _CLOSED and _blank(lines) >= _APART:
        return Choice("sentence", "", f"{_percent(closed)} of its paragraphs end as sentences do")
    return None


def _of_belonging_lines(lines: _Lines) -> Choice | None:
    """One stream, where a line says little without its neighbours."""
    count = len(lines.full)
    longest = max(map(len, lines.full))
    equal = sum(len(line) == longest and " " not in line for line in lines.full) / count
    if equal >= _EQUAL and longest >= _BROKEN:
        return Choice("continuous", "", f"its lines are cut at {counted(longest, 'character')}")
    if _is_wrapped(lines):
        return Choice("continuous", "", "its lines are full, and no sentences end")
    indented = sum(line[0].isspace() for line in lines.full) / count
    if indented >= _INDENTED:
        return Choice("continuous", "", f"{_percent(indented)} of its lines are indented")
    if _blank(lines) >= _BLANK and _share_of_blocks(lines) >= _BLOCKS:
        return Choice("continuous", "", "empty lines part it into blocks of several lines")
    if sign := _heading_sign(lines.full):
        return Choice("continuous", "", f"lines with {sign!r} head what follows them")
    return None


def _of_list(lines: _Lines) -> Choice:
    mean = sum(map(len, lines.full)) / len(lines.full)
    if mean > _LONGEST:
        return Choice("continuous", "", f"its lines are long, {mean:,.0f} in the mean")
    repeated = len(lines.full) - len(set(lines.full))
    often = f", {_percent(repeated / len(lines.full))} of them repeated" if repeated else ""
    return Choice(
        "line", "", f"its lines stand each for itself, {mean:.0f} long in the mean{often}"
    )


def _is_cut_by(sentences: Sequence[str]) -> bool:
    """Whether sentences are many and short enough to be examples, and end behind words."""
    few_long = sum(map(len, sentences)) <= _LONGEST / 2 * len(sentences)
    numbered = sum(_NUMBERED.search(sentence) is not None for sentence in sentences)
    return len(sentences) >= 3 and few_long and numbered <= len(sentences) / 3


def _is_wrapped(lines: _Lines) -> bool:
    """Whether the line breaks inside blocks come where the next word did not fit.

    So they seem to, without meaning it, in a list of entries of one length or one beginning.
    """
    longest = sorted(map(len, lines.every))[len(lines.every) * 95 // 100]
    pairs = [(a, b) for a, b in pairwise(lines.every) if a.strip() and b.strip()]
    full = sum(len(a) + 1 + len(b.split(None, 1)[0]) > longest - _RAGGED for a, b in pairs)
    equal = sum(len(a) >= longest - _RAGGED for a, _ in pairs)
    _, alike = Counter(line[:4] for line in lines.full).most_common(1)[0]
    return (
        longest >= _SHORTEST_WRAP
        and full >= max(1, _FULL * len(pairs))
        and equal < _ONE_LENGTH * len(pairs)
        and alike < _DIFFERENT * len(lines.full)
    )


def _heading_sign(lines: Sequence[str]) -> str:
    """The sign of lines that head others, never two of them together; "" if there is none."""
    sign = lines[0][0]
    headed = [line.startswith(sign) for line in lines]
    under = [line for line, heads in zip(lines, headed, strict=True) if not heads]
    together = any(a and b for a, b in pairwise(headed)) or headed[-1]
    bare = sum(" " in line.strip() for line in under) <= _BARE * len(under)
    return sign if sign in _HEADS and under and bare and not together else ""


def _share_of_blocks(lines: _Lines) -> float:
    """Of the blocks between empty lines, how many have several lines."""
    blocks = [block for block in _EMPTY.split("\n".join(lines.every)) if block.strip()]
    return sum("\n" in block.strip() for block in blocks) / len(blocks)


def _common(lines: Sequence[str]) -> str:
    """What all lines begin with."""
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*lines, strict=False))
    return "".join(column[0] for column in columns)[:_LONGEST_START]


def _blank(lines: _Lines) -> float:
    """How many of the lines are blank."""
    return (len(lines.every) - len(lines.full)) / len(lines.every)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
