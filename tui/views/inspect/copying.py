"""What is copied of a text: as it was given, for what the model reads of it is another."""

from __future__ import annotations

from .snapshots import Scored


def copied_part(text: str, scored: Scored, first: int, last: int) -> tuple[str, bool]:
    """The part of a text that was read as characters[first:last], and whether it is as given.

    What the model reads may have another case, and white space is missing: what stood between
    sentences, lines or documents. Where more differs (characters it does not know) it is what was
    read, with a newline for an end between. The end that a part ends with is no character.
    """
    last -= last - 1 in scored.ends and first < last
    read = scored.characters
    chosen = read[first:last]
    if text.startswith(read[:last]):
        return chosen, True
    inked = "".join(read[:last].split())
    before, after = len("".join(read[:first].split())), len(inked)
    places = [place for place, character in enumerate(text) if not character.isspace()]
    given = "".join(text.split())[:after]
    if len(given) < after or given.lower() != inked.lower():
        return chosen, False
    body = chosen.strip()
    if not body:
        return chosen, True
    begin, end = chosen.index(body), chosen.index(body) + len(body)
    return chosen[:begin] + text[places[before] : places[after - 1] + 1] + chosen[end:], True
