"""The texts that were trained on last: the form offers them again.

A file in the platform's folder for states, for its user's eyes alone, holds their paths as JSON.
Whatever else it holds is passed over.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from charlm.errors import SURVIVED
from charlm.run.regular_file import open_regular, write_atomically

from .state_folder import state_folder

_FILE = "recent-texts.json"
_MOST, _LONGEST = 10, 4096  # paths; bytes of one
_LARGEST = 2 * _MOST * _LONGEST  # bytes of the file


class RecentTexts:
    """Remembers paths from one start to the next; where nothing can be kept, it forgets."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def paths(self) -> list[str]:
        """The paths, the newest first, whether anything lies there or not."""
        try:
            with open_regular(self._file or "") as file:
                found = json.loads(file.read(_LARGEST + 1))
        except (OSError, ValueError, RecursionError):
            return []
        paths = filter(_is_path, found if isinstance(found, list) else [])
        return list(dict.fromkeys(paths))[:_MOST]

    def add(self, paths: Sequence[str]) -> None:
        """These were trained on now."""
        if self._file is None or not paths:
            return
        with contextlib.suppress(*SURVIVED):
            new = [os.path.abspath(path) for path in paths]
            kept = [path for path in dict.fromkeys([*new, *self.paths()]) if _is_path(path)]
            folder = self._file.parent
            folder.mkdir(0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            write_atomically(self._file, json.dumps(kept[:_MOST]).encode(), 0o600)


def recent_texts(*, kept: bool = True) -> RecentTexts:
    """What this user's last trainings left; nothing where nothing is to be kept."""
    folder = state_folder() if kept else None
    return RecentTexts(None if folder is None else folder / _FILE)


def _is_path(path: object) -> bool:
    """Whether this may be one: absolute, and no longer than any may be."""
    return (
        isinstance(path, str)
        and os.path.isabs(path)
        and "\0" not in path
        and len(path.encode("utf-8", "surrogatepass")) <= _LONGEST
    )
