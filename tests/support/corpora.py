"""What a corpus has learned from, and what files hold."""

from __future__ import annotations

from pathlib import Path

from charlm.text.corpus import Corpus
from charlm.text.cutting import Example
from charlm.text.preparation import Preparation
from charlm.text.reading import Files


def examples_in(corpus: Corpus) -> list[Example]:
    """All its examples: those to learn from, then those of the other parts."""
    return [*corpus.train, *corpus.validation, *corpus.test]


def text_of(corpus: Corpus) -> str:
    """What they hold together; of a continuous text all of it."""
    return "".join(example.text for example in examples_in(corpus))


def read_texts(*paths: Path | str) -> list[str]:
    """The text of each file."""
    return ["".join(text) for text in Files([str(path) for path in paths], Preparation()).texts()]
