"""Batches of any text: every target once in a pass, in an order that the seed alone decides."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import torch
from hypothesis import strategies as st
from properties import CHARACTER, tried

from charlm.text.cutting import Example
from charlm.text.prepared import Part
from charlm.text.vocabulary import EOS, PAD, Vocabulary
from charlm.train.dataset import Batch, ExampleBatches, TextDataset
from charlm.train.streams import StreamBatches

EXAMPLES = st.lists(
    st.builds(Example, st.text(CHARACTER, min_size=1, max_size=20), st.booleans()),
    min_size=1,
    max_size=30,
)
SEEDS = st.integers(0, 2**63 - 1)


def rows_of(targets_TB: torch.Tensor) -> list[tuple[int, ...]]:
    """Each row without its padding, which stands behind it alone."""
    rows = [[id for id in row if id != PAD] for row in targets_TB.T.tolist()]
    for row, padded in zip(rows, targets_TB.T.tolist(), strict=True):
        assert padded == row + [PAD] * (len(padded) - len(row))
    return [tuple(row) for row in rows]


@tried(
    60,
    examples=EXAMPLES,
    positions=st.integers(1, 80),
    seed=SEEDS,
    epoch=st.integers(0, 5),
    start_id=st.sampled_from([EOS, 2]),
)
def test_every_target_is_learned_once_in_a_pass(
    examples: list[Example], positions: int, seed: int, epoch: int, start_id: int
) -> None:
    vocabulary = Vocabulary.of(example.text for example in examples)
    dataset = TextDataset(Part.of(examples), vocabulary)
    batches = ExampleBatches(dataset, positions, start_id, seed)
    whole = [batches.batch(epoch, index) for index in range(batches.count(epoch))]
    expected = [
        (*vocabulary.string2code(example.text), *[EOS] * example.ends) for example in examples
    ]
    assert Counter(row for batch in whole for row in rows_of(batch.targets_TB)) == Counter(expected)
    for inputs_TB, targets_TB, fresh, part in whole:
        assert fresh and part is None
        assert (inputs_TB[0] == start_id).all() and torch.equal(inputs_TB[1:], targets_TB[:-1])
        assert targets_TB.numel() <= positions or targets_TB.shape[1] == 1
        assert (targets_TB[-1] != PAD).any(), "the batch is longer than its longest row"
    again = ExampleBatches(dataset, positions, start_id, seed)
    for index in reversed(range(len(whole))):  # wherever a run goes on
        again.count(epoch + 1)
        assert torch.equal(again.batch(epoch, index).targets_TB, whole[index].targets_TB)


@tried(40, examples=EXAMPLES, cuts=st.lists(st.integers(0, 30), max_size=3))
def test_rows_of_a_batch_are_all_of_it(examples: list[Example], cuts: list[int]) -> None:
    """However processes share them, those that get none too."""
    dataset = TextDataset(Part.of(examples), Vocabulary.of(e.text for e in examples))
    batch = ExampleBatches(dataset, 10**6, EOS, 1).batch(0, 0)
    rows = batch.targets_TB.shape[1]
    ends = sorted([0, *(min(cut, rows) for cut in cuts), rows])
    parts = [batch.rows(first, end) for first, end in itertools.pairwise(ends)]
    found = [row for part in parts for row in rows_of(part.targets_TB) if row]
    assert found == rows_of(batch.targets_TB)
    targets, changes = zip(*(part.shares() for part in parts), strict=True)
    assert abs(sum(targets) - 1) < 1e-9
    assert abs(sum(changes) - bool((batch.targets_TB[1:] != PAD).any())) < 1e-9
    for part in parts:
        assert part.part is not None and part.part.rows == rows
        assert (part.inputs_TB[0] == EOS).all()


@tried(
    60,
    characters=st.integers(1, 40) | st.integers(1, 400),
    rows=st.integers(1, 40),
    length=st.integers(1, 3) | st.integers(1, 70),
    seed=SEEDS,
    epoch=st.integers(0, 4),
    random_length=st.booleans(),
)
def test_a_stream_is_read_on_by_every_reader(
    characters: int, rows: int, length: int, seed: int, epoch: int, random_length: bool
) -> None:
    """Each reader in its own stretch, each position by one of them, wherever a run goes on."""
    ids, start_id = np.arange(10, 10 + characters), 7

    def made() -> StreamBatches:
        return StreamBatches(ids, rows, length, start_id, seed, random_length=random_length)

    batches = made()
    whole = [batches.batch(epoch, index) for index in range(batches.count(epoch))]
    assert [batch.fresh for batch in whole] == [True] + [False] * (len(whole) - 1)
    inputs_TB, targets_TB = (
        np.concatenate([getattr(batch, f"{name}_TB").numpy() for batch in whole])
        for name in ("inputs", "targets")
    )
    assert (np.diff(targets_TB, axis=0) == 1).all()
    assert (inputs_TB == np.where(targets_TB == 10, start_id, targets_TB - 1)).all()
    read = targets_TB.T.ravel()
    assert (np.diff(read) == 1).all(), "readers leave something out, or read it twice"
    assert ids[0] <= read[0] <= read[-1] <= ids[-1]
    left_out = characters - read.size
    assert left_out <= (min(length, characters // 10) if epoch else 0) + batches.rows - 1
    sizes = [len(batch.targets_TB) for batch in whole]
    if not random_length:
        assert sizes[:-1] == [length] * (len(sizes) - 1) and 0 < sizes[-1] <= length
    again = made()
    for index in reversed(range(len(whole))):
        again.count(epoch + 1)
        assert _same(again.batch(epoch, index), whole[index])


def test_a_text_of_nothing_has_no_batches_in_any_pass() -> None:
    batches = StreamBatches(np.arange(0), 4, 5, 7, seed=1)
    assert [batches.count(epoch) for epoch in range(3)] == [0, 0, 0]


def _same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.targets_TB, other.targets_TB) and one.fresh == other.fresh
