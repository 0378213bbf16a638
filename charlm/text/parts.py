"""Which examples are for learning, for choosing the best weights, and for the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log
from typing import Any, NamedTuple, Protocol

from charlm.errors import InputError

PARTS = ("train", "validation", "test")
#: How the parts lie in a text: looked for; blocks spread over it; each in one piece; and as
#: runs of old had them, in one piece each with no example of several pieces divided.
ORDERS = ("auto", "blocks", "contiguous", "whole")

_IN_A_BLOCK = 5  # examples of validation or test, if there are enough of them
_FEWEST_BLOCKS, _MOST_BLOCKS = 10, 100
_SORTED, _ONE = 0.95, 0.5  # of the neighbours; of the keys, that are the same
_LOOKED_AT = 50_000  # examples, evenly, of which neighbours are compared
_FEWEST = 20  # examples whose order can be looked at
_COMPARED = 200_000  # characters of a part
_APART = 0.004  # nats of difference between parts that are told apart ...
_TIMES = 4.0  # ... if blocks differ so much less


class Split(NamedTuple):
    """Parts of the corpus in percent: to train on, to choose the best weights by, to test."""

    train: int
    validation: int
    test: int

    def __str__(self) -> str:
        return f"{self.train}/{self.validation}/{self.test}"


#: Most to train on, and enough to choose the best weights by and to test.
DEFAULT_SPLIT = Split(90, 5, 5)


def parse_split(text: str) -> Split:
    """ "90/5/5" -> Split: whole percentages of train / validation / test that sum to 100."""
    try:
        split = Split(*(int(part) for part in text.split("/")))
    except (ValueError, TypeError):
        split = Split(0, 0, 0)
    if split.train < 1 or min(split) < 0 or sum(split) != 100:
        raise InputError(
            f"split {text!r}: it must be three whole percentages that sum to 100, the first"
            " at least 1, as 90/5/5"
        )
    return split


def sizes_of(n: int, split: Split, test_too: bool = True) -> tuple[int, int, int]:
    """How many of n items each part gets: of those asked for one at least, in their order.

    `test_too`: runs of old took none from the training part for the test.
    """
    train = max(1, n * split.train // 100)
    validation = max(train, n * (split.train + split.validation) // 100) - train
    if split.validation and not validation and train < n:
        validation = 1
    test = n - train - validation
    if split.test and not test and train > 1 and test_too:
        train, test = train - 1, 1
    return train, validation, test


def block_count(sizes: Sequence[int]) -> int:
    """Into how many stretches a text is divided, each of which gives a block to every part."""
    fewest = min([size for size in sizes if size] or [1])
    return min(fewest, max(_FEWEST_BLOCKS, min(_MOST_BLOCKS, fewest // _IN_A_BLOCK)))


def divided(sizes: Sequence[int], blocks: int) -> dict[str, list[tuple[int, int]]]:
    """The parts of sum(sizes) items as ranges: of each of `blocks` stretches, its share."""
    ranges: dict[str, list[tuple[int, int]]] = {part: [] for part in PARTS}
    begin = 0
    for block in range(blocks):
        for part, size in zip(PARTS, sizes, strict=True):
            end = begin + size * (block + 1) // blocks - size * block // blocks
            if end > begin:
                ranges[part].append((begin, end))
            begin = end
    return ranges


class Arrangement(NamedTuple):
    """Which ranges of items each part has. why: what was seen where the order was looked for.

    apart: whether parts in one piece each differ much in their characters.
    """

    order: str
    why: str
    blocks: int
    ranges: dict[str, list[tuple[int, int]]]
    apart: bool


class Texts(Protocol):
    """Texts in their order, of which some are looked at."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> str: ...

    def length(self, begin: int, end: int) -> int:
        """Characters of the texts from `begin` up to before `end`."""
        ...


def arranged(texts: Texts, split: Split, order: str) -> Arrangement:
    """The parts of texts in their order."""
    sizes = sizes_of(len(texts), split, test_too=order != "whole")
    why = why_blocks(texts, sizes) if order == "auto" else ""
    if order == "auto":
        order = "blocks" if why else "contiguous"
    blocks = block_count(sizes) if order == "blocks" else 1
    apart = order == "contiguous" and is_apart(texts, sizes)
    return Arrangement(order, why, blocks, divided(sizes, blocks), apart)


def why_blocks(texts: Texts, sizes: Sequence[int]) -> str:
    """What speaks for blocks: the order of these texts means something. "" if nothing does."""
    if len(texts) < _FEWEST or not any(sizes[1:]):
        return ""
    looked_at = range(0, len(texts), max(1, len(texts) // _LOOKED_AT))
    folded = [texts[i].casefold() for i in looked_at]
    lengths = [len(text) for text in folded]
    looks = [_order_of(folded, "the alphabet"), _order_of(lengths, "their lengths")]
    if found := next(filter(None, looks), ""):
        return f"they are in the order of {found}"
    if is_apart(texts, sizes):
        return "the end of the text has other characters than the rest"
    return ""


def _order_of(keys: Sequence[Any], name: str) -> str:
    """The name, if the keys rise or fall along the text and are not mostly one; else ""."""
    pairs = list(pairwise(keys))
    rising, falling = sum(a <= b for a, b in pairs), sum(a >= b for a, b in pairs)
    (_, most), *_ = Counter(keys).most_common(1)
    ordered = max(rising, falling) >= _SORTED * len(pairs) and most <= _ONE * len(keys)
    return (name if rising >= falling else f"{name}, backwards") if ordered else ""


def is_apart(texts: Texts, sizes: Sequence[int]) -> bool:
    """Whether contiguous parts differ, in how often each character occurs, more than blocks do."""
    if len(texts) < _FEWEST or not any(sizes[1:]):
        return False
    contiguous, spread = (_difference(texts, sizes, n) for n in (1, block_count(sizes)))
    return contiguous > max(_APART, _TIMES * spread)


def _difference(texts: Texts, sizes: Sequence[int], blocks: int) -> float:
    """Jensen-Shannon divergence (nats) of characters between the first part and the others."""
    ranges = divided(sizes, blocks)
    learned, others = (
        Counter("".join(texts[i] for i in _spread(texts, part)))
        for part in (ranges["train"], ranges["validation"] + ranges["test"])
    )
    difference, totals = 0.0, (max(1, learned.total()), max(1, others.total()))
    for character in learned.keys() | others.keys():
        p, q = learned[character] / totals[0], others[character] / totals[1]
        difference += sum(x * log(2 * x / (p + q)) for x in (p, q) if x) / 2
    return difference


def _spread(texts: Texts, ranges: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Some of the texts of a part, evenly, of about as many characters as are compared."""
    total = sum(texts.length(begin, end) for begin, end in ranges)
    step, ahead = max(1, total // _COMPARED), 0
    for begin, end in ranges:
        yield from range(begin + ahead, end, step)
        ahead = (ahead - (end - begin)) % step
