"""Where sentences end: the rule of the `sentence` unit, for texts of every script.

"?" and "!" end a sentence, and so do the full stops and question marks of other scripts. "."
(and "…") ends one only before a space and a capital, a letter of a script without case or a
quote, or at the end of the text; and a lone "." never after a single capital ("U.S.", "J.
Smith") or one of `ABBREVIATIONS`, English or French. A run of marks ("?!", "...") is one mark.
The mark and the closing quotes and brackets behind it stay with the sentence.

That is rule 2. Rule 1 knows Latin marks and capitals alone; what was trained with it keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from charlm.text.pieces import WORDS, Text, cut_at, gathered, in_pieces

_LISTED = (
    # English
    "Mr Mrs Ms Messrs Dr Drs Prof Sr Jr St Gen Col Capt Cpt Cmdr Lt Sgt Maj Adm Sen Rep Reps"
    " Gov Hon Rev Pres Mt Ft Ave Blvd Rd Dept Vol Fig Figs Sec Ed Eds vs viz approx"
    " e.g i.e cf Cf al Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
    # French
    " MM Mme Mmes Mlle Mlles Mgr Pr Ste Sts Stes Cie av bd chap éd env fig hab ibid id op"
    " vol pp p.ex c.-à-d"
)
#: Compared with their case: "art." and "no." end sentences far more often than they shorten.
ABBREVIATIONS = frozenset(_LISTED.split())
_LAST_TWO = frozenset(word[-2:] for word in ABBREVIATIONS)

# Unicode's sentence terminals (the property STerm), but for those of Latin text.
_TERMINALS = (
    "\u0589\u061d-\u061f\u06d4\u0700-\u0702\u07f9\u0837\u0839\u083d\u083e\u0964\u0965"
    "\u104a\u104b\u1362\u1367\u1368\u166e\u1735\u1736\u17d4\u17d5\u1803\u1809\u1944\u1945"
    "\u1aa8-\u1aab\u1b5a\u1b5b\u1b5e\u1b5f\u1c3b\u1c3c\u1c7e\u1c7f\u203c\u203d\u2047-\u2049"
    "\u2e2e\u2e3c\u3002\ua4ff\ua60e\ua60f\ua6f3\ua6f7\ua876\ua877\ua8ce\ua8cf\ua92f\ua9c8"
    "\ua9c9\uaa5d-\uaa5f\uaaf0\uaaf1\uabeb\ufe52\ufe56\ufe57\uff01\uff0e\uff1f\uff61"
)
_CLOSING = """)\\]}"'”’»›"""
_WIDE_CLOSING = "」』）】》〉］｝"
_MARKS = {
    1: re.compile(rf"[.?!…]+(?:[{_CLOSING}]|\ [»›])*"),
    2: re.compile(rf"[.?!…{_TERMINALS}]+(?:[{_CLOSING}{_WIDE_CLOSING}]|\ [»›])*"),
}
_LAST_MARK = re.compile(rf"[.?!…{_TERMINALS}][{_CLOSING}{_WIDE_CLOSING}]*\s*\Z")
_CLOSERS = frozenset(""" )]}"'”’»›""" + _WIDE_CLOSING)
_OPENING_QUOTES = {1: "\"'«‹“‘„", 2: "\"'«‹“‘„「『（《"}
# Where the rules may differ: marks of other scripts, a stop before what may have no case.
_DIFFERENT = re.compile(
    rf"[{_TERMINALS}{_WIDE_CLOSING}]|[.…][{_CLOSING}]*\s+([^\W\d_a-zA-Z]|[「『（《])"
)
_LAST_WORD = re.compile(r"[^\W\d_][^\W_]*(?:[.-]{1,2}[^\W\d_]+)*\Z")
_LONGEST_ABBREVIATION = 16  # characters looked at before a full stop
_BEHIND = 2  # characters that are looked at behind marks


def split_sentences(text: str) -> Iterator[str]:
    """The sentences of `text`, whose runs of white space become one space each."""
    return sentences_of([text])


def sentences_of(pieces: Iterable[str], rule: int = 2) -> Iterator[str]:
    """The same of a text in pieces."""
    text, start, looked_at = "", 0, 0  # the sentence begins at `start`, its end is behind the other

    def waiting() -> int:
        return len(text) - start

    for piece in gathered(_spaced(pieces), waiting):
        kept = max(0, start - _LONGEST_ABBREVIATION)
        text, start, looked_at = text[kept:] + piece, start - kept, looked_at - kept
        for match in _MARKS[rule].finditer(text, looked_at):
            looked_at = match.start()
            if match.end() + _BEHIND > len(text):  # what follows tells, and is not known yet
                break
            looked_at = match.end()
            if _ends(text, match, rule):
                yield text[start : match.end()]
                start = match.end() + text.startswith(" ", match.end())
        else:
            looked_at = len(text)
    for match in _MARKS[rule].finditer(text, looked_at):
        if _ends(text, match, rule):
            yield text[start : match.end()]
            start = match.end() + text.startswith(" ", match.end())
    if start < len(text):
        yield text[start:]


def _spaced(pieces: Iterable[str]) -> Iterator[str]:
    """A text whose runs of white space are one space each, without any at its ends."""
    before, apart = False, False  # whether there was a word, and white space behind it
    for piece in pieces:
        if words := " ".join(piece.split()):
            yield f" {words}" if before and (apart or piece[0].isspace()) else words
            before, apart = True, piece[-1].isspace()
        else:
            apart = apart or bool(piece)


def ends_a_sentence(line: str) -> bool:
    """Whether a line ends with a mark that can end a sentence."""
    return _LAST_MARK.search(line) is not None


def rule_for(text: Text) -> int:
    """1 where both rules cut a text alike, so that its model is as it always was; else 2."""
    pieces = cut_at(WORDS, in_pieces(text))  # what is looked for does not reach over such a place
    found = (match.group(1) for piece in pieces for match in _DIFFERENT.finditer(piece))
    return 2 if any(c is None or (_may_begin(c, 2) and not c.isupper()) for c in found) else 1


def _ends(text: str, match: re.Match[str], rule: int) -> bool:
    """Whether the marks found end a sentence."""
    mark = match.group()
    if mark != "." and not all(c in ".…" or c in _CLOSERS for c in mark):
        return True
    follows = text[match.end() : match.end() + 2]
    if follows and not (follows[0] == " " and follows[1:] and _may_begin(follows[1:], rule)):
        return False
    lone = mark.startswith(".") and mark[1:2] not in (".", "…")
    return not (follows and lone and _shortened(text, match.start()))


def _may_begin(character: str, rule: int) -> bool:
    """Whether a sentence may begin with a character behind a full stop and a space."""
    if character.isupper() or character in _OPENING_QUOTES[rule]:
        return True
    return rule == 2 and character.isalpha() and not _has_capital(character)


def _has_capital(letter: str) -> bool:
    """Whether sentences of its script begin with a capital. Georgian has some, and they do not."""
    return (letter.islower() or letter.istitle()) and not "\u10d0" <= letter <= "\u10ff"


def _shortened(text: str, stop: int) -> bool:
    """Whether the full stop at `stop` belongs to a single capital or an abbreviation."""
    if text[stop - 1 : stop].isupper() and not text[max(stop - 2, 0) : stop - 1].isalnum():
        return True
    if text[max(stop - 2, 0) : stop] not in _LAST_TWO:  # as most words: without a longer look
        return False
    word = _LAST_WORD.search(text[max(stop - _LONGEST_ABBREVIATION, 0) : stop])
    return word is not None and word.group() in ABBREVIATIONS
