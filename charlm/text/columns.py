"""Tables as texts: one column of a CSV, a TSV or of JSON lines, a text in each of its cells.

A column that is named must be in the table, and every row must be whole. A column that is looked
for is one of strings that holds most of what the table says, in a table that is plainly one.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

from charlm.errors import CorpusError
from charlm.text.pieces import LINES, Text, cut_at, in_pieces

#: Files whose name ends so are looked at as tables.
SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
_DELIMITERS = ",\t;|"
_LOOKED_AT = 200  # rows
_FEWEST_ROWS = 3
_LONGEST_NAME = 60
_LONGEST_CELL = 2**31 - 1
_FEWEST_CHARACTERS = 8  # of a cell, in the mean, that is a text and no label
_LARGE_SHARE = 0.5  # of all characters, that makes a column the one of text
_Quoting: TypeAlias = Literal[0, 3]
_AS_QUOTED: _Quoting = csv.QUOTE_MINIMAL
_AS_IT_STANDS: _Quoting = csv.QUOTE_NONE
# Behind a line that ends with LF, with CR LF, or with CR as on old machines.
_ANY_LINES = re.compile(r"(?<=\n)|(?<=\r)(?=[^\n])")


class _Row(NamedTuple):
    """The cells of one row by column, and the line where it ends."""

    line: int
    cells: dict[str, object]


def text_column(text: Text) -> str:
    """The column that is most of the text of a plain table, if there is one; else ""."""
    try:
        header = [] if _is_json(text) else _header(text)
        if header and not _is_plain(header):
            return ""
        rows = list(_rows(text, "table", _LOOKED_AT))
    except (CorpusError, csv.Error):  # csv.Error: a name that is longer than any
        return ""
    if len(rows) < _FEWEST_ROWS:
        return ""
    lengths: dict[str, int] = {}
    for row in rows:
        for name, cell in row.cells.items():
            lengths[name] = lengths.get(name, 0) + len(cell if isinstance(cell, str) else str(cell))
    longest = max(lengths, key=lambda name: lengths[name])
    strings = all(isinstance(row.cells.get(longest, ""), str | None) for row in rows)
    is_text = lengths[longest] >= _FEWEST_CHARACTERS * len(rows) and strings
    return longest if is_text and lengths[longest] >= _LARGE_SHARE * sum(lengths.values()) else ""


def cells_of(text: Text, column: str, name: str) -> Iterator[str]:
    """The cells of a column that are not blank. Raises CorpusError naming a line."""
    known = set[str]()
    for line, row in _rows(text, name, None):
        known |= row.keys()
        cell = row.get(column)
        if cell is None:
            continue
        if not isinstance(cell, str):
            raise CorpusError(
                f"corpus {name}, line {line:,}: column {column!r} holds no text but a"
                f" {type(cell).__name__}"
            )
        if cell.strip():
            yield cell
    if column not in known:
        there = ", ".join(repr(c[:_LONGEST_NAME]) for c in sorted(known)) or "none"
        raise CorpusError(f"corpus {name} has no column {column!r}: it has {there}")


def _is_plain(header: Sequence[str]) -> bool:
    """Whether these are the names of columns: several, short, no numbers; an index has none."""
    named = header[1:] if not header[0] else header
    short = all(0 < len(name) <= _LONGEST_NAME and not _is_number(name) for name in named)
    return short and len(header) > 1 and len(set(header)) == len(header)


def _lines(text: Text, newline: str) -> Iterator[str]:
    """The lines of a text with what ends them: "\\n" alone, or with "" any of the three."""
    places = LINES if newline else _ANY_LINES
    for piece in cut_at(places, in_pieces(text)):
        yield from io.StringIO(piece, newline=newline)


def _is_json(text: Text) -> bool:
    first = next((line for line in _lines(text, "\n") if line.strip()), "")
    return first.lstrip().startswith("{")


def _rows(text: Text, name: str, most: int | None) -> Iterator[_Row]:
    """The first rows of a table, or all. Raises CorpusError for one that is not whole."""
    return islice(_objects(text, name) if _is_json(text) else _records(text, name, most), most)


def _objects(text: Text, name: str) -> Iterator[_Row]:
    for line, words in enumerate(_lines(text, "\n"), start=1):
        if not words.strip():
            continue
        try:
            row = json.loads(words)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise CorpusError(f"corpus {name}, line {line:,}: not a JSON object")
        yield _Row(line, row)


def _records(text: Text, name: str, most: int | None) -> Iterator[_Row]:
    """The rows of a CSV behind its header. Tabs part cells as they stand where quotes do not."""
    delimiter, quoting = _delimiter(text), _AS_QUOTED
    if delimiter == "\t":
        try:
            for _ in _parsed(text, delimiter, name, quoting, most):
                pass
        except CorpusError:
            quoting = _AS_IT_STANDS
    return _parsed(text, delimiter, name, quoting, most)


def _parsed(
    text: Text, delimiter: str, name: str, quoting: _Quoting, most: int | None
) -> Iterator[_Row]:
    reader = csv.reader(
        _lines(text, ""), delimiter=delimiter, strict=True, quoting=quoting,
        skipinitialspace=delimiter != "\t",
    )  # fmt: skip
    csv.field_size_limit(_LONGEST_CELL)
    try:
        header = [column.strip() for column in next(reader, [])]
        twice = next((column for column in header if header.count(column) > 1), None)
        if twice is not None:
            raise CorpusError(f"corpus {name}: column {twice!r} stands twice in its first line")
        for cells in islice(reader, most):
            if len(cells) != len(header) and cells:
                raise CorpusError(
                    f"corpus {name}, line {reader.line_num:,}: {len(cells)} cells in a table of"
                    f" {len(header)} columns"
                )
            if cells:
                yield _Row(reader.line_num, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise CorpusError(f"corpus {name}, line {reader.line_num:,}: {error}") from None


def _header(text: Text) -> list[str]:
    reader = csv.reader([_first(text)], delimiter=_delimiter(text), skipinitialspace=True)
    return [name.strip() for name in next(reader, [])]


def _delimiter(text: Text) -> str:
    """What parts the names in the first line."""
    return max(_DELIMITERS, key=_first(text).count)


def _first(text: Text) -> str:
    return next(_lines(text, "\n"), "").lstrip("\r").partition("\r")[0].rstrip("\n")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
