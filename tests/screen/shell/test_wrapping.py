"""Wrapping a piece at a time gives what wrapping the whole text gives."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.widgets.wrapping import Wrapped, cut, cut_before, cut_first, cut_inside

TEXT = st.text(alphabet="ab  \n漢é\u0301.", max_size=60)
WIDTH = st.integers(1, 12)


def lines(wrapped: Wrapped) -> list[str]:
    return [wrapped.line(i) for i in range(len(wrapped))]


@given(TEXT, WIDTH, st.lists(st.tuples(st.floats(0, 1), TEXT), max_size=8))
def test_rewrites_of_the_tail_equal_wrapping_afresh(text, width, changes) -> None:
    wrapped = Wrapped(text, width)
    for part, tail in changes:
        keep = int(part * len(text))
        text = text[:keep] + tail
        first = wrapped.rewrite(keep, tail)
        fresh = Wrapped(text, width)
        assert wrapped.text == text
        assert (wrapped.starts, wrapped.ends) == (fresh.starts, fresh.ends)
        assert 0 <= first < len(wrapped)


@given(TEXT, WIDTH)
def test_lines_fit_and_lose_nothing_but_breaks(text, width) -> None:
    wrapped = Wrapped(text, width)
    for line in lines(wrapped):
        assert "\n" not in line
        assert cell_len(line) <= width or len(line.rstrip("\u0301")) == 1
    kept = "".join(lines(wrapped))
    assert kept.replace(" ", "") == text.replace("\n", "").replace(" ", "")


def test_words_break_after_spaces_and_long_words_anywhere() -> None:
    assert lines(Wrapped("one two three", 8)) == ["one two ", "three"]
    assert lines(Wrapped("one two three", 7)) == ["one two", "three"]
    assert lines(Wrapped("abcdefgh ij", 5)) == ["abcde", "fgh ", "ij"]
    assert lines(Wrapped("a\n\nb\n", 5)) == ["a", "", "b", ""]


def test_wide_characters_take_two_cells() -> None:
    assert lines(Wrapped("漢字漢字", 5)) == ["漢字", "漢字"]


def test_another_width_breaks_again() -> None:
    wrapped = Wrapped("one two three four", 9)
    wrapped.set_width(100)
    assert lines(wrapped) == ["one two three four"]


@given(st.text("ab漢字é\u0301 ", max_size=12), st.integers(1, 12))
def test_a_text_is_cut_by_its_cells(text: str, room: int) -> None:
    for shown in (cut(text, room), cut_before(text, room), cut_inside(text, room)):
        assert cell_len(shown) <= room
        assert (shown == text) == (cell_len(text) <= room)
    assert text.startswith(cut(text, room).rstrip("… "))
    assert text.endswith(cut_before(text, room).removeprefix("…"))


def test_a_cut_text_says_so() -> None:
    assert [cut("漢字漢字", room) for room in (8, 7, 6, 2)] == [
        "漢字漢字",
        "漢字漢…",
        "漢字 …",
        " …",
    ]
    assert [cut_before("ab漢字", room) for room in (6, 5, 4)] == ["ab漢字", "…漢字", "…字"]


def test_of_several_parts_the_first_gives_way() -> None:
    text = "les_miserables-lstm-1130, step 204 · nucleus · top-p 0.95 · seed 1"
    assert cut_first(text, 80) == text
    assert cut_first(text, 50) == "les_miserables-ls… · nucleus · top-p 0.95 · seed 1"
    assert cut_first(text, 30) == "les_miserables-lstm-1130, ste…"
    assert cut_first("one part alone", 10) == "one part …"
    assert cut_first("", 10) == ""


def test_a_name_is_cut_inside() -> None:
    name = "chat-lstm-20261130-204821"
    assert [cut_inside(name, room) for room in (25, 13, 2)] == [name, "chat-…-204821", "c…"]
    assert cut_inside("漢字漢字", 6) == "漢…字"
