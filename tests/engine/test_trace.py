"""The trace of gates and states: equal to the training half's gates, for every cell."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import random_checkpoint

from charlm.engine.engine import Engine
from charlm.model.cells import CELLS
from charlm.reference import ReferenceModel, parts_of, trace
from charlm.train.gates import gates_of
from charlm.train.model import CharModel

IDS = [3, 7, 2, 19, 30, 4, 4, 11, 25, 9]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_the_trace_is_what_the_trained_model_does(cell: str, layers: int) -> None:
    checkpoint = random_checkpoint(cell, hidden_size=12, layers=layers)
    start = checkpoint.text.start_id
    found = trace(ReferenceModel(checkpoint), start, IDS)
    model = CharModel(checkpoint.config)
    model.from_tensors(checkpoint.tensors)
    model.eval()
    ids_TB = torch.tensor([[id] for id in (start, *IDS)])
    state = model.zero_state(1)
    expected = gates_of(model, ids_TB, state)
    assert set(found) == {
        f"layers.{layer}.{part}" for layer in range(layers) for part in parts_of(checkpoint.config)
    }
    for name, value in expected.items():
        assert found[name].shape == (len(IDS), 12)
        np.testing.assert_allclose(found[name], value[1:, 0].numpy(), atol=2e-6)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_the_states_are_those_of_the_engine(cell: str, layers: int) -> None:
    checkpoint = random_checkpoint(cell, hidden_size=12, layers=layers)
    found = trace(ReferenceModel(checkpoint), checkpoint.text.start_id, IDS)
    engine = Engine(checkpoint)
    state = engine.feed("")
    for position, character in enumerate(checkpoint.vocabulary.code2string(IDS)):
        state = engine.feed(state + character)
        for layer in range(layers):
            for part, value in zip(CELLS[cell].states, state.state[layer], strict=True):
                in_trace = found[f"layers.{layer}.{part.letter}"][position]
                np.testing.assert_allclose(in_trace, value, atol=1e-5)


def test_it_can_be_ended() -> None:
    checkpoint = random_checkpoint()
    found = trace(ReferenceModel(checkpoint), 1, IDS, lambda position: position < 3)
    assert found["layers.0.h"][2].any() and not found["layers.0.h"][3:].any()
    assert trace(ReferenceModel(checkpoint), 1, [])["layers.0.i"].shape == (0, 24)
