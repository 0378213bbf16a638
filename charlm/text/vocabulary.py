"""Character <-> id. PAD (the seeds' BLANK) is 0, EOS is 1, then the characters in code order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from charlm.checks import check_choice, shown
from charlm.errors import CorpusError, InputError, UnknownCharacter, argument
from charlm.text.config import MAX_VOCABULARY
from charlm.wording import counted

PAD = 0
EOS = 1
#: The id of the first character: those of PAD and EOS stand before it.
FIRST_CHARACTER = 2

#: What to do with a character that is not in the vocabulary.
Unknown = Literal["error", "skip", "map"]


class Vocabulary:
    """The characters of a corpus and their ids. `len` counts PAD and EOS too: it is V."""

    def __init__(self, characters: Sequence[str]) -> None:
        if len(characters) > MAX_VOCABULARY:
            raise CorpusError(
                f"the text has {len(characters):,} distinct characters; at most"
                f" {MAX_VOCABULARY:,} are possible: leave rare ones out, as with ",
                argument("min_count", 2),
            )
        for character in characters:
            if not isinstance(character, str) or len(character) != 1:
                raise InputError(f"vocabulary entry {shown(character)} is not one character")
        self.characters = tuple(characters)
        self.to_id = {c: i for i, c in enumerate(self.characters, start=FIRST_CHARACTER)}
        if len(self.to_id) != len(self.characters):
            seen: set[str] = set()
            twice = next(c for c in self.characters if c in seen or seen.add(c))  # type: ignore[func-returns-value]
            raise InputError(f"vocabulary entry {shown(twice)} occurs twice")

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """The vocabulary of every character in `texts`."""
        distinct: set[str] = set()
        for text in texts:
            distinct.update(text)
        return cls(sorted(distinct))

    def __len__(self) -> int:
        return FIRST_CHARACTER + len(self.characters)

    def __contains__(self, character: object) -> bool:
        return character in self.to_id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.characters == other.characters

    def __hash__(self) -> int:
        return hash(self.characters)

    def __repr__(self) -> str:
        return f"Vocabulary({counted(len(self.characters), 'character')})"

    def to_char(self, id: int) -> str:
        """The character of one id; PAD and EOS have none and give the empty string."""
        if not 0 <= id < len(self):
            raise InputError(f"id {id} is not in a vocabulary of {len(self)}")
        return self.characters[id - FIRST_CHARACTER] if id >= FIRST_CHARACTER else ""

    def string2code(self, text: str, name: str = "text") -> list[int]:
        """The ids of a text. An unknown character is an UnknownCharacter error naming it."""
        try:
            return [self.to_id[c] for c in text]
        except KeyError:
            place, character = next((i, c) for i, c in enumerate(text) if c not in self.to_id)
            cure = ", or use ", argument("unknown", "skip", "map")
            raise UnknownCharacter(
                f"character {character!r} (U+{ord(character):04X}) at position {place} of the"
                f" {name} is not in the model's vocabulary: remove it",
                *(cure if name == "text" else ()),
            ) from None

    def encode(self, text: str, unknown: Unknown = "error") -> tuple[list[int], list[str]]:
        """The ids of a text, and a notice for every kind of character that was replaced.

        unknown: "error" raises UnknownCharacter; "skip" leaves the character out; "map" takes
        its compatibility form or other case if the vocabulary has it, else skips it.
        """
        check_choice("unknown", unknown, get_args(Unknown))
        strange = sorted(set(text) - self.to_id.keys())
        if not strange or unknown == "error":
            return self.string2code(text), []
        replacement = {c: self._nearest(c) if unknown == "map" else "" for c in strange}
        notices = [
            f"character {c!r} is unknown to the model: "
            + (f"read as {replacement[c]!r}" if replacement[c] else "skipped")
            for c in strange
        ]
        return self.string2code("".join(replacement.get(c, c) for c in text)), notices

    def _nearest(self, character: str) -> str:
        decomposed = unicodedata.normalize("NFKD", character)
        base = "".join(c for c in decomposed if not unicodedata.combining(c))
        for form in (decomposed, base, character.swapcase(), base.swapcase()):
            if form and all(c in self for c in form):
                return form
        return ""

    def code2string(self, ids: Iterable[int]) -> str:
        """The text of ids; PAD and EOS are left out."""
        return "".join(self.to_char(int(i)) for i in ids)
