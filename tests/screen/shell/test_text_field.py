"""The document of a text field: Textual's, but for what ends a line."""

from hypothesis import given
from hypothesis import strategies as st
from textual.document._document import Document

from tui.widgets.text_field import ExactDocument

texts = st.text("ab\n", max_size=12)


@given(st.text(max_size=12))
def test_a_text_comes_out_as_it_was_put_in(text: str) -> None:
    assert ExactDocument(text).text == text


@given(texts, texts, st.data())
def test_a_range_is_replaced_as_textual_does_it(text: str, put: str, data: st.DataObject) -> None:
    theirs, ours = Document(text), ExactDocument(text)

    def place() -> tuple[int, int]:
        row = data.draw(st.integers(0, len(ours.lines) - 1))
        return row, data.draw(st.integers(0, len(ours.lines[row])))

    start, end = place(), place()
    assert ours.replace_range(start, end, put) == theirs.replace_range(start, end, put)
    assert ours.text == theirs.text
