"""How the next character is chosen, and when a text ends, as frozen, checked values.

One type per strategy, so that a mix without meaning cannot be written. Every option is a row: its
field holds its range, help and neutral value, and how the screen shows it; the command line and
the screen read them there. `DECODERS` maps the names a user types to the strategy they stand for.
`Limits` say when a text ends, whatever the strategy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from math import inf
from typing import Any, NamedTuple

from charlm.checks import SHARE, OneOf, Range, check_integer, is_number, shown, wrong
from charlm.errors import InputError, argument
from charlm.knob import Knob, row, row_of
from charlm.wording import shortened

MAX_WIDTH = 131_072
MAX_TOP_K = 2**31 - 1
MAX_LENGTH = 2**31 - 1
MAX_NGRAM = 2**16 - 1


@dataclass(frozen=True, kw_only=True)
class Restrictions:
    """What may be written at all: options that every strategy has, acting before its own."""

    ban: str = row(
        "", "characters that are never written",
        neutral="", label="ban", letter="z", said="ban: characters that are never written",
    )  # fmt: skip
    allow: str = row(
        "", "the only characters that are written (empty: all)",
        neutral="", label="allow", letter="Z", said="allow: the only characters that are written",
    )  # fmt: skip
    no_repeat_ngram: int = row(
        0,
        "write no sequence of n characters that the prompt and the text already hold; the end"
        " is never held back (Paulus et al. 2018; 0 is off, useful from 8)",
        Range(0, MAX_NGRAM, whole=True),
        neutral=0, label="n-gram", letter="o", quiet=True,
        said="n-gram: no sequence of n characters is written twice",
        ladder=(4, 6, 8, 10, 12, 15, 20, 30, 50, 100, inf),
    )  # fmt: skip

    def __post_init__(self) -> None:
        for option in fields(self):
            option.metadata["knob"].rule.check(option.name, getattr(self, option.name))


@dataclass(frozen=True)
class Greedy(Restrictions):
    """The most probable character at every position; ties go to the lowest id."""


#: The rungs of a knob that is a share of the mass.
_SHARES = (*(round(0.05 * i, 2) for i in range(1, 20)), 0.97, 0.98, 0.99, 1)


@dataclass(frozen=True)
class Sampling(Restrictions):
    """One random character at every position, drawn from what the filters leave.

    The filters act in the order of the fields, each on the renormalised survivors of the one
    before, and at least one character survives. `Sampling()` filters nothing.
    """

    top_n_sigma: float = row(
        0.0,
        "keep characters whose logit is within n standard deviations of the best one's, before the"
        " temperature (Tang et al. 2024; 0 to 100; 0 keeps all)",
        Range(0, 100),
        neutral=0, label="sigma", letter="v", quiet=True, by_name=True,
        said="sigma: of those within n standard deviations of the best",
        ladder=(0, *(round(0.1 * i, 1) for i in range(1, 21)), 2.5, 3, 4, 5),
    )  # fmt: skip
    temperature: float = row(
        1.0,
        "logits / T before the softmax: below 1 is surer, above 1 wilder, 0 is greedy"
        " (0, or 0.01 to 100; 1 changes nothing)",
        Range(0.01, 100, zero="greedy"),
        neutral=1, label="temp", letter="t",
        said="temperature: below 1 surer, above 1 wilder",
        ladder=(0, *(round(0.05 * i, 2) for i in range(2, 41)), 2.5, 3, 5, 10),
    )  # fmt: skip
    top_k: int = row(
        0,
        "keep the k most probable characters (0 keeps all)",
        Range(0, MAX_TOP_K, whole=True),
        neutral=0, label="top-k", letter="k", said="top-k: of the k most probable characters",
        ladder=(1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 75, 100, inf),
    )  # fmt: skip
    top_p: float = row(
        1.0,
        "nucleus: keep the smallest set of characters whose probabilities sum to at least p"
        " (Holtzman et al. 2019; 0 excluded to 1; 1 keeps all)",
        SHARE,
        neutral=1, label="top-p", letter="p", said="top-p: of the nucleus of this mass",
        ladder=_SHARES,
    )  # fmt: skip
    min_p: float = row(
        0.0,
        "keep characters at least min_p times as probable as the best (0 to 1 excluded)",
        Range(0, 1, below=True),
        neutral=0, label="min-p", letter="m",
        said="min-p: of those not much rarer than the best",
        ladder=(0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9),
    )  # fmt: skip
    typical_p: float = row(
        1.0,
        "keep the characters whose -log p is nearest to the entropy, until their probabilities"
        " sum to at least p (Meister et al. 2022; 0 excluded to 1; 1 keeps all)",
        SHARE,
        neutral=1, label="typical", letter="l", quiet=True,
        said="typical: of those as surprising as is usual here, of this mass",
        ladder=_SHARES,
    )  # fmt: skip


#: The options of sampling that filter, in the order in which they act.
FILTERS = tuple(f.name for f in fields(Sampling) if f not in fields(Restrictions))

_WIDTH = Knob(
    "hypotheses kept at every position (1 to 131,072)",
    Range(1, MAX_WIDTH, whole=True),
    label="width", letter="w", said="width: how many texts a beam keeps",
    ladder=(1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 75, 100, 200, 500, 1000),
)  # fmt: skip
_LENGTH_PENALTY = Knob(
    "score = log_prob / length ** this: 0 is the plain sum, above 0 favours longer texts"
    " (-10 to 10)",
    Range(-10, 10),
    neutral=0, label="penalty", letter="a", said="length penalty: above 0 favours longer texts",
    ladder=tuple(round(0.1 * i, 1) for i in range(-20, 21)),
)  # fmt: skip
_STOP_RULE = Knob(
    "when a search ends: exact: when no open text can still beat the K-th finished one; first:"
    " at K finished ones; patience: at K * patience of them (Kasai et al. 2022)",
    rule=OneOf(("exact", "first", "patience")),
)
_PATIENCE = Knob(
    "how many times K texts must be finished, under stop rule patience (1 is first)",
    Range(0, 1000, above=True),
)


def _check_patience(rule: str, patience: float) -> None:
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

    width: int = row_of(_WIDTH, 10)
    length_penalty: float = row_of(_LENGTH_PENALTY, 0.0)
    stop_rule: str = row_of(_STOP_RULE, "exact")
    patience: float = row_of(_PATIENCE, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_patience(self.stop_rule, self.patience)


@dataclass(frozen=True)
class NucleusBeam(Restrictions):
    """Beam search whose candidates come from the nucleus of each hypothesis.

    K characters of the renormalised nucleus, drawn without replacement (Gumbel-top-K), or its
    most probable ones; hypotheses are ranked by the sum of
    log p_nucleus / length ** length_penalty.
    """

    width: int = row_of(_WIDTH, 10)
    top_p: float = row(
        0.95,
        "nucleus: each hypothesis draws from the smallest set of characters whose"
        " probabilities sum to at least p (0 excluded to 1)",
        SHARE,
        neutral=1, label="top-p", letter="p", said="top-p: of the nucleus of this mass",
        ladder=_SHARES,
    )  # fmt: skip
    length_penalty: float = row_of(_LENGTH_PENALTY, 0.0)
    stop_rule: str = row_of(_STOP_RULE, "exact")
    patience: float = row_of(_PATIENCE, 1.0)
    mode: str = row(
        "sample",
        "what each hypothesis offers: K characters drawn from its nucleus, or the K best of it",
        rule=OneOf(("sample", "best")),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_patience(self.stop_rule, self.patience)


Strategy = Greedy | Sampling | BeamSearch | NucleusBeam


class Decoder(NamedTuple):
    """What a name stands for before any option. spoken, said: its name in a sentence, and what
    it writes.
    """

    strategy: Strategy
    spoken: str
    said: str


#: What a user types.
DECODERS: Mapping[str, Decoder] = {
    "greedy": Decoder(Greedy(), "greedy", "the most probable character, always"),
    "sample": Decoder(Sampling(), "sampling", "a random character, by its probability"),
    "nucleus": Decoder(Sampling(top_p=0.95), "nucleus", "a random one of the few probable ones"),
    "beam": Decoder(BeamSearch(), "beam", "the most probable of many texts"),
    "nucleus-beam": Decoder(NucleusBeam(), "nucleus beam", "many texts, drawn from the nucleus"),
}
STRATEGIES: Mapping[str, Strategy] = {name: d.strategy for name, d in DECODERS.items()}


def all_options() -> dict[str, Field[Any]]:
    """Every option of any strategy by name, as first declared."""
    options: dict[str, Field[Any]] = {}
    for preset in STRATEGIES.values():
        for option in fields(preset):
            options.setdefault(option.name, option)
    return options


#: The row of every option.
KNOBS: Mapping[str, Knob] = {
    name: option.metadata["knob"] for name, option in all_options().items()
}


def strategy_named(name: str, options: Mapping[str, Any] | None = None) -> Strategy:
    """The strategy `name` with `options` set; a foreign option or bad value is an InputError."""
    if name not in STRATEGIES:
        raise InputError(f"strategy {shown(name)} is not one of {', '.join(STRATEGIES)}")
    preset = STRATEGIES[name]
    known = [f.name for f in fields(preset)]
    for option in options or {}:
        if option not in known:
            takes = [part for other in known for part in (", ", argument(other))][1:]
            said = f" does not belong to strategy {name}; what it takes: "
            raise InputError(argument(shortened(str(option))), said, *takes)
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
