"""Where sentences end: the rule of the `sentence` unit, for English and French.

"?" and "!" end a sentence. "." (and "…") ends one only before a space and a capital or a
quote, or at the end of the text; and a lone "." never after a single capital ("U.S.", "J.
Smith") or one of `ABBREVIATIONS`. A run of marks ("?!", "...") is one mark. The mark and the
closing quotes and brackets behind it stay with the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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

_MARKS = re.compile(r"""[.?!…]+(?:[)\]}"'”’»›]|\ [»›])*""")
_OPENING_QUOTES = "\"'«‹“‘„"
_LAST_WORD = re.compile(r"[^\W\d_][^\W_]*(?:[.-]{1,2}[^\W\d_]+)*\Z")
_LONGEST_ABBREVIATION = 16  # characters looked at before a full stop


def split_sentences(text: str) -> Iterator[str]:
    """The sentences of `text`, whose runs of white space become one space each."""
    text = re.sub(r"\s+", " ", text).strip(" ")
    start = 0
    for match in _MARKS.finditer(text):
        if _ends(text, match):
            yield text[start : match.end()]
            start = match.end() + 1 if text.startswith(" ", match.end()) else match.end()
    if start < len(text):
        yield text[start:]


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether the marks found end a sentence."""
    mark = match.group()
    if "?" in mark or "!" in mark:
        return True
    follows = text[match.end() : match.end() + 2]
    if follows and not (
        follows[0] == " " and (follows[1:].isupper() or follows[1:] in _OPENING_QUOTES)
    ):
        return False
    lone = mark.startswith(".") and mark[1:2] not in (".", "…")
    return not (follows and lone and _shortened(text, match.start()))


def _shortened(text: str, stop: int) -> bool:
    """Whether the full stop at `stop` belongs to a single capital or an abbreviation."""
    if text[stop - 1 : stop].isupper() and not text[max(stop - 2, 0) : stop - 1].isalnum():
        return True
    word = _LAST_WORD.search(text[max(stop - _LONGEST_ABBREVIATION, 0) : stop])
    return word is not None and word.group() in ABBREVIATIONS
