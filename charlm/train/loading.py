"""The text of a training: prepared before and in the cache, or prepared now and kept there.

A small text is prepared each time, which takes no longer than to look whether it has changed.
"""

from __future__ import annotations

import errno
import mmap
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

from platformdirs import user_cache_path

from charlm.errors import CorpusError, TrainingError, reason_of
from charlm.text.corpus import Corpus, in_memory, opened, prepare_files
from charlm.text.long_text import IN_MEMORY, Room
from charlm.text.preparation import Preparation
from charlm.text.prepared import Prepared
from charlm.text.reading import Files
from charlm.train.keep.text_cache import DAYS, TextCache, key_of, look_of
from charlm.train.tell.reporter import Reporter
from charlm.wording import bytes_text

_ANOTHER = "--cache names another folder"


def load_files(
    corpus: Sequence[str],
    validation: str | None,
    preparation: Preparation,
    folder: str | None,
    reporter: Reporter,
) -> Corpus:
    """Load a text, with a validation part of its own or without; `folder`: of the cache.

    Raises CorpusError, InputError, TrainingError.
    """
    place = _default_place() if folder is None else Path(folder)
    loading = _Loading(corpus, validation, preparation, reporter)
    try:
        return loading.with_folder(place)
    except OSError as error:
        told = f"a prepared text cannot be kept in {place} ({reason_of(error)})"
        if not loading.again:
            raise TrainingError(f"{told}: make room, or {_ANOTHER}") from None
        reporter.warn(f"{told}: it stays in memory; {_ANOTHER}")
        return loading.in_memory()
    finally:
        reporter.prepared()


def _default_place() -> Path | None:
    """The user's folder for what can be made again; None without a home."""
    try:
        place = user_cache_path("charlm", appauthor=False) / "texts"
    except (OSError, RuntimeError):
        return None
    return place if place.is_absolute() else None


class _Loading:
    """A text being loaded. again: whether its files can be read once more."""

    def __init__(
        self,
        corpus: Sequence[str],
        validation: str | None,
        preparation: Preparation,
        reporter: Reporter,
    ) -> None:
        self._preparation, self._reporter = preparation, reporter
        self._waits = False
        self._corpus = Files(corpus, preparation, tell=self._read)
        self._validation = None
        if validation is not None:
            self._validation = Files([validation], preparation, "validation")
        self._files = [self._corpus, *([self._validation] if self._validation else [])]
        self.again = all(files.regular for files in self._files)

    def in_memory(self) -> Corpus:
        """Prepare it without a file."""
        return self._prepared(None)

    def with_folder(self, place: Path | None) -> Corpus:
        """Find it in the cache, or prepare it there if it is large. Raises OSError."""
        if not (self.again and self._is_large()):
            return self._prepared(place)
        if place is None:
            raise OSError(errno.ENOENT, "there is no home folder")
        return self._kept(TextCache(place))

    def _is_large(self) -> bool:
        """Whether it is longer than what is prepared each time, once it is unpacked."""
        size = 0
        for files in self._files:
            size += files.unpacked_size(IN_MEMORY - size)
        return size > IN_MEMORY

    def _kept(self, cache: TextCache) -> Corpus:
        look = look_of(self._files, self._preparation)
        if look and (corpus := self._found(cache, look)):
            return corpus
        for files in self._files:
            files.read_all()
        key = key_of(self._files, self._preparation)
        corpus = self._found(cache, key) or self._made(cache, key)
        names = {key_of(self._files, corpus.preparation)}
        if look and look == look_of(self._files, self._preparation):
            names |= {look, look_of(self._files, corpus.preparation)}
        with suppress(OSError):  # then it is found by its contents
            for name in names - {key}:
                cache.remember(name, key)
        return corpus

    def _made(self, cache: TextCache, key: str) -> Corpus:
        """Prepare it, unless another training just does."""

        def write(file: BinaryIO) -> None:
            with self._room(cache.folder) as room:
                prepared = self._prepare(room)
                if key != key_of(self._files, self._preparation):
                    raise CorpusError(f"corpus {self._corpus.name} changed while it was read")
                self._write(prepared, file)
            self._reporter.line(
                f"prepared text: {bytes_text(prepared.size)} in {cache.folder} (--cache), until"
                f" {DAYS} days after its last use"
            )

        cache.sweep()
        return self._again(cache.make(key, write, self._wait))

    def _found(self, cache: TextCache, key: str) -> Corpus | None:
        data = cache.find(key)
        return None if data is None else self._again(data)

    def _again(self, data: mmap.mmap) -> Corpus:
        """A text whose files may not have been read now."""
        for files in self._files:
            files.look()
        return self._opened(data)

    def _prepared(self, place: Path | None) -> Corpus:
        """Prepare it, in files without a name where it turns out to be large."""
        with self._room(place) as room:
            prepared = self._prepare(room)
            if place is None or prepared.size <= IN_MEMORY:
                return in_memory(prepared, self._corpus.name, self._notices())
            with tempfile.TemporaryFile(dir=place) as file:
                self._write(prepared, file)
                file.flush()
                return self._opened(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def _prepare(self, room: Room) -> Prepared:
        return prepare_files(self._corpus, self._validation, self._preparation, room)

    def _write(self, prepared: Prepared, file: IO[bytes]) -> None:
        for share in prepared.write(file):
            self._reporter.preparing("writing what was prepared", share)

    def _opened(self, data: mmap.mmap) -> Corpus:
        corpus = opened(data, self._corpus.name, self._notices())
        if corpus.preparation == self._preparation:  # nothing is looked for
            corpus.report.why_unit = corpus.report.why_order = ""
        return corpus

    def _notices(self) -> list[str]:
        return [notice for files in self._files for notice in files.notices]

    def _room(self, place: Path | None) -> Room:
        return Room(place, IN_MEMORY, self._reporter.preparing)

    def _read(self, files: Files) -> None:
        self._reporter.preparing("reading the text", files.read / max(files.read, files.on_disk))

    def _wait(self) -> None:
        if not self._waits:
            self._reporter.line("another training prepares this text now: waiting for it")
        self._waits = True
        self._reporter.waiting()
