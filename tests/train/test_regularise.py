"""What is hidden, shared and paid for while a model learns, against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from learners import learner_of

from charlm.errors import InputError
from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig
from charlm.run.checkpoint import load_checkpoint
from charlm.text.vocabulary import PAD
from charlm.train.__main__ import main
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel
from charlm.train.regularise import (
    Dropout,
    Regularisers,
    activation_penalty,
    drop_characters,
    mask_of,
    slowness_penalty,
)
from charlm.train.sequence import run_cell_plainly

V, E, H, T, B = 11, 6, 8, 7, 3


def model_of(cell: str = "lstm", embedding: int = E, **options: object) -> CharModel:
    torch.manual_seed(0)
    config = ModelConfig(cell, V, embedding, H, bias=cell != "gru")  # type: ignore[arg-type]
    return CharModel(config, Regularisers(**options))  # type: ignore[arg-type]


def ids() -> torch.Tensor:
    return torch.randint(1, V, (T, B), generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("locked", [False, True])
def test_dropout_hides_its_share_and_keeps_the_mean(locked: bool) -> None:
    torch.manual_seed(1)
    dropout = Dropout(0.25, locked)
    out = dropout(torch.ones(40, 50, 60))
    assert sorted(out.unique().tolist()) == pytest.approx([0, 4 / 3])
    assert (out == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert locked == bool((out == out[0]).all())
    ones = torch.ones(2, 3, 4)
    assert torch.equal(dropout.eval()(ones), ones)


def test_a_hidden_character_is_hidden_everywhere() -> None:
    torch.manual_seed(1)
    dropped = drop_characters(torch.ones(10_000, 3), 0.1)
    assert (dropped == dropped[:, :1]).all()
    assert sorted(dropped.unique().tolist()) == pytest.approx([0, 1 / 0.9])
    assert (dropped[:, 0] == 0).float().mean().item() == pytest.approx(0.1, abs=0.01)


def test_the_model_reads_the_embedding_that_was_left() -> None:
    model = model_of(embedding_dropout=0.5)
    torch.manual_seed(9)
    out = model(ids(), model.zero_state(B))[0]
    torch.manual_seed(9)
    left = drop_characters(model.embedding.weight, 0.5)
    plain = model_of()
    with torch.no_grad():
        plain.embedding.weight.copy_(left)
    torch.testing.assert_close(out, plain(ids(), plain.zero_state(B))[0])


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_hidden_recurrent_weights_stay_hidden_for_the_batch(cell: str) -> None:
    model, plain = model_of(cell, weight_dropout=0.5), model_of(cell)
    torch.manual_seed(9)
    out = model(ids(), model.zero_state(B))[0]
    torch.manual_seed(9)
    with torch.no_grad():
        weight = plain.layers[0].hidden_weight
        left = torch.nn.functional.dropout(weight, 0.5)
        weight.copy_(left)
    torch.testing.assert_close(out, plain(ids(), plain.zero_state(B))[0])
    out.square().sum().backward()
    gradient = model.layers[0].hidden_weight.grad
    assert (gradient[left == 0] == 0).all()
    assert (gradient[left != 0] != 0).any()


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_candidates_are_kept_out_of_the_state(cell: str) -> None:
    model = model_of(cell, recurrent_dropout=0.5)
    torch.manual_seed(9)
    out = model(ids(), model.zero_state(B))[0]
    torch.manual_seed(9)
    keep_TBH = mask_of(torch.ones(T, B, H), 0.5)
    assert sorted(keep_TBH.unique().tolist()) == [0, 2]
    layer = model.layers[0]
    x_TBG = torch.nn.functional.linear(model.embedding(ids()), layer.input_weight, layer.bias)
    state = model.zero_state(B)[0]
    h_TBH, _ = run_cell_plainly(CELLS[cell], x_TBG, state, layer.hidden_weight, keep_TBH)
    expected = torch.nn.functional.linear(h_TBH, model.output_weight, model.output_bias)
    torch.testing.assert_close(out, expected)


def test_a_masked_candidate_leaves_the_memory_as_it_is() -> None:
    """Without memory loss: where the mask is 0, c' = f c in an LSTM, h' = (1 - z) h in a GRU."""
    torch.manual_seed(3)
    h_BH, c_BH, weight = torch.randn(B, H), torch.randn(B, H), torch.randn(4 * H, H)
    x_TBG, none_TBH = torch.randn(1, B, 4 * H), torch.zeros(1, B, H)
    f_BH = torch.sigmoid(x_TBG[0] + h_BH @ weight.T)[:, H : 2 * H]
    _, (_, after) = run_cell_plainly(CELLS["lstm"], x_TBG, (h_BH, c_BH), weight, none_TBH)
    torch.testing.assert_close(after, f_BH * c_BH)
    x_TBG, weight = x_TBG[..., : 3 * H], weight[: 3 * H]
    z_BH = torch.sigmoid(x_TBG[0] + h_BH @ weight.T)[:, :H]
    _, (after,) = run_cell_plainly(CELLS["gru"], x_TBG, (h_BH,), weight, none_TBH)
    torch.testing.assert_close(after, (1 - z_BH) * h_BH)


def test_what_hides_while_learning_is_not_there_afterwards() -> None:
    options = {"dropout": 0.5, "embedding_dropout": 0.5, "weight_dropout": 0.5}
    model = model_of(recurrent_dropout=0.5, locked=True, **options).eval()
    plain = model_of().eval()
    one, other = (m(ids(), m.zero_state(B))[0] for m in (model, plain))
    assert torch.equal(one, other)


def test_tied_weights_learn_from_both_their_uses() -> None:
    tied, plain = model_of(embedding=H, tied=True), model_of(embedding=H)
    with torch.no_grad():
        plain.load_state_dict(tied.state_dict())
    for model in (tied, plain):
        logits_TBV, _ = model(ids(), model.zero_state(B))
        masked_cross_entropy(logits_TBV, ids(), PAD).backward()
    both = plain.embedding.weight.grad + plain.output_weight.grad
    torch.testing.assert_close(tied.embedding.weight.grad, both)
    assert (
        sum(p.numel() for p in plain.parameters()) - sum(p.numel() for p in tied.parameters())
        == V * H
    )
    with pytest.raises(InputError, match="--embedding is 6, --hidden is 8"):
        model_of(tied=True)


def test_a_checkpoint_of_tied_weights_holds_both(tmp_path) -> None:
    path, run = tmp_path / "text.txt", tmp_path / "run"
    path.write_text("One cat sat. Two cats sat. Three cats sat.")
    options = ["--hidden", "8", "--embedding", "8", "--steps", "3", "--tied"]
    assert main(["--corpus", str(path), "--out", str(run), *options]) == 0
    tensors = load_checkpoint(run).tensors
    np.testing.assert_array_equal(tensors["embedding"], tensors["output_weight"])
    with pytest.raises(InputError, match="--tied needs"):
        main(["--corpus", str(path), "--out", str(tmp_path / "b"), *options, "--hidden", "9"])
    with pytest.raises(InputError, match="goes with --cell gru, lstm, mingru and minlstm"):
        main(["--corpus", str(path), "--cell", "rnn", "--recurrent-dropout", "0.2"])


def test_penalties_are_means_over_real_targets() -> None:
    h_TBH = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(1))
    real_TB = torch.tensor([[True, True], [True, True], [True, False], [True, False]])
    real = [h_TBH[t, b] for t in range(4) for b in range(2) if real_TB[t, b]]
    expected = sum(float((h_H**2).sum()) for h_H in real) / (len(real) * 3)
    assert activation_penalty(h_TBH, real_TB).item() == pytest.approx(expected)
    changes = [
        h_TBH[t, b] - h_TBH[t - 1, b] for t in range(1, 4) for b in range(2) if real_TB[t, b]
    ]
    expected = sum(float((d_H**2).sum()) for d_H in changes) / (len(changes) * 3)
    assert slowness_penalty(h_TBH, real_TB).item() == pytest.approx(expected)
    assert slowness_penalty(h_TBH[:1], real_TB[:1]).item() == 0


def test_penalties_turn_the_gradient_and_stay_out_of_the_loss() -> None:
    plain, paid = learner_of(), learner_of("--activation-penalty", "2", "--slowness-penalty", "1")
    batch = plain.batches.batch(0, 0)
    run = paid.model.forward_pass(batch.inputs_TB, paid.model.zero_state(4))
    loss = masked_cross_entropy(run.logits_TBV, batch.targets_TB, PAD)
    change = run.h_TBH[1:] - run.h_TBH[:-1]
    (loss + 2 * run.output_TBH.square().mean() + change.square().mean()).backward()
    expected = paid.model.layers[0].hidden_weight.grad.clone()
    updates = [learner.step() for learner in (plain, paid)]
    assert updates[0].loss == updates[1].loss
    found = paid.model.layers[0].hidden_weight.grad
    scale = min(1.0, 1.0 / (updates[1].norm + 1e-6))
    torch.testing.assert_close(found, expected * scale)
    assert not torch.allclose(found, plain.model.layers[0].hidden_weight.grad)
