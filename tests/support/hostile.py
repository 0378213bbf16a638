"""Runs made to take over a terminal: by what their model writes, their log, their names."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

from models import random_checkpoint

from charlm.run.checkpoint import Checkpoint, save_checkpoint
from charlm.run.layout import LAST, MODEL
from charlm.run.log import RunLog

CONTROLS = "".join(chr(code) for code in (*range(10), *range(11, 32), *range(0x7F, 0xA0)))
BIDI = "\u061c\u200e\u200f\u202a\u202d\u202e\u2066\u2067\u2069"
OTHERS = "\xad\u200b\u200d\u2028\u2029\ufeff\U000e0041\ud800"
MARKUP = "[]/@=;?()'"
#: Sets a title, clears, moves, blinks in red, turns the line around, asks for an answer, ends the
#: program, begins the line again, and another.
ATTACK = (
    "\x1b]0;x\x07\x1bc\x1b[3;3H\x1b[31;5m\x9b5n\x9d0;y\x9c\u202e\u2066[/b][/][@click=app.quit]q[/][b]"
    "\tz\rz\nz"
)
#: As a name on a disk, where "/" parts it in two.
NAME = "a\r\n\t\x1b[3;3H\x1b[31;5m[@click=app.quit]\x1b]0;x\x07\x9b5n\u202e["
END_OF_NAME = "b]"


def hostile_checkpoint(cell: str = "lstm", seed: int = 0, ends: bool = False) -> Checkpoint:
    """A model to which every character that a terminal obeys comes as easily as a letter.

    ends: its texts have an end, which comes soon.
    """
    assert {unicodedata.category(c) for c in CONTROLS} == {"Cc"}
    characters = "\nabcdef " + CONTROLS + BIDI + OTHERS + MARKUP
    unit, end = ("line", 1.5) if ends else ("continuous", -20.0)
    checkpoint = random_checkpoint(cell, unit, characters, layers=2, seed=seed, end=end)  # type: ignore[arg-type]
    return replace(
        checkpoint,
        metrics={**checkpoint.metrics, "validation_loss": 4.0, ATTACK: ATTACK},
        corpus={**checkpoint.corpus, "name": ATTACK, "split": ATTACK},
    )


def make_runs(folder: Path) -> Path:
    """Two runs in `checkpoints`, and a corpus; every name is hostile. The first run."""
    home = folder / NAME / END_OF_NAME
    runs = [home / "checkpoints" / f"{place}{NAME}" for place in range(2)]
    for place, run in enumerate(runs):
        run.mkdir(parents=True)
        checkpoint = hostile_checkpoint(("lstm", "gru")[place], seed=place)
        save_checkpoint(run / MODEL, checkpoint)
        save_checkpoint(run / LAST, checkpoint)
        _write_log(run)
    damaged = home / "checkpoints" / f"2{NAME}"
    damaged.mkdir()
    (damaged / MODEL).write_text(ATTACK, "utf-8")
    (home / f"corpus{NAME}.txt").write_text(ATTACK, "utf-8")
    return runs[0]


def _write_log(run: Path) -> None:
    model = {"cell": ATTACK, "layers": ATTACK, "hidden_size": 24, ATTACK: ATTACK}
    with RunLog(run) as log:
        log.append("start", run=ATTACK, step=0, model=model, learning_rate=0.003,
                   command=f"train --corpus '{ATTACK}' --{ATTACK} --cell lstm")  # fmt: skip
        log.append("baseline", unigram=4.0, ngram=3.0, order=ATTACK, characters=9)
        for step in range(1, 41):
            where = {"step": step, "characters": step * 100, "seconds": step / 2}
            log.append("step", **where, loss=4.5 - step / 100, learning_rate=0.003,
                       gradient_norm=0.5, clipped_norm=0.5, characters_per_s=1000.0,
                       progress=step / 40, seconds_left=1.0)  # fmt: skip
            if step % 10 == 0:
                gate = {"quantiles": [0.1, 0.2, 0.3, 0.4, 0.5], "low": 0.1, "high": 0.1}
                log.append("evaluation", **where, validation_loss=4.2, best=True)
                log.append("probe", step=step, gates={f"layers.0.{ATTACK}": gate, ATTACK: gate},
                           gradient_norms={ATTACK: 0.1}, clipped_norms={ATTACK: 0.1},
                           update_ratios={ATTACK: 0.1})  # fmt: skip
                log.append("sample", step=step, strategy=ATTACK, prompt=ATTACK, text=ATTACK)
                log.append("control", step=step, act=ATTACK, value=ATTACK)
        log.append("notice", message=ATTACK)
        log.append("end", step=40, reason=ATTACK)
