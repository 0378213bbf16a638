"""The pass through a model in csrc/train, and what its update is made of.

The same bits on every instruction set and with any number of threads: every float comes from the
kernels of csrc, in a fixed order, and masks are functions of seed, step, place, time, row and unit.
This is the one importer of `charlm._training`. Its readable twin is `charlm.train.loop`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from charlm import _training
from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig
from charlm.options.train_config import TrainConfig
from charlm.text.vocabulary import PAD
from charlm.train.dataset import Batch, OwnRows
from charlm.train.model import CharModel, ModelState
from charlm.train.passes import Learned

#: Of the sources that `charlm._training` was built from.
SOURCE_HASH = _training.SOURCE_HASH
_EPSILON = 1e-8
_ROWS = 1 << 16  # by which the rows of several batches of one update are told apart
_WORD = 1 << 32


class NativePass:
    """`charlm.train.passes.ModelPass` in csrc."""

    def __init__(self, config: ModelConfig, options: TrainConfig) -> None:
        self._seed = options.seed
        self._pass = _training.Pass(
            cell=config.cell,
            vocabulary_size=config.vocabulary_size,
            embedding_size=config.embedding_size,
            hidden_size=config.hidden_size,
            layers=config.layers,
            bias=config.bias,
            padding=PAD,
            regularisers={
                "dropout": options.dropout,
                "locked": options.locked_dropout,
                "embedding_dropout": options.embedding_dropout,
                "weight_dropout": options.weight_dropout,
                "recurrent_dropout": options.recurrent_dropout,
                "activation_penalty": options.activation_penalty,
                "slowness_penalty": options.slowness_penalty,
            },
            threads=options.threads,
        )

    def learn(
        self, model: CharModel, batch: Batch, state: ModelState, step: int, number: int
    ) -> Learned:
        """One batch, number `number` of update `step`: see `ModelPass.learn`."""
        key = self._seed, step % _WORD, number * _ROWS % _WORD
        weights = model.weights()
        after = _copies(state)

        def run(gradients: dict[str, Tensor] | None) -> tuple[float, float]:
            loss, count, penalty = self._run(
                model, batch.inputs_TB, batch.targets_TB, after, key, gradients, part=batch.part
            )
            return loss / max(batch.part.targets if batch.part else count, 1), penalty

        total, loss = _Loss.apply(run, tuple(weights), *weights.values())
        return Learned(total, float(loss), after)

    def measure(
        self, model: CharModel, inputs_TB: Tensor, targets_TB: Tensor | None, state: ModelState
    ) -> tuple[float, ModelState]:
        """The sum of the losses, and the state after: see `ModelPass.measure`."""
        after = _copies(state)
        return self._run(model, inputs_TB, targets_TB, after)[0], after

    def gates(self, model: CharModel, inputs_TB: Tensor, state: ModelState) -> dict[str, Tensor]:
        """The gates of every layer: see `ModelPass.gates`."""
        config = model.config
        letters = [gate.letter for gate in CELLS[config.cell].gates]
        shape = *inputs_TB.shape, len(letters) * config.hidden_size
        made = [torch.empty(shape) for _ in range(config.layers)]
        self._run(model, inputs_TB, None, _copies(state), gates=made)
        return {
            f"layers.{layer}.{letter}": gate_TBH
            for layer, gates_TBG in enumerate(made)
            for letter, gate_TBH in zip(letters, gates_TBG.chunk(len(letters), 2), strict=True)
        }

    def norm(self, values: Tensor) -> float:
        """The Euclidean norm: see `ModelPass.norm`."""
        return _norm([values])

    def _run(
        self,
        model: CharModel,
        inputs_TB: Tensor,
        targets_TB: Tensor | None,
        state: ModelState,
        key: tuple[int, int, int] | None = None,
        gradients: dict[str, Tensor] | None = None,
        gates: Sequence[Tensor] | None = None,
        part: OwnRows | None = None,
    ) -> tuple[float, int, float]:
        targets_TB = torch.full_like(inputs_TB, PAD) if targets_TB is None else targets_TB
        made = None
        if gradients is not None:
            made = {name: _array(gradient) for name, gradient in gradients.items()}
        return self._pass.run(
            weights={name: _array(weight) for name, weight in model.weights().items()},
            inputs=inputs_TB.contiguous().numpy(),
            targets=targets_TB.contiguous().numpy(),
            states=[_array(vector) for layer in state for vector in layer],
            mask=key,
            gradients=made,
            gates=None if gates is None else [_array(layer) for layer in gates],
            part=None if part is None else (part.first, part.targets, part.changes),
        )


class _Loss(torch.autograd.Function):
    """Loss and penalty together, and the loss alone; all gradients are made on the way there."""

    @staticmethod
    def forward(
        ctx: Any,
        run: Callable[[dict[str, Tensor] | None], tuple[float, float]],
        names: Sequence[str],
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor]:
        gradients = None
        if any(ctx.needs_input_grad):
            gradients = {n: torch.empty_like(w) for n, w in zip(names, weights, strict=True)}
        loss, penalty = run(gradients)
        ctx.gradients = gradients
        results = torch.tensor(loss + penalty), torch.tensor(loss, dtype=torch.float64)
        ctx.mark_non_differentiable(results[1])
        return results

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        gradients = [gradient.mul_(grad) for gradient in ctx.gradients.values()]
        ctx.gradients = None  # they are the weights' now
        return None, None, *gradients


class NativeAdamW(torch.optim.Optimizer):
    """AdamW (Loshchilov and Hutter 2019) with the memory of torch's, by csrc's loop."""

    def __init__(
        self, weights: Iterable[Tensor], lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        super().__init__(weights, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update."""
        for group, weight in _with_gradient(self.param_groups):
            memory = self.state[weight]
            if not memory:
                memory["step"] = torch.tensor(0.0)
                memory["exp_avg"] = torch.zeros_like(weight)
                memory["exp_avg_sq"] = torch.zeros_like(weight)
            memory["step"] += 1
            step, (beta1, beta2) = int(memory["step"]), group["betas"]
            _training.adamw(
                weights=_array(weight),
                gradient=_array(cast(Tensor, weight.grad)),
                mean=_array(memory["exp_avg"]),
                square=_array(memory["exp_avg_sq"]),
                beta1=beta1,
                new1=1 - beta1,
                beta2=beta2,
                new2=1 - beta2,
                keep=1 - group["lr"] * group["weight_decay"],
                rate=group["lr"] / (1 - _power(beta1, step)),
                root=math.sqrt(1 - _power(beta2, step)),
                epsilon=_EPSILON,
            )


class NativeSGD(torch.optim.Optimizer):
    """Gradient descent with Nesterov's momentum, with the memory of torch's, by csrc's loop."""

    def __init__(
        self, weights: Iterable[Tensor], lr: float, momentum: float, weight_decay: float
    ) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update."""
        for group, weight in _with_gradient(self.param_groups):
            memory = self.state[weight]
            if not memory:
                memory["momentum_buffer"] = torch.zeros_like(weight)
            _training.sgd(
                weights=_array(weight),
                gradient=_array(cast(Tensor, weight.grad)),
                velocity=_array(memory["momentum_buffer"]),
                rate=group["lr"],
                momentum=group["momentum"],
                decay=group["weight_decay"],
            )


def clip(weights: Iterable[Tensor], longest: float) -> float:
    """Scale the gradients to a norm of at most `longest`; returns the norm that they had."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    norm = _norm(gradients)
    share = longest / (norm + 1e-6)
    if share < 1:
        for gradient in gradients:
            gradient.mul_(share)
    return norm


@torch.no_grad()
def approach(mean: Tensor, weight: Tensor, share: float) -> None:
    """mean += share (weight - mean)"""
    _training.approach(mean=_array(mean), x=_array(weight), share=share)


def _norm(tensors: Iterable[Tensor]) -> float:
    # sqrt is rounded right everywhere; ** 0.5 is the system's own power.
    return math.sqrt(sum(_training.squares(_array(tensor)) for tensor in tensors))


def _with_gradient(groups: list[dict[str, Any]]) -> Iterable[tuple[dict[str, Any], Tensor]]:
    for group in groups:
        for weight in group["params"]:
            if weight.grad is not None:
                yield group, weight


def _power(base: float, times: int) -> float:
    """base ** times by multiplications alone: the system's own power differs between systems."""
    result = 1.0
    while times:
        if times & 1:
            result *= base
        base *= base
        times >>= 1
    return result


def _array(tensor: Tensor) -> Any:
    """The memory of a tensor."""
    return tensor.detach().numpy()


def _copies(state: ModelState) -> ModelState:
    return tuple(tuple(tensor.detach().clone() for tensor in layer) for layer in state)
