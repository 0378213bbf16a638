"""Esc and a key that come at once."""

from __future__ import annotations

import pytest
from textual.events import Key, Paste

from tui.shell.escapes import EscapeParser, held, parted


def keys_of(sent: str) -> list[tuple[str, str | None]]:
    """What becomes of what a terminal sends: names and characters."""
    parser = EscapeParser()
    events = [*parser.feed(sent), *parser.feed("")]
    return [(key.key, key.character) for each in events if isinstance(each, Key)
            for key in parted(each)]  # fmt: skip


ESCAPE = ("escape", "\x1b")


@pytest.mark.parametrize(
    ("sent", "key", "character"),
    [
        ("q", "q", "q"), ("Q", "Q", "Q"), ("b", "b", "b"), ("f", "f", "f"), ("5", "5", "5"),
        ("?", "question_mark", "?"), ("+", "plus", "+"), (" ", "space", " "), ("é", "é", "é"),
        ("-", "minus", "-"), ("\r", "enter", "\r"), ("\x12", "ctrl+r", "\x12"),
        ("\x7f", "backspace", "\x7f"), ("O", "O", "O"),
    ],
)  # fmt: skip
def test_esc_and_a_key(sent: str, key: str, character: str) -> None:
    assert keys_of("\x1b" + sent) == [ESCAPE, (key, character)]


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x1b[1;3A", "up"), ("\x1b[1;3D", "left"), ("\x1b[1;3F", "end"), ("\x1b[1;3P", "f1"),
        ("\x1b[18;3~", "f7"), ("\x1b[5;3~", "pageup"), ("\x1b\x1b[18~", "f7"), ("\x1b\x1b[A", "up"),
    ],
)  # fmt: skip
def test_esc_and_a_key_that_has_a_name(sent: str, key: str) -> None:
    assert keys_of(sent) == [ESCAPE, (key, None)]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("\x1b", [ESCAPE]),
        ("\x1b\x1b", [ESCAPE, ESCAPE]),
        ("q", [("q", "q")]),
        ("\x1b[1;5D", [("ctrl+left", None)]),
        ("\x1b[Z", [("shift+tab", None)]),
        ("\x1b\t", [("shift+tab", None)]),
        ("\x1bOP", [("f1", None)]),
        ("\x1b[[A", [("f1", None)]),
        ("\x1b[113;3u", [ESCAPE, ("q", "q")]),
    ],
)
def test_other_keys_are_what_they_were(sent: str, expected: list[tuple[str, str | None]]) -> None:
    assert keys_of(sent) == expected


@pytest.mark.parametrize("pieces", [1, 2, 5, 100])
def test_what_is_pasted_is_no_key(pieces: int) -> None:
    """However it is read: ESC in it is a character."""
    text = "a\x1bq\x1b[31mred\x1b[0m\x1b[20\x1b" + "x" * 50
    sent = f"o\x1b[200~{text}\x1b[201~p\x1b"
    size = -(-len(sent) // pieces)
    parser = EscapeParser()
    events = [event for at in range(0, len(sent), size)
              for event in parser.feed(sent[at : at + size])]  # fmt: skip
    events += parser.feed("")
    assert [event.text for event in events if isinstance(event, Paste)] == [
        text.replace("\x1b", "␛")
    ]
    assert [event.key for event in events if isinstance(event, Key)] == ["o", "p", "escape"]


def test_what_is_not_known_is_no_esc() -> None:
    assert "escape" not in [key for key, _ in keys_of("\x1b[1;10;7Z")]


@pytest.mark.parametrize("letter", "bfdq?Xé ")
def test_a_key_that_is_held_is_no_text(letter: str) -> None:
    """A field would write what a key prints, before anything that is bound acts."""
    [key] = [key for key in EscapeParser().feed("\x1b" + letter) if isinstance(key, Key)]
    assert not held(key).is_printable
    assert [each.character for each in parted(key)] == ["\x1b", letter]
