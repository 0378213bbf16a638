"""How the text of a model was prepared: a frozen value, checked when made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from charlm.checks import check_range, shown
from charlm.errors import InputError

Unit = Literal["sentence", "line", "document", "continuous"]

UNITS: tuple[str, ...] = ("sentence", "line", "document", "continuous")
#: What is made of a chat: nothing, or its messages without their time stamps.
KEEP: Final = "keep"
MESSAGES: Final = "messages"
CHATS = (KEEP, MESSAGES)
MAX_VOCABULARY = 65_536


@dataclass(frozen=True)
class TextConfig:
    """How the text of a checkpoint was prepared, so that prompts are prepared alike.

    `unit`: what one example is. `start_id`: fed before the first character (EOS, or the
    newline in continuous text that has one). `max_length`: where longer examples were cut,
    in characters (0: nowhere). `form` and `case`: Unicode form and case of every text.
    `separator`: what stands between two documents. `sentence_rule`: 1 or 2, where sentences end
    (`charlm.text.sentences`). `chat`: whether one was taken as its messages (`charlm.text.chats`).
    Defaults never change: files and identities leave them out.
    """

    unit: Unit = "sentence"
    start_id: int = 1
    max_length: int = 1000
    form: Literal["none", "NFC"] = "none"
    case: Literal["keep", "lower"] = "keep"
    separator: str = ""
    sentence_rule: int = 1
    chat: Literal["keep", "messages"] = KEEP

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise InputError(f"unit {shown(self.unit)} is not one of {', '.join(UNITS)}")
        check_range("start id", self.start_id, 1, MAX_VOCABULARY + 1)
        check_range("maximum length", self.max_length, 0, 2**31 - 1)
        if self.form not in ("none", "NFC"):
            raise InputError(f"Unicode form {shown(self.form)} is not one of none, NFC")
        if self.case not in ("keep", "lower"):
            raise InputError(f"case {shown(self.case)} is not one of keep, lower")
        if self.chat not in CHATS:
            raise InputError(f"chat {shown(self.chat)} is not one of {', '.join(CHATS)}")
        if not isinstance(self.separator, str) or bool(self.separator) != (self.unit == "document"):
            raise InputError(
                f"separator {shown(self.separator)} does not go with unit {self.unit}: a document"
                " has one, nothing else has"
            )
        check_range("sentence rule", self.sentence_rule, 1, 2 if self.unit == "sentence" else 1)
