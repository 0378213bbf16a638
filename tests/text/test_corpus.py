"""Reading, repairing, cutting and splitting a text, and what the report says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from corpora import text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm.errors import CorpusError, InputError
from charlm.text.config import TextConfig
from charlm.text.corpus import Corpus, load_corpus, make_corpus
from charlm.text.cutting import (
    Example,
    Repairs,
    examples_of,
    prepare_prompt,
    prepare_text,
    repaired,
)
from charlm.text.parts import parse_split
from charlm.text.preparation import Preparation
from charlm.text.reading import decode
from charlm.text.source import Source

SENTENCE = TextConfig("sentence")
LINE = TextConfig("line")
CONTINUOUS = TextConfig("continuous")


def preparation(config: TextConfig = SENTENCE, split: str = "80/10/10") -> Preparation:
    """That of a configuration, nothing looked for."""
    length = config.max_length or 1000
    return Preparation(config.unit, max_length=length, split=parse_split(split), order="contiguous")


def corpus_of(text: str, config: TextConfig = SENTENCE, split: str = "80/10/10") -> Corpus:
    size = len(text.encode("utf-8", "surrogatepass"))
    return make_corpus(Source(text, "some.txt", size), preparation(config, split))


def test_bom_and_newlines_are_repaired_and_counted() -> None:
    repairs = Repairs()
    assert repaired("\ufeffa\r\nb\rc\nd", LINE, repairs) == "a\nb\nc\nd"
    assert repairs.byte_order_mark
    assert repairs.newlines == 2


def test_cp1252_controls_are_repaired_and_counted() -> None:
    repairs = Repairs()
    text = repaired("a\x96b\x96c\x85 \x81 \x93q\x94", SENTENCE, repairs)
    assert text == "a–b–c… \x81 “q”"  # 0x81 has no meaning in cp1252 and stays
    assert repairs.cp1252 == {"U+0085": 1, "U+0093": 1, "U+0094": 1, "U+0096": 2}


def test_unicode_form_and_case() -> None:
    assert prepare_text("E\u0301T", TextConfig(form="NFC", case="lower")) == "ét"


@pytest.mark.parametrize(
    ("config", "expected"),
    [(SENTENCE, "two words "), (LINE, "  two\t  words "), (CONTINUOUS, "  two\t \nwords\n")],
)
def test_prompts_follow_the_unit(config: TextConfig, expected: str) -> None:
    assert prepare_prompt("\ufeff  two\t \r\nwords\n", config) == expected


@settings(max_examples=50)
@given(st.text(), st.sampled_from([SENTENCE, LINE, CONTINUOUS]))
def test_preparing_a_prompt_twice_changes_nothing(text: str, config: TextConfig) -> None:
    once = prepare_prompt(text.replace("\ufeff", ""), config)
    assert prepare_prompt(once, config) == once


def test_long_examples_are_cut_and_only_the_last_piece_ends() -> None:
    config = TextConfig("line", max_length=4)
    assert examples_of("abcdefghij\nxy\n\nabcd", config) == [
        Example("abcd", False),
        Example("efgh", False),
        Example("ij", True),
        Example("xy", True),
        Example("abcd", True),
    ]
    report = corpus_of("abcdefghij\nxy", config).report
    assert (report.examples, report.cut) == (2, 1)


def test_ten_megabytes_without_a_mark_become_pieces() -> None:
    examples = examples_of("word " * 2_000_000, SENTENCE)
    assert max(len(e.text) for e in examples) == 1000
    assert sum(e.ends for e in examples) == 1
    assert sum(len(e.text) for e in examples) == 10_000_000 - 1


def test_continuous_text_is_one_example_that_does_not_end() -> None:
    assert examples_of("a. b\nc", CONTINUOUS) == [Example("a. b\nc", False)]
    assert examples_of("", CONTINUOUS) == []


def test_duplicates_go_before_a_contiguous_split() -> None:
    lines = [f"line {i}" for i in range(20)]
    corpus = corpus_of("\n".join(lines + lines[:7]), LINE)
    assert corpus.report.duplicates == 7
    texts = [[e.text for e in part] for part in (corpus.train, corpus.validation, corpus.test)]
    assert texts == [lines[:16], lines[16:18], lines[18:]]
    assert corpus.report.parts["test"] == {"examples": 2, "characters": 14}


def test_continuous_split_is_by_characters() -> None:
    corpus = corpus_of("0123456789", CONTINUOUS, "70/30/0")
    assert [e.text for e in (*corpus.train, *corpus.validation)] == ["0123456", "789"]
    assert not corpus.test


@pytest.mark.parametrize("config", [SENTENCE, LINE, CONTINUOUS])
def test_one_character_is_enough_to_train_on(config: TextConfig) -> None:
    corpus = corpus_of("a", config)
    assert [e.text for e in corpus.train] == ["a"]
    assert not corpus.validation and not corpus.test


def test_two_sentences_are_cut_so_that_three_parts_exist() -> None:
    corpus = corpus_of("One. Two.")
    parts = (corpus.train, corpus.validation, corpus.test)
    assert [[e.text for e in part] for part in parts] == [["On", "e."], ["Tw"], ["o."]]
    assert corpus.config.max_length == 2


def test_lone_surrogates_and_nul_are_characters() -> None:
    corpus = corpus_of("a\x00b \udc80 \x1b[1m", CONTINUOUS)
    assert corpus.report.distinct == 9
    assert len(corpus.report.sha256) == 64


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf\r\n"])
def test_nothing_to_learn_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "blank.txt"
    path.write_bytes(data)
    with pytest.raises(CorpusError, match=r"blank\.txt holds nothing but white space"):
        load_corpus(str(path), preparation())


def test_bom_and_crlf_give_the_clean_file(tmp_path: Path) -> None:
    clean, dirty = tmp_path / "clean.txt", tmp_path / "dirty.txt"
    clean.write_bytes("One é.\nTwo.\nThree".encode())
    dirty.write_bytes("\ufeffOne é.\r\nTwo.\rThree".encode())
    for config in (SENTENCE, LINE, CONTINUOUS):
        one, other = (load_corpus(str(p), preparation(config)) for p in (clean, dirty))
        assert text_of(one) == text_of(other)
        assert one.report.sha256 == other.report.sha256


def test_missing_folder_and_device_are_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nowhere\.txt does not exist"):
        load_corpus(str(tmp_path / "nowhere.txt"), preparation(SENTENCE))
    with pytest.raises(CorpusError, match=r"is a folder without \.txt files"):
        load_corpus(str(tmp_path), preparation(SENTENCE))
    with pytest.raises(CorpusError, match="/dev/zero is a device"):
        load_corpus("/dev/zero", preparation())
    with pytest.raises(CorpusError, match="cannot be read"):
        load_corpus("nul\0inside", preparation())


def test_files_and_folders_are_one_text(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    for name in ("b.txt", "a.txt", "below/c.txt", ".hidden/d.txt", ".e.txt", "f.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"\ufeffIn {name}.")
    single = tmp_path / "z.txt"
    single.write_text("First.\n")
    sources = [str(single), str(folder), str(folder / "a.txt")]
    corpus = load_corpus(sources, preparation(CONTINUOUS, "100/0/0"))
    assert text_of(corpus) == "First.\nIn a.txt.\nIn b.txt.\nIn below/c.txt.\n"
    assert corpus.report.name == "z.txt and 3 more"
    assert corpus.report.bytes == sum(
        path.stat().st_size for path in (single, *(folder / n for n in ("a.txt", "b.txt")))
    ) + len("\ufeffIn below/c.txt.".encode())


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(CorpusError, match="Permission denied"):
        load_corpus(str(path), preparation())


def test_other_encodings_are_located_and_offered() -> None:
    data = b"one\ntwo\nthr\xe9e"
    with pytest.raises(CorpusError, match=r"0xe9 at offset 11, line 3: .*--encoding.*--errors"):
        decode(data, "some.txt")
    assert decode(data, "some.txt", "cp1252") == "one\ntwo\nthrée"
    assert decode(data, "some.txt", "utf-8", "replace") == "one\ntwo\nthr\ufffde"
    with pytest.raises(InputError, match="encoding 'klingon' is not known"):
        decode(data, "some.txt", "klingon")
    with pytest.raises(InputError, match="errors 'hope' is not one of"):
        decode(data, "some.txt", "utf-8", "hope")


@pytest.mark.parametrize("text", ["90/10", "90/5/6", "0/50/50", "a/b/c", "110/-5/-5", ""])
def test_impossible_splits(text: str) -> None:
    with pytest.raises(InputError, match="sum to 100"):
        parse_split(text)


def test_the_report_says_it_in_words() -> None:
    rows = dict(corpus_of("\ufeffIt is\x96so. It is\x96so.\r\nNo?").report.rows())
    assert rows["repaired U+0096"] == "2 (a cp1252 '–')"
    assert rows["newlines"] == "1 CR LF or CR became LF"
    assert rows["sentences"] == "2 after 1 duplicate"
    assert rows["train"] == "2 examples, 8 characters"


def test_a_validation_text_of_its_own(tmp_path: Path) -> None:
    text, other = tmp_path / "text.txt", tmp_path / "other.txt"
    text.write_text("".join(f"line {n}\n" for n in range(100)))
    other.write_text("mine ß\nand mine\nline 3\n")
    corpus = load_corpus(str(text), preparation(LINE, "90/5/5"), str(other))
    assert [e.text for e in corpus.validation] == ["mine ß", "and mine", "line 3"]
    assert [len(corpus.train), len(corpus.test)] == [95, 5]
    without = load_corpus(str(text), preparation(LINE, "90/5/5"))
    assert without.report.sha256 != corpus.report.sha256
    stream = load_corpus(str(text), preparation(CONTINUOUS, "90/10/0"), str(other))
    assert [e.text for e in stream.validation] == ["mine ß\nand mine\nline 3\n"]
    assert not stream.test and stream.train[0].text == text.read_text()
    other.write_text(" \n")
    with pytest.raises(CorpusError, match=r"validation other\.txt holds nothing but white space"):
        load_corpus(str(text), preparation(LINE), str(other))
