"""Texts that a model wrote, on their way to a person or a file."""

from __future__ import annotations

import sys
from io import TextIOBase
from typing import TextIO

from charlm.display import visible_text
from charlm.engine.events import Completion
from charlm.wording import fixed


class TextOutput:
    """Texts one behind another, apart by an empty line.

    On a terminal everything goes through the display filter and a dim line says which text
    follows; a pipe or a file gets raw UTF-8.
    """

    def __init__(self, stream: TextIO | TextIOBase | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self.terminal = self._stream.isatty()
        # A terminal gets what it can show, a pipe gets every character as it is.
        reconfigure = getattr(self._stream, "reconfigure", None)
        if reconfigure is not None and self.terminal:
            reconfigure(errors="backslashreplace")
        elif reconfigure is not None:
            reconfigure(encoding="utf-8", errors="surrogatepass")
        self._at_line_start = True
        self._begun = False

    def write(self, text: str) -> None:
        """Write a piece of text; it is shown at once."""
        if text:
            self._stream.write(visible_text(text) if self.terminal else text)
            self._stream.flush()
            self._at_line_start = text.endswith("\n")

    def begin(self, heading: str) -> None:
        """Set a text apart from the one before; `heading` may be empty."""
        self.end_line()
        if self._begun:
            self.write("\n")
        self._begun = True
        if heading:
            self._stream.write(f"\x1b[2m{heading}\x1b[0m\n" if self.terminal else f"{heading}\n")

    def end_line(self) -> None:
        """End the line, if one was begun."""
        if not self._at_line_start:
            self.write("\n")

    def write_best(self, place: str, completions: list[Completion]) -> None:
        """The texts of one search, best first, each with its score where there are several.

        place: which prompt they are of, if there are others.
        """
        headed = self.terminal or len(completions) > 1
        for rank, completion in enumerate(completions, start=1):
            end = {"eos": "the end", "stop": "a stop"}.get(completion.end, "cut")
            heading = (
                f"{place}{rank}. score {fixed(completion.score)},"
                f" log_prob {fixed(completion.log_prob)}, length {completion.length:,}, {end}"
            )
            self.begin(heading if headed else "")
            self.write(completion.prompt + completion.text)


def place_of(prompts: int, prompt: int) -> str:
    """Which of several prompts, in words; nothing of a single one."""
    return f"prompt {prompt + 1:,}, " if prompts > 1 else ""
