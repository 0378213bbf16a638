"""Ideas about an LSTM that charlm has not, each as a layer in PyTorch: autograd does the rest.

Shapes: T times, B rows, I inputs, H units, G = gates x H. The weights that charlm has too keep its
names and its initial values; what an idea adds comes from torch's generator. Of charlm's
regularisers these layers know those around a layer, not weight and recurrent dropout.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from charlm.model.cells import Arrays, State, product_with
from charlm.model.config import ModelConfig
from charlm.train.dataset import OwnRows
from charlm.train.model import CharModel, Layer
from charlm.train.regularise import Regularisers

_TORCH = Arrays.of(torch)


class LoopLayer(Layer):
    """charlm's own equations, a time after another."""

    hidden_weight: nn.Parameter
    bias: nn.Parameter

    def __init__(self, config: ModelConfig, inputs: int, regularisers: Regularisers) -> None:
        super().__init__(config, inputs, regularisers, by_layers=False)
        self.inputs, self.size = inputs, config.hidden_size

    def forward(
        self, x_TBI: Tensor, state: State, part: OwnRows | None = None
    ) -> tuple[Tensor, State]:
        """The outputs h_TBH and the state after them."""
        h_TBH = []
        for x in self.read(x_TBI):
            state = self.step(x, state)
            h_TBH.append(state[0])
        return torch.stack(h_TBH), state

    def read(self, x_TBI: Tensor) -> Tensor:
        """What a step takes of the inputs of all times: their part of the gates, [T, B, G]."""
        return linear(x_TBI, self.input_weight, self.bias)

    def step(self, x: Tensor, state: State) -> State:
        """The state after one time, of which `read` made `x`."""
        return self.cell.step(_TORCH, x, state, product_with(self.hidden_weight))


class Zoneout(LoopLayer):
    """Some units keep what they had (Krueger et al. 2017, "Zoneout").

    s' = d * s + (1 - d) * new, d being 1 with a probability while it learns and the probability
    itself afterwards; it is `OF_MEMORY` for c and `OF_STATE` for h, the paper's for characters.
    """

    OF_MEMORY, OF_STATE = 0.5, 0.05

    def step(self, x: Tensor, state: State) -> State:
        """The state after one time."""
        new = super().step(x, state)
        shares = self.OF_STATE, self.OF_MEMORY
        return tuple(
            torch.lerp(after, before, self._kept(after, share))
            for before, after, share in zip(state, new, shares, strict=True)
        )

    def _kept(self, values: Tensor, share: float) -> Tensor:
        whole = torch.full_like(values, share)
        return torch.bernoulli(whole) if self.training else whole


class LayerNormed(LoopLayer):
    """Layer normalisation inside the cell (Ba, Kiros and Hinton 2016, "Layer normalization").

    The gates are made of n(W_x x) + n(W_h h) + b, and h' = o * tanh(n(c')); each n has a gain of
    its own for every number, the last a bias too.
    """

    def __init__(self, config: ModelConfig, inputs: int, regularisers: Regularisers) -> None:
        super().__init__(config, inputs, regularisers)
        gates = len(self.bias)
        self.of_input = nn.LayerNorm(gates, bias=False)
        self.of_state = nn.LayerNorm(gates, bias=False)
        self.of_memory = nn.LayerNorm(self.size)

    def read(self, x_TBI: Tensor) -> Tensor:
        """The inputs' part of the gates, [T, B, G]."""
        return self.of_input(linear(x_TBI, self.input_weight)) + self.bias  # type: ignore[no-any-return]

    def step(self, x: Tensor, state: State) -> State:
        """The state after one time."""

        def product(h: Tensor, rows: slice = slice(None)) -> Tensor:
            return self.of_state(linear(h, self.hidden_weight))[..., rows]  # type: ignore[no-any-return]

        gates = self.cell.gate_values(_TORCH, x, state[0], product)
        _, c = self.cell.next_state(_TORCH, gates, state)
        return gates["o"] * torch.tanh(self.of_memory(c)), c


class Mogrified(LoopLayer):
    """Input and state gate each other before the cell sees them (Melis, Kocisky and Blunsom 2020,
    "Mogrifier LSTM").

    In turn x = 2 sigmoid(Q h) * x and h = 2 sigmoid(R x) * h, `ROUNDS` times in all, each with a
    matrix of its own.
    """

    ROUNDS = 5

    def __init__(self, config: ModelConfig, inputs: int, regularisers: Regularisers) -> None:
        super().__init__(config, inputs, regularisers)
        pairs = [(self.size, inputs), (inputs, self.size)]
        self.rounds = nn.ModuleList(
            nn.Linear(*pairs[number % 2], bias=False) for number in range(self.ROUNDS)
        )

    def read(self, x_TBI: Tensor) -> Tensor:
        """The inputs themselves: what they add to the gates depends on the state."""
        return x_TBI

    def step(self, x: Tensor, state: State) -> State:
        """The state after one time."""
        h, c = state
        for number, round in enumerate(self.rounds):
            if number % 2:
                h = 2 * torch.sigmoid(round(x)) * h
            else:
                x = 2 * torch.sigmoid(round(h)) * x
        return super().step(super().read(x), (h, c))


class Skipped(LoopLayer):
    """What goes into a layer above the first is added to what comes out (He et al. 2016; between
    layers of LSTMs Wu et al. 2016).
    """

    def forward(
        self, x_TBI: Tensor, state: State, part: OwnRows | None = None
    ) -> tuple[Tensor, State]:
        """The outputs h_TBH and the state after them."""
        h_TBH, after = super().forward(x_TBI, state, part)
        return (h_TBH + x_TBI if self.inputs == self.size else h_TBH), after


class IdeaModel(CharModel):
    """charlm's model around layers of one kind."""

    def __init__(
        self, config: ModelConfig, regularisers: Regularisers, seed: int, kind: type[LoopLayer]
    ) -> None:
        super().__init__(config, regularisers, seed)
        sizes = [layer.input_weight.shape[1] for layer in self.layers]
        self.layers = nn.ModuleList(kind(config, size, regularisers) for size in sizes)
        self.initialise(seed)
