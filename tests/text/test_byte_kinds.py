"""Bytes that are no UTF-8 text: what they are called, and which advice is given."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
from corpora import read_texts, text_of

from charlm.errors import CorpusError
from charlm.text import byte_kinds
from charlm.text.corpus import load_corpus
from charlm.text.files import text_paths
from charlm.text.preparation import Preparation
from charlm.text.reading import decode

TEXT = "Le café était fermé ; «où» dit-il. Déjà midi. " * 20


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "x")
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_decides(encoding: str, tmp_path: Path) -> None:
    """Field case 6: UTF-16 with its mark got the advice to read it as cp1252."""
    path = tmp_path / "marked.txt"
    path.write_bytes(TEXT.encode(encoding))
    corpus = load_corpus(str(path), Preparation("continuous"))
    assert text_of(corpus) == TEXT
    assert any("by its mark" in n for n in corpus.report.notices) == (encoding != "utf-8-sig")


def test_big_endian_marks_and_mixed_folders(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffé".encode("utf-16-be"))
    (tmp_path / "b.txt").write_bytes("\ufeffü".encode("utf-32-be"))
    (tmp_path / "c.txt").write_bytes("ñ".encode())
    assert [t.strip("\ufeff") for t in read_texts(tmp_path)] == ["é", "ü", "ñ"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(TEXT.encode(), mtime=0), "is a gzip archive: unpack it first"),
        (bz2.compress(TEXT.encode()), "is a bzip2 archive"),
        (lzma.compress(TEXT.encode()), "is an xz archive"),
        (zipped("a.txt"), "is a zip archive: unpack it first"),
        (zipped("[Content_Types].xml", "word/document.xml"), "is a Word document: save it as"),
        (zipped("mimetype", "META-INF/container.xml"), "is an EPUB book"),
        (zipped("mimetype", "content.xml"), "is an OpenDocument document"),
        (zipped("a.txt")[:40], "is a zip archive"),
        (tarred(), "is a tar archive"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF document"),
        (b"{\\rtf1\\ansi Some text}", "is a Rich Text document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "is an old Office document"),
        (b"\x89PNG\r\n\x1a\n....", "is a PNG picture"),
        (b"SQLite format 3\x00....", "is an SQLite database"),
        (b"PAR1\x15\x04\x15", "is a Parquet table"),
        (b"\x7fELF\x02\x01", "is a program"),
        (bytes(range(256)) * 4 + bytes(400), "many NUL bytes"),
        (TEXT.encode("utf-16-le"), "looks like UTF-16 without its mark: --encoding utf-16-le"),
        (TEXT.encode("utf-16-be"), "--encoding utf-16-be"),
        (TEXT.encode("utf-32-le"), "--encoding utf-32-le"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_text_is_named(data: bytes, said: str) -> None:
    for encoding in ("utf-8", "cp1252"):
        with pytest.raises(CorpusError, match=r"corpus x\.txt") as error:
            decode(data, "x.txt", encoding)
        assert said in str(error.value)


@pytest.mark.parametrize(
    "text", ["BZhang was here.", "PAR1 of the story.", "GIF89 pictures\n", "ID3 tags", "RIFF raff"]
)
def test_letters_that_are_magic_numbers_too_begin_a_text(text: str) -> None:
    assert decode(text.encode(), "x.txt") == text


def test_a_few_nuls_are_characters() -> None:
    assert decode(b"a\x00b\x00\n", "x.txt") == "a\x00b\x00\n"


@pytest.mark.parametrize(
    ("text", "encoding", "proposed"),
    [
        (TEXT, "cp1252", "cp1252"),
        ("“Smart quotes” — and dashes… don’t you like them? " * 9, "cp1252", "cp1252"),
        ("Все счастливые семьи похожи друг на друга. " * 9, "cp1251", "cp1251"),
        ("Все счастливые семьи похожи друг на друга. " * 9, "koi8-r", "koi8_r"),
        (
            "吾輩は猫である。名前はまだ無い。どこで生れたか頓と見当がつかぬ。" * 20,
            "shift_jis",
            "cp932",
        ),
        ("我们都是好人。今天天气很好。" * 20, "gb18030", "gb18030"),
        ("Zażółć gęślą jaźń i łódź przez żeberka, proszę bardzo. " * 20, "cp1250", "cp1250"),
    ],
)
def test_an_encoding_is_proposed_where_it_reads_plausibly(
    text: str, encoding: str, proposed: str
) -> None:
    data = text.encode(encoding)
    with pytest.raises(CorpusError) as error:
        decode(data, "x.txt")
    assert f"--encoding {proposed} would read" in str(error.value)
    assert decode(data, "x.txt", proposed) == text


def test_letters_without_a_name_are_read_too() -> None:
    assert byte_kinds._preferred(("Tangut: \U00017000, and more" * 9).encode("gb18030"), "gb18030")


def test_nothing_is_proposed_where_nothing_reads_well() -> None:
    import random

    noise = random.Random(1).randbytes(4_000).replace(b"\0", b"")
    with pytest.raises(CorpusError, match=r"line 1: name its encoding \(--encoding\)"):
        decode(b"\x9b" + noise, "x.txt")


def test_all_bad_files_are_named_at_once_with_their_paths(tmp_path: Path) -> None:
    """Field case 7: of three text.txt one held a bad byte, and which was not said."""
    for name, data in (("a", b"good"), ("b", b"bad \xff"), ("c", b"PK\x03\x04")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "text.txt").write_bytes(data)
    with pytest.raises(CorpusError) as error:
        read_texts(tmp_path)
    message = str(error.value)
    assert message.startswith("2 files cannot be read: ")
    assert f"{tmp_path}/b/text.txt is not utf-8" in message
    assert f"{tmp_path}/c/text.txt is a zip archive" in message
    assert f"{tmp_path}/a/text.txt" not in message


def test_many_bad_files_are_counted(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.txt").write_bytes(b"\xff")
    with pytest.raises(CorpusError, match=r"9 files cannot be read: .*; and 4 more$"):
        read_texts(tmp_path)


def test_what_is_passed_over_is_told(tmp_path: Path) -> None:
    for name in ("one.txt", "TWO.TXT", "three.md", "four.md", "five.py", ".hidden.md", "README"):
        (tmp_path / name).write_text(name)
    paths, notices = text_paths([str(tmp_path)])
    assert [Path(path).name for path in paths] == ["TWO.TXT", "one.txt"]
    (notice,) = notices
    assert "2 .md" in notice and "1 .py" in notice and "--suffix" in notice
    paths, notices = text_paths([str(tmp_path)], ["md", ".py"])
    assert [Path(path).name for path in paths] == ["five.py", "four.md", "three.md"]
    with pytest.raises(CorpusError, match=r"without \.rst files: .*\.md.*--suffix"):
        text_paths([str(tmp_path)], ["rst"])
