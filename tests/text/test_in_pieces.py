"""What is prepared in pieces, in files, is what is prepared whole: the same examples and report."""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from corpora import examples_in
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS
from whole_text import whole_corpus

from charlm.errors import CorpusError
from charlm.text import long_text, pieces, units
from charlm.text.columns import SUFFIXES
from charlm.text.corpus import Corpus, load_corpus, opened
from charlm.text.long_text import Room
from charlm.text.parts import ORDERS, PARTS, Split
from charlm.text.preparation import Preparation
from charlm.text.preparing import prepare
from charlm.text.source import Source, between
from charlm.text.vocabulary import Vocabulary

# Newlines of two characters, letters with accents, a capital sigma, marks, signs, astral letters.
SIGNS = [*".?!… \n\taAbzΣ»›)\"'1。「_-%\x85\x96\ufeff\ud83d\ude00😀𝔸ﬀİ", "\r", "\r\n", "\r\n\r\n"]
WORDS = ["Mr.", "U.S.", " e\u0301", "\n---\n", "\n\n", "<|end|>", "ΑΣ ", "ΑΣ'", "=="]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few characters."""
    for module, name, size in (
        (pieces, "PIECE", 7), (pieces, "_LEAST", 3), (pieces, "_NEAR", 2),
        (long_text, "_STEP", 5), (units, "_STEP", 6), (units, "_AT_ONCE", 4),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, size)


def in_pieces(
    text: str,
    preparation: Preparation,
    folder: Path | None = None,
    cells: Sequence[str] | None = None,
    validation: Sequence[str] | None = None,
) -> Corpus:
    """The corpus of a text that comes in pieces of one to seven characters."""
    dice, data = random.Random(len(text)), io.BytesIO()
    ends = [0]
    while ends[-1] < len(text):
        ends.append(ends[-1] + dice.randint(1, 7))
    parts = (text[a:b] for a, b in itertools.pairwise(ends))
    source = Source(parts, "t", 0, cells=cells, validation=validation)
    with Room(folder, in_memory=0) as room:
        for _ in prepare(source, preparation, room).write(data):
            pass
    return opened(data.getbuffer(), "", [])


def check(corpus: Corpus, text: str, preparation: Preparation, **more: Any) -> None:
    """It is the one that is prepared whole."""
    whole = whole_corpus(text, preparation, **more)
    assert {name: list(getattr(corpus, name)) for name in PARTS} == whole.parts
    assert asdict(corpus.report) == asdict(whole.report)
    assert corpus.characters == whole.characters
    assert (corpus.config, corpus.preparation) == (whole.config, whole.preparation)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if not name.endswith(SUFFIXES)])
@pytest.mark.parametrize("options", [{}, {"case": "lower", "order": "whole"}])
def test_every_layout_as_it_is_found(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    make, _ = LAYOUTS[name]
    text, preparation = make().replace("\n", "\r\n"), Preparation(column="", **options)
    check(in_pieces(text, preparation, tmp_path), text, preparation)
    path = tmp_path / name
    path.write_bytes(text.encode())
    loaded = load_corpus(str(path), Preparation(column="", **options))
    assert examples_in(loaded) == examples_in(in_pieces(text, preparation))


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("unit", ["auto", "sentence", "line", "document", "continuous"])
@settings(max_examples=150)
@given(data=st.data())
def test_any_text_with_any_options(unit: str, data: st.DataObject) -> None:
    draw = data.draw
    text = "".join(draw(st.lists(st.sampled_from(SIGNS + WORDS), max_size=60)))
    separators = [None, "==", "\n---\n", "\n\n", "\n==\n--\n"] if unit == "document" else [None]
    preparation = Preparation(
        unit,
        separator=draw(st.sampled_from(separators)),
        column="",
        max_length=draw(st.sampled_from([1, 5, 1000])),
        form=draw(st.sampled_from(["none", "NFC"])),
        case=draw(st.sampled_from(["keep", "lower"])),
        split=draw(st.sampled_from([Split(90, 5, 5), Split(60, 40, 0), Split(100, 0, 0)])),
        order=draw(st.sampled_from(ORDERS)),
        min_count=draw(st.sampled_from([1, 2, 4])),
        keep_duplicates=draw(st.booleans()),
    )
    validation = draw(st.sampled_from([None, [text + " More.\nOf it."], ["Σ\r\nσ. Or?\n\nA"]]))
    try:
        corpus = in_pieces(text, preparation, validation=validation)
    except CorpusError:
        return
    check(corpus, text, preparation, validation=validation)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("unit", ["line", "sentence", "document", "continuous"])
@pytest.mark.parametrize("case", ["keep", "lower"])
def test_cells_are_cut_each_by_itself(unit: str, case: Any, tmp_path: Path) -> None:
    dice = random.Random(unit)
    cells = ["".join(dice.choices(SIGNS + WORDS, k=9)).strip("\n") + f"{n}" for n in range(60)]
    separator = "\n\n" if unit == "document" else None
    preparation = Preparation(unit, separator=separator, column="c", case=case, order="contiguous")
    text, held_out = "".join(between(cells, separator or "\n")), ["A. B\nC", "\ufeffD Σ\n\nE"]
    corpus = in_pieces(text, preparation, tmp_path, cells, held_out)
    check(corpus, text, preparation, cells=cells, validation=held_out)


@pytest.mark.parametrize(
    ("count", "width"), [(254, 1), (255, 2), (65_534, 2), (65_535, 4), (65_536, 4)]
)
def test_ids_are_as_narrow_as_the_vocabulary_allows(count: int, width: int, tmp_path: Path) -> None:
    text = "".join(chr(0x100 + n) for n in range(count))
    corpus = in_pieces(text, Preparation("continuous"), tmp_path)
    vocabulary = Vocabulary(corpus.characters)
    assert corpus.train._stored.dtype.itemsize == width
    assert corpus.train.ids(vocabulary)[:].tolist() == vocabulary.string2code(corpus.train[0].text)
    assert "".join(e.text for e in examples_in(corpus)) == text


def test_a_part_gives_ids_of_another_vocabulary() -> None:
    corpus = in_pieces("abcabd", Preparation("continuous", split=Split(100, 0, 0)))
    assert corpus.train.ids(Vocabulary("dcbaz"))[:].tolist() == [5, 4, 3, 5, 4, 2]
