"""What bytes are, where they are no UTF-8 text: by their marks, by magic numbers, by a guess.

A mark decides. What is an archive, a document or a picture is named as that. A guess at an
encoding only proposes, with a piece of what it would read.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import unicodedata
import zipfile
from collections.abc import Mapping

_MARKS = (  # UTF-32 before UTF-16, whose mark it begins with
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What gzip archives, and zip archives and the documents that are such, begin with.
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
_UNPACK = "unpack it first"
_SAVE = "save it as plain text first"
_NO_TEXT = "give a text"
#: First bytes, what they are of, what to do.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (GZIP, "a gzip archive", f"{_UNPACK} (gunzip)"),
    (b"BZh", "a bzip2 archive", f"{_UNPACK} (bunzip2)"),
    (b"\xfd7zXZ\x00", "an xz archive", f"{_UNPACK} (unxz)"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", f"{_UNPACK} (unzstd)"),
    (b"\x04\x22\x4d\x18", "an lz4 archive", f"{_UNPACK} (unlz4)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", f"{_UNPACK} (7z x)"),
    (b"Rar!\x1a\x07", "a rar archive", f"{_UNPACK} (unrar x)"),
    (b"%PDF-", "a PDF document", f"{_SAVE} (pdftotext)"),
    (b"{\\rtf", "a Rich Text document", _SAVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", _SAVE),
    (b"PAR1", "a Parquet table", "export its column of text as JSON lines (--column NAME)"),
    (b"SQLite format 3\x00", "an SQLite database", "export its column of text as CSV"),
    (b"\x89PNG", "a PNG picture", _NO_TEXT),
    (b"\xff\xd8\xff", "a JPEG picture", _NO_TEXT),
    (b"GIF8", "a GIF picture", _NO_TEXT),
    (b"ID3", "an MP3 recording", _NO_TEXT),
    (b"OggS", "an Ogg recording", _NO_TEXT),
    (b"RIFF", "a recording or a film", _NO_TEXT),
    (b"\x7fELF", "a program", _NO_TEXT),
    (b"MZ\x90\x00", "a program", _NO_TEXT),
    (b"\x80\x02}", "a pickle", _NO_TEXT),
    (b"\x80\x04\x95", "a pickle", _NO_TEXT),
)
_TAR = slice(257, 262)
#: A member's name, and what an archive with such a member is.
_DOCUMENTS: Mapping[str, str] = {
    "word/document.xml": "a Word document",
    "xl/workbook.xml": "an Excel document",
    "ppt/presentation.xml": "a PowerPoint document",
    "META-INF/container.xml": "an EPUB book",
    "content.xml": "an OpenDocument document",
}
_LOOKED_AT = 65_536  # bytes
_MOST_NULS, _FEWEST_NULS = 0.01, 8  # of those bytes; a text may hold some
_TYPOGRAPHY = "«»‹›“”„‘’‚–—…€°§•ÉÈÀÇÊÎÔÂÄÖÜØÅÆŒÑ¿¡\xa0"
_PLAUSIBLE = 0.9  # of the characters beyond ASCII
_AROUND = 12  # characters shown on both sides of a byte


def marked_encoding(data: bytes) -> str:
    """The encoding that a byte order mark names, else ""."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")


def no_text(data: bytes, encoding: str) -> str:
    """What bytes are that hold no text in this encoding, and what to do with them; else ""."""
    if data.startswith(ZIP):
        return _zipped(data)
    for start, what, advice in _MAGIC:
        if data.startswith(start) and not _is_ascii_text(start, data):
            return f"is {what}: {advice}"
    if data[_TAR] == b"ustar":
        return f"is a tar archive: {_UNPACK} (tar x)"
    head = data[:_LOOKED_AT]
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf16", "utf-32", "utf32"))
    if wide or head.count(0) < max(_FEWEST_NULS, _MOST_NULS * len(head)):
        return ""
    return _with_nuls(head)


def proposal(data: bytes, offset: int) -> str:
    """An encoding in which bytes read plausibly, with what it reads at the offset; or ""."""
    from charset_normalizer import from_bytes  # here: who gives UTF-8 does not wait for it

    begin = max(0, offset - _LOOKED_AT // 2)
    piece = data[begin : begin + _LOOKED_AT]
    best = from_bytes(piece, threshold=0.2, preemptive_behaviour=False).best()
    if best is None or best.encoding in ("ascii", "utf_8"):
        return ""
    encoding = _preferred(piece, best.encoding)
    before = piece[: offset - begin].decode(encoding, "replace")[-_AROUND:]
    after = piece[offset - begin :].decode(encoding, "replace")[:_AROUND]
    return f"--encoding {encoding} would read {' '.join((before + after).split())!r}"


def _preferred(piece: bytes, guessed: str) -> str:
    """The usual encoding where it reads a text as well as the guess does, or alike."""
    western, other = (_strange(piece.decode(e, "replace")) for e in ("cp1252", guessed))
    letters = (unicodedata.name(c, "") for c in other if c.isalpha())  # a few have no name
    if _reads_well(western) and all("LATIN" in name for name in letters):
        return "cp1252"
    for usual in ("cp1251", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            if piece.decode(usual) == piece.decode(guessed):
                return usual
    return guessed


def _strange(text: str) -> str:
    return "".join(c for c in text if not c.isascii())


def _reads_well(strange: str) -> bool:
    """Whether characters beyond ASCII are nearly all such as western texts have many of."""
    good = sum(c.islower() or c in _TYPOGRAPHY for c in strange)
    return good >= _PLAUSIBLE * len(strange)


def _is_ascii_text(start: bytes, data: bytes) -> bool:
    """Whether letters that happen to be a magic number begin a text."""
    return start.isalnum() and all(byte in b"\t\n\r" or 0x20 <= byte < 0x7F for byte in data[:512])


def _zipped(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        names = []
    for member, what in _DOCUMENTS.items():
        if any(name == member for name in names):
            return f"is {what}: {_SAVE}"
    return f"is a zip archive: {_UNPACK} (unzip)"


def _with_nuls(head: bytes) -> str:
    """Every second byte of Latin text in UTF-16 is a NUL; three of four in UTF-32."""
    nuls = [head[start::4].count(0) / max(1, len(head[start::4])) for start in range(4)]
    for encoding, zero in (
        ("utf-32-le", (1, 2, 3)), ("utf-32-be", (0, 1, 2)),
        ("utf-16-le", (1, 3)), ("utf-16-be", (0, 2)),
    ):  # fmt: skip
        others = [nuls[i] for i in range(4) if i not in zero]
        if min(nuls[i] for i in zero) > 0.3 and max(others) < 0.05:
            return f"looks like {encoding[:6].upper()} without its mark: --encoding {encoding}"
    return "holds many NUL bytes, so it is no text: give a text"
