"""Padding cannot be seen: not in the loss, not in a gradient, whatever the batch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig
from charlm.text.vocabulary import EOS, PAD
from charlm.train.dataset import Item, make_batch, pad_collate_fn
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel


def test_equals_ignore_index() -> None:
    torch.manual_seed(1)
    logits = torch.randn(7, 5, 11, dtype=torch.float64, requires_grad=True)
    target = torch.randint(0, 4, (7, 5))
    ours = masked_cross_entropy(logits, target, PAD)
    theirs = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    gradients = [torch.autograd.grad(loss, logits)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


def test_another_padding_character_and_no_real_target() -> None:
    logits = torch.zeros(3, 4)
    loss = masked_cross_entropy(logits, torch.tensor([2, 3, 3]), 3)
    assert loss.item() == pytest.approx(torch.tensor(4.0).log().item())
    assert masked_cross_entropy(logits, torch.tensor([3, 3, 3]), 3).item() == 0


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", list(CELLS))
def test_a_batch_equals_its_sentences_one_by_one(cell: str, layers: int) -> None:
    torch.manual_seed(2)
    config = ModelConfig(cell, 9, 3, 6, layers, bias=cell != "gru")  # type: ignore[arg-type]
    model = CharModel(config).double()
    items = [Item(torch.randint(2, 9, (n,)), n != 4) for n in (1, 4, 9, 2)]

    def measure(items: list[Item]) -> tuple[Tensor, int]:
        """Sum of the loss, and how many targets there are."""
        batch = make_batch(pad_collate_fn(items), EOS)
        logits_TBV, _ = model(batch.inputs_TB, model.zero_state(len(items)))
        count = int((batch.targets_TB != PAD).sum())
        return masked_cross_entropy(logits_TBV, batch.targets_TB, PAD) * count, count

    together, count = measure(items)
    each = [measure([item]) for item in items]
    assert count == sum(n for _, n in each) == 1 + 4 + 9 + 2 + 3
    apart = torch.stack([total for total, _ in each]).sum()
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-12)
    parameters = list(model.parameters())
    for mine, other in zip(
        torch.autograd.grad(together, parameters),
        torch.autograd.grad(apart, parameters),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)
