"""The keys that edit while something is typed that was not sent yet: those of readline.

There they go before the keys of the table: who types moves and cuts as in a shell, and nothing
of it changes the model or the settings. Where nothing is typed they do what the table says.
"""

from __future__ import annotations

from typing import NamedTuple

#: In what states of a view they edit, in the words of the key table.
TYPING = "typing"
GROUP = "While a prompt is typed, until it is sent"


class Edit(NamedTuple):
    """What keys do to a text. help: empty where the entry before speaks for both."""

    keys: tuple[str, ...]
    action: str
    help: str


#: Alt and a letter are Esc and that letter, but for these.
EDITS = (
    Edit(("ctrl+a",), "cursor_line_start", "begin and end of the line"),
    Edit(("ctrl+e",), "cursor_line_end", ""),
    Edit(("ctrl+b",), "cursor_left", "a character back and on"),
    Edit(("ctrl+f",), "cursor_right", ""),
    Edit(("alt+b",), "cursor_word_left", "a word back and on"),
    Edit(("alt+f",), "cursor_word_right", ""),
    Edit(("ctrl+d",), "delete_right", "delete the character here"),
    Edit(("ctrl+w", "alt+backspace"), "cut_to('word_left')", "cut the word before, or behind"),
    Edit(("alt+d",), "cut_to('word_right')", ""),
    Edit(("ctrl+u",), "cut_to('start_of_line')", "cut to the begin, or end, of the line"),
    Edit(("ctrl+k",), "cut_to('end_of_line')", ""),
    Edit(("ctrl+y",), "put_back", "put back what was cut last"),
    Edit(("ctrl+t",), "swap", "swap two characters"),
    Edit(("ctrl+p",), "earlier(-1)", "earlier and later prompts"),
    Edit(("ctrl+n",), "earlier(1)", ""),
    Edit(("ctrl+l",), "redraw", "draw the screen anew"),
    Edit(("ctrl+g", "ctrl+r"), "nothing", "nothing"),
)
EDITING = frozenset(key for edit in EDITS for key in edit.keys)
