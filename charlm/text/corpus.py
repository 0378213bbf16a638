"""From files to examples: read, repair, cut into units, drop duplicates, divide, and say so.

    bytes (`files`) > text (`reading`) > column of a table (`source`) > unit (`layout`)
          > units (`cutting`) > parts (`parts`) > ids and offsets (`prepared`)

A prompt goes through the same `cutting`, so that the model never meets a text prepared otherwise
than it learned.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from mmap import mmap
from typing import Any, TypeVar

from charlm.text.config import TextConfig
from charlm.text.corpus_report import CorpusReport
from charlm.text.long_text import Room
from charlm.text.parts import Split
from charlm.text.preparation import Preparation
from charlm.text.prepared import Part, Prepared, Unusable, read_prepared
from charlm.text.preparing import prepare
from charlm.text.reading import Files
from charlm.text.source import Source, read_source, read_validation

T = TypeVar("T")


@dataclass(frozen=True)
class Corpus:
    """A prepared text in its three parts.

    characters: all that occur, in code order. config: how prompts are prepared; its start id is
    still open. preparation: with all that was looked for.
    """

    characters: Sequence[str]
    train: Part
    validation: Part
    test: Part
    report: CorpusReport
    config: TextConfig
    preparation: Preparation


def load_corpus(
    paths: str | Sequence[str], preparation: Preparation, validation: str | None = None
) -> Corpus:
    """Read, prepare and divide a text, in memory. `validation`: path of a part of its own.

    Raises CorpusError, InputError.
    """
    files = Files([paths] if isinstance(paths, str) else paths, preparation)
    other = None if validation is None else Files([validation], preparation, "validation")
    with Room() as room:
        prepared = prepare_files(files, other, preparation, room)
        return in_memory(prepared, files.name, [*files.notices, *(other.notices if other else [])])


def make_corpus(source: Source, preparation: Preparation, validation: str | None = None) -> Corpus:
    """The same of a text that is read and decoded already."""
    notices = []
    with Room() as room:
        if validation is not None:
            other = Files([validation], preparation, "validation")
            read_validation(source, other, preparation, room)
            notices = other.notices
        return in_memory(prepare(source, preparation, room), source.name, notices)


def prepare_files(
    files: Files, validation: Files | None, preparation: Preparation, room: Room
) -> Prepared:
    """Make a text ready to be written, while the room is there. Raises CorpusError, InputError."""
    source, preparation = read_source(files, preparation, room)
    if validation is not None:
        read_validation(source, validation, preparation, room)
    return prepare(source, preparation, room)


def in_memory(prepared: Prepared, name: str, notices: Sequence[str]) -> Corpus:
    """A corpus that needs no file."""
    data = io.BytesIO()
    for _ in prepared.write(data):
        pass
    return opened(data.getbuffer(), name, notices)


def opened(data: mmap | memoryview, name: str, notices: Sequence[str]) -> Corpus:
    """A corpus as it was written. `notices`: of its reading, now. Raises Unusable."""
    try:
        content, parts = read_prepared(data)
        report = CorpusReport.of(content["report"])
        report.name, report.notices = name, [*notices, *report.notices]
        settled = content["preparation"]
        settled |= {"split": Split(*settled["split"]), "suffixes": tuple(settled["suffixes"])}
        return Corpus(
            [chr(point) for point in content["characters"]],
            **parts,
            report=report,
            config=_filled(TextConfig, content["config"]),
            preparation=_filled(Preparation, settled),
        )
    except Unusable:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unusable(f"its header lies: {error}") from None


def _filled(kind: Callable[..., T], values: Mapping[str, Any]) -> T:
    """A dataclass of values, which are all that it has. Raises KeyError, TypeError."""
    return kind(**{**{field.name: values[field.name] for field in fields(kind)}, **values})  # type: ignore[arg-type]
