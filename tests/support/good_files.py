"""A good file of every kind that charlm reads, for others to differ from."""

from __future__ import annotations

import gzip
import io
import json
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from learners import SMALL, TEXT
from models import random_checkpoint

from charlm.cli.main import main as charlm_main
from charlm.run.checkpoint import save_checkpoint
from charlm.run.control import ACTS, steer
from charlm.run.layout import MODEL
from charlm.text.preparation import Preparation
from charlm.train import loading
from charlm.train.__main__ import main as train_main
from charlm.train.keep.folder import RunFolder
from charlm.train.loading import load_files
from charlm.train.tell.reporter import Reporter
from tui.writer.kept.form import data_of
from tui.writer.kept.values import Kept, KeptBranch, KeptText
from tui.writer.knobs import Setting

#: Of the model of which prompts and texts are kept.
IDENTITY = "a" * 64
#: What a training says, beside its text and its folder.
TRAINED = (*SMALL, "--steps", "4", "--evaluations", "2", "--hidden", "3")
_TABLE = 'name,text\nann,"one, and\ntwo"\nben,three and four\ncleo,"five ""six"""\n'
_CHAT = "".join(
    f"[12.03.24, 18:{minute}:05] {who}: words {minute}\nand more\n"
    for minute, who in zip(range(10, 20), ["Ann", "Ben"] * 5, strict=True)
)


def make_good_files(folder: Path) -> None:
    """Make them in a folder that is there; tests/support/file_targets.py says what each is."""
    save_checkpoint(folder / MODEL, random_checkpoint("lstm", characters="\n ab", hidden_size=3))
    ask = ["write", str(folder / MODEL), "--prompt", "a", "--max-length", "3"]
    with chdir(folder), redirect_stdout(io.StringIO()):
        charlm_main([*ask, "--json", "--details", "2", "--out", "receipt"])
        charlm_main([*ask, "--json", "--strategy", "beam", "-n", "2", "--out", "beam"])
        charlm_main([*ask, "--save-state", "state"])
        (folder / "numbers.txt").write_text(TEXT)
        corpus = ["--corpus", str(folder / "numbers.txt"), "--out", str(folder / "run")]
        train_main([*corpus, *TRAINED])
        lines = Preparation("line", column="")
        with mock.patch.object(loading, "IN_MEMORY", 0):
            cache = str(folder / "texts")
            load_files([str(folder / "numbers.txt")], None, lines, cache, Reporter())
    for act in ACTS:
        steer(folder, act, 0.001 if act == "learning_rate" else None)
    (folder / "table.csv").write_text(_TABLE)
    (folder / "table.jsonl").write_text('{"text": "one two three", "n": 1}\n' * 4)
    (folder / "chat.txt").write_text(_CHAT)
    (folder / "text.gz").write_bytes(gzip.compress(TEXT.encode(), mtime=0))
    (folder / "kept.json").write_bytes(data_of(_kept(), IDENTITY))
    (folder / "resume.pt").write_bytes(_old_resume(folder / "run"))


def _kept() -> Kept:
    text, setting = KeptText("one", "note", "text", 1, 2, "float32"), Setting()
    tree = [
        KeptBranch(text, setting, "p", "prompt", True, False, True, parent, redo)
        for parent, redo in ((None, 1), (0, None))
    ]
    knobs = setting.moved("temperature", 1).with_text("ban", "x").with_decoder("beam")
    return Kept(("one", "two\n"), knobs, (text,), tuple(tree), 1)


def _old_resume(run: Path) -> bytes:
    """What an older version would have saved of a run."""
    with RunFolder.open(run) as folder:
        values: dict[str, Any] = dict(folder.load_resume())
    file = io.BytesIO()
    torch.save(values | {"optimiser": {"state": values["optimiser"], "param_groups": []}}, file)
    return file.getvalue()


def records(folder: Path) -> bytes:
    """Those of a sample and of a beam."""
    return (folder / "receipt").read_bytes() + (folder / "beam").read_bytes()


def prompts() -> bytes:
    """A few, as JSON lines."""
    return b"".join(json.dumps({"prompt": text, "id": text}).encode() + b"\n" for text in "ab")
