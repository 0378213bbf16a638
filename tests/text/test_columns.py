"""One column of a table as the text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from charlm.errors import CorpusError
from charlm.text.columns import cells_of, text_column
from charlm.text.corpus import Corpus, load_corpus
from charlm.text.preparation import Preparation

CSV = "id,who,said\n" + "".join(f'{n},Ann,"Hello {n}, ""you"""\n' for n in range(40))


def loaded(tmp_path: Path, name: str, text: str, **options: object) -> Corpus:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_corpus(str(path), Preparation(**options))  # type: ignore[arg-type]


def learned(corpus: Corpus) -> list[str]:
    return [e.text for part in (corpus.train, corpus.validation, corpus.test) for e in part]


def test_the_column_of_text_is_found(tmp_path: Path) -> None:
    corpus = loaded(tmp_path, "talk.csv", CSV)
    assert (corpus.preparation.column, corpus.config.unit) == ("said", "line")
    assert learned(corpus)[:2] == ['Hello 0, "you"', 'Hello 1, "you"']
    assert "column said" in dict(corpus.report.rows())["text"]


def test_another_column_is_taken_if_it_is_named(tmp_path: Path) -> None:
    corpus = loaded(tmp_path, "talk.csv", CSV, column="id", unit="line", order="contiguous")
    assert learned(corpus) == [str(n) for n in range(40)]
    with pytest.raises(CorpusError, match="no column 'text': it has 'id', 'said', 'who'"):
        loaded(tmp_path, "talk.csv", CSV, column="text")


def test_json_lines(tmp_path: Path) -> None:
    lines = [json.dumps({"n": n, "text": f"Line one of {n}\nline two"}) for n in range(30)]
    corpus = loaded(tmp_path, "texts.jsonl", "\n".join([*lines, "", json.dumps({"n": 3})]))
    assert (corpus.preparation.column, corpus.config.unit) == ("text", "document")
    assert "Line one of 7\nline two" in learned(corpus)
    with pytest.raises(CorpusError, match=r"texts\.jsonl, line 31: not a JSON object"):
        loaded(tmp_path, "texts.jsonl", "\n".join([*lines, "{cut"]), column="text")


def test_cells_with_empty_lines_stay_whole(tmp_path: Path) -> None:
    rows = "".join(f'{n},"first {n}\n\nsecond"\n' for n in range(30))
    corpus = loaded(tmp_path, "poems.csv", f"n,poem\n{rows}")
    assert learned(corpus)[3] == "first 3\n\nsecond"
    assert corpus.config.separator == "\n\x1e\n"


def test_tabs_semicolons_and_a_mark(tmp_path: Path) -> None:
    for delimiter in "\t;":
        text = (
            "\ufeff"
            + f"n{delimiter}what\n"
            + "".join(f"{n}{delimiter}a longer text {n}\n" for n in range(30))
        )
        corpus = loaded(tmp_path, "x.csv", text)
        assert corpus.preparation.column == "what"
        assert learned(corpus)[0] == "a longer text 0"


@pytest.mark.parametrize(
    "text",
    [
        "One, two.\nThree, four, five.\n" * 9,  # prose
        "Smith\nJones\nBrown\n" * 9,
        "1,2\n3,4\n5,6\n7,8\n",  # no header
        "a,b\nc\nd,e,f\n",
        "",
    ],
)
def test_what_is_no_table(text: str) -> None:
    assert text_column(text) == ""


def test_a_table_of_labels_has_no_text_column() -> None:
    text = "a,b,c\n1,x,3\n2,y,4\n3,z,5\n"
    assert text_column(text) == ""
    assert list(cells_of(text.replace("y", ""), "b", "t")) == ["x", "z"]


def test_a_sparse_column_is_not_the_text() -> None:
    """Rows are compared, not cells: the comment of every twentieth row was taken for the text."""
    rows = (
        f"a text of row {n},{'a much longer comment, rarely' * (n % 20 == 0)}" for n in range(900)
    )
    text = "text,comment\n" + "\n".join(row.replace("comment,", "comment") for row in rows)
    assert text_column(text) == "text"


@pytest.mark.parametrize(
    ("text", "column", "cells"),
    [
        (",text\n0,one\n1,two\n", "text", ["one", "two"]),  # pandas' index
        ("text\none\ntwo\n", "text", ["one", "two"]),
        ("text,label\none,x\n", "text", ["one"]),
        ("2020,text\n1,one\n", "text", ["one"]),
        ('n, text\n1, "hello, there"\n', "text", ["hello, there"]),
        ('n\ttext\n1\t"Hello" she said\n2\t"so\n', "text", ['"Hello" she said', '"so']),
        ('n\ttext\n1\t"Hello\nthere"\n', "text", ["Hello\nthere"]),
    ],
)
def test_a_column_that_is_named_is_read_from_any_table(
    text: str, column: str, cells: list[str]
) -> None:
    assert list(cells_of(text, column, "t.csv")) == cells


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n,text\n1,one\n2,two, and more\n", "line 3: 3 cells in a table of 2 columns"),
        ('n,text\n1,"one" more\n2,x\n', "line 2: "),
        ("text,text\na,b\n", "column 'text' stands twice"),
        ('{"text": "a"}\n{"text": ["b"]}\n', "line 2: column 'text' holds no text but a list"),
        ('{"text": "a"}\n{"n": 1}\n{cut\n', "line 3: not a JSON object"),
    ],
)
def test_a_row_that_would_lose_text_is_named(text: str, said: str) -> None:
    with pytest.raises(CorpusError) as error:
        list(cells_of(text, "text", "t.csv"))
    assert said in str(error.value) and "corpus t.csv" in str(error.value)


def test_a_row_that_is_broken_later_is_named_though_the_column_was_looked_for(
    tmp_path: Path,
) -> None:
    """It made the whole table a text of raw rows, without a word."""
    rows = [f"{n},a text of row {n}" for n in range(400)]
    rows[300] += ", and more"
    with pytest.raises(CorpusError, match="line 302: 3 cells"):
        loaded(tmp_path, "t.csv", "n,text\n" + "\n".join(rows))


def test_what_is_no_string_is_no_text() -> None:
    lines = [
        json.dumps({"id": 10**14 + n, "said": [{"role": "x"}], "t": "short"}) for n in range(9)
    ]
    assert text_column("\n".join(lines)) == ""


def test_cells_as_one_stream(tmp_path: Path) -> None:
    corpus = loaded(tmp_path, "t.csv", CSV, column="id", unit="continuous", order="blocks")
    assert "".join(learned(corpus)) == "\n".join(str(n) for n in range(40))
    assert "its parts lie in its order" in corpus.report.notices[-1]


def test_cells_are_cut_by_themselves(tmp_path: Path) -> None:
    text = "text\n" + "".join(f"one of {n} without a stop\n" for n in range(40))
    corpus = loaded(tmp_path, "t.csv", text, column="text", unit="sentence")
    assert corpus.report.examples == 40


def test_a_table_beside_a_text(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text('id,said\n1,Yes\n2,"No\n\nmore"\n')
    (tmp_path / "t.csv").write_text(CSV)
    (tmp_path / "plain.txt").write_text("Yes\nNo\n")
    table = load_corpus(str(tmp_path / "t.csv"), Preparation(), str(tmp_path / "v.csv"))
    assert [e.text for e in table.validation] == ["Yes", "No", "more"]
    plain = load_corpus(str(tmp_path / "t.csv"), Preparation(), str(tmp_path / "plain.txt"))
    assert [e.text for e in plain.validation] == ["Yes", "No"]
    assert not any("validation" in notice for notice in table.report.notices)
    said = "the validation text plain.txt has no column said: it is taken as it stands"
    assert said in plain.report.notices
    docs = "n,said\n" + "".join(f'{n},"a line\nand one of {n}"\n' for n in range(40))
    (tmp_path / "d.csv").write_text(docs)
    documents = load_corpus(str(tmp_path / "d.csv"), Preparation(), str(tmp_path / "v.csv"))
    assert [e.text for e in documents.validation] == ["Yes", "No\n\nmore"]


def test_a_folder_of_tables(tmp_path: Path) -> None:
    for name in ("a", "b"):
        lines = [json.dumps({"n": n, "text": f"Text {n} of {name}"}) for n in range(20)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    corpus = load_corpus(str(tmp_path), Preparation(suffixes=["jsonl"]))
    assert corpus.preparation.column == "text" and "Text 3 of b" in learned(corpus)


def test_a_column_of_what_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"has no column 'text': it has 'Some words\.'"):
        loaded(tmp_path, "prose.txt", "Some words.\nAnd more of them.\n", column="text")
    with pytest.raises(CorpusError, match="column 'a' is empty"):
        loaded(tmp_path, "x.csv", "a,b\n,1\n,2\n", column="a")
