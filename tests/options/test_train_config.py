"""The options of a training as one value: checked when made, never changed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from charlm.errors import InputError
from charlm.model.config import ModelConfig
from charlm.options.rates import FINE_TUNING_RATE, default_rate
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import BUDGETS, OPTIONS
from charlm.options.training import parse_options
from tui.views.train.fields import MORE


def test_an_option_is_named_as_its_field() -> None:
    of_the_text = ["text_characters", "proposed"]
    assert [field.name for field in fields(TrainConfig)] == [*OPTIONS, *of_the_text]
    for name, each in OPTIONS.items():
        option = each.option
        known_as = option.values.get("dest", option.name.removeprefix("--").replace("-", "_"))
        assert known_as == name


def test_a_command_without_options_has_the_defaults() -> None:
    assert parse_options([]) == TrainConfig()
    assert TrainConfig.of(TrainConfig().plain()).plain() == TrainConfig().plain()


@pytest.mark.parametrize("name", OPTIONS)
def test_its_default_is_a_value_that_the_option_can_have(name: str) -> None:
    option = OPTIONS[name].option
    assert option.accepts(option.default)
    assert not option.accepts({"a": 1})


def test_nothing_changes_it() -> None:
    config = TrainConfig()
    with pytest.raises(FrozenInstanceError):
        config.learning_rate = 1.0  # type: ignore[misc]
    steered = replace(config, learning_rate=0.5)
    assert (steered.learning_rate, config.learning_rate) == (0.5, default_rate("lstm", 512))


def test_what_is_left_open_is_filled() -> None:
    assert TrainConfig(cell="gru", hidden=512).learning_rate == default_rate("gru", 512)
    assert TrainConfig(start_from="a").learning_rate == FINE_TUNING_RATE
    assert TrainConfig(schedule="plateau").plateau == 2
    budgets = [getattr(TrainConfig(steps=3), name) for name in BUDGETS]
    assert budgets == [None, 3, None, None]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"momentum": 0.5}, "--momentum does not go with --optimiser adamw"),
        ({"plateau": 3}, "--plateau does not go with --schedule cosine"),
        ({"cell": "rnn", "recurrent_dropout": 0.1}, "minlstm: an rnn has no gate"),
        ({"tied": True, "hidden": 8}, "--tied needs"),
        ({"random_length": True, "unit": "line"}, "goes with --unit continuous alone"),
    ],
)
def test_what_does_not_go_together_cannot_be_made(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrainConfig.of(values)


def test_the_model_has_the_bias_of_its_cell() -> None:
    for cell, bias in (("rnn", True), ("gru", False), ("lstm", True)):
        expected = ModelConfig(cell, 50, 64, 512, 1, bias)
        assert TrainConfig(cell=cell).model(50) == expected
        assert TrainConfig(cell=cell, gru_bias=True).model(50).bias


def test_the_form_takes_what_the_command_takes() -> None:
    assert MORE["batch"].hint == "texts at once, by the text"
    assert MORE["seed"].rule == "a number, such as 1"
    for field, good, bad in (
        ("learning-rate", "1e-2", "0"), ("dropout", "0.5", "1"), ("batch", "16", "0"),
        ("seed", "0", "-1"), ("others", "--tied", "tied"),
    ):  # fmt: skip
        assert MORE[field].holds(good) and MORE[field].holds("") and not MORE[field].holds(bad)
