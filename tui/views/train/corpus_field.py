"""The field for the paths of texts: what is dropped on it, or pasted, stands apart."""

from __future__ import annotations

import os
import shlex

from textual import events

from ...widgets.field import Field
from .typed_path import dropped, paths_meant


class CorpusField(Field):
    """An input of one path, or of several as a shell would have them."""

    def _on_paste(self, event: events.Paste) -> None:
        """Take it in, behind a path that is there already."""
        event.stop()
        event.prevent_default()
        text = dropped(event.text)
        behind = self.selection.is_empty and self.cursor_position == len(self.value)
        if behind and self.value.strip() and _is_there(self.value) and _is_there(text):
            whole = " ".join(map(shlex.quote, [*paths_meant(self.value), *paths_meant(text)]))
            self.value, self.cursor_position = whole, len(whole)
        else:
            self.replace(text, *self.selection)


def _is_there(text: str) -> bool:
    """Whether paths are meant that lie there."""
    paths = paths_meant(text)
    return bool(paths) and all(map(os.path.exists, paths))
