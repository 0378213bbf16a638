"""The trace of gates and states: equal to the training half's gates, for every cell."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import random_checkpoint

from charlm.model.cells import STEPS, zero_state
from charlm.model.config import GATES
from charlm.reference import ReferenceModel, parts_of, trace
from charlm.train.gates import gates_of
from charlm.train.model import CharModel

IDS = [3, 7, 2, 19, 30, 4, 4, 11, 25, 9]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
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


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_states_are_those_of_the_cells(cell: str) -> None:
    checkpoint = random_checkpoint(cell, hidden_size=12)
    found = trace(ReferenceModel(checkpoint), checkpoint.text.start_id, IDS)
    weights = {name: torch.from_numpy(t) for name, t in checkpoint.tensors.items()}
    bias = weights.get("layers.0.bias", torch.zeros(12 * len(GATES[cell])))
    state = zero_state(cell, 1, weights["embedding"], 12)
    for position, id in enumerate((checkpoint.text.start_id, *IDS)):
        x = weights["embedding"][id] @ weights["layers.0.input_weight"].T + bias
        state = STEPS[cell](x[None], state, weights["layers.0.hidden_weight"])
        if position:
            for part, value in zip(("h", "c"), state, strict=False):
                np.testing.assert_allclose(
                    found[f"layers.0.{part}"][position - 1], value[0].numpy(), atol=2e-6
                )


def test_it_can_be_ended() -> None:
    checkpoint = random_checkpoint()
    found = trace(ReferenceModel(checkpoint), 1, IDS, lambda position: position < 3)
    assert found["layers.0.h"][2].any() and not found["layers.0.h"][3:].any()
    assert trace(ReferenceModel(checkpoint), 1, [])["layers.0.i"].shape == (0, 24)
