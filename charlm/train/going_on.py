"""A run that goes on: which options may change, whether its text is there, what has changed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, replace
from pathlib import Path
from typing import Any, cast

from charlm.device import CPU, choose_device
from charlm.errors import CorpusError, InputError
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import BUDGETS, BY_DEVICE, OPTIONS
from charlm.options.training import parse_options
from charlm.run.log import read_ends
from charlm.text.corpus import Corpus
from charlm.text.preparation import AUTO
from charlm.text.vocabulary import Vocabulary
from charlm.train.learner import Learner
from charlm.train.saved import Saved, misfit
from charlm.train.schedule import learning_rate
from charlm.train.tell.reporter import Reporter
from charlm.train.text import LOOKED_FOR, load_text
from charlm.train.trainer import BUDGET_USED, STALE
from charlm.wording import shortened

#: What options meant that runs of old do not have.
_OF_OLD = {
    name: each.option.default if each.of_old is MISSING else each.of_old
    for name, each in OPTIONS.items()
    if not (each.may_change and each.of_old is MISSING)
}
_JUMP = 1.5  # times a learning rate, that is said


def without_places(values: Saved, stranger: str, given: TrainConfig) -> Saved:
    """A run that another user made, without the places it names on this machine.

    It could name any file that its reader may read, and its weights would then hold what stands
    there. So its texts are those that were named now, and its cache is one's own. Raises
    InputError for a text that was not named, which is neither opened nor looked for.
    """
    saved = values["options"]
    named = {
        "--corpus": list(saved.get("corpus") or []) if given.corpus is None else [],
        "--validation": [saved["validation"]]
        if saved.get("validation") and given.validation is None
        else [],
    }
    named = {option: paths for option, paths in named.items() if paths and paths != ["-"]}
    if named:
        texts = shortened(", ".join(path for paths in named.values() for path in paths))
        consent = " ".join(shlex.join([option, *paths]) for option, paths in named.items())
        raise InputError(
            f"run {given.resume} {stranger} and names {texts} as its text, which is not"
            f" opened unasked: if you mean it, name it ({shortened(consent)})"
        )
    return cast(Saved, values | {"options": {**saved, "cache": None}})


def resumed_options(arguments: Sequence[str], values: Saved) -> TrainConfig:
    """The options of a run that goes on: the saved ones, and those that were given now.

    On another device than before, what belongs to a device is left open again. Raises InputError
    for an option that may not change and does, CharlmError where the device is not there.
    """
    saved = _OF_OLD | values["options"]
    wish = parse_options(arguments, {"device": saved["device"]}).device  # given now, or then
    device = choose_device(wish).name
    if device != saved["device"]:
        saved = {name: value for name, value in saved.items() if name not in BY_DEVICE}
    options = parse_options(arguments, saved | {"resume": None})
    options = replace(options, device=device)
    # Typed once more, it is what was found then.
    typed_again = [name for name in LOOKED_FOR if getattr(options, name) == AUTO]
    needed = (*typed_again, *options.proposed)
    if missing := [name for name in needed if name not in saved]:
        raise misfit(f"it has no {missing[0]}")
    found = {name: saved[name] for name in needed}
    options = replace(options, **found, proposed=())
    now = options.plain()
    for name, value in saved.items():
        if not OPTIONS[name].may_change and now[name] != value:
            option = OPTIONS[name].option.name
            raise InputError(
                f"{option} of the run is {value!r} and cannot change when it goes on: leave"
                f" {option} out, or start a new run"
            )
    return options


def text_again(options: TrainConfig, reporter: Reporter) -> tuple[Corpus, Vocabulary]:
    """Load the text of a run that goes on. Raises CorpusError, InputError."""
    piped = "-" in [*(options.corpus or []), options.validation]
    if piped and sys.stdin is not None and sys.stdin.isatty():
        raise InputError(
            "the run learned from standard input: pipe that text in again, or name it (--corpus"
            " FILE)"
        )
    try:
        return load_text(options, reporter)
    except CorpusError as error:
        if "does not exist" not in str(error):
            raise
        option = "--validation" if str(error).startswith("validation") else "--corpus"
        raise CorpusError(f"{error}; a text that has moved is named with {option}") from None


def is_over(run: Path, saved: Saved, learner: Learner) -> bool:
    """Whether the run came to its end, all measured, and nothing was added to its budget."""
    now, before = learner.options.plain(), saved["options"]
    if any(now[name] != before.get(name) for name in (*BUDGETS, "patience")):
        return False
    _, last = read_ends(run)
    end: Mapping[str, Any] = next((line for line in reversed(last) if line["kind"] == "end"), {})
    reason = str(end.get("reason"))
    return end.get("step") == learner.position.step and reason.startswith((BUDGET_USED, STALE))


def device_change(saved: Saved, learner: Learner) -> list[str]:
    """Tell of a run that goes on on another device."""
    before, now = saved["options"].get("device", CPU), learner.options
    if before == now.device:
        return []
    return [
        f"it goes on on {now.device} (sequence {now.sequence}, {now.precision}), and was on"
        f" {before} before: what dropout hides is drawn anew"
    ]


def rate_change(saved: Saved, learner: Learner) -> list[str]:
    """Explain a learning rate that jumps because another budget or schedule places it elsewhere."""
    left = TrainConfig.of(learner.options.plain() | _OF_OLD | saved["options"])
    before, now = (
        learning_rate(options, learner.position, learner.progress(options))
        for options in (left, learner.options)
    )
    if not before or 1 / _JUMP < now / before < _JUMP:
        return []
    used = 100 * learner.progress()
    return [
        f"the learning rate goes from {before:.2g} to {now:.2g}: {used:.0f} % of the new budget is"
        f" used, and the {learner.options.schedule} schedule is that of the whole"
    ]
