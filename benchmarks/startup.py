"""How long until something is there: the engine, a text, the screen.

    python -m benchmarks.startup [--full]

Every story is a fresh process at a pseudo-terminal, watched until its mark is seen (or its end).
Seconds by the clock, the best and the median of the turns, and seconds of processor time, which
other jobs on the machine disturb less. Files are read once before: they come from memory.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.measure import ROOT
from benchmarks.tables import Table, add_json_option, write_json
from benchmarks.terminal import Terminal

MODEL = ROOT / "checkpoints" / "shakespeare"


@dataclass(frozen=True)
class Story:
    """A command of Python, the text that is waited for (None: its end), the most it may take."""

    name: str
    arguments: Sequence[str]
    mark: bytes | None
    target: float | None = None


LOAD = f"from charlm.engine.engine import Engine; engine = Engine.load({str(MODEL)!r})"
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("empty")
Empty().run()
"""
STORIES = [
    Story("Python alone", ["-c", "print('ready')"], b"ready"),
    Story(
        "import charlm.engine",
        ["-c", "import charlm.engine.engine; print('ready')"],
        b"ready",
    ),
    Story("import torch", ["-c", "import torch; print('ready')"], b"ready"),
    Story("the shipped model loaded", ["-c", f"{LOAD}; print('ready')"], b"ready"),
    Story(
        "its first character",
        ["-c", f"{LOAD}; engine.write('ROMEO:', max_length=1); print('ready')"],
        b"ready",
    ),
    Story(
        "python -m charlm write, 400 characters",
        ["-m", "charlm", "write", str(MODEL), "--prompt", "ROMEO:"],
        None,
    ),
    Story("an empty Textual screen, first paint", ["-c", EMPTY], b"empty"),
    Story("python -m tui, first paint", ["-m", "tui", str(MODEL)], b"charlm", 0.5),
]


@dataclass(frozen=True)
class Took:
    """Seconds of one story."""

    clock: float
    processor: float


def watch(story: Story) -> Took:
    """Start the story, wait for its mark, end it."""
    with Terminal(story.arguments) as terminal:
        clock = terminal.wait(story.mark) - terminal.started
        return Took(clock, terminal.processor_seconds())


def table(found: Sequence[tuple[Story, Sequence[Took]]]) -> Table:
    """One line a story."""
    lines = []
    for story, took in found:
        median = statistics.median(t.clock for t in took)
        verdict = "" if story.target is None else "met" if median <= story.target else "missed"
        lines.append([
            story.name,
            f"{min(t.clock for t in took):.2f}",
            f"{median:.2f}",
            f"{statistics.median(t.processor for t in took):.2f}",
            f"{story.target:.2f}: {verdict}" if story.target else "",
        ])  # fmt: skip
    columns = ["", "best", "median", "processor", "at most"]
    return Table("Start, seconds from nothing", columns, lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.startup", description="Seconds until something is there."
    )
    parser.add_argument("--full", action="store_true", help="all that is recorded")
    parser.add_argument("--rounds", type=int, help="turns of each story (3; 9 in full)")
    add_json_option(parser, "startup")
    chosen = parser.parse_args(arguments)
    turns: list[list[Took]] = [[] for _ in STORIES]
    for story in STORIES:
        watch(story)  # fills the file cache
    for _ in range(chosen.rounds or (9 if chosen.full else 3)):
        for story, took in zip(STORIES, turns, strict=True):
            took.append(watch(story))
    found = list(zip(STORIES, turns, strict=True))
    shown = table(found)
    print(shown)
    figures = [{"story": story.name, "turns": [asdict(t) for t in took]} for story, took in found]
    write_json(chosen.json, "startup", arguments, [shown], figures)


if __name__ == "__main__":
    main()
