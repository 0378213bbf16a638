"""How the next character is chosen, and when a text ends, as frozen, checked values.

One type per strategy, so that a mix without meaning cannot be written. `STRATEGIES` maps the
names a user types to the strategy they stand for; the command line and the screen read their
options, ranges and help from the fields here. `Limits` say when a text ends, whatever the
strategy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from charlm.checks import check_choice, check_integer, is_number, wrong
from charlm.errors import InputError, argument

MAX_WIDTH = 131_072
MAX_TOP_K = 2**31 - 1
MAX_LENGTH = 2**31 - 1
MAX_NGRAM = 2**16 - 1


def _knob(default: float | str, text: str, choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": text, "choices": choices})


def _check_temperature(value: float) -> None:
    if not (is_number(value) and (value == 0 or 0.01 <= value <= 100)):
        raise wrong("temperature", value, "0 (greedy) or from 0.01 to 100")


def _check_share(name: str, value: float) -> None:
    if not (is_number(value) and 0 < value <= 1):
        raise wrong(name, value, "above 0 and at most 1")


def _check_length_penalty(value: float) -> None:
    if not (is_number(value) and -10 <= value <= 10):
        raise wrong("length_penalty", value, "from -10 to 10")


@dataclass(frozen=True, kw_only=True)
class Restrictions:
    """What may be written at all: options that every strategy has, acting before its own."""

    ban: str = _knob("", "characters that are never written")
    allow: str = _knob("", "the only characters that are written (empty: all)")
    no_repeat_ngram: int = _knob(
        0,
        "write no sequence of n characters that the prompt and the text already hold; the end"
        " is never held back (Paulus et al. 2018; 0 is off, useful from 8)",
    )

    def __post_init__(self) -> None:
        for name in ("ban", "allow"):
            if not isinstance(getattr(self, name), str):
                raise wrong(name, getattr(self, name), "a text")
        check_integer("no_repeat_ngram", self.no_repeat_ngram, 0, MAX_NGRAM)


@dataclass(frozen=True)
class Greedy(Restrictions):
    """The most probable character at every position; ties go to the lowest id."""


@dataclass(frozen=True)
class Sampling(Restrictions):
    """One random character at every position, drawn from what the filters leave.

    The filters act in the order of the fields, each on the renormalised survivors of the one
    before, and at least one character survives. `Sampling()` filters nothing.
    """

    temperature: float = _knob(
        1.0,
        "logits / T before the softmax: below 1 is surer, above 1 wilder, 0 is greedy"
        " (0, or 0.01 to 100; 1 changes nothing)",
    )
    top_k: int = _knob(0, "keep the k most probable characters (0 keeps all)")
    top_p: float = _knob(
        1.0,
        "nucleus: keep the smallest set of characters whose probabilities sum to at least p"
        " (Holtzman et al. 2019; 0 excluded to 1; 1 keeps all)",
    )
    min_p: float = _knob(
        0.0, "keep characters at least min_p times as probable as the best (0 to 1 excluded)"
    )
    typical_p: float = _knob(
        1.0,
        "keep the characters whose -log p is nearest to the entropy, until their probabilities"
        " sum to at least p (Meister et al. 2022; 0 excluded to 1; 1 keeps all)",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_temperature(self.temperature)
        check_integer("top_k", self.top_k, 0, MAX_TOP_K)
        _check_share("top_p", self.top_p)
        _check_share("typical_p", self.typical_p)
        if not (is_number(self.min_p) and 0 <= self.min_p < 1):
            raise wrong("min_p", self.min_p, "from 0 to 1, 1 excluded")


_STOP_RULES = ("exact", "first", "patience")
_STOP_RULE_HELP = (
    "when a search ends: exact: when no open text can still beat the K-th finished one; first:"
    " at K finished ones; patience: at K * patience of them (Kasai et al. 2022)"
)
_MODES = ("sample", "best")
_PATIENCE_HELP = "how many times K texts must be finished, under stop rule patience (1 is first)"


def _check_stop_rule(rule: str, patience: float) -> None:
    check_choice("stop_rule", rule, _STOP_RULES)
    if not (is_number(patience) and 0 < patience <= 1000):
        raise wrong("patience", patience, "above 0 and at most 1000")
    if patience != 1 and rule != "patience":
        raise InputError(
            argument("patience"), f" is {patience!r}: it needs ", argument("stop_rule", "patience"),
            f", not {rule}",
        )  # fmt: skip


@dataclass(frozen=True)
class BeamSearch(Restrictions):
    """The most probable text that K hypotheses at a time can find.

    Each open hypothesis offers its K best characters and the end; the K best of all stay open;
    an end among the first K is finished. Scores: log_prob / length ** length_penalty.
    """

    width: int = _knob(10, "hypotheses kept at every position (1 to 131,072)")
    length_penalty: float = _knob(
        0.0,
        "score = log_prob / length ** this: 0 is the plain sum, above 0 favours longer texts"
        " (-10 to 10)",
    )
    stop_rule: str = _knob("exact", _STOP_RULE_HELP, _STOP_RULES)
    patience: float = _knob(1.0, _PATIENCE_HELP)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_stop_rule(self.stop_rule, self.patience)
        check_integer("width", self.width, 1, MAX_WIDTH)
        _check_length_penalty(self.length_penalty)


@dataclass(frozen=True)
class NucleusBeam(Restrictions):
    """Beam search whose candidates come from the nucleus of each hypothesis.

    K characters of the renormalised nucleus, drawn without replacement (Gumbel-top-K), or its
    most probable ones; hypotheses are ranked by the sum of
    log p_nucleus / length ** length_penalty.
    """

    width: int = _knob(10, "hypotheses kept at every position (1 to 131,072)")
    top_p: float = _knob(
        0.95,
        "nucleus: each hypothesis draws from the smallest set of characters whose"
        " probabilities sum to at least p (0 excluded to 1)",
    )
    length_penalty: float = _knob(
        0.0, "score = log_prob / length ** this: 0 is the plain sum, above 0 favours longer texts"
    )
    stop_rule: str = _knob("exact", _STOP_RULE_HELP, _STOP_RULES)
    patience: float = _knob(1.0, _PATIENCE_HELP)
    mode: str = _knob(
        "sample",
        "what each hypothesis offers: K characters drawn from its nucleus, or the K best of it",
        _MODES,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("mode", self.mode, _MODES)
        _check_stop_rule(self.stop_rule, self.patience)
        check_integer("width", self.width, 1, MAX_WIDTH)
        _check_share("top_p", self.top_p)
        _check_length_penalty(self.length_penalty)


Strategy = Greedy | Sampling | BeamSearch | NucleusBeam

#: What a user types, and the strategy it stands for before any option.
STRATEGIES: Mapping[str, Strategy] = {
    "greedy": Greedy(),
    "sample": Sampling(),
    "nucleus": Sampling(top_p=0.95),
    "beam": BeamSearch(),
    "nucleus-beam": NucleusBeam(),
}


def strategy_named(name: str, options: Mapping[str, Any] | None = None) -> Strategy:
    """The strategy `name` with `options` set; a foreign option or bad value is an InputError."""
    if name not in STRATEGIES:
        raise InputError(f"strategy {name!r} is not one of {', '.join(STRATEGIES)}")
    preset = STRATEGIES[name]
    known = [f.name for f in fields(preset)]
    for option in options or {}:
        if option not in known:
            takes = [part for other in known for part in (", ", argument(other))][1:]
            said = f" does not belong to strategy {name}; what it takes: "
            raise InputError(argument(str(option)), said, *takes)
    values = {option: getattr(preset, option) for option in known}
    return type(preset)(**(values | dict(options or {})))


def check_strategy(strategy: object) -> None:
    """Raise InputError unless it is a strategy, and not the name of one or a class."""
    if not isinstance(strategy, Strategy):
        said = "a strategy: give Sampling(...) or BeamSearch(...)"
        raise wrong("strategy", strategy, said)


def is_beam(strategy: Strategy) -> bool:
    """Whether the strategy keeps several hypotheses of one text."""
    return isinstance(strategy, BeamSearch | NucleusBeam)


@dataclass(frozen=True)
class Limits:
    """When a text ends, but for the model's own end.

    max_length: new characters, the end counted. min_length: before so many new characters
    neither the end nor a stop ends a text. stop: a text ends when what was written ends with
    one of these; it stays in the text. ignore_eos: the end is never written. seconds: a session
    stops then, all texts as they stand; None is no limit.
    """

    max_length: int = 400
    min_length: int = 0
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False
    seconds: float | None = None

    def __post_init__(self) -> None:
        check_integer("max_length", self.max_length, 0, MAX_LENGTH)
        check_integer("min_length", self.min_length, 0, self.max_length)
        if not isinstance(self.stop, tuple) or not all(isinstance(s, str) for s in self.stop):
            raise wrong("stop", self.stop, "a tuple of texts")
        if "" in self.stop:
            raise InputError(argument("stop"), " holds an empty text: every text ends with it")
        if not isinstance(self.ignore_eos, bool):
            raise wrong("ignore_eos", self.ignore_eos, "True or False")
        if self.seconds is not None and not (is_number(self.seconds) and self.seconds > 0):
            raise wrong("seconds", self.seconds, "above 0 (left out: no limit)")
