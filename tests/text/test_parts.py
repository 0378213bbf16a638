"""The three parts of any text: apart, together the whole, of the sizes that were asked for."""

from __future__ import annotations

import re
from collections import Counter

from corpora import examples_in
from hypothesis import strategies as st
from properties import ANY_TEXT, tried

from charlm.errors import CorpusError
from charlm.text.config import TextConfig
from charlm.text.corpus import make_corpus
from charlm.text.cutting import Example
from charlm.text.parts import PARTS, Split, block_count, divided, parse_split, sizes_of
from charlm.text.preparation import Preparation
from charlm.text.sentences import sentences_of
from charlm.text.source import Source
from charlm.text.vocabulary import Vocabulary

SPLITS = st.builds(
    lambda a, b: Split(*(100 - max(a, b), abs(a - b), min(a, b))),
    st.integers(0, 99),
    st.integers(0, 99),
)
LINES = st.lists(st.text("ab.\u0301 ", max_size=9) | st.sampled_from(["a", "b. A", " ", ""]))
TEXTS = LINES.map("\n".join) | ANY_TEXT


@tried(200, n=st.integers(1, 40) | st.integers(1, 10**7), split=SPLITS, test_too=st.booleans())
def test_every_part_is_as_large_as_its_share(n: int, split: Split, test_too: bool) -> None:
    assert parse_split(str(split)) == split
    sizes = sizes_of(n, split, test_too)
    asked = [share > 0 for share in split]
    assert sum(sizes) == n and sizes[0] >= 1
    assert all(size == 0 or wanted for size, wanted in zip(sizes[:2], asked[:2], strict=True))
    if n >= sum(asked) and (test_too or not split.test):
        assert all(size > 0 for size, wanted in zip(sizes, asked, strict=True) if wanted)
    for size, share in zip(sizes, split, strict=True):
        assert abs(size - n * share / 100) < 2 or n < 3


@tried(
    100,
    sizes=st.tuples(st.integers(1, 300), st.integers(0, 90), st.integers(0, 90)),
    blocks=st.integers(1, 100),
)
def test_blocks_are_apart_and_spread(sizes: tuple[int, int, int], blocks: int) -> None:
    ranges = divided(sizes, blocks)
    flat = sorted(pair for part in ranges.values() for pair in part)
    assert [begin for begin, _ in flat] == [0, *(end for _, end in flat[:-1])]
    assert flat[-1][1] == sum(sizes)
    for part, size in zip(PARTS, sizes, strict=True):
        lengths = [end - begin for begin, end in ranges[part]]
        assert sum(lengths) == size and len(lengths) == min(size, blocks)
        assert not lengths or max(lengths) - min(lengths) <= 1
    assert 1 <= block_count(sizes) <= min([size for size in sizes if size])


@tried(
    60,
    text=TEXTS,
    unit=st.sampled_from(["line", "sentence", "continuous"]),
    max_length=st.sampled_from([1, 3, 1000]),
    split=SPLITS | st.just(Split(90, 5, 5)),
    order=st.sampled_from(["contiguous", "blocks", "auto", "whole"]),
    keep=st.booleans(),
)
def test_the_parts_of_a_text_are_the_text(
    text: str, unit: str, max_length: int, split: Split, order: str, keep: bool
) -> None:
    """Nothing is lost or stands in two parts; pieces put together are what was cut."""
    preparation = Preparation(
        unit, max_length=max_length, split=split, order=order, keep_duplicates=keep, column=""
    )
    try:
        corpus = make_corpus(Source(text, "t", len(text)), preparation)
    except CorpusError:
        assert not text.removeprefix("\ufeff").strip()
        return
    units = _units(_repaired(text), corpus.config)
    units = units if keep else list(dict.fromkeys(units))
    parts = [list(getattr(corpus, part)) for part in PARTS]
    pieces = [piece for unit in units for piece in _cut(unit, corpus.config.max_length)]
    if unit == "continuous":
        assert "".join(example.text for example in examples_in(corpus)) == units[0]
        assert not any(example.ends for example in examples_in(corpus))
    elif corpus.report.order == "blocks":
        assert sum(map(Counter, parts), Counter[Example]()) == Counter(pieces)
    else:
        assert examples_in(corpus) == pieces
    if order == "whole" and unit != "continuous":
        assert all(part[-1].ends for part in parts if part), "an example is divided"
    elif len(units[-1]) >= 3:  # long enough to be cut for every part
        assert all(part for part, share in zip(parts, split, strict=True) if share)
    vocabulary = Vocabulary(corpus.characters)
    for part in PARTS:
        stored = getattr(corpus, part)
        said = "".join(example.text for example in stored)
        assert vocabulary.code2string(stored.ids(vocabulary)[:]) == said


def _repaired(text: str) -> str:
    """What is made of a text without a form: no newline of two characters, none of cp1252."""
    text = re.sub("\r\n?", "\n", text.removeprefix("\ufeff"))
    return text.translate(
        {n: c for n in range(0x80, 0xA0) if (c := bytes([n]).decode("cp1252", "ignore"))}
    )


def _units(text: str, config: TextConfig) -> list[str]:
    if config.unit == "continuous":
        return [text]
    if config.unit == "line":
        return [line.rstrip() for line in text.split("\n") if line.strip()]
    return list(sentences_of([text], config.sentence_rule))


def _cut(unit: str, size: int) -> list[Example]:
    starts = range(0, len(unit), size or len(unit))
    return [Example(unit[at : at + (size or len(unit))], at == starts[-1]) for at in starts]
