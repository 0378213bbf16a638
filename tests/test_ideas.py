"""The ideas that charlm has not are tried fairly: each is charlm's own model, but for one thing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks import ideas
from benchmarks.ideas import IDEAS, learner_of, main
from benchmarks.learners.idea_layers import (
    IdeaModel,
    LayerNormed,
    LoopLayer,
    Mogrified,
    Skipped,
    Zoneout,
)
from benchmarks.learners.idea_passes import Ensemble, Watched
from charlm.errors import InputError
from charlm.model.config import ModelConfig
from charlm.options.training import parse_options
from charlm.train.command import train
from charlm.train.distributed import ALONE
from charlm.train.evaluate import mean_of
from charlm.train.model import CharModel
from charlm.train.regularise import Regularisers

T, B = 7, 3
_CONFIG = ModelConfig("lstm", 9, 4, 6, 2)
_OPTIONS = ["--unit", "continuous", "--hidden", "4", "--steps", "4", "--batch", "2"]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("to be or not to be\n" * 2000)
    return path


def outputs(model: CharModel, rows: int = B) -> Tensor:
    ids_TB = torch.randint(0, 9, (T, rows), generator=torch.Generator().manual_seed(1))
    return model(ids_TB, model.zero_state(rows))[0]


def made(kind: type[LoopLayer]) -> IdeaModel:
    return IdeaModel(_CONFIG, Regularisers(), 1, kind)


@torch.no_grad()
@pytest.mark.parametrize("training", [True, False])
def test_without_its_part_an_idea_is_charlms_model(training: bool) -> None:
    expected = outputs(CharModel(_CONFIG))

    class NoZoneout(Zoneout):
        OF_MEMORY, OF_STATE = 0.0, 0.0

    mogrified = made(Mogrified)
    for layer in mogrified.layers:
        for round in layer.rounds:  # type: ignore[union-attr]
            round.weight.zero_()
    for model in (made(LoopLayer), made(NoZoneout), mogrified):
        torch.testing.assert_close(outputs(model.train(training)), expected)
    for kind in (Zoneout, Mogrified, LayerNormed, Skipped):
        assert not torch.allclose(outputs(made(kind).train(training)), expected)


@torch.no_grad()
def test_what_is_normalised_has_no_length() -> None:
    """Weights that are wider by a factor change nothing; those that are read as they are would."""
    model = made(LayerNormed)
    expected = outputs(model)
    for layer in model.layers:
        layer.input_weight *= 1000  # type: ignore[operator]
        layer.hidden_weight *= 1000  # type: ignore[operator]
    torch.testing.assert_close(outputs(model), expected, atol=1e-3, rtol=0)


@torch.no_grad()
def test_zoneout_keeps_some_and_its_mean_afterwards() -> None:
    layer = Zoneout(ModelConfig("lstm", 9, 4, 500), 4, Regularisers())
    for weight in layer.parameters():
        weight.zero_()
    ones = (torch.ones(B, 500), torch.ones(B, 500))
    (_, new), (_, mean) = (layer.train(on).step(torch.zeros(B, 2000), ones) for on in (True, False))
    assert sorted(new.unique().tolist()) == [0.5, 1]  # forget gates of a half halve it
    assert (new == 1).double().mean() == pytest.approx(Zoneout.OF_MEMORY, abs=0.05)
    torch.testing.assert_close(mean, torch.full_like(mean, 0.75))


def test_the_mean_of_one_model_is_that_model(text: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ["--corpus", str(text), *_OPTIONS, "--no-texts", "--out", str(run)]
    train(parse_options(options), options)
    learner = learner_of("ensemble", parse_options(options), [str(run)] * 3)
    assert isinstance(learner.model, Ensemble)
    [one, *_] = learner.model.models
    assert isinstance(one, CharModel)
    expected = torch.log_softmax(outputs(one), -1)
    torch.testing.assert_close(outputs(learner.model), expected)  # type: ignore[arg-type]
    part = learner.held_out["validation"]
    for chosen in (part.whole(), part.spread(part.targets // 2)):  # by one reader, by several
        learner.passes = Watched(learner.options)
        loss = learner.loss_of("validation", chosen, lambda _: None)
        pieces = part.pieces(one, chosen, learner.passes, ALONE)
        assert loss == pytest.approx(mean_of(pieces, lambda _: None), abs=1e-6)
    other = tmp_path / "other.txt"
    other.write_text("other characters\n" * 300)
    options[1] = str(other)
    with pytest.raises(InputError, match="other characters"):
        learner_of("ensemble", parse_options(options), [str(run)])


def test_what_is_averaged_is_the_mean_from_a_point_on(text: Path) -> None:
    learner = learner_of("averaged", parse_options(["--corpus", str(text), *_OPTIONS]), [])
    seen = []
    for _ in range(4):
        learner.step()
        seen.append(learner.model.output_bias.detach().clone())
    assert learner.average
    expected = torch.stack(seen[1:]).mean(0)  # two of four steps are half of the budget
    torch.testing.assert_close(learner.average.model.output_bias, expected)


@torch.no_grad()
def test_how_sure_a_model_is(text: Path) -> None:
    learner = learner_of("charlm", parse_options(["--corpus", str(text), *_OPTIONS]), [])
    whole = learner.held_out["validation"].whole()
    expected = learner.loss_of("validation", whole, lambda _: None)
    learner.passes = watched = Watched(learner.options)
    assert learner.loss_of("validation", whole, lambda _: None) == pytest.approx(expected, abs=1e-6)
    ids = torch.tensor([learner.text.start_id, *learner.corpus.validation.ids(learner.vocabulary)])
    logits_TBV, _ = learner.model(ids[:-1, None], learner.model.zero_state(1))
    sure, likeliest = torch.softmax(logits_TBV[:, 0], -1).max(-1)
    right = (likeliest == ids[1:]).double().mean()
    assert watched.surplus == pytest.approx(float(sure.double().mean() - right), abs=1e-6)


def test_every_idea_runs(text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    options = ["--corpus", str(text), *_OPTIONS]
    train(parse_options([*options, "--no-texts", "--out", str(run)]), options)
    figures = tmp_path / "ideas.json"
    only = ["--seeds", "1", "2", "--teachers", str(run), "--json", str(figures)]
    main([*only, *options])
    kept = json.loads(figures.read_text())
    assert [row[0] for row in kept["tables"][0]["rows"]] == list(IDEAS)
    losses = {(each["idea"], each["seed"]): each["loss"] for each in kept["figures"]}
    assert len(losses) == 2 * len(IDEAS) - 1  # there is one ensemble
    assert len(set(losses.values())) >= len(losses) - 2  # but charlm's and the plain one's
    for seed in (1, 2):
        assert losses["charlm", seed] == pytest.approx(losses["plain", seed], abs=1e-4)
    assert "| mogrifier" in capsys.readouterr().out
    for wrong, said in (
        ("--cell gru", "LSTMs"),
        ("--recurrent-dropout 0.1", "--recurrent-dropout"),
    ):
        with pytest.raises(InputError, match=said):
            main([*only, *options, *wrong.split()])


def test_an_idea_is_told_beside_its_base() -> None:
    trials = [
        ideas.Trial(idea, seed, 10, loss, 0.01, 1.0)
        for idea, losses in {"plain": (1.0, 1.2), "constant": (1.4, 1.4), "averaged": (1.2, 1.2)}
        .items()
        for seed, loss in enumerate(losses)
    ]  # fmt: skip
    rows = ideas.table(trials).rows
    assert [row[2:5] for row in rows] == [
        ["1.1000 ± 0.1414", "", ""],
        ["1.4000 ± 0.0000", "+0.3000", "plain"],
        ["1.2000 ± 0.0000", "-0.2000", "constant"],
    ]
