"""The command line: `python -m charlm train | write | score | info | compare`.

Each command imports what it needs when it runs, so that help is instant.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import fields
from importlib.util import find_spec

import charlm
from charlm.decoding import KNOBS, BeamSearch, Limits, NucleusBeam, Strategy, strategy_named
from charlm.display import visible
from charlm.errors import CharlmError, InputError, report_notice
from charlm.options.parser import Options, Parser, as_argument, is_dashed, no_command, option_names
from charlm.options.writing import (
    RANDOM,
    add_score_options,
    add_write_options,
    given,
)
from charlm.wording import TORCH_MISSING

_COMMANDS = ("train", "write", "score", "info", "compare")
_EXAMPLES = """\
examples:
  python -m charlm train --corpus my.txt
  python -m charlm write checkpoints/shakespeare --prompt "ROMEO:"
  python -m charlm score checkpoints/shakespeare my.txt
  python -m charlm info checkpoints/shakespeare
  python -m charlm compare --corpus my.txt --cells gru,lstm
"""

_WRITE_EXAMPLES = """\
CHECKPOINT is a file, or a run (then its best model is meant): its folder, or the name of one
under checkpoints/.

examples:
  python -m charlm write RUN --prompt "Once upon" --temperature 0.8
  python -m charlm write RUN --prompt "Once upon" --strategy sample --top-k 20 -n 5 --seed 7
  python -m charlm write RUN --prompt "Once upon" --strategy beam --width 20 --length-penalty 0.7
  python -m charlm write RUN --prompts openings.txt --strategy nucleus-beam --json > written.jsonl
  python -m charlm write RUN --prompts openings.jsonl --json --out written.jsonl --continue
  echo "Once upon" | python -m charlm write RUN --prompt - --strategy greedy

The same seed writes the same text. On a terminal control characters are shown as signs; in a
pipe the text comes as the model wrote it, completions apart by an empty line.
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Raises CharlmError, OSError."""
    if arguments[:1] in (["train"], ["compare"]):
        return _learn(arguments[0], arguments[1:])
    parser, commands = _parsers()
    chosen, rest = parser.parse_known_args(arguments)
    if rest:
        if chosen.command == "write" and chosen.prompt is not None:
            _check_quotes(chosen.prompt, rest)
        commands[chosen.command].refuse(rest)
    return {"write": _write, "score": _score, "info": _info}[chosen.command](chosen)


def _check_quotes(prompt: str, rest: Sequence[str]) -> None:
    """Say what makes one prompt of several words, where only such are left over."""
    if not any(is_dashed(word) for word in rest):
        whole = as_argument(" ".join([prompt, *rest]))
        raise InputError(
            f"unrecognized argument {rest[0][:40]!r}: put quotes around a prompt of several words:"
            f" --prompt {whole} (see python -m charlm write --help)"
        )


def _score(chosen: Namespace) -> int:
    from charlm.cli.score import score

    if chosen.details is not None and not chosen.json:
        raise InputError("--details needs --json")
    score(chosen)
    return 0


def _parsers() -> tuple[Parser, dict[str, Parser]]:
    parser = Parser(
        elsewhere=_all_options,
        stray=lambda word: no_command(word, _COMMANDS),
        prog="python -m charlm",
        description="Character language models: train, write, score.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"charlm {charlm.__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Only for the list in the help: these two have parsers of their own.
    commands.add_parser("train", help="learn a text, write a checkpoint", add_help=False)
    commands.add_parser("compare", help="train cells side by side, report", add_help=False)
    write = commands.add_parser(
        "write",
        command="write",
        elsewhere=_all_options,
        stray=lambda word: f"a prompt is given as --prompt {as_argument(word)}",
        help="write text from a checkpoint",
        description="Continue prompts with a trained model.",
        epilog=_WRITE_EXAMPLES,
    )
    add_write_options(write)
    score = commands.add_parser(
        "score",
        command="score",
        elsewhere=_all_options,
        help="how well a checkpoint predicts a text",
        description="Nats per character (loss), bits per character (bpc) and perplexity of a"
        " text, which is prepared and cut as the model's own text was. Several files: a line"
        " for each, and the total. Continuous text is read in one stream up to 2 million"
        " characters, exactly; above that by many readers side by side, and the result says that"
        " it is approximate.",
    )
    add_score_options(score)
    info = commands.add_parser(
        "info",
        command="info",
        elsewhere=_all_options,
        help="what a checkpoint holds",
        description="Sizes, text, vocabulary, losses and corpus of a checkpoint.",
    )
    info.add_argument("checkpoint", metavar="CHECKPOINT", help="a file, or a run")
    info.add_argument("--json", action="store_true", help="one JSON object")
    return parser, {"write": write, "score": score, "info": info}


def _all_options() -> Options:
    """The options of every command; looked at only where one was not understood."""
    from charlm.compare.options import OPTION_NAMES
    from charlm.options.train_config import OPTIONS

    return {
        "train": [each.option.name for each in OPTIONS.values()],
        "compare": OPTION_NAMES,
        "write": option_names(add_write_options),
        "score": option_names(add_score_options),
    }


def _learn(command: str, arguments: Sequence[str]) -> int:
    """The commands that need torch, and import it only once their options are read."""
    if find_spec("torch") is None:
        raise CharlmError(f"training needs {TORCH_MISSING}")
    if command == "train":
        from charlm.train.__main__ import main as train

        return train(arguments) or 0
    from charlm.compare.options import parse_comparison

    comparison = parse_comparison(arguments)
    from charlm.compare.command import compare

    return compare(comparison)


def _write(chosen: Namespace) -> int:
    if chosen.records is not None:
        return _write_again(chosen)
    if chosen.checkpoint is None:
        raise InputError("CHECKPOINT is missing: a file, or a run (see write --help)")
    if not given(chosen, ("prompt", "prompts", "prompt_file", "state")):
        raise InputError(
            "one of --prompt --prompts --prompt-file --state --from is needed (see write --help)"
        )
    if chosen.details is not None and not chosen.json:
        raise InputError("--details needs --json")
    _check_going_on(chosen)
    name = chosen.strategy or "nucleus"
    strategy = strategy_named(name, given(chosen, KNOBS))
    limits = given(chosen, [f.name for f in fields(Limits)])
    if "stop" in limits:
        limits["stop"] = tuple(limits["stop"])
    from charlm.cli.prompt_files import read_prompts
    from charlm.cli.write import Task, write
    from charlm.engine.records import Order

    task = Task(
        checkpoint=chosen.checkpoint,
        prompts=read_prompts(chosen.prompt, chosen.prompts, chosen.prompt_file),
        order=Order(
            name,
            strategy,
            Limits(**limits),
            _seed(chosen.seed),
            chosen.details,
            chosen.precision or "float32",
        ),
        n=_default_n(strategy, chosen),
        unknown=chosen.unknown or "error",
        threads=chosen.threads,
        device=chosen.device,
        dice="prompt" if chosen.dice is None else chosen.dice,
        state=chosen.state,
        save_state=chosen.save_state,
        out=chosen.out,
        go_on=chosen.go_on is not None,
        drawn=chosen.seed == RANDOM,
    )
    write(task, as_json=chosen.json)
    return 0


def _check_going_on(chosen: Namespace) -> None:
    """Refuse --continue where the file could not become that of a command never broken off."""
    if chosen.out == "-":
        raise InputError("--out -: - is standard output already: leave --out out")
    if chosen.go_on is None:
        return
    if chosen.out is None or not chosen.json:
        raise InputError("--continue needs --out FILE and --json: records say what was written")
    if chosen.seconds is not None:
        raise InputError("--continue does not go with --seconds: a clock cuts no text twice alike")
    if chosen.seed == RANDOM:
        raise InputError("--continue does not go with --seed random: take the seed of the records")
    if chosen.save_state is not None:
        raise InputError("--continue does not go with --save-state")


def _seed(chosen: int | str | None) -> int:
    """The seed meant by what was typed; one that is drawn is told."""
    if chosen != RANDOM:
        return 1 if chosen is None else int(chosen)
    import secrets  # here: who names a seed does not wait for it

    seed = secrets.randbits(32)
    report_notice(f"seed {seed}")
    return seed


def _write_again(chosen: Namespace) -> int:
    theirs = [
        *KNOBS,
        *(f.name for f in fields(Limits)),
        "strategy",
        "n",
        "seed",
        "dice",
    ]
    set_too = given(chosen, [*theirs, "unknown", "precision", "details", "state", "save_state"])
    if set_too:
        flag = "-n" if "n" in set_too else "--" + next(iter(set_too)).replace("_", "-")
        raise InputError(f"{flag} does not go with --from: the records name it")
    if given(chosen, ("out", "go_on")):
        raise InputError("--out does not go with --from: send standard output to a file (> FILE)")
    from charlm.cli.rewrite import write_again
    from charlm.engine.devices import open_device

    device = open_device(chosen.device)
    if device.notice:
        report_notice(device.notice)
    write_again(chosen.records, chosen.checkpoint, device, chosen.threads, as_json=chosen.json)
    return 0


def _default_n(strategy: Strategy, chosen: Namespace) -> int:
    """What was asked for, or one sample, or the three best of a beam."""
    if chosen.n is not None:
        return int(chosen.n)
    if isinstance(strategy, BeamSearch | NucleusBeam) and not chosen.save_state:
        return min(3, strategy.width)
    return 1


def _info(chosen: Namespace) -> int:
    from charlm.cli.info import rows, values
    from charlm.run.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(chosen.checkpoint)
    if chosen.json:
        print(json.dumps(values(checkpoint)))
        return 0
    shown = [(visible(label), visible(value)) for label, value in rows(checkpoint)]
    width = max(len(label) for label, _ in shown)
    for label, value in shown:
        print(f"{label:<{width}}  {value}")
    return 0
