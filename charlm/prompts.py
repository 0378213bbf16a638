"""From a prompt, a text or a state, to what a session is fed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.checkpoint import Checkpoint
from charlm.corpus import prepare_prompt
from charlm.prompt_state import PromptState
from charlm.vocabulary import Unknown

#: state [L, S, H], logits [V], and how many ids they have seen: as `_engine.pyi` has it.
Start = tuple[NDArray[np.float32], NDArray[np.float32], int]


class Prompt(NamedTuple):
    """A prompt as it is fed: its text, its ids (the start id first), what is known of them."""

    text: str
    ids: list[int]
    start: Start | None


class PromptReader:
    """Reads prompts as the text of a checkpoint was read; `notices` says what was replaced."""

    def __init__(self, checkpoint: Checkpoint, precision: str, unknown: Unknown) -> None:
        self._checkpoint = checkpoint
        self._precision = precision
        self._unknown = unknown
        self.notices: list[str] = []

    def read(self, prompt: str | PromptState) -> Prompt:
        """Raises UnknownCharacter, and InputError for a state of another model."""
        if isinstance(prompt, str):
            return self._read_text(prompt)
        prompt.check(self._checkpoint, self._precision)
        fed = prompt.ids.tolist()
        whole = self._checkpoint.vocabulary.code2string(fed[1:]) + prompt.more
        read = self._read_text(whole)
        # Where `more` changes how the beginning is read, the whole is fed anew.
        if read.ids[: len(fed)] != fed:
            return read
        return read._replace(start=(prompt.state, prompt.logits, len(fed)))

    def _read_text(self, prompt: str) -> Prompt:
        vocabulary, text = self._checkpoint.vocabulary, self._checkpoint.text
        fed, ids = prompt, list[int]()
        for _ in range(2):  # where a character is left out, two spaces may meet
            ids, notices = vocabulary.encode(prepare_prompt(fed, text), self._unknown)
            self.notices += [notice for notice in notices if notice not in self.notices]
            fed = vocabulary.code2string(ids)
            if not notices:
                break
        return Prompt(fed, [text.start_id, *ids], None)
