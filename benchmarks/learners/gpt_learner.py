"""A small transformer with the sizes and the training of nanoGPT's recipe for a CPU.

4 layers of 4 heads, 128 wide, without biases and dropout, context 64; batches of 12 random windows,
AdamW (betas 0.9 and 0.99, decay 0.1 of matrices), 1e-3 after a warm-up of 100 updates, along half a
cosine to 1e-4 over 2,000; gradients clipped at 1; the embedding is the output too. Written anew for
comparison; what is compared is the recipe.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

LAYERS, HEADS, WIDTH, CONTEXT, BATCH, UPDATES = 4, 4, 128, 64, 12, 2000
RATE, LAST_RATE, WARM_UP, DECAY, BETAS = 1e-3, 1e-4, 100, 0.1, (0.9, 0.99)


class Block(nn.Module):
    """Attention to what stands before, then two linear maps; both added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH, bias=False) for _ in range(2))
        self.attend = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.joined = nn.Linear(WIDTH, WIDTH, bias=False)
        self.wide = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.narrow = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x_BTE: Tensor) -> Tensor:
        B, T, _ = x_BTE.shape
        parts = self.attend(self.norms[0](x_BTE)).view(B, T, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(*parts, is_causal=True)
        x_BTE = x_BTE + self.joined(seen.transpose(1, 2).reshape(B, T, WIDTH))
        return x_BTE + self.narrow(functional.gelu(self.wide(self.norms[1](x_BTE))))


class SmallGpt(nn.Module):
    """ids [B, T], T <= 64, to logits."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, WIDTH)
        self.places = nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                last = "joined" in name or "narrow" in name
                nn.init.normal_(weight, 0, 0.02 / math.sqrt(2 * LAYERS if last else 1))

    def forward(self, ids_BT: Tensor) -> Tensor:
        x_BTE = self.embedding(ids_BT) + self.places.weight[: ids_BT.shape[1]]
        for block in self.blocks:
            x_BTE = block(x_BTE)
        return self.norm(x_BTE) @ self.embedding.weight.T


class GptLearner:
    """Its training; `step` makes one update."""

    def __init__(self, ids: Tensor, characters: int) -> None:
        self.model, self._ids = SmallGpt(characters), ids
        weights = list(self.model.parameters())
        matrices = [w for w in weights if w.dim() == 2]
        others = [w for w in weights if w.dim() < 2]
        groups = [
            {"params": matrices, "weight_decay": DECAY},
            {"params": others, "weight_decay": 0.0},
        ]
        self._optimiser = torch.optim.AdamW(groups, lr=RATE, betas=BETAS)
        self.updates = 0

    def step(self) -> None:
        """One update."""
        inputs, targets = windows(
            self._ids, CONTEXT, torch.randint(len(self._ids) - CONTEXT, (BATCH,))
        )
        share = (self.updates - WARM_UP) / (UPDATES - WARM_UP)
        rate = LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * share)) / 2
        if self.updates < WARM_UP:
            rate = RATE * (self.updates + 1) / (WARM_UP + 1)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        loss = functional.cross_entropy(self.model(inputs).flatten(0, 1), targets.flatten())
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimiser.step()
        self.updates += 1


def windows(ids: Tensor, size: int, begins: Tensor) -> tuple[Tensor, Tensor]:
    """Windows of a text and what follows each of their characters, [B, size] both."""
    places = begins[:, None] + torch.arange(size)
    return ids[places], ids[places + 1]
