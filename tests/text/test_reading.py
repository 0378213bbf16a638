"""Files read a piece after the other: decoded as they would be whole, unpacked, within limits."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpora import examples_in, read_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm.errors import CorpusError
from charlm.text import reading
from charlm.text.corpus import load_corpus
from charlm.text.preparation import Preparation
from charlm.text.reading import ERRORS, decode, decoded, unpacked

TEXT = "Line one é.\r\nLine two 😀.\n" * 400
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "cp1252",
    "gb18030",
    "shift_jis",
)


def in_steps(data: bytes, step: int) -> Iterator[bytes]:
    return iter([data[i : i + step] for i in range(0, len(data), step)])


@settings(max_examples=300)
@given(
    st.binary(max_size=40).map(
        lambda data: b"ab\n" + data + "é😀\ud800\n".encode("utf-8", "surrogatepass")
    ),
    st.sampled_from(ENCODINGS),
    st.sampled_from(ERRORS),
    st.integers(1, 9),
)
def test_pieces_of_bytes_are_decoded_as_all_of_them(
    data: bytes, encoding: str, errors: str, step: int
) -> None:
    if data.count(0) > 7:
        return
    try:
        whole = data.decode(encoding, errors)
    except UnicodeDecodeError as error:
        with pytest.raises(CorpusError) as told:
            list(decoded(in_steps(data, step), "x", encoding, errors, "text"))
        line = data.count(b"\n", 0, error.start) + 1
        place = f"byte {data[error.start]:#04x} at offset {error.start:,}, line {line}:"
        assert place in str(told.value)
        return
    assert "".join(decoded(in_steps(data, step), "x", encoding, errors, "text")) == whole


def test_an_encoding_is_proposed_by_what_stands_around(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ("Le café était fermé, dit-il. Déjà midi. " * 3000).encode("cp1252")
    messages = []
    for step in (7, 1000, len(data)):
        with pytest.raises(CorpusError) as error:
            list(decoded(in_steps(data, step), "x", "utf-8", "strict", "text"))
        messages.append(str(error.value))
    assert "--encoding cp1252 would read" in messages[0]
    assert messages[1:] == messages[:-1]


@pytest.mark.parametrize("step", [2, 5, 100_000])
def test_an_archive_is_read_as_what_it_holds(step: int) -> None:
    packed = gzip.compress(TEXT.encode()[:500]) + gzip.compress(TEXT.encode()[500:]) + bytes(300)
    assert b"".join(unpacked(in_steps(packed, step), "x.gz")) == TEXT.encode()
    assert b"".join(unpacked(in_steps(b"plain", step), "x")) == b"plain"
    assert b"".join(unpacked(iter([]), "x")) == b""


def test_archives_are_texts_and_tables(tmp_path: Path) -> None:
    for name, text in (("t.txt", TEXT), ("t.csv", "n,said\n" + "1,Hello you there\n" * 30)):
        plain, packed = tmp_path / name, tmp_path / f"{name}.gz"
        plain.write_bytes(text.encode())
        packed.write_bytes(gzip.compress(text.encode()))
        one, other = (load_corpus(str(path), Preparation()) for path in (plain, packed))
        assert examples_in(one) == examples_in(other)
        assert one.report.bytes == other.report.bytes == len(text.encode())
        assert other.report.name == f"{name}.gz"
        assert one.report.sha256 == other.report.sha256


def test_archives_of_a_folder_are_read_by_their_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"packed"))
    (tmp_path / "b.txt").write_bytes(b"plain")
    assert len(load_corpus(str(tmp_path), Preparation("continuous")).report.notices) == 1
    both = load_corpus(str(tmp_path), Preparation("continuous", suffixes=("txt", "gz")))
    assert "".join(e.text for e in examples_in(both)) == "packed\nplain\n"


def test_an_archive_that_is_no_text_or_not_whole_gets_a_line(tmp_path: Path) -> None:
    whole, path = gzip.compress(TEXT.encode()), tmp_path / "x.gz"
    for data, said in (
        (whole[:-20], "is a gzip archive that ends too early"),
        (whole[:40] + b"\xff" * 20 + whole[60:], "is a damaged gzip archive"),
        (whole[:-6] + bytes(6), "is a damaged gzip archive"),
        (whole + b"rest", "is a damaged gzip archive"),
        (gzip.compress(whole), "is a gzip archive: unpack it first"),
        (gzip.compress(b"%PDF-1.7\n%\xe2\xe3"), "is a PDF document"),
        (gzip.compress(b"bad \xff"), "is not utf-8: byte 0xff at offset 4"),
    ):
        path.write_bytes(data)
        with pytest.raises(CorpusError, match=said):
            read_texts(path)


def test_what_grows_beyond_all_measure_is_refused_early() -> None:
    bomb = zlib.compressobj(9, wbits=31)
    packed = bomb.compress(bytes(200_000_000)) + bomb.flush()
    taken = 0
    with pytest.raises(CorpusError, match="unpacks to more than 100 times its size"):
        for data in unpacked(iter([packed]), "x.gz"):
            taken += len(data)
    assert taken <= reading.UNPACKED
    small = gzip.compress(b"a" * 1_000_000)
    assert sum(map(len, unpacked(iter([small]), "x.gz"))) == 1_000_000


def test_a_pipe_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(gzip.compress(TEXT.encode()))

    monkeypatch.setattr("sys.stdin", Input)
    corpus = load_corpus("-", Preparation("continuous"))
    assert corpus.report.name == "stdin"
    assert "".join(e.text for e in examples_in(corpus)) == TEXT.replace("\r\n", "\n")


def test_decoding_no_bytes_is_no_text() -> None:
    assert decode(b"", "x") == ""
