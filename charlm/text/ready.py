"""What makes a text, or a unit of it, ready: its case is given, rare characters are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from charlm.text.config import TextConfig
from charlm.text.cutting import in_case
from charlm.text.long_text import Alphabet


class Ready:
    """Gives a text its case, and leaves out rare characters."""

    def __init__(self, pieces: Iterable[str], least: int, config: TextConfig) -> None:
        """`pieces`: of all of it. `least`: how often a character occurs that is not rare."""
        self._config = config
        counts = Counter[str]()
        if least > 1:
            for piece in pieces:
                counts += _counted(in_case(piece, config))
        self._rare = {ord(c): None for c, count in counts.items() if count < least}
        self.removed = sum(count for count in counts.values() if count < least)

    @property
    def changes_nothing(self) -> bool:
        """Whether texts are ready as they are."""
        return self._config.case == "keep" and not self._rare

    def __call__(self, text: str) -> str:
        text = in_case(text, self._config)
        return text.translate(self._rare) if self._rare else text


def _counted(text: str) -> Counter[str]:
    """How often each character occurs."""
    alphabet = Alphabet()
    counts = np.bincount(alphabet.encoded(text), minlength=len(alphabet))
    return Counter(dict(zip(alphabet.characters(), counts.tolist(), strict=True)))
