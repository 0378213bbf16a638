"""The vocabulary of any text, and what becomes of any code points on their way to it."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import strategies as st
from properties import ANY_TEXT, CHARACTER, tried

from charlm.errors import InputError, UnknownCharacter
from charlm.text import pieces
from charlm.text.config import TextConfig
from charlm.text.corpus import make_corpus
from charlm.text.cutting import CP1252, in_case, prepare_text, repaired_pieces
from charlm.text.parts import Split
from charlm.text.pieces import SAFE, cut_at
from charlm.text.preparation import Preparation
from charlm.text.source import Source
from charlm.text.vocabulary import EOS, FIRST_CHARACTER, PAD, Vocabulary
from charlm.train.dataset import encode

#: What a form or a case looks across: marks in another order, syllables of Korean, sigmas, and what
#: a form takes apart or never puts together.
TOUCHY = (
    "aA1 \r\n\t\x00\ufeff\x85\x96Σσςİıß'.:中々ﬁÅ\u212b\u0301\u0323\u0308\u0345\u0338가ᄀ\u1161"
    "\u11a8\u0958\u093c\u2adc\u0344\U0001d15e\U0001d165か\u3099\ud83d\ude00😀"
)
TOGETHER = (
    "a\u0301",
    "A\u0323\u0301",
    "ᄀ\u1161",
    "ᄀ\u1161\u11a8",
    "か\u3099",
    "aΣ",
    "Σ'a",
    "\r\n",
)
TOUCHED = st.lists(st.sampled_from([*TOUCHY, "\r\n", *TOGETHER * 3]), max_size=40).map("".join)
TEXT = TOUCHED | ANY_TEXT


@tried(60, texts=st.lists(TEXT, min_size=1, max_size=4), other=TEXT)
def test_characters_have_ids_in_code_order_and_come_back(texts: list[str], other: str) -> None:
    vocabulary, text = Vocabulary.of(texts), "".join(texts)
    assert vocabulary == Vocabulary.of(reversed(texts)) == Vocabulary.of([text])
    points = [ord(vocabulary.to_char(id)) for id in range(FIRST_CHARACTER, len(vocabulary))]
    assert points == sorted(map(ord, set(text)))
    assert vocabulary.to_char(PAD) == vocabulary.to_char(EOS) == ""
    ids = vocabulary.string2code(text)
    assert ids == encode(text, vocabulary).tolist() == vocabulary.encode(text, "map")[0]
    assert vocabulary.code2string([PAD, *ids, EOS, PAD]) == text
    strange = [c for c in other if c not in vocabulary]
    skipped, notices = vocabulary.encode(other, "skip")
    assert vocabulary.code2string(skipped) == "".join(c for c in other if c in text)
    assert len(notices) == len(set(strange)) == len(vocabulary.encode(other, "map")[1])
    known = iter(vocabulary.code2string(vocabulary.encode(other, "map")[0]))
    assert all(c in known for c in other if c in text), "map lost or moved one that is known"
    if strange:
        place = other.index(strange[0])
        with pytest.raises(UnknownCharacter) as error:
            vocabulary.string2code(other)
        said = f"(U+{ord(strange[0]):04X}) at position {place} "
        assert said in str(error.value) and "\n" not in str(error.value)


@tried(30, characters=st.lists(CHARACTER, min_size=2, max_size=6), place=st.integers(0, 5))
def test_a_vocabulary_holds_each_character_once_and_nothing_else(
    characters: list[str], place: int
) -> None:
    distinct = sorted(set(characters))
    assert Vocabulary(distinct).characters == tuple(distinct)
    place %= len(distinct)
    for wrong in (distinct[place], "", "ab", 3, None):
        with pytest.raises(InputError, match="vocabulary entry"):
            Vocabulary([*distinct[:place], wrong, *distinct[place:]])  # type: ignore[list-item]


@tried(
    100,
    text=TEXT,
    cuts=st.lists(st.integers(1, 6), min_size=40, max_size=40),
    form=st.sampled_from(["none", "NFC"]),
    case=st.sampled_from(["keep", "lower"]),
)
def test_a_text_is_repaired_in_pieces_as_it_is_whole(
    text: str, cuts: list[int], form: str, case: str
) -> None:
    """Wherever it is cut: its newlines, its Unicode form, its case."""
    config = TextConfig(form=form, case=case)  # type: ignore[arg-type]
    ends = [0, *itertools.accumulate(cuts)]
    parts = [part for a, b in itertools.pairwise(ends) if (part := text[a:b])]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_LEAST", "_NEAR"):
            patch.setattr(pieces, name, 2)
        found = "".join(repaired_pieces([*parts, text[ends[-1] :]], config))
        cased = "".join(in_case(piece, config) for piece in cut_at(SAFE, [found[:9], found[9:]]))
    expected = re.sub("\r\n?", "\n", text.removeprefix("\ufeff")).translate(CP1252)
    expected = unicodedata.normalize("NFC", expected) if form == "NFC" else expected
    assert found == expected
    assert cased == (expected.lower() if case == "lower" else expected)
    assert prepare_text(text, config) == cased


@tried(
    60,
    text=TOUCHED,
    least=st.integers(1, 4),
    form=st.sampled_from(["none", "NFC"]),
    case=st.sampled_from(["keep", "lower"]),
)
def test_rare_characters_are_left_out_and_no_other(
    text: str, least: int, form: str, case: str
) -> None:
    config = TextConfig("continuous", form=form, case=case)  # type: ignore[arg-type]
    text += "a" * least
    preparation = Preparation(
        "continuous", form=config.form, case=config.case, min_count=least, split=Split(100, 0, 0)
    )
    corpus = make_corpus(Source(text, "t", len(text)), preparation)
    ready = prepare_text(text, config)
    kept = {c for c, count in Counter(ready).items() if count >= least}
    assert corpus.characters == sorted(kept)
    assert corpus.report.rare_removed == sum(c not in kept for c in ready)
    (example,) = corpus.train
    assert example.text == "".join(c for c in ready if c in kept)
    vocabulary = Vocabulary(corpus.characters)
    assert vocabulary.code2string(corpus.train.ids(vocabulary)[:]) == example.text
