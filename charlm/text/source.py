"""A text as it is read, before anything is done to it: files, or one column of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from charlm.errors import CorpusError
from charlm.text.columns import SUFFIXES, cells_of, text_column
from charlm.text.files import Reading, joined, read_texts
from charlm.text.layout import PARAGRAPH
from charlm.text.preparation import AUTO, Preparation

_APART = "\n\x1e\n"  # between cells that hold empty lines: ASCII's record separator


class Source(NamedTuple):
    """A text as it was read: its name, its size in bytes, what to say of it.

    cells: of a table's column, each cut by itself; else none. validation: a validation part that
    is a text of its own, as a text or as cells. why: what was seen where a table was looked for.
    """

    text: str
    name: str
    size: int
    notices: Sequence[str] = ()
    cells: Sequence[str] | None = None
    validation: Sequence[str] | None = None
    why: str = ""


def read_source(paths: Sequence[str], preparation: Preparation) -> tuple[Source, Preparation]:
    """The text of files, and how it is prepared now that it is known whether it is a table.

    Raises CorpusError.
    """
    read = _read(paths, preparation)
    said, texts = preparation.column, [text.removeprefix("\ufeff") for text in read.texts]
    if said is None:
        looked_for = preparation.unit == AUTO or preparation.table
        found = _column_of_text(texts, read) if looked_for else ""
        preparation = replace(preparation, column=found)
    if not preparation.column:
        return Source(joined(read.texts), read.name, read.size, read.notices), preparation
    cells = _cells(texts, preparation.column, read.name)
    if not cells:
        raise CorpusError(f"corpus {read.name}: column {preparation.column!r} is empty")
    preparation = _as_examples(cells, preparation)
    text = (preparation.separator or "\n").join(cells)
    why = "" if said else f"column {preparation.column} is most of the table"
    return Source(text, read.name, read.size, read.notices, cells, why=why), preparation


def with_validation(source: Source, path: str, preparation: Preparation) -> Source:
    """The source, with a validation part that is a text of its own. Raises CorpusError.

    Of a table the same column is taken; a text that is no table is taken as it is.
    """
    read = _read([path], preparation, "validation")
    texts = [text.removeprefix("\ufeff") for text in read.texts]
    found = [joined(read.texts)]
    if preparation.column and _are_tables(read):
        found = _cells(texts, preparation.column, read.name)
    if not "".join(found).strip():
        raise CorpusError(f"validation {read.name} holds nothing but white space: give a text")
    notices = [*source.notices, *read.notices]
    return source._replace(notices=notices, validation=found)


def _read(paths: Sequence[str], preparation: Preparation, kind: str = "corpus") -> Reading:
    encoding, errors, suffixes = preparation.encoding, preparation.errors, preparation.suffixes
    return read_texts(paths, encoding, errors, suffixes, kind)


def _are_tables(read: Reading) -> bool:
    return all(path.lower().endswith(SUFFIXES) for path in read.paths)


def _column_of_text(texts: Sequence[str], read: Reading) -> str:
    """The one column that is most of the text of all these tables, or ""."""
    columns = {text_column(text) for text in texts} if _are_tables(read) else {""}
    return columns.pop() if len(columns) == 1 else ""


def _cells(texts: Sequence[str], column: str, name: str) -> list[str]:
    cells = [cell for text in texts for cell in cells_of(text, column, name)]
    return [cell.replace("\r\n", "\n").replace("\r", "\n").strip("\n") for cell in cells]


def _as_examples(cells: Sequence[str], preparation: Preparation) -> Preparation:
    """Documents where a cell holds several lines, else lines, if no unit is said."""
    unit, separator = preparation.unit, preparation.separator
    if unit == AUTO:
        several = separator is not None or any("\n" in cell for cell in cells)
        unit = "document" if several else "line"
    if unit == "document" and separator is None:
        separator = _APART if any(PARAGRAPH in cell for cell in cells) else PARAGRAPH
    return replace(preparation, unit=unit, separator=separator)
