"""One text of the view: prompt and completion, what is known of each character, what changed.

Places are offsets in `text`, which holds the characters as the model has them; `wrapped` holds
them as they are shown, one for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from charlm.display import visible, visible_characters

from ....widgets.wrapping import Wrapped
from ....writer.thoughts import Trace
from ..comparison import Comparison

#: How a character is drawn; the levels of surprise follow LEVEL.
PLAIN, PROMPT, GHOST, FLASH, HEAD, LEVEL = range(6)
#: Set beside them: a selected character, a prompt's character under surprise, the cursor.
SELECTED, STRONG, CURSOR = 32, 64, 128
#: What is drawn, without these.
LOOK = SELECTED - 1
#: A longer text is not compared with: breaking it into lines at every frame would be felt.
_COMPARED = 100_000
FLASH_SECONDS = 0.6


class Block:
    """A prompt and what was written after it, under a heading.

    given: length of what the user gave; base: length of what the engine was given, which may
    hold earlier completions too; fresh: up to here the text is new, behind it stands what was
    there before, until it is written over; anchor: from where to the cursor it is selected; whole:
    it was written to its end or its length. by: the weights that wrote it, and in which numbers.
    earlier: it is from before this start.
    """

    def __init__(self, heading: str, prompt: str, given: int, width: int) -> None:
        self.heading = visible(heading)
        self.note = ""
        self.text = prompt
        self.given = min(given, len(prompt))
        self.base = self.fresh = len(prompt)
        self.wrapped = Wrapped(visible_characters(prompt), width)
        self.trace: Trace | None = None
        self.cursor: int | None = None
        self.anchor: int | None = None
        self.whole = False
        self.by = ""
        self.earlier = False
        self.before: str | None = None
        self._before_whole = False
        self._first_change: int | None = None
        self._flashes: list[tuple[int, int, float]] = []

    @property
    def height(self) -> int:
        """Lines taken: the heading, the text, the note when there is one, one blank line."""
        return len(self.wrapped) + 2 + bool(self.note)

    @property
    def completion(self) -> str:
        """What the engine wrote."""
        return self.text[self.base : self.fresh]

    @property
    def selected(self) -> tuple[int, int]:
        """The selected places, from the first up to the last, which is not one; none: equal."""
        if self.anchor is None or self.cursor is None:
            return 0, 0
        first, last = sorted((self.anchor, self.cursor))
        return first, min(last + 1, self.fresh)

    def stand_over(self, old: Block) -> None:
        """Take over the text of `old`, which has the same prompt: the new one writes over it.

        Where that had not come to the end of what it was written over, the new one is compared
        with the latter: half of one text and half of another is no text.
        """
        if len(old.text) <= _COMPARED and old.text.startswith(self.text):
            self.text, self.cursor = old.text, old.cursor
            self.before, self._before_whole = old.text, old.whole
            if old.before is not None and old.fresh < len(old.text):
                self.before, self._before_whole = old.before, old._before_whole
            self.wrapped.rewrite(self.base, visible_characters(old.text[self.base :]))

    def write(self, keep: int, text: str, now: float) -> int:
        """The completion becomes its first `keep` characters + text; the first line to redraw.

        now: time in seconds, from which a changed character flashes for a moment.
        """
        at = self.base + keep
        self.fresh = at + len(text)
        if self.before is None:
            self.text = self.text[:at] + text if at < len(self.text) else self.text + text
            return self.wrapped.rewrite(at, visible_characters(text))
        if self._first_change is None:
            self._first_change = self._change(at, text, self.before)
        old = self.text[at : self.fresh]
        if old == text:
            return self.line_of(at)
        runs = _differences(old, text)
        first = at + (runs[0][0] if runs else len(old))
        self._flashes += [(at + a, at + b, now + FLASH_SECONDS) for a, b in runs]
        tail = text[first - at :] + self.text[self.fresh :]
        self.text = self.text[:first] + tail
        return self.wrapped.rewrite(first, visible_characters(tail))

    def finish(self) -> None:
        """Nothing more comes: what is left of the text before goes."""
        if self.fresh < len(self.text):
            self.text = self.text[: self.fresh]
            self.wrapped.rewrite(self.fresh, "")
        shorter = self.before is not None and self.fresh < len(self.before)
        if shorter and self._first_change is None and self.whole:
            self._first_change = self.fresh

    def _change(self, at: int, text: str, before: str) -> int | None:
        """Where what is written at a place first differs from the text before."""
        old = before[at : at + len(text)]
        if runs := _differences(old, text):
            return at + runs[0][0]
        return at + len(old) if len(old) < len(text) and self._before_whole else None

    def comparison(self, over: bool) -> Comparison | None:
        """How the text differs from the one before, None if there was none; over: it is written.

        Lines are counted where both are whole.
        """
        if self.before is None:
            return None
        first = None if self._first_change is None else self._first_change - self.given + 1
        if not (over and self.whole and self._before_whole):
            return Comparison(first)
        lines = zip(self.wrapped.starts, self.wrapped.ends, strict=True)
        spans = [(start, end) for start, end in lines if start < end]  # empty ones say nothing
        same = sum(self.text[a:b] == self.before[a:b] for a, b in spans)
        return Comparison(first, len(spans), same)

    def line_of(self, place: int) -> int:
        """The line that a place is on."""
        return self.wrapped.line_of(place)

    def place_towards(self, place: int, way: str) -> int:
        """The place one comes to from another by an arrow key, Home or End."""
        line, starts, ends = self.line_of(place), self.wrapped.starts, self.wrapped.ends
        match way:
            case "left" | "right":
                to = place + (1 if way == "right" else -1)
            case "up" | "down":
                other = max(0, min(line + (1 if way == "down" else -1), len(starts) - 1))
                to = min(starts[other] + place - starts[line], ends[other])
            case _:
                to = starts[line] if way == "home" else ends[line]
        return max(0, min(to, self._last_place))

    @property
    def _last_place(self) -> int:
        """The last character, or the model's end behind it where something is known of it."""
        known = len(self.trace) if self.trace is not None else 0
        return max(0, len(self.text) - 1, min(known - 1, len(self.text)))

    def fade(self, now: float) -> int | None:
        """End the flashes whose time is over; the first line to redraw, None when there is none."""
        over = [start for start, _, until in self._flashes if until <= now]
        self._flashes = [flash for flash in self._flashes if flash[2] > now]
        return self.line_of(min(over)) if over else None

    @property
    def flashing(self) -> bool:
        """Whether something has yet to fade."""
        return bool(self._flashes)

    def pieces(self, line: int, surprise: bool, writing: bool) -> Iterator[tuple[str, int]]:
        """The text of one line in pieces, and how each is drawn."""
        start, end = self.wrapped.starts[line], self.wrapped.ends[line]
        keys = self._keys(start, end, surprise, writing)
        place = start
        for key, run in groupby(keys):
            stop = place + len(list(run))
            yield self.wrapped.text[place:stop], key
            place = stop
        after = self.wrapped.starts[line + 1] if line + 1 < len(self.wrapped) else end + 1
        if self.cursor is not None and end <= self.cursor < after:
            yield " ", CURSOR  # on a newline, or behind the last character

    def _keys(self, start: int, end: int, surprise: bool, writing: bool) -> bytearray:
        keys = bytearray(end - start)

        def paint(first: int, last: int, key: int) -> None:
            first, last = max(first, start) - start, min(last, end) - start
            if first < last:
                keys[first:last] = bytes((key,)) * (last - first)

        paint(0, self.given, PROMPT)
        if surprise and self.trace is not None:
            levels = self.trace.levels[start : min(end, self.fresh)]
            for i, level in enumerate(levels):
                strong = STRONG if start + i < self.given else 0
                keys[i] = LEVEL + level | strong
        paint(self.fresh, len(self.text), GHOST)
        for first, last, _ in self._flashes:
            paint(first, last, FLASH)
        if writing:
            paint(self.fresh, self.fresh + 1, HEAD)
        first, last = self.selected
        for place in range(max(first, start), min(last, end)):
            keys[place - start] |= SELECTED
        if self.cursor is not None and start <= self.cursor < end:
            for place in range(self.wrapped.glyph(self.cursor), self.cursor + 1):
                keys[place - start] |= CURSOR
        return keys


def _differences(old: str, new: str) -> list[tuple[int, int]]:
    """Runs of places at which two texts differ, as far as both go."""
    runs, place = [], 0
    for differs, run in groupby(a != b for a, b in zip(old, new, strict=False)):
        stop = place + len(list(run))
        if differs:
            runs.append((place, stop))
        place = stop
    return runs
