"""The model's weights under their fixed names, and the loss it is measured by."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import NATIVE, SEQUENCES
from charlm.text.cutting import Example
from charlm.text.prepared import Part
from charlm.text.readers import AT_ONCE, Stretch, stretches
from charlm.text.vocabulary import EOS, PAD, Vocabulary
from charlm.train.dataset import TextDataset, make_batch, pad_collate_fn
from charlm.train.evaluate import (
    Reader,
    evaluate_stream,
    examples,
    mean_of,
    stream,
)
from charlm.train.loop import LoopPass
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel, detached
from charlm.train.native import NativePass
from charlm.train.regularise import Regularisers

CONFIGS = [
    ModelConfig(cell, 12, 4, 8, layers, bias)  # type: ignore[arg-type]
    for cell in CELLS
    for layers in (1, 3)
    for bias in (True, False)
]


def model_of(config: ModelConfig) -> CharModel:
    torch.manual_seed(0)
    return CharModel(config).eval()


def never(_: int) -> None:
    """No interruption."""


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_weights_have_the_names_and_shapes_of_the_checkpoint(config: ModelConfig) -> None:
    model = model_of(config)
    tensors = model.to_tensors()
    assert {n: t.shape for n, t in tensors.items()} == {
        n: p.shape for n, p in parameter_shapes(config).items()
    }
    assert sum(p.numel() for p in model.parameters()) == config.parameter_count
    torch.manual_seed(1)
    other = CharModel(config).eval()
    other.from_tensors(tensors)
    ids_TB = torch.randint(0, 12, (5, 2))
    assert torch.equal(model(ids_TB, model.zero_state(2))[0], other(ids_TB, other.zero_state(2))[0])


def test_the_forget_gate_starts_open() -> None:
    bias = model_of(ModelConfig("lstm", 12, 4, 8)).to_tensors()["layers.0.bias"]
    assert bias.reshape(4, 8).tolist() == [[0.0] * 8, [1.0] * 8, [0.0] * 8, [0.0] * 8]


def test_dropout_acts_three_times_and_only_while_learning() -> None:
    model = CharModel(
        ModelConfig("lstm", 12, 4, 8, layers=2), regularisers=Regularisers(dropout=0.5)
    )
    calls: list[torch.Size] = []
    model.dropout.register_forward_hook(lambda _module, _inputs, out: calls.append(out.shape))
    model(torch.zeros(3, 2, dtype=torch.int64), model.zero_state(2))
    assert calls == [(3, 2, 4), (3, 2, 8), (3, 2, 8)]


def test_the_state_carries_the_text_on() -> None:
    model = model_of(ModelConfig("gru", 12, 4, 8, layers=2, bias=False))
    ids_TB = torch.randint(0, 12, (9, 3))
    whole_TBV, _ = model(ids_TB, model.zero_state(3))
    first_TBV, state = model(ids_TB[:4], model.zero_state(3))
    second_TBV, _ = model(ids_TB[4:], state)
    torch.testing.assert_close(torch.cat([first_TBV, second_TBV]), whole_TBV)


def test_a_detached_state_holds_one_time_only() -> None:
    model = model_of(ModelConfig("lstm", 12, 4, 8, layers=2))
    _, state = model(torch.zeros(9, 3, dtype=torch.int64), model.zero_state(3))
    for tensor in (tensor for layer in detached(state) for tensor in layer):
        assert tensor.untyped_storage().nbytes() == 3 * 8 * 4
        assert not tensor.requires_grad


def reader_of(model: CharModel, sequence: str) -> Reader:
    """Reads with a model, by either pass."""
    options = TrainConfig(sequence=sequence)
    native = sequence == NATIVE
    return Reader(model, NativePass(model.config, options) if native else LoopPass(options))


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_examples_are_measured_over_real_targets(sequence: str) -> None:
    vocabulary = Vocabulary.of(["abcdefghij"])
    model = model_of(ModelConfig("lstm", len(vocabulary), 4, 8))
    dataset = TextDataset(Part.of([Example("abc", True), Example("jihg", False)]), vocabulary)
    batch = make_batch(pad_collate_fn([dataset[0], dataset[1]]), EOS)
    logits_TBV, _ = model(batch.inputs_TB, model.zero_state(2))
    expected = masked_cross_entropy(logits_TBV, batch.targets_TB, PAD).item()
    reader = reader_of(model, sequence)
    found = mean_of(examples(reader, dataset, np.arange(2), EOS), never)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("sequence", SEQUENCES)
@torch.no_grad()
def test_many_readers_measure_nearly_what_one_does(sequence: str) -> None:
    model = model_of(ModelConfig("lstm", 12, 4, 16))
    model.layers[0].hidden_weight.mul_(2)  # so that the past matters
    ids = np.random.default_rng(0).integers(2, 12, 3001)
    reader = reader_of(model, sequence)
    exact = evaluate_stream(reader, ids, 2, never)
    ids_TB = torch.from_numpy(ids)[:, None]
    logits_TBV, _ = model(make_batch(ids_TB, 2).inputs_TB, model.zero_state(1))
    assert exact == pytest.approx(masked_cross_entropy(logits_TBV, ids_TB, PAD).item(), rel=1e-5)
    readers = stretches(len(ids), exact=0, at_once=64, longest=len(ids))
    assert len(readers) == 11
    found = mean_of(stream(reader, ids, readers, 2), never)
    assert found == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_stretches_are_measured_as_they_stand_in_the_text(sequence: str) -> None:
    """Each by itself, the whole text before it read: more readers than are side by side, too."""
    reader = reader_of(model_of(ModelConfig("gru", 12, 4, 16)), sequence)
    ids = np.random.default_rng(1).integers(2, 12, 700)
    chosen = [Stretch(begin, begin + 3, begin) for begin in range(0, 690, 5)]
    assert len(chosen) > AT_ONCE
    by_hand = []
    for begin, end, _ in chosen:
        to_end, before = (evaluate_stream(reader, ids[:n], 2, never) * n if n else 0.0
                          for n in (end, begin))  # fmt: skip
        by_hand.append((to_end - before) / (end - begin))
    found = mean_of(stream(reader, ids, chosen, 2), never)
    assert found == pytest.approx(np.mean(by_hand), rel=1e-4)
