"""The comparison of quality is fair: its two LSTMs are one model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.quality import TorchModel, main
from charlm.model.config import ModelConfig
from charlm.train.model import CharModel


@torch.no_grad()
def test_the_two_lstms_compute_the_same() -> None:
    config = ModelConfig("lstm", 9, 4, 6)
    ours, theirs = CharModel(config), TorchModel(config)
    layer, other = ours.layers[0], theirs.recurrence
    theirs.embedding.weight.copy_(ours.embedding.weight)
    other.weight_ih_l0.copy_(layer.input_weight)
    other.weight_hh_l0.copy_(layer.hidden_weight)
    torch.testing.assert_close(other.bias_ih_l0, layer.bias)
    assert not other.bias_hh_l0.any()
    theirs.output.weight.copy_(ours.output_weight)
    theirs.output.bias.copy_(ours.output_bias)
    ids_TB = torch.randint(0, 9, (7, 3))
    one, other = (model(ids_TB, model.zero_state(3))[0] for model in (ours, theirs))
    torch.testing.assert_close(one, other)


def test_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text.txt"
    text.write_text("to be or not to be\n" * 400)
    main([str(text), "--hidden", "4", "--steps", "2", "--seeds", "1", "--cells", "gru"])
    assert capsys.readouterr().out.startswith("gru H4, 2 steps: charlm ")
