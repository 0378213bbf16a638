"""The small screens over a view: help, a question, two runs side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from charlm.display import visible

from ..keys.editing import EDITS, GROUP
from ..keys.key import View, key_name
from ..keys.table import key_named, keys_of, letters
from ..widgets.field import Field
from ..widgets.wrapping import cut

Facts = Mapping[str, str]
#: Cells of the columns where two runs are compared.
_LABEL, _VALUE = 18, 26
#: Cells of a page of help, and of its keys.
_PAGE, _KEYS = 68, 13
#: Options that say what other lines say too, or nothing of the model: where a run lies, on how
#: many threads it learned, which weights it kept.
_SAID = {"--out", "--resume", "--cell", "--layers", "--hidden", "--embedding", "--unit", "--form",
         "--case", "--corpus", "--split", "--keep", "--threads"}  # fmt: skip

_QUIET = "$foreground-muted"
_CLOSE = [("escape", "dismiss(None)", "Close"), ("f1", "dismiss(None)", "Close")]


class HelpScreen(ModalScreen[None]):
    """Every key of a view, drawn from the table."""

    BINDINGS = [*_CLOSE, ("question_mark", "dismiss(None)", "Close")]  # noqa: RUF012

    def __init__(self, view: View, first: str = "", last: str = "") -> None:
        super().__init__()
        self._view, self._first, self._last = view, first, last

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "Keys"
            sheet.border_subtitle = "Esc closes"
            with VerticalScroll(id="help-scroll"):
                yield Static(help_content(self._view, self._first, self._last), id="help-text")


def help_content(view: View, first: str = "", last: str = "") -> Content:
    """The key table as a page: groups, that of the moment before the others, keys, what they do.

    What does it behind the leader is told where it is not a letter that does it anyway. last: what
    is said at the end of the page.
    """
    keys = sorted(keys_of(view), key=lambda key: key.group != first)
    leader = next(row.keys[:1] for row in keys if row.action == "app.leader")
    named = key_named("app.leader")
    said = (
        f"{named}, then the letter of a line, does the same anywhere, while you type too; where a"
        f" line has {named} in it, it is the letter behind that."
    )
    if any(key.where == "prompt" for key in keys):
        said = f"In the prompt letters are text: Esc leaves it. {said}"
    parts: list[str | tuple[str, str]] = [(textwrap.fill(said, _PAGE), _QUIET), "\n\n"]
    group = ""
    for place, key in enumerate(keys):
        if not key.help:
            continue
        rows = [key, *takewhile(lambda row: not row.help, keys[place + 1 :])]
        if key.group != group:
            parts += _group(key.group, bool(group))
            group = key.group
        own = [name for row in rows for name in row.keys]
        behind = dict.fromkeys(letters(view).get(row.action, "") for row in rows)
        other = [name for name in behind if name and name not in own]
        parts += _line([*own, *(leader if other else ()), *other], key.help)
    if view in ("write", "train"):
        parts += _group(GROUP, True)
        for place, edit in enumerate(EDITS):
            if edit.help:
                more = takewhile(lambda edit: not edit.help, EDITS[place + 1 :])
                parts += _line([name for each in (edit, *more) for name in each.keys], edit.help)
    if last:
        parts += ["\n", (textwrap.fill(visible(last), _PAGE), _QUIET)]
    return Content.assemble(*parts)


def _group(name: str, more: bool) -> list[str | tuple[str, str]]:
    return ["\n" if more else "", (name, "bold $primary"), "\n"]


def _line(names: Sequence[str], said: str) -> list[str | tuple[str, str]]:
    """Keys, and behind them what they do."""
    head = f"  {' '.join(map(key_name, names))} ".ljust(_KEYS)
    line = textwrap.fill(said, _PAGE, initial_indent=head, subsequent_indent=" " * _KEYS,
                         break_long_words=False)  # fmt: skip
    return [(head, "bold"), line.removeprefix(head), "\n"]


class Question(ModalScreen[bool]):
    """One question; yes only by its letter or its button. The title is our own: it is markup."""

    BINDINGS = [  # noqa: RUF012
        ("escape", "dismiss(False)", "No"),
        ("n", "dismiss(False)", "No"),
        ("y", "dismiss(True)", "Yes"),
    ]

    def __init__(self, title: str, lines: Sequence[str], yes: str) -> None:
        super().__init__()
        self._title, self._lines, self._yes = title, lines, yes

    def compose(self) -> ComposeResult:
        """The question, what it means, two buttons; the cursor is on No."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = self._title
            sheet.border_subtitle = "y yes · n or Esc no"
            yield Static(Content("\n".join(map(visible, self._lines))))
            with Horizontal(id="form-buttons"):
                yield Button("No", id="no")
                yield Button(self._yes, id="yes", variant="error")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Give the answer."""
        self.dismiss(event.button.id == "yes")


class Ask(ModalScreen[str | None]):
    """Asks for a word; gives it, or None. Title and text are our own.

    wrong: what is wrong with a word, "" when nothing is. strip: spaces around it do not count.
    """

    BINDINGS = [("escape", "dismiss(None)", "Close")]  # noqa: RUF012

    def __init__(
        self, title: str, text: str, value: str, wrong: Callable[[str], str], *, strip: bool = True
    ) -> None:
        super().__init__()
        self._title, self._text, self._value, self._wrong = title, text, value, wrong
        self._strip = strip

    def compose(self) -> ComposeResult:
        """What is asked, the field, what is wrong with what stands in it."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = self._title
            sheet.border_subtitle = "Enter · Esc closes"
            yield Static(Content(visible(self._text)))
            with Horizontal(classes="field"):
                yield Field(self._value, id="asked")
            yield Static("", id="ask-wrong", markup=False)

    def on_input_submitted(self, event: Field.Submitted) -> None:
        """Give the word, or say what is wrong with it."""
        word = event.value.strip() if self._strip else event.value
        wrong = self._wrong(word)
        self.query_one("#ask-wrong", Static).update(Content(wrong))
        if not wrong:
            self.dismiss(word)


class Differences(ModalScreen[None]):
    """Two runs side by side: only what differs."""

    BINDINGS = [*_CLOSE, ("d", "dismiss(None)", "Close")]  # noqa: RUF012

    def __init__(self, names: tuple[str, str], facts: tuple[Facts, Facts]) -> None:
        super().__init__()
        self._names, self._facts = names, facts

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "What differs"
            sheet.border_subtitle = "Esc closes"
            with VerticalScroll(id="help-scroll"):
                yield Static(difference_content(self._names, *self._facts), id="help-text")


def difference_content(names: tuple[str, str], one: Facts, other: Facts) -> Content:
    """A line per label where the two differ, side by side; what one of them lacks is a dash.

    An option that was not given has its default. Values too long for a column stand below each
    other.
    """
    labels = [label for label in {**one, **other}
              if one.get(label) != other.get(label) and label not in _SAID]  # fmt: skip
    if not labels:
        return Content(f"{visible(names[0])} and {visible(names[1])} say the same of themselves.")
    parts: list[str | tuple[str, str]] = [(" " * _LABEL + _columns(names), "bold $accent")]
    for label in labels:
        values = _value(one, label), _value(other, label)
        parts += ["\n", (f"{visible(label):<{_LABEL}}", _QUIET)]
        if all(cell_len(value) < _VALUE - 1 for value in values):
            parts.append(_columns(values))
        else:
            lines = (f"{visible(name)}: {value}" for name, value in zip(names, values, strict=True))
            parts += ["\n" + textwrap.fill(line, _PAGE, initial_indent="  ",
                                           subsequent_indent="    ") for line in lines]  # fmt: skip
    return Content.assemble(*parts)


def _value(facts: Facts, label: str) -> str:
    """What a run says; of an option that its command did not give, that it has its default."""
    has_options = any(known.startswith("--") for known in facts)
    lacking = "default" if label.startswith("--") and has_options else "–"
    return visible(facts.get(label, lacking))


def _columns(values: tuple[str, str]) -> str:
    return " ".join(set_cell_size(cut(visible(value), _VALUE - 2), _VALUE - 1) for value in values)
