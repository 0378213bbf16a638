"""How a text is to be prepared: what a person says of it, and what is left to be looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from charlm.errors import InputError
from charlm.text.config import CHATS, KEEP, UNITS
from charlm.text.files import SUFFIX, UTF_8
from charlm.text.parts import DEFAULT_SPLIT, ORDERS, Split

AUTO = "auto"


@dataclass(frozen=True)
class Preparation:
    """How a text is prepared. What is "auto", or None, is looked for.

    unit, separator, max_length, form, case, chat: as in `TextConfig`. column: of a table, or "" for
    its rows as they stand. order: one of `parts.ORDERS`. min_count: rarer characters are left out.
    table: a column is looked for though the unit is said. suffixes: of the files that are read in
    a folder. Raises InputError.
    """

    unit: str = AUTO
    separator: str | None = None
    column: str | None = None
    max_length: int = 1000
    form: Literal["none", "NFC"] = "none"
    case: Literal["keep", "lower"] = "keep"
    split: Split = DEFAULT_SPLIT
    order: str = AUTO
    min_count: int = 1
    keep_duplicates: bool = False
    chat: Literal["keep", "messages"] = KEEP
    table: bool = False
    encoding: str = UTF_8
    errors: str = "strict"
    suffixes: Sequence[str] = (SUFFIX,)

    def __post_init__(self) -> None:
        for name, value, known in (
            ("unit", self.unit, (AUTO, *UNITS)),
            ("order", self.order, ORDERS),
            ("chat", self.chat, CHATS),
        ):
            if value not in known:
                raise InputError(f"{name} {value!r} is not one of {', '.join(known)}")
        if self.column and self.chat != KEEP:
            raise InputError("the messages of a chat and a column of a table are two things")
        if self.separator is not None and self.unit not in (AUTO, "document"):
            raise InputError(f"a separator goes with unit document alone, not with {self.unit}")
        if self.separator is not None:  # as the newlines of the text are
            separator = self.separator.replace("\r\n", "\n").replace("\r", "\n")
            object.__setattr__(self, "separator", separator)
        if self.separator == "":
            raise InputError("the separator is empty: it must be what stands between two documents")
