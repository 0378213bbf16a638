"""What messages say alike: counts, the nearest name, arguments in Python and in a command."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from dataclasses import fields

import pytest
from models import random_checkpoint
from root import ROOT

from charlm import BeamSearch, Engine, Greedy, InputError, Limits, NucleusBeam, Sampling, Vocabulary
from charlm.cli.info import rows
from charlm.errors import argument, run_main
from charlm.wording import counted, did_you_mean, nearest

OPTIONS = ("--batch", "--corpus", "--hidden", "--layers", "--learning-rate", "--length", "--seed")


@pytest.mark.parametrize(
    "number, noun, plural, said",
    [
        (1, "character", "", "1 character"),
        (2003, "character", "", "2,003 characters"),
        (0, "text", "", "0 texts"),
        (1, "hypothesis", "hypotheses", "1 hypothesis"),
        (2, "hypothesis", "hypotheses", "2 hypotheses"),
    ],
)
def test_a_number_of_things(number: int, noun: str, plural: str, said: str) -> None:
    assert counted(number, noun, plural) == said


@pytest.mark.parametrize(
    "word, near",
    [
        ("--lr", []),  # was --layers
        ("--gpu", []),  # was --corpus
        ("--hiddne", ["--hidden"]),
        ("--learningrate", ["--learning-rate"]),
        ("--learn", ["--learning-rate"]),
        ("--le", ["--learning-rate", "--length"]),
        ("--rate", ["--learning-rate"]),
        ("--SEED", ["--seed"]),
        ("--sead", ["--seed"]),
        ("--sd", []),
        ("-", []),
        ("", []),
        ("--" + "hidden" * 1000, []),
    ],
)
def test_only_what_is_near_is_meant(word: str, near: list[str]) -> None:
    assert nearest(word, OPTIONS) == near


def test_a_name_is_never_meant_by_itself() -> None:
    assert nearest("seed", ["seed"]) == []
    assert did_you_mean("shakespear", ["speeches", "shakespeare"]) == ": did you mean shakespeare?"
    assert did_you_mean("x", ["y"]) == ""


@pytest.mark.parametrize(
    "name, values, in_python, typed",
    [
        ("top_k", (), "top_k", "--top-k"),
        ("unknown", ("skip",), 'unknown="skip"', "--unknown skip"),
        ("unknown", ("skip", "map"), 'unknown="skip" or "map"', "--unknown skip|map"),
        ("min_count", (2,), "min_count=2", "--min-count 2"),
        ("n", (3,), "n=3", "-n 3"),
    ],
)
def test_an_argument_is_spelt_for_who_reads_it(
    name: str, values: tuple[object, ...], in_python: str, typed: str
) -> None:
    error = InputError("take ", argument(name, *values), ": {top_k}")
    assert (str(error), error.typed) == (f"take {in_python}: {{top_k}}", f"take {typed}: {{top_k}}")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.typed) == (InputError, str(error), error.typed)


def test_a_command_reads_options(capsys: pytest.CaptureFixture[str]) -> None:
    def main(_: object) -> int:
        raise InputError(argument("no_repeat_ngram"), " is foo_bar")

    assert run_main(main, []) == 2
    assert capsys.readouterr().err == "charlm: error: --no-repeat-ngram is foo_bar\n"


ENGINE = Engine(random_checkpoint())
#: Calls that are refused, what is said in Python, and what in a command.
CALLS: list[tuple[Callable[[], object], str, str]] = [
    (lambda: ENGINE.write("Ω"), 'or use unknown="skip" or "map"', "or use --unknown skip|map"),
    (lambda: ENGINE.score("Ω"), 'or use unknown="skip" or "map"', "or use --unknown skip|map"),
    (lambda: ENGINE.write("a", unknown="drop"), "unknown is 'drop'", "--unknown is 'drop'"),
    (lambda: ENGINE.write("a", max_length=-1), "max_length is -1", "--max-length is -1"),
    (lambda: ENGINE.write_many(["a"], n=0), "n is 0", "-n is 0"),
    (lambda: ENGINE.write("a", seed=-1), "seed is -1", "--seed is -1"),
    (lambda: ENGINE.start(["a"], Greedy(), details=-1), "details is -1", "--details is -1"),
    (
        lambda: ENGINE.write_many(["a"], BeamSearch(2), n=3),
        "n is 3: a beam of width 2",
        "-n is 3: a beam of width 2",
    ),
    (
        lambda: ENGINE.write("a", Greedy(ban="", allow="Ω")),
        "ban and allow leave no",
        "--ban and --allow leave no",
    ),
    (lambda: Engine(random_checkpoint(), threads=0), "threads is 0", "--threads is 0"),
    (lambda: Engine(random_checkpoint(), device="x"), "device is 'x'", "--device is 'x'"),
    (lambda: Engine(random_checkpoint(), precision="x"), "precision is", "--precision is"),
    (lambda: Sampling(top_k=-1), "top_k is -1", "--top-k is -1"),
    (lambda: Sampling(min_p=1), "min_p is 1", "--min-p is 1"),
    (lambda: NucleusBeam(mode="x"), "mode is 'x'", "--mode is 'x'"),
    (
        lambda: BeamSearch(patience=2),
        'patience is 2: it needs stop_rule="patience"',
        "--patience is 2: it needs --stop-rule patience",
    ),
    (lambda: Limits(stop=("",)), "stop holds", "--stop holds"),
    (lambda: Limits(seconds=0), "seconds is 0", "--seconds is 0"),
    (
        lambda: Vocabulary([chr(0x10000 + i) for i in range(70_000)]),
        "as with min_count=2",
        "as with --min-count 2",
    ),
]


@pytest.mark.parametrize("call, in_python, typed", CALLS, ids=[said for _, said, _ in CALLS])
def test_errors_name_arguments_as_they_are_called(
    call: Callable[[], object], in_python: str, typed: str
) -> None:
    with pytest.raises(InputError) as raised:
        call()
    assert in_python in str(raised.value) and "--" not in str(raised.value)
    assert typed in raised.value.typed


def test_a_number_that_no_float_can_hold_is_refused() -> None:
    """It was an OverflowError, in Python."""
    for call in (lambda: Limits(seconds=10**400), lambda: Sampling(temperature=10**5000)):
        with pytest.raises(InputError, match="it must be"):
            call()


NUMBERS = [10**400, 10**5000, -(10**400), math.inf, "x" * 10_000]


@pytest.mark.parametrize("value", NUMBERS, ids=["400", "5000", "-400", "inf", "text"])
def test_a_value_without_bound_is_one_short_line(value: object) -> None:
    refused = 0
    for call in (Limits, BeamSearch, Sampling):
        for field in fields(call):
            try:
                call(**{field.name: value})
            except InputError as error:
                refused += 1
                assert len(str(error)) < 250
    assert refused > 10


def test_no_message_names_a_package_that_is_not_ours() -> None:
    """The name charlm on the package index is another project's."""
    wrong = re.compile(r"charlm\[|pip3? install[^\n(]*[ '\"]charlm\b(?![/.'’-])")
    assert wrong.search("pip install 'charlm[train]'") and wrong.search("pip install charlm")
    files = [ROOT / name for name in ("README.md", "CHANGELOG.md", "Makefile", "setup.py")]
    for folder in ("charlm", "tui", "docs", "csrc", "benchmarks", "checkpoints"):
        files += [p for p in (ROOT / folder).rglob("*") if p.suffix in {".py", ".md", ".cpp", ".h"}]
    assert len(files) > 100
    for path in files:
        found = wrong.search(path.read_text("utf-8"))
        assert found is None, (path, found)


#: Counts that are never 1, or are no counts.
_MANY = (
    "{} texts",
    "{name.capitalize()} characters",
    "{} characters",
    "{_MOST_PASTED:,} characters",
    "{MAX_SCORED:,} characters",
    "{TALL} lines",
    "{pace} characters",
    "{named} files",
    "{len(self.prompts):,} prompts",
    "{' / '.join(map(str, sizes))} units",
    "{speed:,.0f} characters",
    "{values['characters_per_s']:,.0f} characters",
    "{len(failures):,} files",
    "{parameters:,} parameters",
    "{learner.parameter_count:,} parameters",
    "{unsure:.1f} characters",
    "{curves.characters_per_s:,.0f} characters",
    "{frame.shared:,} characters",
    "{comparison.lines:,} lines",
    "{short(facts.parameters)} parameters",
    "{rounded(options.share)} parameters",
    "{config.parameter_count:,} numbers",
    "{training.config.parameter_count:,} parameters",
    "{header:,} bytes",
    "{size:,} bytes",
    "{8 + size} bytes",
    "{expected} bytes",
    "{left + 1} more rows",
    "{short(characters)} characters",
    "{len(characters):,} distinct characters",
)
_COUNT = re.compile(
    r"\{[^{}]*\} (?:more |new |distinct )?(?:character|example|step|thread|text|line|sample|layer|"
    r"prompt|value|byte|parameter|number|row|sentence|duplicate|tensor|file|entrie|gate|unit)s\b"
)
#: Where others write.
_NOT_LOOKED_AT = ("rewriting.py", "write.py", "scoring.py")


def test_no_message_says_1_characters() -> None:
    assert _COUNT.search('f"{n:,} characters"')
    for path in [*(ROOT / "charlm").rglob("*.py"), *(ROOT / "tui").rglob("*.py")]:
        if path.name not in _NOT_LOOKED_AT and path.parent.name != "torch_engine":
            wrong = [said for said in _COUNT.findall(path.read_text("utf-8")) if said not in _MANY]
            assert not wrong, (path, wrong, "use charlm.wording.counted")


def test_a_model_of_one_of_each_is_described_in_the_singular() -> None:
    checkpoint = random_checkpoint(characters="a", layers=1)
    said = dict(rows(checkpoint))
    assert said["vocabulary"] == "1 character, PAD and EOS: a"
    assert "1 layer of" in said["cell"]
    assert repr(checkpoint.vocabulary) == "Vocabulary(1 character)"
