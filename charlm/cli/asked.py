"""What was typed behind `charlm write`: checked, and made the task that is written."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import fields

from charlm.decoding import KNOBS, BeamSearch, Limits, NucleusBeam, Strategy, strategy_named
from charlm.errors import InputError, report_notice
from charlm.options.parser import as_argument, is_dashed
from charlm.options.writing import RANDOM, given


def write_asked(chosen: Namespace) -> int:
    """Write what was asked for; returns the exit code. Raises CharlmError, OSError."""
    if chosen.records is not None:
        return _write_again(chosen)
    _check_together(chosen)
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


def _check_together(chosen: Namespace) -> None:
    """Refuse what lacks something, or does not go together."""
    if chosen.checkpoint is None:
        raise InputError("CHECKPOINT is missing: a file, or a run (see write --help)")
    if not given(chosen, ("prompt", "prompts", "prompt_file", "state")):
        raise InputError(
            "one of --prompt --prompts --prompt-file --state --from is needed (see write --help)"
        )
    if chosen.details is not None and not chosen.json:
        raise InputError("--details needs --json")
    _check_going_on(chosen)


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


def check_quotes(chosen: Namespace, rest: Sequence[str]) -> None:
    """Say what makes one prompt of several words, where only such are left over."""
    if chosen.prompt is not None and not any(is_dashed(word) for word in rest):
        whole = as_argument(" ".join([chosen.prompt, *rest]))
        raise InputError(
            f"unrecognized argument {rest[0][:40]!r}: put quotes around a prompt of several words:"
            f" --prompt {whole} (see python -m charlm write --help)"
        )
