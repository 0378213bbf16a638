"""A trainer for tests of the screen, runs to look at, and the view that shows them."""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from driver import until
from fakes import FakeModel
from one_view import OneViewApp

from charlm.run.log import RunLog
from tui.views.train.view import TrainView

#: Tells what a dry run tells; else logs steps, and obeys its control file as the real one does.
SCRIPT = """
import json, os, pathlib, signal, sys, time
if "--dry-run" in sys.argv:
    print("parameters: 12,345\\ncharacters to learn from: 1,000")
    print("hidden size: 64 (auto: for 1,000 characters)")
    print("charlm: warning: far too many [/bold]")
    sys.exit()
out = "--resume" if "--resume" in sys.argv else "--out"
run = pathlib.Path(sys.argv[sys.argv.index(out) + 1])
run.mkdir(parents=True, exist_ok=out == "--resume")
log = open(run / "run.jsonl", "a")
def say(**line):
    log.write(json.dumps(line) + "\\n"); log.flush()
def stop(*_):
    say(kind="end", reason="stopped"); sys.exit(143)
signal.signal(signal.SIGTERM, stop)
(run / "arguments.new").write_text(" ".join(sys.argv[1:]))
os.replace(run / "arguments.new", run / "arguments")  # whoever sees it reads it whole
say(kind="start", step=0, learning_rate=0.003,
    model=dict(cell="gru", layers=1, hidden_size=256))
control, done, paused, step = run / "control.jsonl", 0, False, 0
while step < 2000:
    acts = control.read_text().splitlines() if control.exists() else []
    for line in acts[done:]:
        act = json.loads(line)
        say(kind="control", step=step, act=act["act"], value=act.get("value"))
        paused = act["act"] == "pause"
    done = len(acts)
    time.sleep(0.01)
    if paused:
        continue
    step += 1
    say(kind="step", step=step, characters=step * 1000, seconds=step / 10, loss=3 / step ** 0.3,
        learning_rate=0.003, gradient_norm=0.5, clipped_norm=0.5, characters_per_s=1000.0,
        progress=step / 2000, seconds_left=125.0)
    if step == 20:
        say(kind="evaluation", step=step, characters=step * 1000, validation_loss=1.9)
        (run / "model.safetensors").write_bytes(b"x")
        (run / "last.safetensors").write_bytes(b"x")
        (run / "resume.safetensors").write_bytes(b"x")
"""
TRAINER = [sys.executable, "-c", SCRIPT]


def write_run(run: Path, steps: int = 200, name: str = "gate") -> Path:
    """A run that is over: curves, two marks, probes, baselines, a notice."""
    run.mkdir(parents=True)
    model = {"cell": "lstm", "layers": 1, "hidden_size": 32}
    with RunLog(run) as log:
        log.append("start", run=run.name, step=0, model=model, learning_rate=0.003)
        log.append("baseline", unigram=3.0, ngram=2.1, order=5, characters=9)
        for step in range(10, steps + 1, 10):
            where = {"step": step, "characters": step * 2000, "seconds": step / 2}
            loss = 1.8 + 2 * math.exp(-step / 40)
            log.append(
                "step", **where, loss=loss, learning_rate=0.003 * (1 - step / steps / 2),
                gradient_norm=0.4 + 1 / step, clipped_norm=0.4, characters_per_s=20_000.0,
                progress=step / steps, seconds_left=0.0,
            )  # fmt: skip
            if step % 50 == 0:
                log.append("evaluation", **where, validation_loss=loss + 0.1, best=True)
                share = step / steps
                gates = {
                    f"layers.0.{gate}": {
                        "quantiles": [share * q for q in (0.1, 0.3, 0.5, 0.8, 1.0)],
                        "low": 0.1, "high": share / 2,
                    }
                    for gate in "ifgo"
                }  # fmt: skip
                norms = {"embedding.weight": 0.1 * share, "layers.0.bias": 0.01}
                log.append("probe", step=step, gates=gates, gradient_norms=norms,
                           clipped_norms=norms, update_ratios=norms)  # fmt: skip
            if step == 100:
                log.append("control", step=step, act="pause", value=None)
                log.append("control", step=step, act="resume", value=None)
                log.append("control", step=step, act="learning_rate", value=0.002)
        log.append("notice", message=f"\x1b[31m{name}[/bold]")
        log.append("end", step=steps, reason="budget used")
    return run


@asynccontextmanager
async def training_view(
    run: Path | None = None, size: tuple[int, int] = (120, 40), model: FakeModel | None = None
) -> AsyncIterator[TrainView]:
    """The app with the train view alone, closed at the end; `run`: what it shows."""
    model = model or FakeModel()
    app = OneViewApp(load=model.load, trainer=TRAINER)
    try:
        async with app.run_test(size=size, notifications=True):
            app.action_view("train")
            view = app.screen
            assert isinstance(view, TrainView)
            await until(lambda: view._ready)
            if run is not None:
                view.show_run(run)
                await until(lambda: view.shown.curves is not None and view.shown.curves.last)
                view.show_state()
            yield view
    finally:
        app.close()
