"""What one example is, found by looking; and three parts of every text."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from corpora import text_of
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS, english_prose, names, python_code
from whole_text import Listed

from charlm.errors import CorpusError, InputError
from charlm.text.corpus import Corpus, load_corpus, make_corpus
from charlm.text.cutting import examples_of
from charlm.text.parts import (
    Split,
    arranged,
    block_count,
    divided,
    is_apart,
    parse_split,
    sizes_of,
    why_blocks,
)
from charlm.text.preparation import Preparation
from charlm.text.sentences import split_sentences
from charlm.text.source import Source


def corpus_of(text: str, preparation: Preparation | None = None) -> Corpus:
    return make_corpus(Source(text, "some.txt", len(text)), preparation or Preparation())


@pytest.mark.parametrize(("name", "layout"), LAYOUTS.items())
def test_the_unit_is_the_one_that_a_person_would_take(
    name: str, layout: tuple[Callable[[], str], str], tmp_path: object
) -> None:
    path = f"{tmp_path}/{name}"
    make, unit = layout
    with open(path, "w", encoding="utf-8") as file:
        file.write(make())
    corpus = load_corpus(path, Preparation())
    assert corpus.config.unit == unit, corpus.report.why_unit
    assert corpus.report.why_unit
    assert corpus.train and corpus.validation and corpus.test
    assert corpus.preparation.unit == unit


STORIES = [f"There was a cat.\nIt had {n} lives.\n\nIt lost one." for n in range(40)]
MORE = {
    "stories apart by a line": ("\n<|endoftext|>\n".join(STORIES), "document"),
    "recipes apart by dashes": ("\n---\n".join(STORIES), "document"),
    "a play": (
        "\n\n".join(f"{who}\nI said it {n} times,\nand more" for n in range(30) for who in "AB"),
        "continuous",
    ),
    "messages with a head": (
        "\n\n".join(f"From: {n}\nTo: you\n\n{'x' * n}" for n in range(40)), "continuous",
    ),
    "questions, a head and an answer": (
        "\n\n".join(f"Q: is it {n}?\nA: it may be {n * n}" for n in range(40)), "document",
    ),
    "quotations": ("\n".join(f"To be {n} times or not to be." for n in range(50)), "line"),
    "a log": (
        "\n".join(f"12:{n:02}:07 INFO started {'o' * (n * 7 % 40)}k" for n in range(60)), "line",
    ),
    "dialogue": (
        "\n\n".join(f"“Where were you {n} days?”" for n in range(60)), "sentence",
    ),
    "Russian paragraphs": (
        "\n".join(f"Все семьи похожи {n}. Каждая несчастлива. Всё смешалось." for n in range(40)),
        "sentence",
    ),
    "Thai, without marks or spaces": (
        "\n".join("สวัสดี" * (n % 7 + 3) + "ครับ" * (n % 5) for n in range(60)), "line",
    ),
    "a heading line over each sequence": (
        "\n".join(f">s{n}\nMKV{'ACD' * (n % 30)}" for n in range(60)), "continuous",
    ),
    "a novel with three ornaments": (
        "\n\n* * *\n\n".join("\n".join(
            f"It was day {n} of it. Nobody came to see. It rained again." for n in range(60)
        ) for _ in range(4)), "sentence",
    ),
    "code under bars": (
        "\n".join(f"{'#' * 40}\ndef f{n}(x):\n    return x" for n in range(30)), "continuous",
    ),
    "messages of which the first begins with a sign": (
        "\n".join(f"{'@ann ' * (n % 3 == 0)}had a day of {'o' * (n * 7 % 40)}k" for n in range(60)),
        "line",
    ),
    "names apart by empty lines": ("\n\n".join(names().split()[:200]), "line"),
    "a sign in the middle of lines": (
        "".join(f"A story of {n}.\nIt ends.<|endoftext|>" for n in range(40)), "document",
    ),
    "three sentences": ("One. Two. Three.", "continuous"),
    "numbered lists are no sentences": (
        "\n".join(f"{n}. e4 e5 {n + 1}. Nf3 Nc6" for n in range(60)), "line",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MORE)
def test_other_layouts_of_the_kind(name: str) -> None:
    text, unit = MORE[name]
    corpus = corpus_of(text)
    assert corpus.config.unit == unit, corpus.report.why_unit
    assert corpus.train and corpus.validation and corpus.test


def test_a_long_text_is_looked_at_in_pieces() -> None:
    assert corpus_of(english_prose() * 40).config.unit == "sentence"
    code = corpus_of(python_code() * 120)
    assert len(text_of(code)) > 16 * 65_536
    assert code.config.unit == "continuous"


@settings(max_examples=60)
@given(st.text(min_size=1), st.sampled_from(["auto", "sentence", "line", "document", "continuous"]))
def test_three_parts_exist_of_whatever_is_long_enough(text: str, unit: str) -> None:
    if not text.replace("\ufeff", "").strip():
        return
    corpus = corpus_of(text, Preparation(unit))
    parts = [corpus.train, corpus.validation, corpus.test]
    learned = sum(len(example.text) for part in parts for example in part)
    if learned >= 3 and (unit == "auto" or corpus.config.unit == "continuous"):
        assert all(parts)
    assert corpus.train


def test_one_sentence_of_much_text_is_cut_before_it_is_divided() -> None:
    """Field case 3: such a text was training as a whole, and "too short for a validation part"."""
    text = "no mark ends it " * 7_500
    corpus = corpus_of(text, Preparation("sentence"))
    parts = (corpus.train, corpus.validation, corpus.test)
    assert [len(part) for part in parts] == [108, 6, 6]
    assert sum(example.ends for part in parts for example in part) == 1
    few = corpus_of("Only one. And two.", Preparation("sentence"))
    assert few.train and few.validation and few.test


def test_what_is_said_is_not_looked_for() -> None:
    text = names()
    for unit in ("sentence", "line", "document", "continuous"):
        report = corpus_of(text, Preparation(unit, order="contiguous")).report
        assert (report.unit, report.why_unit, report.why_order) == (unit, "", "")


def test_lower_case_comes_behind_the_cut() -> None:
    """Field case 4: 2,000 sentences became one, for what begins them was gone."""
    text = " ".join(f"It was day {n} of the year. Nobody came." for n in range(1000))
    lower = corpus_of(text, Preparation("sentence", case="lower"))
    assert lower.report.examples + lower.report.duplicates == 2_000
    assert lower.config.sentence_rule == 2
    assert [e.text for e in examples_of("It is. So?", lower.config)] == ["it is.", "so?"]
    assert list(lower.characters) == sorted(set(text.lower()))


def test_rare_characters_go_behind_the_cut() -> None:
    text = "Alpha ends! Beta ends. " + "Gamma goes on. " * 30
    units = corpus_of(text, Preparation("sentence", min_count=5, keep_duplicates=True))
    assert units.report.rare_removed > 0
    assert units.report.examples == 32  # the rare "!" ended a sentence all the same


def test_marks_of_every_script_end_sentences() -> None:
    for text, count in (
        ("他说：“好。”她走了！真的？", 3),
        ("वह आया। वह गया।", 2),
        ("هل أنت هنا؟ نعم. حسنا۔ لا.", 4),
        ("שלום. מה קורה. טוב.", 3),
        ("Բարեւ։ Ոչ։", 2),
        ("ሰላም። እሺ።", 2),
    ):
        assert len(list(split_sentences(text))) == count, text


def test_old_texts_are_cut_as_they_were() -> None:
    """Where both rules agree the file stays version 1; a run of old stays with rule 1."""
    assert corpus_of("It is. So? Yes!", Preparation("sentence")).config.sentence_rule == 1
    chinese = "他说好。她走了。" * 30
    assert corpus_of(chinese, Preparation("sentence")).config.sentence_rule == 2
    old = corpus_of(chinese, Preparation("sentence", order="whole"))
    assert old.config.sentence_rule == 1 and old.report.examples == 1
    assert not old.validation  # one unit, and no unit was divided


SORTED = sorted(
    {f"{a}{b}{c}{d}" for a in "abcdefghij" for b in "aeiou" for c in "lmnr" for d in "aeo"}
)


def test_sorted_lines_are_divided_in_blocks_spread_over_the_text() -> None:
    """Field case 5: the names with the last letters were held out."""
    corpus = corpus_of("\n".join(SORTED), Preparation("line"))
    assert corpus.report.order == "blocks" and "alphabet" in corpus.report.why_order
    for part in (corpus.validation, corpus.test):
        assert {example.text[0] for example in part} > {"a", "j"}
    assert len({e.text for p in (corpus.train, corpus.validation, corpus.test) for e in p}) == 600
    shuffled = random.Random(1).sample(SORTED, len(SORTED))
    assert corpus_of("\n".join(shuffled), Preparation("line")).report.order == "contiguous"


def test_one_author_after_another_is_seen() -> None:
    dice = random.Random(1)
    first = ["".join(dice.choices("etaoin shr", k=60)) for _ in range(600)]
    other = ["".join(dice.choices("ETAOIN shr", k=60)) for _ in range(80)]
    report = corpus_of("\n".join(first + other), Preparation("line")).report
    assert report.order == "blocks" and "other characters" in report.why_order
    told = corpus_of("\n".join(first + other), Preparation("line", order="contiguous")).report
    assert any("--order blocks" in notice for notice in told.notices)
    stream = corpus_of("\n".join(first + other), Preparation("continuous")).report
    assert any("other characters" in notice for notice in stream.notices)
    assert not corpus_of("\n".join(first), Preparation("line")).report.notices


@given(st.integers(1, 400), st.sampled_from(["90/5/5", "80/20/0", "100/0/0", "34/33/33", "98/1/1"]))
def test_every_item_is_in_one_part(n: int, split: str) -> None:
    sizes = sizes_of(n, parse_split(split))
    for blocks in (1, block_count(sizes)):
        ranges = divided(sizes, blocks)
        items = sorted(i for part in ranges.values() for a, b in part for i in range(a, b))
        assert items == list(range(n))
        assert tuple(sum(b - a for a, b in part) for part in ranges.values()) == sizes


def test_few_texts_and_no_held_out_part_have_no_order() -> None:
    assert why_blocks(Listed(SORTED[:10]), (8, 1, 1)) == ""
    assert why_blocks(Listed(SORTED), (600, 0, 0)) == ""
    assert not is_apart(Listed(SORTED), (600, 0, 0))
    assert arranged(Listed(SORTED), Split(90, 5, 5), "contiguous").blocks == 1


def test_repeats_are_kept_if_asked_and_told_if_many_go() -> None:
    """Field case 20: names by frequency."""
    text = "\n".join(["Maria"] * 60 + ["Anna"] * 30 + [f"Name{n}" for n in range(30)])
    dropped = corpus_of(text, Preparation("line")).report
    assert dropped.duplicates == 88
    assert any("88 of 120 lines are repeats" in notice for notice in dropped.notices)
    kept = corpus_of(text, Preparation("line", keep_duplicates=True))
    assert kept.report.duplicates == 0 and not kept.report.notices
    assert sum(len(part) for part in (kept.train, kept.validation, kept.test)) == 120
    some = corpus_of("a\nb\nc\nd\na\n", Preparation("line")).report
    assert some.duplicates == 1 and not some.notices


def test_documents_hold_their_lines() -> None:
    text = "\n\n".join(f"Song {n}\nla la\nend" for n in range(30))
    corpus = corpus_of(text, Preparation("document"))
    assert corpus.train[0].text == "Song 0\nla la\nend" and corpus.train[0].ends
    assert corpus.config.separator == "\n\n"
    assert examples_of("a\nb\n\nc\n", corpus.config)[1].text == "c"
    own = corpus_of("a\nb##c##d\n##e##f", Preparation("document", separator="##"))
    learned = [e.text for part in (own.train, own.validation, own.test) for e in part]
    assert learned == ["a\nb", "c", "d", "e", "f"]
    assert corpus_of(text, Preparation(separator="\n\n")).config.unit == "document"


@pytest.mark.parametrize(
    "text",
    [
        "---\nA\nb\n---\nC\n---\n",
        "A\nb\n---  \nC",
        "A\nb\n---\n---\n---\nC\n",
    ],
)
def test_a_line_between_documents_is_never_learned(text: str) -> None:
    corpus = corpus_of(text, Preparation("document", separator="\r\n---\r\n"))
    learned = [e.text for part in (corpus.train, corpus.validation, corpus.test) for e in part]
    assert "".join(learned) == "A\nbC"


def test_empty_lines_may_hold_spaces() -> None:
    corpus = corpus_of("\n".join(f"X:{n}\nabc|def|\n \n" for n in range(30)))
    assert (corpus.config.unit, corpus.report.examples) == ("document", 30)


def test_separators_alone_are_no_text() -> None:
    with pytest.raises(CorpusError, match="nothing between its separators"):
        corpus_of("\n---\n\n---\n\n---\n", Preparation("document"))
    with pytest.raises(CorpusError, match="validation text holds nothing"):
        make_corpus(
            Source("a\n---\nb", "t", 9, validation=["---\n---"]),
            Preparation("document", separator="\n---\n"),
        )


def test_documents_are_scored_as_they_are_learned() -> None:
    """Lower case came before the cut, which no longer found its separator."""
    text = "\nEND\n".join(f"Song {n}" for n in range(100))
    corpus = corpus_of(text, Preparation("document", separator="\nEND\n", case="lower"))
    assert len(examples_of(text, corpus.config)) == corpus.report.examples == 100


def test_a_validation_text_keeps_what_is_rare_in_the_corpus() -> None:
    source = Source("ab ab q\n" + "ab\n" * 9, "t", 9, validation=["xq ab\nzz"])
    corpus = make_corpus(source, Preparation("line", min_count=2, keep_duplicates=True))
    assert [e.text for e in corpus.validation] == ["xq ab", "zz"]


def test_lengths_that_are_alike_are_no_order() -> None:
    words = ["sixsix", *(f"w{n:04}"[:5] for n in random.Random(1).sample(range(9999), 500))]
    assert why_blocks(Listed(words), sizes_of(len(words), Split(90, 5, 5))) == ""
    rising = sorted(names().split(), key=len)
    assert "lengths" in why_blocks(Listed(rising), sizes_of(len(rising), Split(90, 5, 5)))
    assert "backwards" in why_blocks(Listed(rising[::-1]), sizes_of(len(rising), Split(90, 5, 5)))


@pytest.mark.parametrize(
    ("unit", "separator"), [("line", "--"), ("continuous", "x"), ("document", "")]
)
def test_separators_that_cannot_be(unit: str, separator: str) -> None:
    with pytest.raises(InputError, match="separator"):
        Preparation(unit, separator=separator)
