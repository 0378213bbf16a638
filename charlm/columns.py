"""Tables as texts: one column of a CSV, a TSV or of JSON lines, a text in each of its cells."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from charlm.errors import CorpusError

#: Files whose name ends so are looked at as tables.
SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
_DELIMITERS = ",\t;|"
_LOOKED_AT = 200  # rows
_FEWEST_ROWS = 3
_LONGEST_NAME = 60
_LONGEST_CELL = 2**31 - 1
_FEWEST_CHARACTERS = 8  # of a cell, in the mean, that is a text and no label
_LARGE_SHARE = 0.5  # of all characters, that makes a column the one of text


class Table(NamedTuple):
    """Columns by name in their order, and the rows as a text that `cells_of` reads."""

    columns: tuple[str, ...]
    delimiter: str  # "" of JSON lines


def table_of(text: str) -> Table | None:
    """What a text is as a table: JSON lines, or a header and rows of as many cells."""
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    if first.lstrip().startswith("{"):
        names = dict.fromkeys(n for row in islice(_objects(text, 1), _LOOKED_AT) for n in row)
        return Table(tuple(names), "") if names else None
    counted = {delimiter: _columns_by(text, delimiter) for delimiter in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda d: len(counted[d]))
    return Table(tuple(counted[delimiter]), delimiter) if counted[delimiter] else None


def text_column(text: str, table: Table) -> str:
    """The column that is most of the text, if one is; else ""."""
    lengths = {
        name: sum(map(len, islice(cells_of(text, table, name), _LOOKED_AT)))
        for name in table.columns
    }
    longest = max(lengths, key=lambda name: lengths[name])
    rows = sum(1 for _ in islice(cells_of(text, table, longest), _LOOKED_AT))
    is_text = lengths[longest] >= _FEWEST_CHARACTERS * rows
    return longest if is_text and lengths[longest] >= _LARGE_SHARE * sum(lengths.values()) else ""


def cells_of(text: str, table: Table, column: str, name: str = "table") -> Iterator[str]:
    """The cells of a column that are not blank. Raises CorpusError naming a line."""
    if column not in table.columns:
        there = ", ".join(repr(c[:_LONGEST_NAME]) for c in table.columns)
        raise CorpusError(f"corpus {name} has no column {column!r}: it has {there}")
    if not table.delimiter:
        cells = (row.get(column) for row in _objects(text, None, name))
        yield from (str(cell) for cell in cells if cell is not None and str(cell).strip())
        return
    place = table.columns.index(column)
    for row in islice(_rows(text, table.delimiter, name), 1, None):
        if place < len(row) and row[place].strip():
            yield row[place]


def _columns_by(text: str, delimiter: str) -> Sequence[str]:
    """The names in the header if this delimiter parts all rows alike; else []."""
    try:
        rows = list(islice(_rows(text, delimiter), _LOOKED_AT))
    except CorpusError:
        return []
    if len(rows) < _FEWEST_ROWS or any(len(row) != len(rows[0]) for row in rows[:-1]):
        return []
    header = [name.strip() for name in rows[0]]
    named = all(0 < len(n) <= _LONGEST_NAME and not _is_number(n) for n in header)
    return header if len(set(header)) == len(header) > 1 and named else []


def _rows(text: str, delimiter: str, name: str = "table") -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    csv.field_size_limit(_LONGEST_CELL)
    try:
        yield from (row for row in reader if row)
    except csv.Error as error:
        raise CorpusError(f"corpus {name}, line {reader.line_num:,}: {error}") from None


def _objects(text: str, most: int | None, name: str = "table") -> Iterator[Mapping[str, object]]:
    """The objects of JSON lines. `most`: lines that may be none before it ends."""
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            if most is not None:
                return
            raise CorpusError(f"corpus {name}, line {number:,}: not a JSON object")
        yield row


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
