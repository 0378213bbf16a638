"""The commands, a row each: help, messages and the way to what does it are drawn from them.

Each row imports what its command needs when it runs, so that help is instant.
"""

from __future__ import annotations

import json
import runpy
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from charlm.cli.asked import check_quotes, write_asked
from charlm.display import visible
from charlm.errors import CharlmError, InputError
from charlm.options.parser import as_argument, option_names
from charlm.options.scoring import add_score_options
from charlm.options.writing import add_write_options
from charlm.wording import TORCH_MISSING


@dataclass(frozen=True)
class Command:
    """A command whose options `charlm.cli.main` reads.

    help: its line in the list of commands. run: does it, and returns the exit code. stray: says
    where a word belongs that no option takes. check_rest: raises for words that are left over,
    where it knows better than the parser what they are.
    """

    name: str
    help: str
    description: str
    add_options: Callable[[ArgumentParser], object]
    run: Callable[[Namespace], int]
    epilog: str = ""
    stray: Callable[[str], str] | None = None
    check_rest: Callable[[Namespace, Sequence[str]], None] | None = None

    def option_names(self) -> Collection[str]:
        """Its options."""
        return option_names(self.add_options)


@dataclass(frozen=True)
class OwnParser:
    """A command that reads its own options: `run` takes the words behind its name."""

    name: str
    help: str
    run: Callable[[Sequence[str]], int]
    option_names: Callable[[], Collection[str]]


_WRITE_EXAMPLES = """\
CHECKPOINT is a file, or a run (then its best model is meant): its folder, or its name.

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


def _train(arguments: Sequence[str]) -> int:
    _check_torch()
    from charlm.train.__main__ import main as train

    return train(arguments) or 0


def _train_options() -> Collection[str]:
    from charlm.options.train_fields import OPTIONS

    return [each.option.name for each in OPTIONS.values()]


def _score(chosen: Namespace) -> int:
    from charlm.cli.score import score

    if chosen.details is not None and not chosen.json:
        raise InputError("--details needs --json")
    score(chosen)
    return 0


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


def _add_info_options(parser: ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a file, or a run")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _rename(chosen: Namespace) -> int:
    from pathlib import Path

    from charlm.run.rename import rename_run

    print(f"renamed: {visible(str(rename_run(Path(chosen.run), chosen.name)))}")
    return 0


def _add_rename_options(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="its folder, or its name")
    parser.add_argument("name", metavar="NAME", help="letters, digits, '-', '_' and '.'")


def _compare(arguments: Sequence[str]) -> int:
    _check_torch()
    from charlm.compare.options import parse_comparison

    comparison = parse_comparison(arguments)
    from charlm.compare.command import compare  # imports torch: once the options are read

    return compare(comparison)


def _compare_options() -> Collection[str]:
    from charlm.compare.options import OPTION_NAMES

    return OPTION_NAMES


def _open_screen(arguments: Sequence[str]) -> int:
    """Run the screen as the program: it is no part of this package in a clone, and above it."""
    screen = "charlm.tui" if find_spec("charlm.tui") else "tui"
    if find_spec(screen) is None:
        raise CharlmError("the screen is not here: install charlm anew, or start it in its folder")
    debug = [word for word in sys.argv if word == "--debug"]  # which was taken out on the way here
    sys.argv[1:] = [*arguments, *debug]
    runpy.run_module(screen, run_name="__main__", alter_sys=True)
    return 0


def _screen_options() -> Collection[str]:
    return ()


def _check_torch() -> None:
    if find_spec("torch") is None:
        raise CharlmError(f"training needs {TORCH_MISSING}")


#: The command that is meant where none is named, at a terminal.
SCREEN = "tui"
_ROWS = (
    OwnParser(SCREEN, "open the screen, as no command does", _open_screen, _screen_options),
    OwnParser("train", "learn a text, write a checkpoint", _train, _train_options),
    Command(
        "write",
        "write text from a checkpoint",
        "Continue prompts with a trained model.",
        add_write_options,
        write_asked,
        epilog=_WRITE_EXAMPLES,
        stray=lambda word: f"a prompt is given as --prompt {as_argument(word)}",
        check_rest=check_quotes,
    ),
    Command(
        "score",
        "how well a checkpoint predicts a text",
        "Nats per character (loss), bits per character (bpc) and perplexity of a"
        " text, which is prepared and cut as the model's own text was. Several files: a line"
        " for each, and the total. Continuous text is read in one stream up to 2 million"
        " characters, exactly; above that by many readers side by side, and the result says that"
        " it is approximate. Other ways of measuring stand beside that number, and are not added"
        " to it.",
        add_score_options,
        _score,
    ),
    Command(
        "info",
        "what a checkpoint holds",
        "Sizes, text, vocabulary, losses and corpus of a checkpoint.",
        _add_info_options,
        _info,
    ),
    Command(
        "rename",
        "give a run another name",
        "Rename the folder of a run, where it lies. What is there already is never replaced;"
        " a run that is being trained, one of a comparison and the models that came with charlm"
        " keep their names.",
        _add_rename_options,
        _rename,
    ),
    OwnParser("compare", "train cells side by side, report", _compare, _compare_options),
)
#: Every command, by its name, in the order of the help.
COMMANDS: dict[str, Command | OwnParser] = {row.name: row for row in _ROWS}
