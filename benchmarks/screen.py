"""How quick the screen is: first characters, keys while text streams, keys while a model trains;
and whether it grows.

    python -m benchmarks.screen [--full]

The screen runs at a pseudo-terminal; a key is answered when what it changes has been painted.
By the clock, so an idle machine is wanted. The training is the one that the screen starts: at a
lower priority, on one thread.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.tables import Table, add_json_option, write_json
from benchmarks.terminal import Terminal
from charlm.run.log import Tail

MODEL = ROOT / "checkpoints" / "shakespeare"
#: No model writes it, so that it is seen only as the answer to its key.
MARK = "Ω"
BACKSPACE, ENTER, ESCAPE, AGAIN = "\x7f", "\r", "\x1b", "\x12"
CARET = "▌".encode()
PROMPTS = ("The", "And", "But", "For", "You", "His", "She", "All", "Now", "How")
LENGTH = 50_000
#: Milliseconds, and MB.
FIRST_CHARACTER, KEY, KEY_IN_TRAINING, GROWTH = 50, 50, 100, 10


@contextlib.contextmanager
def screen(pace: int) -> Iterator[Terminal]:
    """The screen with the shipped model, ready, on its longest text. pace 0: full speed."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"CHARLM_SETTINGS": str(Path(folder, "settings.toml")), "XDG_STATE_HOME": folder}
        Path(folder, "charlm").mkdir()
        Path(folder, "charlm", "last-model").touch()  # the first start greets
        arguments = ["-m", "tui", str(MODEL), "--pace", str(pace)]
        with Terminal(arguments, environment=settings) as terminal:
            terminal.wait(b"is ready")
            terminal.send(ESCAPE)
            terminal.read_for(0.5)
            terminal.send("N" * 14)
            terminal.wait(f"{LENGTH:,}".encode())
            terminal.send("i")
            terminal.read_for(0.5)
            yield terminal


def first_characters(terminal: Terminal, prompts: Sequence[str]) -> list[float]:
    """Seconds from Enter to the first character of a text."""
    found = []
    for prompt in prompts:
        terminal.send(prompt)
        terminal.read_for(0.3)
        pressed = terminal.send(ENTER)
        # The caret stands behind the text, with something between it and the prompt.
        first = re.compile(prompt.encode() + rb"[^\xe2\r\n]+" + CARET)
        found.append(terminal.wait(first) - pressed)
        terminal.send(ESCAPE)
        terminal.read_for(0.3)
        terminal.send(BACKSPACE * len(prompt))
        terminal.read_for(0.3)
    return found


def key_times(terminal: Terminal, keys: int) -> list[float]:
    """Seconds from a letter typed to the letter painted in the prompt."""
    found = []
    for place in range(keys):
        if place % 8 == 0:
            terminal.send(AGAIN)  # so that text streams all the while
        terminal.read_for(0.1 + 0.013 * (place % 7))
        pressed = terminal.send(MARK)
        found.append(terminal.wait(MARK.encode()) - pressed)
        terminal.send(BACKSPACE)
    return found


def memory(terminal: Terminal, texts: int) -> tuple[int, float]:
    """Characters streamed, and by how many MB the process grew after the first tenth of them."""
    start_text(terminal)
    before = 0.0
    for text in range(texts):
        terminal.send(AGAIN)
        terminal.wait(b"cut at the length")
        if text == texts // 10:
            before = terminal.resident_mb()
    return texts * LENGTH, terminal.resident_mb() - before


def start_text(terminal: Terminal) -> None:
    """A first text, which AGAIN then writes anew."""
    terminal.send("The" + ENTER)
    terminal.read_for(0.5)


@contextlib.contextmanager
def training(folder: Path) -> Iterator[Path]:
    """A training as the screen starts it, past its first step; gives the run."""
    run = folder / "run"
    process = subprocess.Popen(
        ["nice", "-n", "10", sys.executable, "-m", "charlm.train", "--out", str(run),
         "--characters", "500m"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        tail = Tail(run)
        while not any(line.get("kind") == "step" for line in tail.new()):
            if process.poll() is not None:
                sys.exit("the training ended before its first step")
            time.sleep(0.2)
        yield run
    finally:
        process.kill()
        process.wait()


def trained(tail: Tail, terminal: Terminal | None, seconds: float) -> float:
    """Characters a second that the training takes in while the terminal is read."""
    began, characters, end = None, [], time.perf_counter() + seconds
    tail.new()
    while time.perf_counter() < end:
        if terminal is None:
            time.sleep(0.5)
        else:
            terminal.send(AGAIN)
            terminal.read_for(1)
        for line in tail.new():
            if line.get("kind") == "step":
                now = float(line["seconds"])
                began = now if began is None else began
                characters.append((now, int(line["characters"])))
    (first, before), (last, after) = characters[0], characters[-1]
    return (after - before) / (last - first)


def milliseconds(times: Sequence[float]) -> list[str]:
    """Median, the tenth of them that is slowest begins at, worst."""
    ordered = sorted(times)
    tenth = ordered[int(0.9 * (len(ordered) - 1))]
    return [f"{1000 * t:.0f}" for t in (statistics.median(ordered), tenth, ordered[-1])]


def line(what: str, times: Sequence[float], target: int) -> list[str]:
    shown = milliseconds(times)
    verdict = "met" if 1000 * statistics.median(times) <= target else "missed"
    return [what, *shown, f"{target}: {verdict}"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.screen", description="Milliseconds until the screen answers."
    )
    parser.add_argument("--full", action="store_true", help="all that is recorded")
    parser.add_argument("--keys", type=int, help="keys pressed in each state (24; 96 in full)")
    parser.add_argument("--seconds", type=float, help="length of a training's parts (10; 30)")
    add_json_option(parser, "screen")
    chosen = parser.parse_args(arguments)
    keys = chosen.keys or (96 if chosen.full else 24)
    seconds = chosen.seconds or (30 if chosen.full else 10)
    times: dict[str, tuple[list[float], int]] = {}
    with screen(400) as terminal:
        times["first character after Enter"] = first_characters(terminal, PROMPTS), FIRST_CHARACTER
    with screen(0) as terminal:
        start_text(terminal)
        times["a key, text at full speed"] = key_times(terminal, keys), KEY
        characters, grown = memory(terminal, 200 if chosen.full else 20)
    rates = {}
    with tempfile.TemporaryDirectory() as folder, training(Path(folder)) as run:
        tail = Tail(run)
        rates["alone"] = trained(tail, None, seconds)
        for name, pace in (("400 characters/s", 400), ("full speed", 0)):
            with screen(pace) as terminal:
                start_text(terminal)
                rates[f"text at {name}"] = trained(tail, terminal, seconds)
                if pace == 0:
                    found = key_times(terminal, keys)
                    times["the same while a model trains"] = found, KEY_IN_TRAINING
    tables = [
        Table("The screen answers, milliseconds", ["", "median", "90 %", "worst", "at most"],
              [line(what, found, target) for what, (found, target) in times.items()]),
        Table("A training beside it, characters per second", ["", "trained", "of alone"],
              [[what, f"{rate:,.0f}", f"{rate / rates['alone']:.0%}"]
               for what, rate in rates.items()]),
        Table("Memory", ["", "grown by, MB", "at most"],
              [[f"{characters:,} characters", f"{grown:.1f}",
                f"{GROWTH}: {'met' if grown <= GROWTH else 'missed'}"]]),
    ]  # fmt: skip
    print(*tables, sep="\n")
    figures = [
        {"seconds": {what: found for what, (found, _) in times.items()}},
        {"trained_characters_per_s": rates},
        {"characters": characters, "grown_mb": grown},
    ]
    write_json(chosen.json, "screen", arguments, tables, figures)


if __name__ == "__main__":
    main()
