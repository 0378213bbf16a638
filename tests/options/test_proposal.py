"""What is left open is proposed by the length of the text; what is given stays."""

from __future__ import annotations

import pytest

from charlm.errors import InputError
from charlm.options.proposal import proposed_dropout
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import PROPOSED
from charlm.options.training import parse_options

LENGTHS = [1, 500, 4_000, 20_000, 100_000, 300_000, 1_000_000, 30_000_000, 10**9]


def test_more_text_more_units_fewer_passes_less_dropout() -> None:
    proposed = [parse_options([]).for_text(length) for length in LENGTHS]
    hidden, passes = [each.hidden for each in proposed], [each.passes for each in proposed]
    dropout = [each.dropout for each in proposed]
    assert hidden == sorted(hidden) and len(set(hidden)) > 3
    assert passes == sorted(passes, reverse=True) and passes[0] == 40
    assert dropout == sorted(dropout, reverse=True) and dropout[-1] == 0 < dropout[0]


@pytest.mark.parametrize(
    ("hidden", "characters", "dropout"),
    [(512, 25e6, 0.4), (512, 10e6, 0.2), (512, 1e6, 0.0), (384, 5e6, 0.1), (256, 5e6, 0.0),
     (128, 10e6, 0.0), (64, 5e6, 0.0)],
)  # fmt: skip
def test_dropout_is_what_was_measured(hidden: int, characters: float, dropout: float) -> None:
    """docs/quality.md: of a text of a million characters."""
    options = parse_options(["--hidden", str(hidden), "--characters", str(int(characters))])
    assert options.for_text(1_003_854).dropout == dropout


def test_a_short_text_is_not_given_a_large_model() -> None:
    short, usual = (parse_options([]).for_text(length) for length in (4_000, 1_000_000))
    assert short.model(40).parameter_count < 20 * 4_000
    assert short.hidden < usual.hidden and short.characters == 40 * 4_000
    assert short.learning_rate > usual.learning_rate


@pytest.mark.parametrize("length", LENGTHS)
def test_what_is_given_stays(length: int) -> None:
    words = [
        "--hidden",
        "20",
        "--batch",
        "3",
        "--dropout",
        "0.25",
        "--learning-rate",
        "0.5",
        "--warm-up",
        "7",
        "--steps",
        "9",
    ]
    options = parse_options(words)
    assert options.proposed == ()
    assert options.for_text(length).plain() == options.plain()
    one = parse_options(["--hidden", "20"]).for_text(length)
    assert one.hidden == 20 and "hidden" not in one.proposed
    assert one.learning_rate == parse_options(["--hidden", "20", "--steps", "1"]).learning_rate


def test_auto_is_as_much_as_nothing() -> None:
    words = [w for n in PROPOSED for w in ("--" + n.replace("_", "-"), "auto")]
    assert parse_options(words) == parse_options([])
    assert parse_options([]).proposed == PROPOSED
    with pytest.raises(InputError, match=r"'x' is not an integer from 1 to 16384, or auto"):
        parse_options(["--hidden", "x"])


@pytest.mark.parametrize(
    ("budget", "passes"),
    [(["--characters", "3m"], 3), (["--epochs", "2.5"], 2.5), (["--steps", "1000"], 2.048)],
)
def test_dropout_follows_the_passes(budget: list[str], passes: float) -> None:
    options = parse_options([*budget, "--batch", "32"]).for_text(1_000_000)
    assert options.passes == pytest.approx(passes)
    assert options.share == options.model(64).parameter_count / 1_000_000
    assert options.dropout == proposed_dropout(passes, options.share)
    assert "characters" not in options.proposed


def test_minutes_are_passes_at_a_usual_pace() -> None:
    short, long = (TrainConfig(minutes=m).for_text(1_000_000) for m in (0.1, 60))
    assert short.passes < long.passes and short.dropout < long.dropout


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ([], 0),  # one layer
        (["--layers", "2"], 60),
        (["--layers", "3", "--steps", "400"], 50),  # no more than an eighth of them
        (["--layers", "2", "--steps", "5"], 0),
        (["--layers", "2", "--warm-up", "0"], 0),
        (["--layers", "2", "--from", "some"], 0),  # weights that learned before
    ],
)
def test_layers_that_stand_on_each_other_are_warmed_up(words: list[str], steps: int) -> None:
    assert parse_options(words).for_text(1_000_000).warm_up == steps


def test_what_is_tied_is_as_large_as_the_embedding() -> None:
    options = parse_options(["--tied", "--embedding", "96"]).for_text(4_000)
    assert options.hidden == 96 and "hidden" in options.proposed


def test_a_text_is_proposed_for_once_more() -> None:
    once = parse_options([]).for_text(4_000)
    assert once.for_text(1_000_000) == parse_options([]).for_text(1_000_000)
