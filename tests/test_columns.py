"""One column of a table as the text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from charlm.columns import cells_of, table_of, text_column
from charlm.corpus import Corpus, load_corpus
from charlm.errors import CorpusError
from charlm.preparation import Preparation

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
    with pytest.raises(CorpusError, match="no column 'text': it has 'id', 'who', 'said'"):
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
    assert table_of(text) is None


def test_a_table_of_labels_has_no_text_column() -> None:
    table = table_of("a,b,c\n1,x,3\n2,y,4\n3,z,5\n")
    assert table is not None
    assert text_column("a,b,c\n1,x,3\n2,y,4\n3,z,5\n", table) == ""
    assert list(cells_of("a,b,c\n1,x,3\n2,,4\n", table, "b")) == ["x"]


def test_a_column_of_what_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is no table"):
        loaded(tmp_path, "prose.txt", "Some words.\nAnd more of them.\n", column="text")
