"""A text as ids, cut into what is scored side by side.

The ids of all examples stand one behind another in one array, of a byte each where the vocabulary
allows it: each example has the start id before it and, where it ends, EOS behind it. So its inputs
and its targets are two views of the same ids, one character apart.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.checks import check_list, check_text, wrong
from charlm.errors import InputError, errors_of
from charlm.run.checkpoint import Checkpoint
from charlm.text.cutting import examples_of, in_case, repaired, texts_of
from charlm.text.readers import Stretch, stretches
from charlm.text.vocabulary import EOS, Unknown, Vocabulary

#: Characters that are turned to ids at a time: lists of Python's integers are many times as large.
_AT_A_TIME = 2**18


class Piece(NamedTuple):
    """What is read from the zero state: inputs and targets [T], of which `warm_up` do not count."""

    inputs: NDArray[np.int32]
    targets: NDArray[np.int32]
    warm_up: int = 0


@dataclass(frozen=True)
class EncodedText:
    """A text in P pieces. readers: of a continuous one, how many read it.

    ids: integers, of all. bounds: int64 [P, 3], of each piece the place of its first input, that of
    its last target, and its warm-up.
    """

    ids: NDArray[np.integer[Any]]
    bounds: NDArray[np.int64]
    readers: int = 1

    def __len__(self) -> int:
        return len(self.bounds)

    def piece(self, place: int) -> Piece:
        """One of the pieces."""
        first, last, warm_up = self.bounds[place].tolist()
        ids = self.ids[first : last + 1].astype(np.int32)
        return Piece(ids[:-1], ids[1:], warm_up)


def encode_text(
    checkpoint: Checkpoint, text: str, unknown: Unknown, *, exact: bool = False
) -> EncodedText:
    """A text as the trainer splits it; a long continuous one as many readers read it.

    exact: as one reader reads it, however long. Raises InputError for an empty text and, with
    unknown "error", for unknown characters.
    """
    check_text("text", text)
    config, vocabulary = checkpoint.text, checkpoint.vocabulary
    if config.unit == "continuous":
        texts = texts_of(repaired(text, config), config)
        whole = _ids(vocabulary, in_case("\n".join(texts), config), unknown)
        return encode_ids(checkpoint, whole, exact=exact)
    ids, bounds = array("i"), array("q")
    for example in examples_of(text, config):
        first = len(ids)
        ids.append(config.start_id)
        ids.extend(vocabulary.encode(example.text, unknown)[0])
        if example.ends:
            ids.append(EOS)
        if len(ids) > first + 1:
            bounds.extend((first, len(ids) - 1, 0))
    if not bounds:
        raise InputError("the text to score is empty")
    return EncodedText(np.array(ids, np.int32), np.array(bounds, np.int64).reshape(-1, 3))


def encode_texts(
    checkpoint: Checkpoint, texts: Sequence[str], unknown: Unknown
) -> list[EncodedText]:
    """Each of several texts; an error says which of them it is of. Raises InputError."""
    check_list("texts", texts, "texts")
    encoded: list[EncodedText] = []
    for place, text in enumerate(texts, start=1):
        with errors_of(f"text {place:,}" if len(texts) > 1 else ""):
            encoded.append(encode_text(checkpoint, text, unknown))
    return encoded


def encode_ids(
    checkpoint: Checkpoint, ids: NDArray[np.integer[Any]], *, exact: bool = False
) -> EncodedText:
    """The ids of one text as they stand; exact: one reader, however long. Raises InputError."""
    if not len(ids):
        raise InputError("the text to score is empty")
    shares = [Stretch(0, len(ids), 0)] if exact else stretches(len(ids))
    bounds = [(begin - warm_up, end, warm_up) for begin, end, warm_up in shares]
    start = np.array([checkpoint.text.start_id], ids.dtype)
    return EncodedText(np.concatenate([start, ids]), np.array(bounds, np.int64), len(shares))


def ids_given(vocabulary: Vocabulary, given: Sequence[int]) -> NDArray[np.int32]:
    """The ids that a caller gave. Raises InputError unless all are of the vocabulary."""
    most = len(vocabulary) - 1
    try:
        ids = np.asarray(given)
    except ValueError:  # lists of several lengths
        ids = np.zeros((0, 0))
    whole = ids.ndim == 1 and (ids.dtype.kind in "iu" or not ids.size)
    if not whole or (ids.size and not 0 <= ids.min() <= ids.max() <= most):
        raise wrong("ids", given, f"a list of integers from 0 to {most:,}")
    return ids.astype(np.int32)


def _ids(vocabulary: Vocabulary, text: str, unknown: Unknown) -> NDArray[np.integer[Any]]:
    if unknown == "error":  # first, so that an error names the place in the whole text
        strange = [text.index(c) for c in set(text) if c not in vocabulary]
        vocabulary.encode(text[: min(strange) + 1] if strange else "", unknown)
    small = np.min_scalar_type(len(vocabulary) - 1)
    parts = [
        np.array(vocabulary.encode(text[place : place + _AT_A_TIME], unknown)[0], small)
        for place in range(0, len(text), _AT_A_TIME)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, small)
