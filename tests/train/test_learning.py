"""What an update is: optimisers, schedules, accumulation, averages, and which models stay."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learners import SMALL, TEXT, learner_of

from charlm.errors import InputError
from charlm.options.rates import FINE_TUNING_RATE, default_rate
from charlm.options.training import parse_options
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import LAST, MODEL
from charlm.run.log import read_run_log
from charlm.text.vocabulary import PAD
from charlm.train.__main__ import main
from charlm.train.learner import Learner
from charlm.train.loss import masked_cross_entropy
from charlm.train.position import Position
from charlm.train.schedule import after_evaluation, learning_rate


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text(TEXT)
    return path


def gradients(learner: Learner, batches: int) -> list[torch.Tensor]:
    """By plain autograd, of the mean loss over all targets of the first batches."""
    model, state = copy.deepcopy(learner.model), learner.model.zero_state(4)
    logits, targets = [], []
    for index in range(batches):
        batch = learner.batches.batch(0, index)
        if batch.fresh:
            state = model.zero_state(batch.inputs_TB.shape[1])
        logits_TBV, state = model(batch.inputs_TB, state)
        state = tuple(tuple(tensor.detach() for tensor in layer) for layer in state)
        logits.append(logits_TBV.flatten(0, 1))
        targets.append(batch.targets_TB.flatten())
    masked_cross_entropy(torch.cat(logits), torch.cat(targets), PAD).backward()
    found = [weight.grad for weight in model.parameters()]
    assert all(gradient is not None for gradient in found)
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("unit", ["continuous", "sentence"])
@pytest.mark.parametrize("batches", [1, 3])
def test_accumulated_gradients_are_those_of_all_targets_together(batches: int, unit: str) -> None:
    options = ["--clip", "1e6", "--accumulate", str(batches)]
    learner = learner_of("--optimiser", "sgd", *options, unit=unit)
    expected = gradients(learner, batches)
    update = learner.step()
    norm = math.sqrt(sum(float((gradient**2).sum()) for gradient in expected))
    assert update.norm == pytest.approx(norm, rel=1e-4)
    for weight, gradient in zip(learner.model.parameters(), expected, strict=True):
        torch.testing.assert_close(weight.grad, gradient, rtol=1e-4, atol=1e-6)
    assert learner.position.step == 1


def test_sgd_takes_nesterovs_step() -> None:
    learner = learner_of("--optimiser", "sgd", "--schedule", "constant", "--weight-decay", "0.01")
    weights = [weight.detach().clone() for weight in learner.model.parameters()]
    speeds = [torch.zeros_like(weight) for weight in weights]
    for _ in range(3):
        learner.step()
        for weight, speed, now in zip(weights, speeds, learner.model.parameters(), strict=True):
            assert now.grad is not None
            gradient = now.grad + 0.01 * weight
            speed.mul_(0.9).add_(gradient)
            weight.sub_(learner.options.learning_rate * (gradient + 0.9 * speed))
            torch.testing.assert_close(now.detach(), weight)


def rate(step: int, progress: float, *more: str, lowered: int = 0) -> float:
    options = parse_options(["--learning-rate", "0.1", *more])
    return learning_rate(options, Position(step=step, lowered=lowered), progress)


def test_schedules() -> None:
    assert [rate(5, p) for p in (0, 0.5, 1)] == pytest.approx([0.1, 0.051, 0.002])
    assert rate(5, 0.7, "--schedule", "constant") == pytest.approx(0.1)
    plateau = ["--schedule", "plateau"]
    assert [rate(5, 0.7, *plateau, lowered=n) for n in (0, 1, 3)] == pytest.approx(
        [0.1, 0.05, 0.0125]
    )
    warm = ["--schedule", "constant", "--warm-up", "4"]
    assert [rate(n, 0, *warm) for n in range(6)] == pytest.approx(
        [0.025, 0.05, 0.075, 0.1, 0.1, 0.1]
    )


def test_a_plateau_halves_the_rate_and_then_waits_again() -> None:
    options = parse_options(["--schedule", "plateau", "--plateau", "2"])
    position, lowered = Position(), []
    for better in (True, False, False, False, False, True, False, False):
        after_evaluation(options, position, better)
        lowered.append(position.lowered)
    assert lowered == [0, 0, 1, 1, 2, 2, 2, 3]


def test_the_average_is_what_its_formula_says_and_what_is_saved() -> None:
    learner = learner_of("--average", "0.5", "--learning-rate", "0.05")
    mean = learner.model.to_tensors()
    for step in range(1, 12):
        learner.step()
        kept = min(0.5, (1 + step) / (10 + step))
        for name, weight in learner.model.to_tensors().items():
            mean[name] = kept * mean[name] + (1 - kept) * weight
    saved = learner.checkpoint({}).tensors
    for name, average in mean.items():
        np.testing.assert_allclose(saved[name], average, rtol=1e-5, atol=1e-6)
    whole = "validation", learner.held_out["validation"].whole(), lambda _: None
    averaged = learner.loss_of(*whole)
    assert averaged == learner.loss_of(*whole, saved)
    raw = learner.model.to_tensors()
    assert averaged != learner.loss_of(*whole, raw)


def test_a_short_batch_takes_a_small_step() -> None:
    options = ["--optimiser", "sgd", "--momentum", "0", "--clip", "1e6", "--schedule", "constant"]
    learner = learner_of("--random-length", *options)
    times = len(learner.batches.batch(0, 0).inputs_TB)
    assert times != 16
    before = learner.model.output_bias.detach().clone()
    learner.step()
    gradient = learner.model.output_bias.grad
    assert gradient is not None
    rate = learner.options.learning_rate * times / 16
    torch.testing.assert_close(learner.model.output_bias.detach(), before - rate * gradient)


def run_with_losses(
    losses: list[float], arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Train; the evaluations find these losses, one after another, the last one ever after."""
    left = list(losses)

    def loss_of(*_: Any) -> float:
        return left.pop(0) if len(left) > 1 else left[0]

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "loss_of", loss_of)
        patch.setattr("charlm.train.trainer.FEWEST_STEPS", 1)
        assert main(arguments) == 0


def test_patience_ends_a_run_and_the_best_model_stays(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    arguments = ["--corpus", str(corpus), "--out", str(run), *SMALL]
    arguments += ["--steps", "40", "--evaluations", "40", "--patience", "3"]
    run_with_losses([3.0, 2.0, 2.5, 2.0, 2.2], arguments, monkeypatch)
    end = read_run_log(run)[-1]
    assert (end["kind"], end["step"]) == ("end", 5)
    assert end["reason"] == "no better in 3 evaluations"
    assert load_checkpoint(run / MODEL).metrics["step"] == 2


def test_the_best_few_are_kept_across_a_resumption(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"

    def kept() -> dict[str, float]:
        return {
            path.stem: load_checkpoint(path).metrics["validation_loss"]
            for path in sorted((run / "kept").iterdir())
        }

    arguments = ["--corpus", str(corpus), "--out", str(run), *SMALL]
    arguments += ["--steps", "3", "--evaluations", "3", "--keep", "2"]
    run_with_losses([3.0, 2.0, 2.5], arguments, monkeypatch)
    assert kept() == {"step-00000002": 2.0, "step-00000003": 2.5}
    more = ["--resume", str(run), "--steps", "6", "--evaluations", "6"]
    run_with_losses([2.7, 2.1, 1.9], more, monkeypatch)
    assert kept() == {"step-00000002": 2.0, "step-00000006": 1.9}
    assert load_checkpoint(run / LAST).metrics["step"] == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--momentum", "0.5"], "--momentum does not go with --optimiser adamw"),
        (["--plateau", "3"], "--plateau does not go with --schedule cosine"),
        (["--random-length"], "--random-length goes with --unit continuous alone"),
        (["--patience", "3", "--split", "100/0/0"], "--patience needs a validation part"),
        (["--schedule", "plateau", "--split", "95/0/5"], "plateau needs a validation part"),
        (["--hiddn", "3"], "--hiddn: did you mean --hidden?"),
        (["--cell", "lstn"], r"did you mean lstm\?"),
    ],
)
def test_options_that_do_not_go_together(
    arguments: list[str], message: str, corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        main(["--corpus", str(corpus), "--out", str(tmp_path / "run"), *arguments])
    assert not (tmp_path / "run" / LAST).exists()


def test_what_an_optimiser_takes_by_itself() -> None:
    adam, sgd = parse_options([]), parse_options(["--optimiser", "sgd"])
    assert (adam.learning_rate, adam.weight_decay, adam.momentum) == (0.014, 0.05, None)
    assert (sgd.learning_rate, sgd.weight_decay, sgd.momentum) == (1.0, 0.0, 0.9)
    assert parse_options(["--learning-rate", "0.01"]).learning_rate == 0.01


@pytest.mark.parametrize(
    ("cell", "hidden", "rate"),
    [("lstm", 12, 0.028), ("lstm", 128, 0.028), ("lstm", 384, 0.016), ("lstm", 512, 0.014),
     ("gru", 128, 0.015), ("gru", 384, 0.0078), ("rnn", 128, 0.015), ("rnn", 263, 0.0063)],
)  # fmt: skip
def test_the_rate_is_that_of_cell_and_units_where_none_is_given(
    cell: str, hidden: int, rate: float
) -> None:
    assert default_rate(cell, hidden) == rate


def test_the_rate_of_an_lstm_falls_with_its_layers() -> None:
    assert parse_options(["--hidden", "256", "--layers", "2"]).learning_rate == 0.012
    assert default_rate("lstm", 128, 3) == 0.012
    assert default_rate("gru", 256, 2) == default_rate("gru", 256)


def test_a_rate_that_is_given_is_taken(corpus: Path, tmp_path: Path) -> None:
    common = ["--corpus", str(corpus), *SMALL, "--steps", "2", "--split", "80/10/10"]

    def rate(name: str, *more: str) -> float:
        assert main([*common, "--out", str(tmp_path / name), *more]) == 0
        [start] = [line for line in read_run_log(tmp_path / name) if line["kind"] == "start"]
        return float(start["learning_rate"])

    assert rate("a", "--cell", "gru") == default_rate("gru", 12) == 0.015
    assert rate("b", "--cell", "gru", "--learning-rate", "0.25") == 0.25
    assert rate("c", "--optimiser", "sgd") == 1
    assert rate("d", "--cell", "gru", "--from", str(tmp_path / "a")) == FINE_TUNING_RATE
    assert main(["--resume", str(tmp_path / "a"), "--steps", "4"]) == 0
    rates = [x["learning_rate"] for x in read_run_log(tmp_path / "a") if x["kind"] == "start"]
    assert rates == [0.015, 0.015]
