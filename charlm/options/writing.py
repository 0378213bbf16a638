"""The options of `write`, and those of every command that opens an engine.

The options of a strategy, their help and their ranges come from the fields of the strategies
in `charlm.decoding`.
"""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from charlm.checks import OneOf
from charlm.decoding import KNOBS, STRATEGIES, all_options
from charlm.model.config import PRECISIONS
from charlm.options.escapes import unescaped


def add_write_options(parser: ArgumentParser) -> None:
    """Everything that `write` takes."""
    parser.add_argument(
        "checkpoint",
        metavar="CHECKPOINT",
        nargs="?",
        help="a file, or a run; with --from it is looked for among the runs unless it is given",
    )
    _add_prompts(parser)
    parser.add_argument(
        "--strategy",
        choices=list(STRATEGIES),
        help="how each character is chosen (default: nucleus, which is sample with top_p 0.95)",
    )
    _add_knobs(
        parser.add_argument_group("options of the strategy; one that it has not is an error")
    )
    _add_limits(parser.add_argument_group("where a text ends"))
    _add_texts(parser.add_argument_group("the texts"))
    add_engine_options(parser)
    _add_output(parser.add_argument_group("where the texts go"))


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--json", action="store_true", help="one JSON record a line")
    group.add_argument(
        "--details",
        type=int,
        metavar="N",
        help="with --json, of every character: log_prob, rank, entropy and its N first rivals,"
        " before and after the filters",
    )
    group.add_argument(
        "--out", metavar="FILE", help="a new file, in place of standard output; as they come"
    )
    group.add_argument(
        "--continue",
        dest="go_on",
        action="store_const",
        const=True,
        help="with --out and --json: go on with a FILE that was broken off; it becomes what it"
        " would have been, and must be of the same model, prompts and options",
    )


def _add_prompts(parser: ArgumentParser) -> None:
    prompts = parser.add_mutually_exclusive_group()
    prompts.add_argument(
        "--prompt",
        type=unescaped,
        metavar="TEXT",
        help="the text to continue (may be empty; \\n, \\t and \\\\ are newline, tab and"
        " backslash); -: one a line, stdin",
    )
    prompts.add_argument(
        "--prompts",
        metavar="FILE",
        help='prompts from a file, one a line; or JSON lines, {"prompt": "...", "id": "a7"}, whose'
        " id comes back in the record",
    )
    prompts.add_argument(
        "--prompt-file",
        metavar="FILE",
        help="a file that is one prompt, of as many lines as it has; the newline at its very end is"
        " left out (- reads standard input)",
    )
    prompts.add_argument(
        "--from",
        dest="records",
        metavar="RECORDS",
        help="write the texts of records again (lines of --json; - reads standard input); they"
        " name everything else",
    )
    parser.add_argument(
        "--state", metavar="FILE", help="go on from a saved state; the prompt is what follows it"
    )


def _add_knobs(group: argparse._ArgumentGroup) -> None:
    for name, option in all_options().items():
        rule = KNOBS[name].rule
        group.add_argument(
            "--" + name.replace("_", "-"),
            type=unescaped if KNOBS[name].is_text else type(option.default),
            metavar={int: "K", float: "X", str: "TEXT"}[type(option.default)],
            choices=rule.choices if isinstance(rule, OneOf) else None,
            help=f"{KNOBS[name].help} [{_takers(name)}]".replace("%", "%%"),
        )


def _add_texts(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-n",
        type=int,
        metavar="N",
        help="samples of each prompt (default: 1), or the N best of a beam (default: 3)",
    )
    group.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="of the dice (default: 1); random: one is drawn, said, and kept in the records",
    )
    group.add_argument(
        "--dice",
        metavar="WHICH",
        help="prompt: each prompt has its own, and a repeated one the next (the default); shared:"
        " all prompts have the same; or the name of those in a record",
    )
    group.add_argument(
        "--save-state",
        metavar="FILE",
        help="keep the model's state after the one text (with --max-length 0: after the prompt)",
    )


def _add_limits(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--max-length", type=int, metavar="N", help="new characters (default: 400)")
    group.add_argument(
        "--min-length", type=int, metavar="N", help="nothing ends a text before N new characters"
    )
    group.add_argument(
        "--stop",
        type=unescaped,
        action="append",
        metavar="TEXT",
        help="end a text where it says TEXT, which stays in it (repeatable; \\n, \\t and \\\\ are"
        " newline, tab and backslash, here as in --ban, --allow and --prompt)",
    )
    group.add_argument(
        "--ignore-eos", action="store_true", default=None, help="never write the model's own end"
    )
    group.add_argument("--seconds", type=float, metavar="X", help="cut all texts after X seconds")


#: The seed that is drawn.
RANDOM = "random"


def _seed(text: str) -> int | str:
    try:
        return text if text == RANDOM else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is neither a whole number nor random"
        ) from None


def add_engine_options(parser: ArgumentParser) -> None:
    """Unknown characters, threads, device and precision."""
    parser.add_argument(
        "--unknown",
        choices=("error", "skip", "map"),
        help="characters the model does not know: stop, leave them out, or take the same letter"
        " without accent or in the other case (default: error)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        metavar="N",
        help="use up to N threads of the CPU (default: 1)",
    )
    parser.add_argument(
        "--device",
        default="cpu",
        metavar="D",
        help="cpu, cuda (through PyTorch), or auto: cuda where there is one (default: cpu)",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the weights in products; int8 is faster, a little less exact, and runs on the CPU"
        " (default: float32)",
    )


def _takers(option: str) -> str:
    """Which strategies take an option, each with the value it has there unless set."""
    takers = {
        name: getattr(preset, option)
        for name, preset in STRATEGIES.items()
        if hasattr(preset, option)
    }
    if len(takers) == len(STRATEGIES):
        return "all"
    return ", ".join(
        f"{name}: {value if isinstance(value, str) else format(value, 'g')}"
        for name, value in takers.items()
    )


def given(chosen: Namespace, names: Iterable[str]) -> dict[str, Any]:
    """The options among `names` that were set."""
    return {name: value for name in names if (value := getattr(chosen, name)) is not None}
