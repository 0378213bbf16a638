"""A trainer whose words are hostile, and what opens a screen that trains with it."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from hostile import ATTACK

#: Python's arguments for `python -m tui`, were this file its trainer.
WITH_IT = ["-c", f"""
import runpy, sys
import tui.training.process as training
training.train_command = lambda: [sys.executable, {__file__!r}]
runpy.run_module("tui", run_name="__main__", alter_sys=True)
"""]  # fmt: skip
#: Without the characters at which its reader takes a new line.
LINE = ATTACK.split("\r")[0]


def forecast() -> None:
    """What a dry run tells."""
    print(f"parameters: {LINE}\ncharacters to learn from: 9\ncharlm: warning: {LINE}")


def fail(code: int) -> NoReturn:
    """End, saying why, in few words."""
    print(f"charlm: error: it failed {ATTACK[:8]}", flush=True)
    sys.exit(code)


def acts(control: Path) -> Iterator[str]:
    """What it is asked, as it comes."""
    done = 0
    while True:
        lines = control.read_text().splitlines() if control.exists() else []
        for line in lines[done:]:
            yield str(json.loads(line)["act"])
        done = len(lines)
        time.sleep(0.02)


def train(run: Path) -> None:
    """Log a few steps, and wait; another learning rate is what it fails of."""
    run.mkdir(exist_ok=True)
    control = run / "control.jsonl"
    control.unlink(missing_ok=True)
    with (run / "run.jsonl").open("a") as log:

        def say(**line: object) -> None:
            log.write(json.dumps(line) + "\n")
            log.flush()

        def stop(number: int, frame: FrameType | None) -> None:
            say(kind="end", step=60, reason="stopped")
            sys.exit(143)

        signal.signal(signal.SIGTERM, stop)
        model = {"cell": ATTACK, "layers": ATTACK, "hidden_size": 24}
        say(kind="start", run=ATTACK, step=40, model=model, learning_rate=0.003)
        for step in range(41, 61):
            say(kind="step", step=step, characters=step * 100, seconds=step / 2, loss=4.0,
                learning_rate=0.003, gradient_norm=0.5, clipped_norm=0.5, characters_per_s=1000.0,
                progress=step / 99, seconds_left=9.0)  # fmt: skip
        say(kind="notice", message=f"live {ATTACK}")
        for act in acts(control):
            say(kind="control", step=60, act=act, value=ATTACK)
            if act == "learning_rate":
                fail(3)


if __name__ == "__main__":
    if "--seed" in sys.argv:
        fail(2)
    elif "--dry-run" in sys.argv:
        forecast()
    else:
        out = "--resume" if "--resume" in sys.argv else "--out"
        train(Path(sys.argv[sys.argv.index(out) + 1]))
