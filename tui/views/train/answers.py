"""What a model wrote from one prompt at each step of its training, the newest on top."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from charlm.display import visible, visible_characters

from ...widgets.lines import Lines
from ...widgets.wrapping import Wrapped

_CARET = "▌"
_MARGIN = 2


@dataclass
class Answer:
    """One text. `note`: how sure the model was, or why there is none; "" while it writes."""

    step: int
    prompt: str = ""
    note: str = ""
    wrapped: Wrapped = field(default_factory=Wrapped)

    @property
    def height(self) -> int:
        """Heading, text, a blank line."""
        return len(self.wrapped) + 2


class Answers(Lines):
    """Answers by step; one of them may be chosen: it stands out and is scrolled to."""

    COMPONENT_CLASSES = {  # noqa: RUF012
        "answers--heading", "answers--chosen", "answers--prompt", "answers--older",
        "answers--empty",
    }  # fmt: skip
    can_focus = False

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.answers: list[Answer] = []
        self._tops: list[int] = []
        self._chosen: int | None = None
        self._writing: int | None = None
        self._empty = ""

    def set_empty(self, text: str) -> None:
        """What is shown while there is no answer."""
        self._empty = visible(text)
        self.refresh()

    def clear(self) -> None:
        """Forget all answers."""
        self.answers, self._writing = [], None
        self._measure()
        self.scroll_home(animate=False)

    @property
    def steps(self) -> set[int]:
        """Of which steps there are answers."""
        return {answer.step for answer in self.answers}

    def begin(self, step: int, prompt: str) -> None:
        """An answer of that step begins, in place of one that was there."""
        self.drop(step)
        place = sum(answer.step > step for answer in self.answers)
        shown = visible_characters(prompt)
        self.answers.insert(place, Answer(step, shown, "", Wrapped(shown, self._text_width)))
        self._writing = step
        self._measure()
        if self._chosen is not None:  # one that came above it moved it down
            self.call_after_refresh(self._show_chosen)

    def rewrite(self, keep: int, text: str) -> None:
        """The text being written becomes its first `keep` characters + text."""
        for answer in self.answers:
            if answer.step == self._writing:
                answer.wrapped.rewrite(len(answer.prompt) + keep, visible_characters(text))
        self._measure()

    def end(self, note: str) -> None:
        """The text being written is over."""
        for answer in self.answers:
            if answer.step == self._writing:
                answer.note = visible(note)
        self._writing = None
        self._measure()

    def drop(self, step: int) -> None:
        """Take the answer of that step away."""
        self.answers = [answer for answer in self.answers if answer.step != step]
        self._measure()

    @property
    def text(self) -> str:
        """The answer that stands out, its prompt before it."""
        chosen = [answer for answer in self.answers if answer.step == self._chosen]
        return next((answer.wrapped.text for answer in chosen or self.answers), "")

    def choose(self, step: int | None) -> None:
        """This one stands out; None: the newest does."""
        if step == self._chosen:
            return
        self._chosen = step
        self._show_chosen()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the widget, `y` counted from its top."""
        width, base = self.size.width, self.rich_style
        if not self.answers:
            lines = Wrapped(self._empty, max(1, width - 2 * _MARGIN))
            text = lines.text[lines.starts[y] : lines.ends[y]] if y < len(lines) else ""
            return self._strip([Segment(text, self._look("empty", base))], width, base)
        y = self.line_at(y)
        place = bisect_right(self._tops, y) - 1
        answer, row = self.answers[place], y - self._tops[place]
        stands_out = answer.step == self._chosen or (self._chosen is None and place == 0)
        if row == 0:
            return self._heading(answer, stands_out, width, base)
        if row > len(answer.wrapped):
            return Strip.blank(width, base)
        wrapped = answer.wrapped
        start, end = wrapped.starts[row - 1], wrapped.ends[row - 1]
        cut = max(start, min(end, len(answer.prompt)))
        text_style = base if stands_out else self._look("older", base)
        segments = [
            Segment(wrapped.text[start:cut], self._look("prompt", base)),
            Segment(wrapped.text[cut:end], text_style),
        ]
        if answer.step == self._writing and row == len(wrapped):
            segments.append(Segment(_CARET, self._look("chosen", base)))
        return self._strip(segments, width, base)

    def on_resize(self) -> None:
        """Break every text for the new width."""
        for answer in self.answers:
            answer.wrapped.set_width(self._text_width)
        self._measure()
        self.call_after_refresh(self._show_chosen)

    @property
    def _text_width(self) -> int:
        return max(1, self.scrollable_content_region.width - 2 * _MARGIN)

    def _heading(self, answer: Answer, stands_out: bool, width: int, base: Style) -> Strip:
        mark = "▸ " if stands_out else "  "
        style = self._look("chosen" if stands_out else "heading", base)
        note = f" · {answer.note}" if answer.note else ""
        line = [Segment(f"{mark}step {answer.step:,}", style),
                Segment(note, self._look("heading", base))]  # fmt: skip
        return Strip(line).crop_extend(0, width, base)

    def _strip(self, segments: list[Segment], width: int, base: Style) -> Strip:
        line = [Segment(" " * _MARGIN, base), *(part for part in segments if part.text)]
        return Strip(line).crop_extend(0, width, base)

    def _look(self, name: str, base: Style) -> Style:
        return base + self.get_component_rich_style(f"answers--{name}", partial=True)

    def _show_chosen(self) -> None:
        tops = zip(self.answers, self._tops, strict=True)
        top = next((top for answer, top in tops if answer.step == self._chosen), 0)
        self.go_to(top)

    def _measure(self) -> None:
        self._tops, top = [], 0
        for answer in self.answers:
            self._tops.append(top)
            top += answer.height
        size = Size(self.scrollable_content_region.width, max(0, top - 1))
        if size != self.virtual_size:
            self.virtual_size = size
        self.refresh()
