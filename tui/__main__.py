"""`python -m tui [CHECKPOINT or RUN]`: opens the screen."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from charlm.display import visible
from charlm.errors import CheckpointError, InputError, report_notice, run_main
from charlm.options.parser import Parser, option_names
from charlm.options.writing import add_write_options
from charlm.run.layout import MODEL
from charlm.run.places import find_run, missing_run

from .shell import collector

if TYPE_CHECKING:
    from .app import CharlmApp
    from .writer.kept.keeper import Keeper

#: A second, at most. A change waits up to two of these steps to be painted; frames of text are
#: fewer (`views/write/frames.py`).
_PAINTS = "200"
#: What is kept of models, in the folder for states.
_TEXTS = "texts"


def main(arguments: Sequence[str]) -> int:
    """Check the arguments and the terminal, then run the screen; the exit code."""
    os.environ.setdefault("TEXTUAL_FPS", _PAINTS)  # read when Textual is imported
    options = vars(_parser().parse_args(arguments))
    model, keys = options.pop("model"), options.pop("keys")
    if keys:
        return _print_keys()
    model = model and _checkpoint(model)
    _check_terminal()
    collector.rest()  # until the first paint
    from .shell.last_model import last_model
    from .shell.settings import load_settings

    loaded = load_settings(os.environ, options)
    from .app import CharlmApp
    from .keys.arrival import taken
    from .keys.table import expect_no, remap

    expect_no(taken(os.environ, sys.platform))
    notices, last = [*remap(loaded.settings.keys)], last_model()
    keeper = _keeper() if loaded.settings.history else None
    greets = keeper is not None and last.is_first_start()
    if model is None:
        model, notice = last.choose()
        notices += filter(None, [notice])
    app = CharlmApp(
        model, settings=loaded, notices=notices, last=last, keeper=keeper, greets=greets
    )
    return _run(app, loaded.settings.mouse, keeper)


def _checkpoint(model: Path) -> Path:
    """The run or checkpoint that is meant. Raises CheckpointError."""
    model = find_run(model)
    if not os.path.lexists(model):
        raise CheckpointError(missing_run(model))
    if not _exists(model):
        raise CheckpointError(
            f"no checkpoint at {model}: give a run folder or its {MODEL},"
            " or nothing for the shipped model"
        )
    return model


def _check_terminal() -> None:
    """Raise InputError where the screen cannot be shown."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            "the screen needs a terminal; in a pipe, use: python -m charlm write CHECKPOINT"
        )
    if os.environ.get("TERM") == "dumb":
        raise InputError("this terminal (TERM=dumb) cannot show the screen: use another one")


def _run(app: CharlmApp, mouse: bool, keeper: Keeper | None) -> int:
    """Run it, then wait for what it started; the exit code."""
    try:
        code = app.run(mouse=mouse)
    finally:
        run = app.desk.run if app.desk.training else None
        if run is not None:
            report_notice("waiting for the training to save")
        app.close()
        for notice in keeper.take() if keeper is not None else ():
            report_notice(notice)
        if run is not None:
            from .training.desk import how_to_go_on
            from .writer.models import python

            report_notice(
                f"stopped; {python()} -m charlm.train --resume {run} trains on;"
                f" on the screen: {how_to_go_on()}"
            )
    return code or app.return_code or 0


def _parser() -> Parser:
    parser = Parser(
        "tui",
        lambda: {"write": option_names(add_write_options)},
        prog=f"python -m {__package__}",
        description="Write text with a model, character by character, on the screen.",
        epilog="An option goes before CHARLM_THEME and so on in the environment, that before"
        " settings.toml.",
    )
    parser.add_argument(
        "model", nargs="?", type=Path, metavar="CHECKPOINT",
        help="a run or a checkpoint file (the model used last, else the shipped one)",
    )  # fmt: skip
    for name, help in (
        ("theme", "dark, light, or another theme of Textual (dark)"),
        ("colours", "truecolor, 256, 16, none, or auto: by the terminal (auto)"),
        ("glyphs", "unicode, ascii, or auto: by the locale (auto)"),
        ("decoder", "the decoder to begin with (nucleus)"),
        ("pace", "characters a second that are shown, 0: as fast as they are written (400)"),
        ("threads", "threads of the engine (1)"),
    ):
        parser.add_argument(f"--{name}", action=_Setting, help=help)
    parser.add_argument(
        "--plain", action="store_true", default=None,
        help="for screen readers: a text appears when it is finished, nothing moves, and the"
        " terminal's cursor stands on what is marked",
    )  # fmt: skip
    parser.add_argument(
        "--no-mouse", action="store_false", default=None, dest="mouse",
        help="leave the mouse to the terminal, which selects and copies with it",
    )  # fmt: skip
    parser.add_argument(
        "--no-history", action="store_false", default=None, dest="history",
        help="keep no prompts and texts for the next time, and bring none back",
    )  # fmt: skip
    parser.add_argument(
        "--keys", action="store_true", help="print every action and its keys, as settings, and end"
    )
    return parser


def _keeper() -> Keeper | None:
    """What keeps prompts and texts among the user's states; None where there is no such place."""
    from .shell.state_folder import state_folder
    from .writer.kept.folder import KeptFolder
    from .writer.kept.keeper import Keeper

    folder = state_folder()
    return None if folder is None else Keeper(KeptFolder(folder / _TEXTS))


class _Setting(argparse.Action):
    """A setting as an option: checked as it is in the file."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        from .shell.settings import check_setting, said_value

        try:
            value = check_setting(self.dest, said_value(str(values)))
        except InputError as error:
            parser.error(str(error))
        setattr(namespace, self.dest, value)


def _print_keys() -> int:
    from .keys.table import settings_lines
    from .shell.settings import settings_path
    from .views import registry  # noqa: F401  # it gathers the keys

    path = visible(str(settings_path(os.environ) or ""))
    print(f"# Lines for {path or 'settings.toml'}: change what you want to, leave out the rest.")
    print("\n".join(settings_lines()))
    return 0


def _exists(model: Path) -> bool:
    return (model / MODEL).is_file() if model.is_dir() else model.is_file()


def _end(code: int) -> NoReturn:
    """End the process at once: all is saved and said.

    Python's own end would tear a thread that is still computing out of native code: an abort.
    """
    with suppress(OSError, ValueError):  # closed by the caller
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _end(run_main(main, sys.argv[1:]))
