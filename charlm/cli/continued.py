"""Going on with a file of records: what is in it, against what the command would write.

A record begins with all that names its text: model, strategy, options, limits, seed, dice, sample,
prompt. So what a command would write is known up to there before anything is decoded. Whole
records must begin so, one after the other, and be as charlm writes them; then the file, gone on
with, has the bytes of one that was never broken off.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from charlm.cli.out_file import OutFile
from charlm.errors import InputError
from charlm.wording import shortened

_FOUND = ["text", "log_prob", "score", "length", "end"]
_LONGEST = 60  # characters of a value in a message
_UNCHANGED = "nothing was changed; take another --out"


@dataclass(frozen=True)
class NamedTexts:
    """What names each text that a command writes: place `i` of prompt `p` in the order of output.

    common: what all records say; called: of each prompt, its id, if any, its dice and its first
    sample; prompts: as fed. beam: whether places are ranks of one search. details: how many rivals.
    """

    common: dict[str, Any]
    called: Sequence[dict[str, Any]]
    prompts: Sequence[str]
    n: int
    beam: bool
    details: int | None

    def of(self, prompt: int, place: int) -> dict[str, Any]:
        """The beginning of a record."""
        called = dict(self.called[prompt])
        first = called.pop("sample")
        which = {"sample": first, "rank": place} if self.beam else {"sample": first + place}
        id_ = {"id": called.pop("id")} if "id" in called else {}
        return id_ | self.common | called | which | {"prompt": self.prompts[prompt]}

    def beginning(self, prompt: int, place: int) -> bytes:
        """The same as the bytes that a line begins with; nothing behind the last text."""
        if prompt == len(self.prompts):
            return b""
        return json.dumps(self.of(prompt, place)).encode()[:-1]


@dataclass(frozen=True)
class Written:
    """How far a file has come: texts of prompt `prompt` before `place` are in its first bytes.

    whole: bytes of the texts of all prompts before. overflow: the first text that overflowed, as
    prompt, place and length.
    """

    prompt: int = 0
    place: int = 0
    size: int = 0
    whole: int = 0
    overflow: tuple[int, int, int] | None = None

    def next(self, beam: bool) -> list[tuple[int, int]]:
        """Prompt and place of the text that follows, either of two where a search may end early."""
        places = [(self.prompt, self.place)]
        return [*places, (self.prompt + 1, 0)] if beam and self.place else places

    def after(self, line: bytes, prompt: int, place: int, n: int) -> Written:
        """With one text more, that of a place."""
        size = self.size + len(line)
        before = self.size if prompt > self.prompt else self.whole
        if place + 1 == n:
            return replace(self, prompt=prompt + 1, place=0, size=size, whole=size)
        return replace(self, prompt=prompt, place=place + 1, size=size, whole=before)


def look_through(out: OutFile, named: NamedTexts) -> Written:
    """How far the file has come. Raises InputError where it is not of this command."""
    written = Written()

    def may_begin(line: bytes) -> bool:
        return any(_may_begin(line, named.beginning(*place)) for place in written.next(named.beam))

    for number, line in enumerate(out.lines(may_begin), start=1):
        where = f"{out.path}, line {number:,}"
        places = written.next(named.beam)
        if not line.endswith(b"\n"):
            line = line.rstrip(b"\0")  # as a disk leaves it that lost its power
            if line and not may_begin(line):
                raise InputError(
                    f"{where}: it is not the beginning of a record of this command: {_UNCHANGED}"
                )
            break
        record = _read(line, where)
        for prompt, place in places:
            if prompt < len(named.prompts) and line.startswith(named.beginning(prompt, place)):
                break
        else:
            raise InputError(f"{where}: {_difference(record, named, *places[0])}")
        if not _ends_well(record, named.of(prompt, place), named.details):
            raise InputError(
                f"{where}: its details or its end are not of this command: {_UNCHANGED}"
            )
        if record["end"] == "overflow" and written.overflow is None:
            written = replace(written, overflow=(prompt, place, record["length"]))
        written = written.after(line, prompt, place, named.n)
    return written


def _read(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
        if isinstance(record, dict) and json.dumps(record).encode() == line[:-1]:
            return record
    except (ValueError, RecursionError):
        pass
    raise InputError(f"{where}: not a record as charlm writes it: nothing was changed")


def _ends_well(record: dict[str, Any], beginning: dict[str, Any], details: int | None) -> bool:
    """Whether a record that begins as it should ends as one of this command does."""
    keys = [*beginning, *_FOUND, *(["details"] if details is not None else [])]
    told = record.get("details", {"n": details})
    same = isinstance(told, dict) and told.get("n") == details
    ended = isinstance(record.get("length"), int) and record.get("end") not in ("", "time")
    return list(record) == keys and same and ended


def _difference(record: dict[str, Any], named: NamedTexts, prompt: int, place: int) -> str:
    """What of a record is not as this command would have it, in a few words."""
    if prompt == len(named.prompts):
        return f"this command writes fewer texts: {_UNCHANGED}"
    ours = json.loads(named.beginning(prompt, place) + b"}")
    if said := _first_difference(record, ours):
        return f"its {said}: {_UNCHANGED}"
    return f"it is not what this command writes there: {_UNCHANGED}"


def _first_difference(theirs: dict[str, Any], ours: dict[str, Any], within: str = "") -> str:
    """Which value is another, and what it is: options.top_k is 0, this command's 3."""
    for key, value in ours.items():
        other = theirs.get(key)
        if other == value:
            continue
        if isinstance(other, dict) and isinstance(value, dict):
            if said := _first_difference(other, value, f"{within}{key}."):
                return said
            continue  # there is more in theirs
        return f"{within}{key} is {_short(other)}, this command's {_short(value)}"
    return ""


def _short(value: object) -> str:
    return shortened(json.dumps(value), _LONGEST, _LONGEST - 1)


def _may_begin(line: bytes, beginning: bytes) -> bool:
    """Whether a line, or as much of it as there is, may be of a record that begins so."""
    return bool(beginning) and (beginning.startswith(line) or line.startswith(beginning))
