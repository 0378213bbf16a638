"""Any options of a training: typed, saved, gone on with, varied, they are what they were."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from math import inf, nan
from typing import Any, cast

import pytest
from hypothesis import assume
from hypothesis import strategies as st
from properties import ANY_TEXT, tried

from charlm.compare.options import parse_comparison
from charlm.compare.plan import plan_training, plan_variants
from charlm.compare.vary import parse_axis
from charlm.errors import InputError
from charlm.options.escapes import escaped, unescaped
from charlm.options.train_config import BUDGETS, OPTIONS, TrainConfig
from charlm.options.training import parse_options
from charlm.options.types import AUTO, Option
from charlm.train.going_on import resumed_options
from charlm.train.saved import Saved, check_plain

PATHS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9).filter(
    lambda path: path[0] != "-"
)
SPLITS = st.sampled_from(["90/5/5", "80/20/0", "1/98/1", "100/0/0"])


def values_of(name: str, option: Option) -> st.SearchStrategy[Any]:
    """Any value that an option of a training can have, by what it says of a text that is none."""
    if option.is_flag:
        return st.booleans()
    if name == "device":
        return st.just("cpu")
    if "choices" in option.values:
        return st.sampled_from(tuple(option.values["choices"]))
    if "nargs" in option.values:
        return st.lists(PATHS, min_size=1, max_size=3).map(tuple)
    if option.name == "--split":
        return SPLITS
    if "type" not in option.values or option.values["type"] is unescaped:
        return PATHS
    said = refusal(option, "?")
    left_open = st.none() if option.default is None else st.nothing()
    if found := re.search(r"an integer from (\d+) to (\d+)", said):
        low, high = map(int, found.groups())
        ends = st.sampled_from([low, high, min(high, low + 1)])
        return ends | st.integers(low, high) | left_open
    if found := re.search(r"a number (from|above) (\S+), at most ([\d.e+]+)", said):
        low, high = float(found[2]), float(found[3])
        return st.floats(low, high, exclude_min=found[1] == "above") | left_open
    assert "is not a count" in said, said
    return st.integers(1, 2**53) | left_open


def given_value(name: str) -> st.SearchStrategy[Any]:
    """Any value of an option that is not left open."""
    return values_of(name, OPTIONS[name].option).filter(lambda value: value is not None)


def refusal(option: Option, text: str) -> str:
    """What is said of a text that is no value; "" if it is one."""
    try:
        option.parse(text)
    except Exception as error:
        return str(error)
    return ""


def words_of(name: str, value: Any) -> list[str]:
    """The words that say it; none for a flag that is as it is without."""
    option = OPTIONS[name].option
    if option.is_flag:
        return [option.name] if value is not option.default else []
    if value is None:
        return []
    if isinstance(value, tuple):
        return [option.name, *value]
    if option.values.get("type") is unescaped:
        value = escaped(value)
    return [f"{option.name}={value if isinstance(value, str) else repr(value)}"]


@st.composite
def given_options(draw: st.DrawFn) -> dict[str, Any]:
    """Some options, each of its range, that need not go together."""
    names = draw(st.sets(st.sampled_from(list(OPTIONS)), max_size=8))
    return {name: draw(values_of(name, OPTIONS[name].option)) for name in names}


@tried(100, given=given_options(), characters=st.integers(1, 10**10))
def test_what_is_typed_is_what_is_meant(given: dict[str, Any], characters: int) -> None:
    """Or it is the same one line; and a file can hold it, whatever is proposed for the text."""
    words = [word for name, value in given.items() for word in words_of(name, value)]
    try:
        config = TrainConfig(**given)
    except InputError as error:
        with pytest.raises(InputError, match=re.escape(str(error))):
            parse_options(words)
        assert str(error).startswith("--") and "\n" not in str(error)
        return
    parsed = parse_options(words)
    assert parsed == config
    for each in (config, config.for_text(characters)):
        plain = json.loads(json.dumps(each.plain(), allow_nan=False))
        again = TrainConfig.of(plain)
        assert again.plain() == each.plain()
        if any(plain[name] is not None for name in BUDGETS):
            values = {"options": plain, "vocabulary": [], "start_id": 1, "position": {"kept": []}}
            check_plain(cast(Saved, values))
            assert parse_options([], plain).plain() == each.plain()


@tried(60, given=given_options(), now=given_options(), characters=st.integers(1, 10**9))
def test_a_run_goes_on_with_what_it_was(
    given: dict[str, Any], now: dict[str, Any], characters: int
) -> None:
    """And with what is given now, if that may change; else the option is named."""
    given, now = ({k: v for k, v in some.items() if k != "resume"} for some in (given, now))
    try:
        before = TrainConfig(**given).for_text(characters)
    except InputError:
        assume(False)
    saved = cast(Saved, {"options": json.loads(json.dumps(before.plain()))})
    same = resumed_options(["--resume=run"], saved)
    assert same.plain() == before.plain() | {"resume": "run"}
    words = [word for name, value in now.items() for word in words_of(name, value)]
    typed = {name for name, value in now.items() if words_of(name, value)}
    fixed = [n for n in typed if not OPTIONS[n].may_change and now[n] != getattr(before, n)]
    fixed = [n for n in fixed if n != "unit" or now[n] != AUTO]
    try:
        after = resumed_options(["--resume=run", *words], saved)
    except InputError as error:
        said = str(error)
        assert said.startswith("--") and "\n" not in said
        assert any(re.match(rf"{each.option.name}\b", said) for each in OPTIONS.values())
        return
    assert not [n for n in fixed if now[n] not in (AUTO, None)]
    budget = any(now.get(name) is not None for name in BUDGETS)
    for name, value in after.plain().items():
        if name in typed:
            assert value == now[name] or now[name] == AUTO or isinstance(value, list), name
        elif name in BUDGETS and budget:
            assert value is None
        elif name != "resume":
            assert value == before.plain()[name], name


@tried(60, name=st.sampled_from(list(OPTIONS)), text=ANY_TEXT, number=st.floats() | st.integers())
def test_what_is_out_of_range_names_the_option(name: str, text: str, number: float) -> None:
    option = OPTIONS[name].option
    for wrong in (text, repr(number), "nan", "-1", "1e999", "9" * 5000):
        if option.is_flag or option.takes(wrong):
            continue
        with pytest.raises(InputError) as refused:
            parse_options([f"{option.name}={wrong}"])
        said = refused.value.typed
        assert option.name in said and "\n" not in said
    for value in (text, number, nan, -inf, None, [1], {"a": 1}, True):
        if option.accepts(value) and name != "device":  # a file may say it: it comes back
            with suppress(InputError):  # by itself it may not go with the defaults
                assert parse_options([], {name: value}).plain()[name] in (value, None) or not value


VARIED = [
    name
    for name, each in OPTIONS.items()
    if each.monitored and each.group != OPTIONS["unit"].group
    and name not in ("cell", "seed", "device", *BUDGETS)
]  # fmt: skip


@tried(
    60, names=st.lists(st.sampled_from(VARIED), min_size=1, max_size=3, unique=True), data=st.data()
)
def test_every_combination_is_a_training_with_these_values(
    names: list[str], data: st.DataObject
) -> None:
    words, axes = [], []
    for name in names:
        option = OPTIONS[name].option
        values = data.draw(
            st.lists(
                given_value(name).filter(lambda v: v is not None),
                min_size=1,
                max_size=3,
                unique=True,
            )
        )
        typed = [str(v) if isinstance(v, str) else repr(v) for v in values]
        if option.is_flag:
            values = [True, False][: len(values)]
            typed = ["yes", "no"][: len(values)]
        axis = parse_axis(option.name, ",".join(typed))
        assert [setting.value for setting in axis] == values
        assert parse_axis(option.name, ",".join(setting.text for setting in axis)) == axis
        words += ["--vary", f"{option.name[2:]}={','.join(typed)}"]
        axes.append(axis)
    try:
        comparison = parse_comparison(["--corpus", "some.txt", "--cells", "lstm", *words])
        variants = plan_variants(comparison, 30)
    except InputError as error:
        assert "\n" not in str(error)
        return
    trainings = [plan_training(comparison, variant, 1) for variant in variants]
    count = 1
    for axis in axes:
        count *= len(axis)
    assert len({training.name for training in trainings}) == len(trainings) == count
    for training in trainings:
        options = training.options()
        for setting in training.variant.settings:
            assert getattr(options, setting.name) == setting.value
