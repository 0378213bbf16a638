"""The folder of what is kept: a file a model, named by the model's identity.

The folder is its owner's alone (0700, its files 0600). Nothing in it is opened through a link, only
regular files of the owner are read, and each is at any instant the old one or the whole new one.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from charlm.run.regular_file import open_at, opened_folder, sweep_temporaries, write_at
from charlm.wording import bytes_text

from .cut import LARGEST

#: Models of which something is kept; those that were written with longest ago go.
MOST_FILES = 100
_NAME = re.compile(r"(?P<model>[0-9a-f]{64})\.(json|[0-9a-f]{8}\.aside)")
#: Seconds after which nobody writes a file any more.
_LONG = 3600


def can_name(identity: str) -> bool:
    """Whether a model of this identity has a file."""
    return _NAME.fullmatch(f"{identity}.json") is not None


class KeptFolder:
    """Everything raises OSError where the folder, or a file, is not as it must be."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, identity: str) -> bytes | None:
        """What is kept of a model; None where nothing is."""
        try:
            with self._opened() as folder:
                return _read(folder, f"{identity}.json")
        except FileNotFoundError:
            return None

    def write(self, identity: str, data: bytes) -> None:
        """Keep this in the place of what was kept."""
        if len(data) > LARGEST:
            raise OSError(errno.EFBIG, f"it takes more than {bytes_text(LARGEST)}")
        name = f"{identity}.json"
        self._make()
        with self._opened() as folder:
            write_at(folder, name, data, 0o600)
            with suppress(OSError):  # what was to be kept is
                sweep_temporaries(folder, _LONG)
                for other in _files(folder)[:-MOST_FILES]:
                    os.unlink(other, dir_fd=folder)

    def set_aside(self, identity: str) -> str:
        """Rename what cannot be read, whatever it is, so that nothing of it is lost; its name."""
        aside = f"{identity}.{secrets.token_hex(4)}.aside"
        with self._opened() as folder:
            os.rename(f"{identity}.json", aside, src_dir_fd=folder, dst_dir_fd=folder)
        return aside

    def forget(self, identity: str = "") -> None:
        """Remove what is kept of a model, or of all; what was set aside too."""
        with suppress(FileNotFoundError), self._opened() as folder:
            for name in _files(folder):
                if name.startswith(identity):
                    os.unlink(name, dir_fd=folder)

    def _make(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(self.path, 0o700)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The folder, which is no link, its owner's, and from now on nobody else's to look into."""
        with opened_folder(self.path.parent) as above, opened_folder(self.path.name, above) as it:
            status = os.fstat(it)
            _check_owner(status)
            if stat.S_IMODE(status.st_mode) != 0o700:
                os.fchmod(it, 0o700)
            yield it


def _read(folder: int, name: str) -> bytes:
    if not stat.S_ISREG(os.lstat(name, dir_fd=folder).st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    with open(open_at(folder, name), "rb") as file:
        status = os.fstat(file.fileno())
        _check_owner(status)
        data = file.read(LARGEST + 1) if status.st_size <= LARGEST else b""
        if status.st_size > LARGEST or len(data) > LARGEST:
            raise OSError(errno.EFBIG, f"it is larger than {bytes_text(LARGEST)}")
    return data


def _check_owner(status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "it is another user's")


def _files(folder: int) -> list[str]:
    """The names of our files, oldest first; whatever else lies there is not touched."""
    found: list[tuple[float, str]] = []
    for name in os.listdir(folder):
        status = os.lstat(name, dir_fd=folder)
        if _NAME.fullmatch(name) and not stat.S_ISDIR(status.st_mode):
            found.append((status.st_mtime, name))
    return [name for _, name in sorted(found)]
