"""A text as it is read, before anything is done to it: files, or one column of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from charlm.errors import CorpusError
from charlm.text.chats import Chat, chat_in, told
from charlm.text.columns import cells_of, text_column
from charlm.text.config import KEEP
from charlm.text.layout import PARAGRAPH
from charlm.text.long_text import LongText, Room
from charlm.text.pieces import SAFE, Text, cut_at, in_pieces
from charlm.text.preparation import AUTO, Preparation
from charlm.text.reading import Files

_APART = "\n\x1e\n"  # between cells that hold empty lines: ASCII's record separator


@dataclass
class Source:
    """A text as it was read: its name, its size in bytes.

    text: or its pieces, to be taken once; the size is known when they were. cells: of a
    table's column, or messages of a chat, each cut by itself; else none. validation: a validation
    part that is a text of its own, as a text or as cells. why: what was seen where a table was
    looked for. chat: what became of one. notices: what a person should know.
    """

    text: str | Iterable[str]
    name: str
    size: int
    cells: Sequence[str] | None = None
    validation: Sequence[Text] | None = None
    why: str = ""
    chat: str = ""
    notices: list[str] = field(default_factory=list)


def read_source(files: Files, preparation: Preparation, room: Room) -> tuple[Source, Preparation]:
    """The text of files, and how it is prepared once it is known whether it is a table.

    Raises CorpusError.
    """
    if preparation.chat != KEEP:
        return _of_chats(files, preparation, room)
    source, said = Source("", files.name, 0), preparation.column
    looked_for = said is None and (preparation.unit == AUTO or preparation.table)
    tables = []
    if said or (looked_for and files.are_tables):
        tables = [room.kept(pieces) for pieces in files.texts()]
        source.size = files.size
    if said is None:
        columns = {text_column(_unmarked(table)) for table in tables}
        preparation = replace(preparation, column=columns.pop() if len(columns) == 1 else "")
    if not preparation.column:
        texts = map(in_pieces, tables) if tables else files.texts()
        source.text = _counted(source, files, joined(texts, len(files.paths)))
        return source, preparation
    cells = room.kept_apart(_cells(tables, preparation.column, files.name))
    if not cells:
        raise CorpusError(f"corpus {files.name}: column {preparation.column!r} is empty")
    preparation = _as_examples(cells, preparation)
    source.cells, source.text = cells, between(cells, preparation.separator or "\n")
    source.why = "" if said else f"column {preparation.column} is most of the table"
    return source, preparation


def _of_chats(files: Files, preparation: Preparation, room: Room) -> tuple[Source, Preparation]:
    """The same of chats, whose messages alone are taken."""
    kept = (room.kept(_plain(pieces)) for pieces in files.texts())
    named = list(zip(kept, files.paths, strict=True))
    named = [(text, path) for text, path in named if _says_something(text)] or named
    chats = [_chat(text, path) for text, path in named]
    cells = room.kept_apart(
        each
        for chat, (text, _) in zip(chats, named, strict=True)
        for each in chat.messages(in_pieces(text))
    )
    why = "the messages of a chat" if preparation.unit == AUTO else ""
    preparation = _as_examples(cells, replace(preparation, column=""))
    text = between(cells, preparation.separator or "\n")
    source = Source(text, files.name, files.size, cells, why=why, chat=told(chats))
    return source, preparation


def _chat(text: Text, path: str) -> Chat:
    if chat := chat_in(text, asked=True):
        return chat
    raise CorpusError(f"corpus {path} reads as no chat: --chat {KEEP} takes it as it stands")


def _says_something(text: Text) -> bool:
    return any(piece.strip() for piece in in_pieces(text))


def _plain(pieces: Iterable[str]) -> Iterator[str]:
    """The same text with newlines as ours."""
    return (p.replace("\r\n", "\n").replace("\r", "\n") for p in cut_at(SAFE, pieces))


def read_validation(source: Source, files: Files, preparation: Preparation, room: Room) -> None:
    """Give a source a validation part that is a text of its own. Raises CorpusError.

    Of a table the same column is taken, of a chat its messages if those of the corpus are; another
    text is taken as it is, and that is said.
    """
    found: Sequence[Text]
    missing = f"column {preparation.column}" if preparation.column else ""
    if preparation.column and files.are_tables:
        missing = ""
        tables = [room.kept(pieces) for pieces in files.texts()]
        found = room.kept_apart(_cells(tables, preparation.column, files.name))
    else:
        texts = joined(files.texts(), len(files.paths))
        found = [room.kept(texts if preparation.chat == KEEP else _plain(texts))]
        chat = None if preparation.chat == KEEP else chat_in(found[0], asked=True)
        if chat is not None:
            found = room.kept_apart(chat.messages(in_pieces(found[0])))
        elif preparation.chat != KEEP:
            missing = "messages of a chat"
    if missing:
        source.notices.append(
            f"the validation text {files.name} has no {missing}: it is taken as it stands"
        )
    if not any(map(_says_something, found)):
        raise CorpusError(f"validation {files.name} holds nothing but white space: give a text")
    source.validation = found


def joined(texts: Iterable[Iterable[str]], count: int) -> Iterator[str]:
    """So many texts as one: a newline ends each, and no byte order mark stands inside."""
    for text in texts:
        last = ""
        for piece in text:
            if count > 1 and not last:
                piece, last = piece.removeprefix("\ufeff"), piece
            yield piece
            last = piece or last
        if count > 1 and not last.endswith("\n"):
            yield "\n"


def between(texts: Iterable[str], separator: str) -> Iterator[str]:
    """Texts as one, with this between two of them."""
    for number, text in enumerate(texts):
        yield separator + text if number else text


def _counted(source: Source, files: Files, pieces: Iterable[str]) -> Iterator[str]:
    """The same pieces; behind the last the size of all is known."""
    yield from pieces
    source.size = files.size


def _unmarked(table: LongText) -> Text:
    return table.behind(1) if table[:1] == "\ufeff" else table


def _cells(tables: Sequence[LongText], column: str, name: str) -> Iterator[str]:
    cells = (cell for table in tables for cell in cells_of(_unmarked(table), column, name))
    return (cell.replace("\r\n", "\n").replace("\r", "\n").strip("\n") for cell in cells)


def _as_examples(cells: Sequence[str], preparation: Preparation) -> Preparation:
    """Documents where a cell holds several lines, else lines, if no unit is said."""
    unit, separator = preparation.unit, preparation.separator
    if unit == AUTO:
        several = separator is not None or any("\n" in cell for cell in cells)
        unit = "document" if several else "line"
    if unit == "document" and separator is None:
        separator = _APART if any(PARAGRAPH in cell for cell in cells) else PARAGRAPH
    return replace(preparation, unit=unit, separator=separator)
