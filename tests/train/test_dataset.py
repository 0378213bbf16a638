"""Batches: what is a target, what is padding, what is read in which order."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from charlm.text.cutting import Example
from charlm.text.prepared import Part
from charlm.text.vocabulary import EOS, PAD, Vocabulary
from charlm.train.dataset import (
    ExampleBatches,
    Item,
    TextDataset,
    bucket,
    encode,
    make_batch,
    pad_collate_fn,
)
from charlm.train.streams import StreamBatches

VOCABULARY = Vocabulary.of(["abcdefgh é\U0001f600\udc80"])


def test_encode_equals_string2code() -> None:
    text = "bad é\U0001f600 cafe\udc80"
    assert encode(text, VOCABULARY).tolist() == VOCABULARY.string2code(text)
    assert len(encode("", VOCABULARY)) == 0


def test_dataset_gives_the_ids_of_each_example() -> None:
    examples = [Example("abc", True), Example("de", False), Example("é", True)]
    dataset = TextDataset(Part.of(examples), VOCABULARY)
    assert len(dataset) == 3
    for example, item in zip(examples, (dataset[i] for i in range(3)), strict=True):
        assert VOCABULARY.code2string(item.ids) == example.text
        assert item.ends == example.ends
    assert dataset.lengths().tolist() == [4, 2, 2]


def test_collate_appends_eos_and_pads_behind() -> None:
    plain, cut, whole = torch.tensor([5, 6, 7]), Item(torch.tensor([8]), False), torch.tensor([9])
    batch = pad_collate_fn([plain, cut, Item(whole)])
    assert batch.T.tolist() == [[5, 6, 7, EOS], [8, PAD, PAD, PAD], [9, EOS, PAD, PAD]]


def test_collate_serves_a_data_loader() -> None:
    dataset = TextDataset(Part.of([Example("ab", True), Example("c", True)]), VOCABULARY)
    (batch,) = torch.utils.data.DataLoader(dataset, batch_size=2, collate_fn=pad_collate_fn)
    assert batch.shape == (3, 2)


def test_inputs_are_targets_one_time_later() -> None:
    batch = make_batch(torch.tensor([[5, 8], [6, EOS], [EOS, PAD]]), start_id=EOS)
    assert batch.inputs_TB.tolist() == [[EOS, EOS], [5, 8], [6, EOS]]


def random_lengths(count: int) -> np.ndarray:
    """Lengths spread as those of sentences are: most short, a long tail."""
    return np.random.default_rng(4).lognormal(4.2, 0.8, count).astype(int) + 2


@pytest.mark.parametrize("size", [2048, 4096, 8192])
def test_every_example_once_and_little_padding(size: int) -> None:
    lengths = random_lengths(13_000)
    plan = list(bucket(lengths, size, np.random.default_rng(1)))
    assert sorted(np.concatenate(plan)) == list(range(len(lengths)))
    positions = sum(len(rows) * lengths[rows].max() for rows in plan)
    assert 1 - lengths.sum() / positions <= 0.05
    assert all(len(rows) * lengths[rows].max() <= size or len(rows) == 1 for rows in plan)


def test_one_example_longer_than_a_batch_stands_alone() -> None:
    assert [rows.tolist() for rows in bucket(np.array([9, 2, 3]), 6)] == [[1, 2], [0]]


def test_passes_differ_and_repeat_with_the_seed() -> None:
    part = Part.of([Example("abcdefgh"[: 1 + i % 8], True) for i in range(60)])
    dataset = TextDataset(part, VOCABULARY)

    def read(seed: int, epoch: int) -> list[list[list[int]]]:
        batches = ExampleBatches(dataset, 40, EOS, seed)
        return [batches.batch(epoch, i).targets_TB.tolist() for i in range(batches.count(epoch))]

    assert read(1, 3) == read(1, 3)
    assert read(1, 3) != read(1, 4)
    assert read(1, 3) != read(2, 3)


@pytest.mark.parametrize("random_length", [False, True])
@pytest.mark.parametrize(
    ("characters", "rows", "length"), [(1, 32, 128), (50, 4, 5), (1000, 7, 9), (40, 40, 1)]
)
def test_streams_read_the_text_in_order(
    characters: int, rows: int, length: int, random_length: bool
) -> None:
    ids = np.arange(100, 100 + characters)
    batches = StreamBatches(ids, rows, length, 7, seed=1, random_length=random_length)
    for epoch in range(3):
        parts = [batches.batch(epoch, i) for i in range(batches.count(epoch))]
        assert [part.fresh for part in parts] == [True] + [False] * (len(parts) - 1)
        targets_TB = torch.cat([part.targets_TB for part in parts]).numpy()
        inputs_TB = torch.cat([part.inputs_TB for part in parts]).numpy()
        assert (np.diff(targets_TB, axis=0) == 1).all()
        begins_the_text = targets_TB == 100
        assert (inputs_TB == np.where(begins_the_text, 7, targets_TB - 1)).all()
        # What a pass leaves out, at its ends, is less than an offset and one row of remainders.
        assert len(np.unique(targets_TB)) == targets_TB.size > characters - length - rows


def test_random_lengths_are_mostly_near_and_sometimes_half() -> None:
    batches = StreamBatches(np.arange(700_000), 1, 70, 7, seed=1, random_length=True)
    lengths = [len(batches.batch(1, i).inputs_TB) for i in range(batches.count(1) - 1)]
    near = [length for length in lengths if length > 52]
    assert np.mean(near) == pytest.approx(69.5, abs=0.3)  # cut to integers from N(70, 5)
    assert np.std(near) == pytest.approx(5, abs=0.3)
    assert 1 - len(near) / len(lengths) == pytest.approx(0.05, abs=0.01)
    assert lengths != [len(batches.batch(2, i).inputs_TB) for i in range(len(lengths))]
