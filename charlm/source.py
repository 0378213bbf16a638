"""A text as it is read, before anything is done to it: files, or one column of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from charlm.columns import SUFFIXES, cells_of, table_of, text_column
from charlm.errors import CorpusError
from charlm.layout import PARAGRAPH
from charlm.preparation import AUTO, Preparation
from charlm.text_files import joined, read_texts

_APART = "\n\x1e\n"  # between cells that hold empty lines: ASCII's record separator


class Source(NamedTuple):
    """A text as it was read: its name, its size in bytes, what to say of it.

    validation: a validation part that is a text of its own. why: what was seen where a table was
    looked for.
    """

    text: str
    name: str
    size: int
    notices: Sequence[str] = ()
    validation: str | None = None
    why: str = ""


def read_source(paths: Sequence[str], preparation: Preparation) -> tuple[Source, Preparation]:
    """The text of files, and how it is prepared now that it is known whether it is a table.

    Raises CorpusError.
    """
    texts, name, size, notices = read_texts(
        paths, preparation.encoding, preparation.errors, preparation.suffixes
    )
    tables = [text.removeprefix("\ufeff") for text in texts]
    said = preparation.column
    if said is None:
        looked_for = preparation.unit == AUTO and all(p.lower().endswith(SUFFIXES) for p in paths)
        preparation = replace(preparation, column=_column_of_text(tables) if looked_for else "")
    if not preparation.column:
        return Source(joined(texts), name, size, notices), preparation
    cells: list[str] = []
    for text in tables:
        table = table_of(text)
        if table is None:
            raise CorpusError(f"corpus {name} is no table: a column is of a CSV or JSON lines")
        cells += cells_of(text, table, preparation.column, name)
    text, preparation = _on_end(cells, preparation)
    why = "" if said else f"column {preparation.column} is most of the table"
    return Source(text, name, size, notices, why=why), preparation


def with_validation(source: Source, path: str, preparation: Preparation) -> Source:
    """The source, with a validation part that is a text of its own. Raises CorpusError."""
    other, _ = read_source([path], preparation)
    if not other.text.strip():
        raise CorpusError(f"validation {other.name} holds nothing but white space: give a text")
    return source._replace(notices=[*source.notices, *other.notices], validation=other.text)


def _column_of_text(tables: Sequence[str]) -> str:
    """The one column that is most of the text of all these tables, or ""."""
    columns = {text_column(text, table) if (table := table_of(text)) else "" for text in tables}
    return columns.pop() if len(columns) == 1 else ""


def _on_end(cells: Sequence[str], preparation: Preparation) -> tuple[str, Preparation]:
    """Cells as one text: documents where one holds several lines, else lines, if none is said."""
    cells = [cell.replace("\r\n", "\n").replace("\r", "\n").strip("\n") for cell in cells]
    unit, separator = preparation.unit, preparation.separator
    if unit == AUTO:
        several = separator is not None or any("\n" in cell for cell in cells)
        unit = "document" if several else "line"
    if unit == "document" and separator is None:
        separator = _APART if any(PARAGRAPH in cell for cell in cells) else PARAGRAPH
    return (separator or "\n").join(cells), replace(preparation, unit=unit, separator=separator)
