"""Where sentences end."""

from __future__ import annotations

import pytest

from charlm.text.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two? Three! Four", ["One.", "Two?", "Three!", "Four"]),
        ("Really?! Yes... No. ", ["Really?!", "Yes...", "No."]),
        (
            "so they left.and 3.14 is pi. but not here.",
            ["so they left.and 3.14 is pi. but not here."],
        ),
        ("The U.S. Senate met. It sat.", ["The U.S. Senate met.", "It sat."]),
        ("J. Smith met Mr. Jones. Dr. Who?", ["J. Smith met Mr. Jones.", "Dr. Who?"]),
        ("Mme. Dupont dort. M. Dupont non.", ["Mme. Dupont dort.", "M. Dupont non."]),
        ('He said "Go." She went.', ['He said "Go."', "She went."]),
        ('Fine. "Go," he said.', ["Fine.", '"Go," he said.']),
        ("(It was late.) We left.", ["(It was late.)", "We left."]),
        ("« Quoi ! » Il dort.", ["« Quoi ! »", "Il dort."]),
        ("Wait… Now. wait… then.", ["Wait…", "Now. wait… then."]),
        ("École. Été. état.", ["École.", "Été. état."]),
        ("no mark at\tthe \n end", ["no mark at the end"]),
        ("I saw the U.S.", ["I saw the U.S."]),
        ("Lui, c.-à-d. Paul, dort. Fin.", ["Lui, c.-à-d. Paul, dort.", "Fin."]),
        ("modern art. The end", ["modern art.", "The end"]),
        ("", []),
        (" \n ", []),
        ("?", ["?"]),
    ],
)
def test_split(text: str, expected: list[str]) -> None:
    assert list(split_sentences(text)) == expected


def test_nothing_is_lost_but_white_space() -> None:
    text = 'A "b?" c.d (E. f!) G... h?!I\n\nJ.   K "L."M Mr. N. 5. O… p'
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
