"""Knobs stay within what the strategies allow, and belong to the decoder in use."""

from dataclasses import fields, replace
from math import inf

import pytest

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling
from tui.writer.knobs import DECODERS, LADDERS, PACES, ROWS, TEXTS, Setting


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("by", [-1, 1])
def test_every_rung_of_every_knob_is_a_legal_strategy(name: str, by: int) -> None:
    start = Setting().with_decoder(name)
    for knob in start.knobs:
        setting, seen = start, set()
        for _ in range(60):
            setting = setting.moved(knob, by)
            assert isinstance(setting.strategy, Greedy | Sampling | BeamSearch | NucleusBeam)
            seen.add(setting.value(knob))
        known = {0 if rung == inf else rung for rung in LADDERS.get(knob, ())}
        assert len(seen) > 1 or knob == "seed" or start.value(knob) in known
        if knob != "seed":
            end = LADDERS[knob][0 if by < 0 else -1]
            assert setting.value(knob) == (0 if end == inf else end)


def test_decoders_are_the_five_strategies() -> None:
    strategies = [Setting().with_decoder(name).strategy for name in DECODERS]
    assert strategies == [
        Greedy(), Sampling(), Sampling(top_p=0.95), BeamSearch(), NucleusBeam(),
    ]  # fmt: skip


def test_a_knob_moves_only_its_own_decoder() -> None:
    setting = Setting().with_decoder("sample").moved("temperature", -1)
    assert setting.strategy == Sampling(temperature=0.95)
    assert setting.with_decoder("nucleus").strategy == Sampling(top_p=0.95)
    assert setting.with_decoder("beam").moved("temperature", 1).strategy == BeamSearch()


def test_values_between_rungs_go_to_the_next_rung() -> None:
    setting = Setting(length=450)
    assert (setting.moved("length", 1).length, setting.moved("length", -1).length) == (600, 400)


def test_seed_stays_in_range_and_belongs_to_what_draws() -> None:
    assert Setting(seed=0).moved("seed", -1).seed == 0
    assert Setting(seed=2**64 - 1).moved("seed", 1).seed == 2**64 - 1
    assert "seed" not in Setting().with_decoder("beam").knobs
    assert not Setting().with_decoder("greedy").has_seed


def test_no_top_k_is_the_highest() -> None:
    setting = Setting().moved("top_k", -1)
    assert setting.value("top_k") == 100
    assert (
        setting.moved("top_k", 1).shown("top_k")
        == "off"
        == setting.moved("top_k", 1).moved("top_k", 1).shown("top_k")
    )


def test_neutral_filters_are_off() -> None:
    setting = Setting().with_decoder("sample")
    assert [setting.shown(k) for k in ("top_k", "top_p", "min_p")] == ["off"] * 3
    assert setting.with_decoder("nucleus").shown("top_p") == "0.95"
    assert setting.shown("length") == "1,000"


def test_choosing_goes_round_and_survives_a_decoder_without_the_knob() -> None:
    setting = Setting()
    for _ in setting.knobs:
        setting = setting.with_next_chosen(1)
    assert setting.chosen == Setting().chosen
    beam = Setting(wanted="seed").with_decoder("beam")
    assert (beam.chosen, beam.with_decoder("nucleus").chosen) == ("width", "seed")


def test_paces_go_round() -> None:
    setting, seen = Setting(), []
    for _ in PACES:
        setting = setting.with_next_pace()
        seen.append(setting.pace)
    assert sorted(seen) == sorted(PACES)


def test_a_knob_is_chosen_whichever_decoder_one_begins_with() -> None:
    for name in DECODERS:
        setting = Setting(pace=100).with_decoder(name)
        assert setting.chosen in setting.knobs or not setting.knobs
        assert setting.pace == 100
        setting.with_next_chosen(1)


def test_every_option_of_sampling_has_a_knob_or_is_typed() -> None:
    options = {f.name for f in fields(Sampling)}
    assert options <= ROWS.keys() | TEXTS.keys()
    letters = [knob.letter for knob in (*ROWS.values(), *TEXTS.values())]
    assert len(set(letters)) == len(letters) and all(letters)
    assert all(knob.label and knob.said for knob in (*ROWS.values(), *TEXTS.values()))


@pytest.mark.parametrize(("knob", "value", "shown"), [
    ("typical_p", 0.99, "0.99"), ("no_repeat_ngram", 100, "100"),
])  # fmt: skip
def test_a_quiet_knob_is_shown_while_it_acts_or_is_chosen(
    knob: str, value: float, shown: str
) -> None:
    setting = Setting().with_decoder("sample")
    assert knob in setting.knobs and knob not in setting.shown_knobs
    turned = setting.moved(knob, -1)
    assert getattr(turned.strategy, knob) == value and turned.shown(knob) == shown
    assert knob in replace(turned, wanted="seed").shown_knobs
    assert shown in turned.heading("a") and knob in replace(setting, wanted=knob).shown_knobs
    assert turned.moved(knob, 1).strategy == setting.strategy


@pytest.mark.parametrize("name", DECODERS)
def test_what_is_typed_is_of_every_decoder(name: str) -> None:
    setting = Setting().with_text("ban", "e\n").with_decoder(name)
    assert setting.strategy.ban == "e\n" and setting.shown_texts == {"ban": "e␊"}
    assert setting.heading("a").endswith("ban e␊")
    assert setting.with_text("ban", "").strategy == Setting().with_decoder(name).strategy
