"""What is done while calls fail (faults.py), and what must be true of the folder afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
import torch.utils.tensorboard
from learners import SMALL, TEXT
from models import random_checkpoint

import tui.shell.settings
import tui.views.write.export.export_files
from charlm.cli.main import main as charlm_main
from charlm.errors import CharlmError, run_main
from charlm.run.checkpoint import load_checkpoint, save_checkpoint
from charlm.run.layout import LAST, MODEL, RESUME, resume_file
from charlm.run.regular_file import opened_folder, sweep_temporaries
from charlm.text.preparation import Preparation
from charlm.train import loading
from charlm.train.__main__ import main as train_main
from charlm.train.loading import load_files
from charlm.train.tell.reporter import Reporter
from tui.shell.last_model import LastModel

STEPS = 6
#: In the place of what a process said that was killed.
KILLED = "charlm: error: it was killed\n"
_TEXT_FILE = "numbers.txt"
_OPTIONS = [*SMALL, "--evaluations", "2", "--seed", "1", "--keep", "1"]


def lines_wrong(code: int, said: str) -> list[str]:
    """What is wrong with an exit code and the lines that go with it."""
    lines = said.splitlines()
    errors = [line for line in lines if line.startswith("charlm: error: ")]
    wrong = [f"said {line!r}" for line in lines if not line.startswith("charlm: ")]
    if code not in (0, 1, 2):
        wrong.append(f"exit code {code}")
    if len(errors) != (code != 0) or (errors and errors != lines[-1:]):
        wrong.append(f"exit code {code} with {len(errors)} lines of errors")
    return wrong


def temporaries(folder: Path) -> list[str]:
    """What must not be left after the next start."""
    left = [*folder.rglob(".charlm-*"), *folder.rglob("*.part")]
    return [f"left {path.relative_to(folder)}" for path in left]


class Scenario(NamedTuple):
    """prepare: makes the folder. act: what is done, and its exit code. judge: what is wrong."""

    prepare: Callable[[Path], int | None]
    act: Callable[[Path], int]
    judge: Callable[[Path, int, str], list[str]]


def _train(*words: str) -> int:
    torch.set_num_threads(1)
    return run_main(train_main, words)


def _new(folder: Path, steps: int = STEPS) -> int:
    text = ["--corpus", str(folder / _TEXT_FILE), "--out", str(folder / "runs" / "run")]
    return _train(*text, *_OPTIONS, "--steps", str(steps))


def _on(folder: Path) -> int:
    return _train("--resume", str(folder / "runs" / "run"), "--steps", str(STEPS))


def _step(path: Path) -> object:
    return load_checkpoint(path).metrics["step"]


def _weights_wrong(run: Path) -> list[str]:
    """Whatever weights there are must be whole."""
    wrong = []
    for path in (run / MODEL, run / LAST, *(run / "kept").glob("step-*")):
        if path.exists():
            try:
                load_checkpoint(path)
            except CharlmError as error:
                wrong.append(str(error))
    return wrong


def _judge_training(folder: Path, code: int, said: str) -> list[str]:
    run, wrong = folder / "runs" / "run", lines_wrong(code, said)
    wrong += _weights_wrong(run)
    if code == 0:
        for path in (run / LAST, run / MODEL, run / RESUME):
            if not path.exists():
                wrong.append(f"done, without {path.name}")
        if (run / LAST).exists() and _step(run / LAST) != STEPS:
            wrong.append(f"done, and the newest weights are of step {_step(run / LAST)}")
    # The next start: it goes on where there is something to go on from, else anew.
    if resume_file(run):
        if _on(folder) != 0 or _step(run / LAST) != STEPS:
            wrong.append("it does not go on")
        return wrong + temporaries(folder)
    # A log of steps whose weights were refused is left to whoever might miss it.
    if _new(folder) not in ((0,) if said == KILLED else (0, 2)):
        wrong.append("it does not begin again")
    return wrong + (temporaries(folder) if said == KILLED else [])


def _text(folder: Path) -> None:
    (folder / _TEXT_FILE).write_text(TEXT)


def _begun(folder: Path) -> None:
    _text(folder)
    assert _new(folder, STEPS // 2) == 0


def _judge_going_on(folder: Path, code: int, said: str) -> list[str]:
    run = folder / "runs" / "run"
    lost = [path.name for path in (run / LAST, run / MODEL, run / RESUME) if not path.exists()]
    return [f"lost {name}" for name in lost] or _judge_training(folder, code, said)


def _save(folder: Path) -> int:
    def save(_: object) -> None:
        save_checkpoint(folder / MODEL, random_checkpoint(seed=2))

    return run_main(save, [])


def _judge_saved(folder: Path, code: int, said: str) -> list[str]:
    wrong = lines_wrong(code, said)
    old, new = (random_checkpoint(seed=seed).identity for seed in (1, 2))
    found = load_checkpoint(folder / MODEL).identity
    if found not in (old, new) or (code == 0 and found != new):
        wrong.append("neither the old model nor the new one")
    with opened_folder(folder) as inside:
        sweep_temporaries(inside)
    return wrong + temporaries(folder)


class _Quiet(Reporter):
    def line(self, text: str, style: str = "") -> None:
        pass


def _load(folder: Path) -> list[str]:
    loading.IN_MEMORY = 0
    lines = Preparation("line", column="")
    corpus = load_files([str(folder / _TEXT_FILE)], None, lines, str(folder / "cache"), _Quiet())
    return [corpus.report.sha256, "".join(corpus.characters)]


def _cache(folder: Path) -> int:
    found: list[str] = []

    def load(_: object) -> None:
        found.extend(_load(folder))

    code = run_main(load, [])
    (folder.parent / "found").write_text("\n".join(found))  # elsewhere: here calls fail
    return code


def _judge_cache(folder: Path, code: int, said: str) -> list[str]:
    wrong = lines_wrong(code, said)
    again = "\n".join(_load(folder))
    if code == 0 and (folder.parent / "found").read_text() != again:
        wrong.append("another text")
    return wrong + temporaries(folder)


_SETTINGS = '# mine\ntheme = "light"\n\n[keys]\nquit = "f12"\n'


def _set(folder: Path) -> int:
    def keep(_: object) -> None:
        tui.shell.settings.keep_setting(folder / "settings" / "settings.toml", "theme", "dark")

    return run_main(keep, [])


def _some_settings(folder: Path) -> None:
    (folder / "settings").mkdir()
    (folder / "settings" / "settings.toml").write_text(_SETTINGS)


def _judge_settings(folder: Path, code: int, said: str) -> list[str]:
    found, new = (
        (folder / "settings" / "settings.toml").read_text(),
        _SETTINGS.replace("light", "dark"),
    )
    whole = found == new or (code != 0 and found == _SETTINGS)
    return (
        lines_wrong(code, said) + ([] if whole else [f"settings {found!r}"]) + temporaries(folder)
    )


def _use(folder: Path) -> int:
    LastModel(folder / "state" / "last-model").use(folder / "another")
    return 0


def _used(folder: Path) -> None:
    LastModel(folder / "state" / "last-model").use(folder / "one")


def _judge_last(folder: Path, code: int, said: str) -> list[str]:
    found = (folder / "state" / "last-model").read_text()
    whole = Path(found).name in ("one\n", "another\n")
    return (
        lines_wrong(code, said) + ([] if whole else [f"last model {found!r}"]) + temporaries(folder)
    )


def _export(folder: Path) -> int:
    def save(_: object) -> None:
        tui.views.write.export.export_files.save(folder, "mine", "txt", "abc" * 9000)

    return run_main(save, [])


def _judge_export(folder: Path, code: int, said: str) -> list[str]:
    files = [path for path in folder.iterdir() if path.name != "keep"]
    whole = [path.name for path in files if path.read_text() == "abc" * 9000]
    wrong = [] if len(files) == len(whole) == (code == 0) else [f"files {files}"]
    return lines_wrong(code, said) + wrong


def _model(folder: Path) -> None:
    save_checkpoint(folder / MODEL, random_checkpoint(seed=1))


def _write_out(folder: Path) -> int:
    words = ["write", str(folder / MODEL), "--prompt", "abc", "--max-length", "20"]
    return run_main(charlm_main, [*words, "--json", "--out", str(folder / "out.jsonl")])


def _judge_out(folder: Path, code: int, said: str) -> list[str]:
    out, wrong = folder / "out.jsonl", lines_wrong(code, said)
    if out.exists() and out.read_bytes()[-1:] not in (b"\n", b"}") and code == 0:
        wrong.append("done, with a cut line")
    if code == 0 and not out.exists():
        wrong.append("done, without a file")
    return wrong


#: Those that leave nothing temporary behind the next start.
KILLABLE = ("checkpoint", "train", "resume")
#: By name. Each is done on a copy of its folder.
SCENARIOS = {
    "checkpoint": Scenario(_model, _save, _judge_saved),
    "train": Scenario(_text, _new, _judge_training),
    "resume": Scenario(_begun, _on, _judge_going_on),
    "cache": Scenario(_text, _cache, _judge_cache),
    "settings": Scenario(_some_settings, _set, _judge_settings),
    "last-model": Scenario(_used, _use, _judge_last),
    "export": Scenario(lambda folder: (folder / "keep").mkdir(), _export, _judge_export),
    "write-out": Scenario(_model, _write_out, _judge_out),
}
