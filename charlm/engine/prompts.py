"""From a prompt, a text or a state, to what a session is fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charlm import dice
from charlm.checks import check_list, wrong
from charlm.engine.contract import Start
from charlm.engine.prompt_state import PromptState
from charlm.errors import errors_of
from charlm.run.checkpoint import Checkpoint
from charlm.text.cutting import prepare_prompt
from charlm.text.vocabulary import Unknown


class Prompt(NamedTuple):
    """A prompt as it is fed: its text, its ids (the start id first), what is known of them.

    dice: the name of its own dice (`charlm.dice`).
    """

    text: str
    ids: list[int]
    start: Start | None
    dice: int


#: What a prompt may be given as; a `Prompt` has been read.
AnyPrompt = str | PromptState | Prompt


def prompt_of(checkpoint: Checkpoint, ids: Sequence[int]) -> Prompt:
    """The prompt of these ids, which need no preparation."""
    fed = [checkpoint.text.start_id, *ids]
    return Prompt(checkpoint.vocabulary.code2string(ids), fed, None, dice.name_of(fed))


def sample_indices(prompts: Sequence[Prompt], step: int, first: int) -> list[int]:
    """The first sample of every prompt, `step` further on where a prompt's ids repeat."""
    indices, following = [], dict[bytes, int]()
    for prompt in prompts:
        ids = np.array(prompt.ids, np.int32).tobytes()
        indices.append(following.setdefault(ids, first))
        following[ids] += step
    return indices


class PromptReader:
    """Reads prompts as the text of a checkpoint was read; `notices` says what was replaced."""

    def __init__(self, checkpoint: Checkpoint, precision: str, unknown: Unknown) -> None:
        self._checkpoint = checkpoint
        self._precision = precision
        self._unknown = unknown
        self.notices: list[str] = []

    def read_all(self, prompts: Sequence[AnyPrompt]) -> list[Prompt]:
        """What is fed of each; an error says the place of the prompt among several."""
        check_list("prompts", prompts, "prompts")
        read: list[Prompt] = []
        for place, prompt in enumerate(prompts, start=1):
            with errors_of(f"prompt {place:,}" if len(prompts) > 1 else ""):
                read.append(self.read(prompt))
        return read

    def read(self, prompt: AnyPrompt) -> Prompt:
        """What is fed; a prompt that was read stays as it is.

        Raises UnknownCharacter, and InputError for a state of another model.
        """
        if isinstance(prompt, Prompt):
            return prompt
        if isinstance(prompt, str):
            return self._read_text(prompt)
        if not isinstance(prompt, PromptState):
            raise wrong("prompt", prompt, "a text (str) or a PromptState")
        prompt.check(self._checkpoint, self._precision)
        fed, start = prompt.ids.tolist(), (prompt.state, prompt.logits, len(prompt.ids))
        if not prompt.more:  # the text goes on as it stands, with its own dice
            return prompt_of(self._checkpoint, fed[1:])._replace(start=start, dice=prompt.dice)
        whole = self._checkpoint.vocabulary.code2string(fed[1:]) + prompt.more
        read = self._read_text(whole)
        # Where `more` changes how the beginning is read, the whole is fed anew.
        return read._replace(start=start) if read.ids[: len(fed)] == fed else read

    def _read_text(self, prompt: str) -> Prompt:
        vocabulary, text = self._checkpoint.vocabulary, self._checkpoint.text
        fed, ids = prompt, list[int]()
        for _ in range(2):  # where a character is left out, two spaces may meet
            fed = prepare_prompt(fed, text)
            ids, notices = vocabulary.encode(fed, self._unknown)
            if not notices:
                whole = [text.start_id, *ids]
                return Prompt(fed, whole, None, dice.name_of(whole))
            self.notices += [notice for notice in notices if notice not in self.notices]
            fed = vocabulary.code2string(ids)
        return prompt_of(self._checkpoint, ids)
