"""What a training says while it runs: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from charlm.display import visible, visible_text
from charlm.text.corpus_report import CorpusReport
from charlm.wording import clock

_SECONDS_BETWEEN_LINES = 5.0
_A_MOMENT = 1.0  # seconds, in which nothing is said of a text that is prepared

#: What is done, in words, and how much of it, a share.
Doing = tuple[str, float]


class Reporter:
    """Writes to standard output. A reader that has gone away does not stop a training.

    `title`: before what the bar says. `failure`: why something could not be written, other than
    that; "" when all could be. `doing`: what is done now, while a text is prepared. `elsewhere`:
    gives what another process of the training does, if that is known.
    """

    doing: Doing | None = None
    elsewhere: Callable[[], Doing | None] = staticmethod(lambda: None)

    def __init__(self, title: str = "") -> None:
        self._title = title and f"{title}  "
        self.failure = ""
        self._console = Console(highlight=False)
        self._bar: Progress | None = None
        self._last_line, self._preparing_since = 0.0, 0.0
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=None),
                TextColumn("{task.percentage:>3.0f} %", markup=False),
                console=self._console,
                expand=True,
            )

    @contextlib.contextmanager
    def _noting_failures(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            pass  # the reader has gone away
        except OSError as error:
            self.failure = error.strerror or str(error)

    @property
    def has_bar(self) -> bool:
        """Whether it writes to a terminal."""
        return self._bar is not None

    def start(self) -> None:
        """Show the bar from here on."""
        if self._bar is not None:
            self._task = self._bar.add_task("starting", total=1.0)
            self._bar.start()

    def close(self) -> None:
        """Give the terminal back."""
        with self._noting_failures():
            if self._bar is not None:
                self._bar.stop()

    def line(self, text: str, style: str = "") -> None:
        """One line (or a text of several), control characters made visible."""
        with self._noting_failures():
            if self._bar is None:
                print(visible_text(text), flush=True)
            else:
                self._console.print(Text(visible_text(text), style=style))

    def warn(self, message: str) -> None:
        """One line on standard error."""
        with self._noting_failures():
            text = f"charlm: warning: {visible(message)}"
            if self._bar is None:
                print(text, file=sys.stderr, flush=True)
            else:  # through the console, so that the bar is not torn
                self._console.print(Text(text, style="yellow"))

    def corpus(self, report: CorpusReport) -> None:
        """The corpus report as a table."""
        if self._bar is None:
            self.line("\n".join(f"{label}: {value}" for label, value in report.rows()))
            return
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_column(style="dim")
        for label, value in report.rows():
            table.add_row(Text(visible(label)), Text(visible(value)))
        with self._noting_failures():
            self._console.print(table)

    def step(self, values: dict[str, Any]) -> None:
        """The bar moved on, or now and then a line."""
        left, progress = clock(values["seconds_left"]), values["progress"]
        text = (
            f"{self._title}step {values['step']:,}  loss {values['loss']:.3f}"
            f"  {values['characters_per_s']:,.0f} characters/s  {left} left"
        )
        self.move(progress, text, at_once=progress >= 1)

    def measuring(self, part: str, done: float, seconds_left: float) -> None:
        """How far the losses at the end are measured: on the bar, or now and then a line."""
        left = clock(seconds_left)
        self.move(done, f"{self._title}measuring the {part} loss of the best weights  {left} left")

    def preparing(self, what: str, done: float) -> None:
        """How far the text is prepared, if that takes longer than a moment."""
        self.doing = what, done
        self._preparing(what, done)

    def waiting(self) -> None:
        """Another process prepares the text: how far it has come, if that is known."""
        if there := self.elsewhere():
            self._preparing(*there)

    def _preparing(self, what: str, done: float) -> None:
        self._preparing_since = self._preparing_since or time.monotonic()
        if time.monotonic() - self._preparing_since < _A_MOMENT:
            return
        if self._bar is None:
            self._now_and_then(f"preparing: {what}, {100 * done:.0f} %")
            return
        if not self._bar.tasks:
            self.start()
        self.move(done, f"{self._title}{what}")

    def prepared(self) -> None:
        """The text is prepared."""
        self._preparing_since, self.doing = 0.0, None
        if self._bar is not None and self._bar.tasks:
            self.close()
            self._bar.remove_task(self._task)

    def move(self, share: float, text: str, at_once: bool = False) -> None:
        """The bar stands at a share of the whole; elsewhere a line, now and then or at once."""
        with self._noting_failures():
            if self._bar is not None:
                self._bar.update(self._task, completed=share, description=text)
            else:
                self._now_and_then(f"{100 * share:3.0f} %  {text}", at_once)

    def _now_and_then(self, line: str, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self.line(line)
