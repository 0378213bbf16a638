"""An n-gram model of ids: what counting alone predicts, as a baseline for every cell.

Interpolated Witten-Bell smoothing (Witten and Bell 1991, method C, in the interpolated form of
Chen and Goodman 1998). With h a context, h' the same without its oldest id, N(h) how often h was
followed by anything and T(h) by how many different ids,

    p(c | h) = (count(h c) + T(h) p(c | h')) / (N(h) + T(h)),    p(c | h) = p(c | h') if N(h) = 0

and below the empty context every id but PAD is as probable as any other. No context reaches over
the beginning of an example; before it stands the start id, as often as it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.text.corpus import Corpus
from charlm.text.prepared import Part
from charlm.text.vocabulary import EOS, Vocabulary

_ORDERS = 8  # of which the best by validation loss is the baseline
MOST_COUNTED = 2_000_000  # characters, the last of the training part: about 3 s
MOST_SCORED = 1_000_000  # characters of the validation part: about as long
_SAMPLE = 250_000  # of a longer one: those on which such a part is measured at the end
_PASSAGES = 64  # of a stream


#: Of n-grams: wide where they are many.
Keys = NDArray[np.int32] | NDArray[np.int64]


class Targets(NamedTuple):
    """Examples on end: ids [T], each example behind start ids, and which of them are targets."""

    ids: NDArray[np.int32]
    real: NDArray[np.bool_]


class _Order(NamedTuple):
    """The n-grams of one length, sorted by `keys` (context * V + id); contexts by number."""

    keys: Keys
    counts: NDArray[np.int32]  # of each n-gram
    followed: NDArray[np.int32]  # N(h) of each context
    kinds: NDArray[np.int32]  # T(h) of each context


class Ngram:
    """Counts of every n-gram up to `order` ids long (order 1: single ids, no context).

    An order is counted when it is asked for, and not kept: together they take much memory.
    """

    def __init__(self, targets: Targets, order: int, vocabulary_size: int) -> None:
        self._targets, self._order, self._size = targets, order, vocabulary_size

    def _orders(self) -> Iterator[_Order]:
        ids, real = self._targets
        contexts = 1
        context = np.zeros(len(ids), np.int32)  # the empty one
        for _ in range(self._order):
            wide = contexts * self._size > np.iinfo(np.int32).max
            kind = np.dtype(np.int64 if wide else np.int32)
            keys, gram = _numbered(_keys(context, self._size, ids, kind))
            counts = _counted(gram[real], len(keys))
            followed = _counted(context[real], contexts)
            kinds = _counted(keys[counts > 0] // self._size, contexts)
            contexts, context = len(keys), _behind(gram, first=0)
            order = _Order(keys, counts, followed, kinds)
            del keys, gram, counts, followed, kinds  # sorting the next one takes what there is
            yield order
            del order

    def probabilities(self, targets: Targets) -> Iterator[NDArray[np.float64]]:
        """p of every target, by contexts of 0, 1, ... ids: one array per order."""
        p = np.full(len(targets.ids), 1 / (self._size - 1))
        context = np.zeros(len(targets.ids), np.int32)
        for order in self._orders():
            wanted = _keys(context, self._size, targets.ids, order.keys.dtype)
            gram = np.minimum(np.searchsorted(order.keys, wanted), len(order.keys) - 1)
            gram[(order.keys[gram] != wanted) | (context < 0)] = -1
            count = np.where(gram < 0, 0, order.counts[gram])
            new = np.where(context < 0, 0, order.kinds[context])  # of one never seen: nothing
            total = np.where(context < 0, 0, order.followed[context]) + new
            p = np.where(total > 0, (count + new * p) / np.maximum(total, 1), p)
            context = _behind(gram.astype(np.int32), first=-1)
            del order, wanted, gram, count, new, total
            yield p[targets.real]

    def losses(self, targets: Targets) -> list[float]:
        """Nats per target, of each order from 1."""
        return [float(-np.log(p).mean()) for p in self.probabilities(targets)]


class Baseline(NamedTuple):
    """What counting reaches on the validation part, in nats per character (real targets).

    `order`: of the n-grams, chosen among 1 to 8 by that loss. `characters`: that were counted.
    `scored`: how many of the validation part it was measured on, spread over it, where that is
    too long; None: on all.
    """

    unigram: float
    ngram: float
    order: int
    characters: int
    scored: int | None = None


#: Ids of an example or of a passage.
_Some = Sequence[int] | NDArray[np.int64]


def measure_baseline(corpus: Corpus, vocabulary: Vocabulary, start_id: int) -> Baseline | None:
    """The baseline of a corpus; None without a validation part."""
    if not corpus.validation.length:
        return None
    first = _last(corpus.train, MOST_COUNTED)
    examples = _ids(corpus.train, range(first, len(corpus.train)), vocabulary, MOST_COUNTED)
    train = make_targets(examples, start_id, _ORDERS)
    validation, scored = _validation(corpus, vocabulary, start_id)
    losses = Ngram(train, _ORDERS, len(vocabulary)).losses(validation)
    best = int(np.argmin(losses))
    lengths = np.minimum(np.diff(corpus.train.offsets[first:]), MOST_COUNTED)
    return Baseline(losses[0], losses[best], best + 1, int(lengths.sum()), scored)


def _validation(
    corpus: Corpus, vocabulary: Vocabulary, start_id: int
) -> tuple[Targets, int | None]:
    """The validation part, or what is evenly spread over a long one, and how many that are.

    Of a stream these are passages, behind what stands before them.
    """
    part = corpus.validation
    if part.length <= MOST_SCORED:
        places: Iterable[int] = range(len(part))
        return make_targets(_ids(part, places, vocabulary, MOST_SCORED), start_id, _ORDERS), None
    if corpus.config.unit == "continuous":
        ids, size = part.ids(vocabulary), _SAMPLE // _PASSAGES
        begins = [(part.length - size) * i // (_PASSAGES - 1) for i in range(_PASSAGES)]
        passages = (ids[begin : begin + size] for begin in begins)
        before = (ids[max(0, begin - _ORDERS) : begin] for begin in begins)
        targets = make_targets(passages, start_id, _ORDERS, before)
    else:
        count = max(1, len(part) * _SAMPLE // part.length)
        places = (len(part) * i // count for i in range(count))
        targets = make_targets(_ids(part, places, vocabulary, MOST_SCORED), start_id, _ORDERS)
    return targets, int(targets.real.sum())


def make_targets(
    examples: Iterable[_Some],
    start_id: int,
    order: int,
    before: Iterable[_Some] = repeat(()),
) -> Targets:
    """Ids of examples, each with its EOS if it has one, behind `order` start ids.

    `before`: of each what stands before it, in the place of start ids.
    """
    starts = np.full(order, start_id, np.int32)
    ids, real = [], []
    for example, context in zip(examples, before, strict=False):
        behind = starts
        if len(context):
            behind = np.append(starts, np.asarray(context, np.int32))[-order:]
        ids += [behind, np.asarray(example, np.int32)]
        real += [np.zeros(order, bool), np.ones(len(example), bool)]
    return Targets(np.concatenate(ids), np.concatenate(real))


def _last(part: Part, most: int) -> int:
    """The first of the last examples that have about `most` characters together."""
    return int(np.searchsorted(part.offsets[1:], part.length - most, side="right"))


def _ids(
    part: Part, places: Iterable[int], vocabulary: Vocabulary, most: int
) -> Iterator[NDArray[np.int64]]:
    """The ids of some examples, EOS behind those that end; of one that is longer, its end."""
    ids = part.ids(vocabulary)
    for place in places:
        begin, end = part.offsets[place : place + 2]
        example = ids[slice(max(begin, end - most), end)]
        yield np.append(example, EOS) if part.ends[place] else example


def _keys(
    context: NDArray[np.int32], size: int, ids: NDArray[np.int32], kind: np.dtype[Any]
) -> Keys:
    """The number of each id in its context."""
    keys = context.astype(kind)
    keys *= size
    keys += ids
    return keys


def _numbered(keys: Keys) -> tuple[Keys, NDArray[np.int32]]:
    """Each key once, sorted, and which of those each is.

    As `np.unique` with its inverse, whose numbers are twice as wide.
    """
    order = keys.argsort()
    ordered = keys[order]
    new = np.append(True, ordered[1:] != ordered[:-1])
    number = np.empty(len(keys), np.int32)
    number[order] = np.cumsum(new, dtype=np.int32) - 1
    return ordered[new], number


def _counted(numbers: NDArray[Any], most: int) -> NDArray[np.int32]:
    """How often each number below `most` occurs."""
    return np.bincount(numbers, minlength=most).astype(np.int32)


def _behind(gram: NDArray[np.int32], first: int) -> NDArray[np.int32]:
    """The n-gram that ends before each place: the context of the next order."""
    return np.concatenate([np.array([first], np.int32), gram[:-1]])
