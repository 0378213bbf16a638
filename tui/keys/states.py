"""What holds now, in the words by which the key table says when a key does what."""

from __future__ import annotations

from collections.abc import Mapping


def holding(words: Mapping[str, bool]) -> set[str]:
    """The words that hold."""
    return {word for word, holds in words.items() if holds}
