"""Chats as programs export them: lines with a time stamp, who says it, and the words.

    [12.03.24, 18:22:05] Anna: words      12/03/24, 6:22 PM - Anna: words      WhatsApp, Signal
    [18:22] <anna> words                  18:22 < anna> words                  IRC
    2024-03-12 18:22:05 TAB anna TAB words                                     WeeChat
    [12-Mar-24 06:22 PM] anna             Anna, [12.03.2024 18:22]             Discord, Telegram
    words on lines of their own           words on lines of their own

A line of the same shape as the others begins a message, other lines go on with it. A line with a
stamp and nobody's name is the program's own. Patterns look at the beginning of a line alone, and
every repetition in them is bounded, so no line takes them long.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from charlm.text.config import MESSAGES
from charlm.text.pieces import LINES, Text, cut_at, looked_at
from charlm.wording import counted

_FEWEST = 5  # messages
_STAMPED = 0.3  # of the lines, that begin with a stamp; half as many where names have a line
_SAID = 0.2  # of the stamped lines, that name who says it
_RECUR = 0.5  # of the messages: different names, at most
_LEVELS = {"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"}
_LOG = 0.2  # of the messages, with such a level near their beginning: it is a program's log
_NEAR, _NAMED = 40, 3  # characters and words there
_LONGEST_HEAD = 160  # characters of a line with nothing but a name and a stamp

# Marks of direction, and the spaces that stand between a time and "PM".
_MARKS = "[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]{0,3}"
_SPACE = "[ \xa0\u202f]"
_GAP = _SPACE + "{0,2}"
_DATE = (
    r"(?:\d{1,4}(?:[./-]|\. |년 ?|年)\d{1,2}(?:[./-]|\. |월 ?|月)\d{1,4}[.일日]?"
    r"|\d{1,2}[ -][^\W\d_]{3,9}\.?[ -]\d{2,4}|[^\W\d_]{3,9}\.? \d{1,2}, \d{4})"
)
# A word such as "at", "um", "klo", "오후" or ISO's T may stand between; a time alone has colons.
_DATED = (
    rf"{_DATE}[,،]?{_GAP}(?:[^\W\d_]{{1,4}}\.?[,،]?{_GAP})?\d{{1,2}}[:.]\d\d"
    r"(?:[:.]\d\d(?:[.,]\d{1,6})?)?"
)
_UNDATED = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,6})?)?"
_HALF = rf"(?:{_GAP}(?:[ap]\.?{_GAP}m\b\.?|[صم]\b|ч\.|Uhr\b))?"
_ZONE = rf"(?:{_GAP}(?:Z\b|UTC|[+-]\d\d:?\d\d))?"
_STAMP = re.compile(
    rf"{_MARKS}(?P<open>[\[(])?{_MARKS}(?:(?P<date>{_DATED})|{_UNDATED}){_HALF}{_ZONE}{_MARKS}"
    rf"(?(open)[\])]:?{_GAP}|(?:(?P<dash>{_SPACE}{{1,2}}[-–—|]{_SPACE}{{1,2}})|[,:]?(?:\t|{_SPACE})))"
    rf"{_MARKS}",
    re.IGNORECASE,
)
_TIME = rf"(?:{_DATED}|{_UNDATED}){_HALF}{_ZONE}"
_HEAD = re.compile(
    rf"{_MARKS}(?:> )?(?P<who>[^\s\[\]][^\[\]\n]{{0,59}}?)(?: \[\w{{1,20}}\])?(?P<comma>,)?{_GAP}"
    rf"(?:\[{_TIME}\]|@ ?{_TIME}|(?P<dash>[—–]) ?(?:[^\W\d_]{{2,12}} [^\W\d_]{{1,4}} )?{_TIME})"
    rf":?{_GAP}\Z",
    re.IGNORECASE,
)
# Who says it, behind a stamp or before it; what is plainer comes first.
_ANGLE, _TAB, _COLON, _NAME, _BEFORE, _WORD = _WAYS = ("<>", "tab", ":", "line", "before", "word")
_WHO = {
    _ANGLE: re.compile(r"<[^<>\n\t]{1,40}>(?!\S)"),
    _TAB: re.compile(r"[^\t\n]{1,40}\t"),
    _COLON: re.compile(r"[^:\s<*][^:\n]{0,39}:(?!\S)"),
    _NAME: re.compile(r"[^\s:<*][^:\n]{0,59}\Z"),
    _WORD: re.compile(r"[A-Za-z_\[\]\\^{}|`][\w\[\]\\^{}|`-]{0,29} "),
}
_ACTION = re.compile(r"\*[ \t]")
_PROGRAM = re.compile(r"(?:-{1,3}|-->|<--|<->|=!=)\t")  # in the place of a name
# What WhatsApp writes in the place of a picture: behind a mark, or all of it in angle brackets.
_PLACEHOLDER = re.compile(r"\u200e|<[^<>\n]{3,60}>\s{0,2}\Z")
_EDITED = re.compile(r"\s{0,2}\u200e<[^<>\n]{3,60}>\Z")
_WHATSAPP = "WhatsApp"

_JSON = (  # program, first sign, keys, what makes its messages lines of JSON
    ("Telegram", "{", ("messages", "date_unixtime"),
     '.messages[] | select(.text | strings) | {text: "\\(.from): \\(.text)"}'),
    ("Discord", "{", ("guild", "channel", "messages"),
     '.messages[] | {text: "\\(.author.name): \\(.content)"}'),
    ("Slack", "[", ("type", "user", "ts", "text"), '.[] | {text: "\\(.user): \\(.text)"}'),
)  # fmt: skip
_LOOKED_AT = 65_536  # characters of JSON


class _Shape(NamedTuple):
    """What the lines of a chat have in common: how a stamp stands there, and who says it."""

    sign: str
    dated: bool
    dash: bool
    way: str


class _Begun(NamedTuple):
    """A message as its first line has it: who says it, words, characters of the stamp."""

    who: str
    words: str
    stamp: int


class Chat:
    """A chat whose lines have one shape.

    program: whose export it is like, "" where that is not plain. share: of the characters looked
    at, those of time stamps. found, left_out: messages that were given; those that were not.
    """

    def __init__(self, shape: _Shape, share: float) -> None:
        self._shape = shape
        self.program, self.share = _program(shape), share
        self.found = self.left_out = 0

    @property
    def kind(self) -> str:
        """What it is, in words."""
        return f"a chat as {self.program} exports it" if self.program else "a chat"

    def messages(self, pieces: Iterable[str]) -> Iterator[str]:
        """The messages of a text in pieces, with who says them and without stamps.

        What the program says itself is left out: that somebody came, that there was a picture.
        """
        who, lines = "", list[str]()
        for line in _lines(pieces):
            begun = _begun(line, self._shape)
            if begun is None:
                lines.append(line)
                continue
            yield from self._whole(who, lines)
            who, lines = begun.who, [begun.words] if begun.words else []
        yield from self._whole(who, lines)

    def _whole(self, who: str, lines: list[str]) -> Iterator[str]:
        """A message, unless it is the program's."""
        words = "\n".join(lines).strip("\n").rstrip()
        if self.program == _WHATSAPP:
            words = _EDITED.sub("", words)
        if who and words and not (self.program == _WHATSAPP and _PLACEHOLDER.match(words.lstrip())):
            self.found += 1
            yield who + words
        else:
            self.left_out += bool(who or words)


def chat_in(text: Text, *, asked: bool = False) -> Chat | None:
    """The chat that a text is, by looking at pieces of it; None for what is none.

    asked: it is said to be one, and may be short.
    """
    fewest = 1 if asked else _FEWEST
    lines = [line for line in looked_at(text).split("\n") if line.strip()]
    shapes = Counter(shape for line in lines for shape in _shapes_of(line))
    found = sorted(shapes, key=lambda shape: (_WAYS.index(shape.way), -shapes[shape]))
    chats = (_chat(shape, lines, fewest) for shape in found if shapes[shape] >= fewest)
    return next(filter(None, chats), None)


def told(chats: Sequence[Chat]) -> str:
    """What became of chats whose messages were taken, in words."""
    kinds = " and ".join(dict.fromkeys(chat.kind for chat in chats))
    share = sum(chat.share for chat in chats) / len(chats)
    found, own = sum(chat.found for chat in chats), sum(chat.left_out for chat in chats)
    stamps = f"time stamps ({100 * share:.0f} % of the characters)"
    more = f", {counted(own, 'message')} of the program's own" if own else ""
    return f"{kinds}: {counted(found, 'message')}; left out: {stamps}{more}"


def notice_of(text: Text) -> str:
    """What to say of a text that is taken as it stands; "" of one that is no chat."""
    if chat := chat_in(text):
        return (
            f"the text is {chat.kind}, and {100 * chat.share:.0f} % of its characters are time"
            f" stamps: --chat {MESSAGES} leaves them out, and makes each message an example"
        )
    return _json_of_chat(text)


def _json_of_chat(text: Text) -> str:
    """What to do with a chat that was exported as JSON; "" for anything else."""
    head = text[:_LOOKED_AT].lstrip("\ufeff \t\r\n")
    for program, start, keys, made in _JSON:
        if head.startswith(start) and all(f'"{key}":' in head for key in keys):
            return (
                f"a chat of {program} in JSON: as JSON lines, by jq -c '{made}' FILE > chat.jsonl,"
                " its messages are texts for --column text"
            )
    return ""


def _chat(shape: _Shape, lines: list[str], least: int) -> Chat | None:
    """A chat of this shape, if enough of these lines have it, at least so many, and names recur."""
    begun = [each for line in lines if (each := _begun(line, shape))]
    names = Counter(each.who for each in begun if each.who)
    said = names.total()
    fewest, most = _STAMPED, 1.0
    if shape.way in (_NAME, _BEFORE):  # then there are lines of words
        fewest, most = _STAMPED / 2, 0.6
    if not fewest * len(lines) <= len(begun) <= most * len(lines):
        return None
    if said < max(least, _SAID * len(begun)):
        return None
    logged = sum(_is_logged(each, shape) for each in begun)
    recur = _RECUR if said >= _FEWEST else 1.0
    if len(names) > recur * said or logged > _LOG * said:
        return None
    stamps = sum(each.stamp for each in begun)
    return Chat(shape, stamps / sum(len(line) + 1 for line in lines))


def _is_logged(begun: _Begun, shape: _Shape) -> bool:
    """Whether a log's level stands near where a name should, or what is hardly a name."""
    first = re.findall(r"\w+", begun.who + begun.words[:_NEAR])[:_NAMED]
    return not _LEVELS.isdisjoint(first) or (shape.way == _WORD and begun.who[:-1].isupper())


def _program(shape: _Shape) -> str:
    if shape.way == _COLON:
        return _WHATSAPP if shape.dated and (shape.sign or shape.dash) else ""
    if shape.way == _BEFORE:
        return {",": "Telegram", "": "Slack"}.get(shape.sign, "Discord")
    return {_ANGLE: "IRC", _TAB: "WeeChat", _NAME: "Discord", _WORD: "IRC"}[shape.way]


def _shapes_of(line: str) -> Iterator[_Shape]:
    """The shapes that a line may have."""
    if stamp := _STAMP.match(line):
        rest = line[stamp.end() :]
        for way, pattern in _WHO.items():
            if pattern.match(rest) and _may_be(stamp, way):
                yield _stamped(stamp, way)
    elif head := _head(line):
        yield _headed(head)


def _may_be(stamp: re.Match[str], way: str) -> bool:
    """Whether a stamp is enough of one for names that nothing else shows to be such."""
    if way == _NAME:
        return bool(stamp["date"] and stamp["open"])
    return way != _WORD or bool(stamp["date"] and not stamp["open"] and not stamp["dash"])


def _head(line: str) -> re.Match[str] | None:
    return _HEAD.match(line) if len(line) <= _LONGEST_HEAD else None


def _stamped(stamp: re.Match[str], way: str) -> _Shape:
    return _Shape(stamp["open"] or "", bool(stamp["date"]), bool(stamp["dash"]), way)


def _headed(head: re.Match[str]) -> _Shape:
    return _Shape(head["comma"] or head["dash"] or "", False, False, _BEFORE)


def _begun(line: str, shape: _Shape) -> _Begun | None:
    """The message that a line begins, by nobody where it is the program's; None: it goes on."""
    if shape.way == _BEFORE:
        head = _head(line)
        if head is None or _headed(head) != shape:
            return None
        return _Begun(f"{head['who']}: ", "", len(line) - len(head["who"]))
    stamp = _STAMP.match(line)
    if stamp is None or _stamped(stamp, shape.way) != shape:
        return None
    rest = line[stamp.end() :]
    who = _WHO[shape.way].match(rest)
    if who is None and shape.way in (_ANGLE, _TAB):
        who = _ACTION.match(rest)
    if who is None or (shape.way == _TAB and _PROGRAM.match(rest)):
        return _Begun("", rest, stamp.end())
    if shape.way == _NAME:
        return _Begun(f"{rest.rstrip()}: ", "", stamp.end())
    return _Begun(who.group(), rest[who.end() :], stamp.end())


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    """The lines of a text in pieces, without what ends them."""
    for piece in cut_at(LINES, pieces):
        yield from piece.removesuffix("\n").split("\n")
