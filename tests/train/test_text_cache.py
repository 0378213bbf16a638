"""Prepared texts on the disk: found again, made anew, waited for, swept; and where none can be."""

from __future__ import annotations

import errno
import fcntl
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import examples_in
from layouts import names
from learners import SMALL

from charlm.errors import CorpusError, TrainingError, run_main
from charlm.run.checkpoint import load_checkpoint
from charlm.text.corpus import Corpus, load_corpus
from charlm.text.long_text import Scratch
from charlm.text.preparation import Preparation
from charlm.text.prepared import Prepared
from charlm.train import loading
from charlm.train.__main__ import main
from charlm.train.keep import text_cache
from charlm.train.keep.text_cache import DAYS, TextCache
from charlm.train.loading import load_files
from charlm.train.tell import reporter as told
from charlm.train.tell.reporter import Reporter

LINES = Preparation("line", column="")
_FORK = multiprocessing.get_context("fork")


class Said(Reporter):
    """What was said."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def line(self, text: str, style: str = "") -> None:
        self.lines.append(text)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "IN_MEMORY", 0)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files may have been written just now."""
    monkeypatch.setattr(text_cache, "_SETTLED", 0.0)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text(names())
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def load(
    text: Path | str,
    cache: Path,
    said: Said | None = None,
    preparation: Preparation = LINES,
    validation: Path | None = None,
) -> Corpus:
    other = None if validation is None else str(validation)
    return load_files([str(text)], other, preparation, str(cache), said or Said())


def kept(cache: Path, kind: str = "text") -> list[Path]:
    return sorted(cache.glob(f"*.{kind}"))


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("it was read or prepared again")


def same(one: Corpus, other: Corpus) -> bool:
    return examples_in(one) == examples_in(other) and one.report == other.report


@pytest.mark.usefixtures("settled")
def test_a_text_is_prepared_once(text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = Said()
    first = load(text, cache, said)
    assert same(first, load_corpus(str(text), LINES))
    (line,) = said.lines
    assert str(cache) in line and f"{DAYS} days" in line
    monkeypatch.setattr(loading, "prepare_files", never)
    monkeypatch.setattr(loading.Files, "read_all", never)
    said = Said()
    assert same(load(text, cache, said), first)
    assert said.lines == said.warnings == kept(cache, "part") == []


def test_what_may_have_just_changed_is_compared(
    text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(text, cache)
    moved = text.rename(text.with_name("other.txt"))
    monkeypatch.setattr(loading, "prepare_files", never)
    again = load(moved, cache)
    assert again.report.name == "other.txt"
    assert examples_in(again) == examples_in(first)


@pytest.mark.usefixtures("settled")
def test_a_text_that_changed_is_prepared_anew(text: Path, cache: Path) -> None:
    """Of the same length, and with its times put back."""
    before = text.stat()
    load(text, cache)
    text.write_text(names().replace("a", "x", 1))
    os.utime(text, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert same(load(text, cache), load_corpus(str(text), LINES))
    assert len(kept(cache)) == 2


@pytest.mark.usefixtures("settled")
def test_all_that_a_text_is_prepared_by_counts(text: Path, cache: Path) -> None:
    other = text.with_name("other.txt")
    other.write_text("Some\nother\nnames\n")
    for preparation, validation in (
        (LINES, None),
        (Preparation("line", column="", case="lower"), None),
        (Preparation("continuous", column=""), None),
        (LINES, other),
        (LINES, text),
    ):
        corpus = load(text, cache, None, preparation, validation)
        path = None if validation is None else str(validation)
        assert same(corpus, load_corpus(str(text), preparation, path))
    assert len(kept(cache)) == 5


@pytest.mark.usefixtures("settled")
def test_what_was_found_finds_it_too(
    text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that goes on says the unit that was found, and reports no looking."""
    found = load(text, cache, None, Preparation())
    assert found.report.why_unit
    plain = load_corpus(str(text), found.preparation)
    with monkeypatch.context() as patch:
        patch.setattr(loading, "prepare_files", never)
        assert same(load(text, cache, None, found.preparation), plain)
    (path,) = kept(cache)
    path.unlink()
    assert same(load(text, cache, None, found.preparation), plain)
    (other,) = kept(cache)
    assert other != path
    assert same(load(text, cache, None, found.preparation), plain)
    assert kept(cache) == [other]


def cut(data: bytes) -> bytes:
    return data[:-1]


def longer(data: bytes) -> bytes:
    return data + b"\0"


def another_header(data: bytes) -> bytes:
    return data.replace(b'"duplicates": ', b'"duplicates":1')


def another_version(data: bytes) -> bytes:
    return data.replace(b"text   1", b"text   2", 1)


def nothing(data: bytes) -> bytes:
    return b""


def without(name: str) -> Callable[[bytes], bytes]:
    """A file whose header is whole, and of the same length, but lacks a name."""

    def change(data: bytes) -> bytes:
        size = int.from_bytes(data[48:56], "little")
        header = json.loads(data[56 : 56 + size])
        (header if name in header else header["report"]).pop(name)
        new = json.dumps(header).encode().ljust(size)
        return data[:16] + hashlib.sha256(new).digest() + data[48:56] + new + data[56 + size :]

    change.__name__ = f"without {name}"
    return change


LACKING = [without(n) for n in ("characters", "parts", "report", "config", "preparation", "bytes")]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    "change", [cut, longer, another_header, another_version, nothing, *LACKING]
)
def test_a_file_that_is_not_whole_is_not_used(
    change: Callable[[bytes], bytes], text: Path, cache: Path
) -> None:
    plain = load_corpus(str(text), LINES)
    load(text, cache)
    (path,) = kept(cache)
    whole = path.read_bytes()
    path.write_bytes(change(whole))
    assert same(load(text, cache), plain)
    assert path.read_bytes() == whole
    for known in kept(cache, "known"):
        known.write_bytes(b"../../etc/passwd")
    assert same(load(text, cache), plain)


def test_where_nothing_can_be_kept_it_stays_in_memory(text: Path, tmp_path: Path) -> None:
    said = Said()
    corpus = load(text, text / "cache", said)
    assert same(corpus, load_corpus(str(text), LINES))
    (warning,) = said.warnings
    assert "(Not a directory): it stays in memory; --cache names another folder" in warning


def test_without_a_home_it_stays_in_memory(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = Said()
    monkeypatch.setattr(loading, "user_cache_path", lambda *_, **__: Path("~/.cache"))
    corpus = load_files([str(text)], None, LINES, None, said)
    assert same(corpus, load_corpus(str(text), LINES))
    assert "there is no home folder" in said.warnings[0]


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("place", ["while it is prepared", "while it is written", "at the end"])
def test_a_full_disk_loses_nothing(
    place: str, text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = load_corpus(str(text), LINES)
    write, said = Scratch.write, Said()
    if place == "while it is prepared":
        monkeypatch.setattr(Scratch, "write", lambda s, d: full() if s._folder else write(s, d))
    elif place == "while it is written":
        whole = Prepared.write

        def some(prepared: Prepared, file: Any) -> Any:
            if isinstance(file, io.BytesIO):
                return whole(prepared, file)
            file.write(b"some of it")
            return full()

        monkeypatch.setattr(Prepared, "write", some)
    else:
        monkeypatch.setattr(text_cache, "put_in_place", full)
    assert same(load(text, cache, said), plain)
    (warning,) = said.warnings
    assert f"{cache} (No space left on device): it stays in memory" in warning
    assert kept(cache) == kept(cache, "part") == []


def test_what_is_piped_in_is_not_kept(
    cache: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Input:
        buffer = io.BytesIO(gzip.compress(text.read_bytes()))

    monkeypatch.setattr("sys.stdin", Input)
    corpus = load("-", cache)
    assert examples_in(corpus) == examples_in(load_corpus(str(text), LINES))
    assert list(cache.iterdir()) == []
    Input.buffer.seek(0)
    monkeypatch.setattr(Scratch, "write", full)
    with pytest.raises(TrainingError, match=r"No space left on device.: make room, or --cache"):
        load("-", cache)


def test_a_text_that_changes_while_it_is_read_is_refused(
    text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all = loading.Files.read_all

    def changed(files: Any) -> None:
        read_all(files)
        text.write_text("another\ntext\n")

    monkeypatch.setattr(loading.Files, "read_all", changed)
    with pytest.raises(CorpusError, match=r"names\.txt changed while it was read"):
        load(text, cache)
    assert kept(cache) == kept(cache, "part") == []


def test_who_comes_second_waits_and_finds_it(
    text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, said, count = loading.prepare_files, Said(), [0]
    waits, may_go_on = threading.Event(), threading.Event()

    def slow(*of: Any) -> Any:
        count[0] += 1
        assert may_go_on.wait(20)
        return prepare(*of)

    def line(message: str, style: str = "") -> None:
        said.lines.append(message)
        waits.set()

    monkeypatch.setattr(loading, "prepare_files", slow)
    monkeypatch.setattr(said, "line", line)
    found: list[Corpus] = []
    first = threading.Thread(target=lambda: found.append(load(text, cache)))
    first.start()
    while not count[0]:
        time.sleep(0.01)
    second = threading.Thread(target=lambda: found.append(load(text, cache, said)))
    second.start()
    assert waits.wait(20)
    may_go_on.set()
    first.join()
    second.join()
    assert count == [1] and same(*found)
    assert said.lines == ["another training prepares this text now: waiting for it"]


def test_what_is_old_is_swept_unless_it_is_used(text: Path, cache: Path) -> None:
    used = load(text, cache)
    old = time.time() - (DAYS + 1) * 86_400
    foreign = [cache / "mine.text", cache / "notes.part"]
    stale, left, young = (
        cache / f"{letter * 32}.{kind}"
        for letter, kind in (("a", "text"), ("b", "part"), ("c", "text"))
    )
    for path in (stale, left, young, *foreign):
        path.write_bytes(b"x")
    for path in (stale, *kept(cache, "known"), *foreign):
        os.utime(path, (old, old))
    (mine,) = (p for p in kept(cache) if p not in (stale, young, *foreign))
    os.utime(mine, (old, old))
    TextCache(cache).sweep()
    assert sorted(cache.iterdir()) == sorted([mine, young, *foreign])
    assert examples_in(used)
    del used
    TextCache(cache).sweep()
    assert not mine.exists()


def test_a_small_file_that_was_left_half_written_is_swept(cache: Path) -> None:
    kept_there = TextCache(cache)
    left, young = cache / ".charlm-0123", cache / ".charlm-4567"
    for path, age in ((left, 7_200), (young, 60)):
        path.write_bytes(b"a key")
        os.utime(path, (time.time() - age,) * 2)
    kept_there.sweep()
    assert list(cache.iterdir()) == [young]


def test_it_is_swept_where_a_lock_wants_a_file_that_may_be_written(
    text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As over NFS, where flock(2) is made of fcntl(2)'s locks."""
    flock = fcntl.flock

    def as_over_nfs(file: Any, how: int) -> None:
        mode = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE
        if mode == (os.O_RDONLY if how & fcntl.LOCK_EX else os.O_WRONLY):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", as_over_nfs)
    load(text, cache)
    (path,) = kept(cache)
    left = path.with_suffix(".part")
    left.write_bytes(b"x")
    old = time.time() - (DAYS + 1) * 86_400
    os.utime(path, (old, old))
    TextCache(cache).sweep()
    assert not left.exists() and not path.exists()


def test_what_belongs_to_another_user_is_not_used(
    text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, mine = load(text, cache), os.geteuid()
    (path,) = kept(cache)
    assert TextCache(cache).find(path.stem) is not None
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)  # what was written is another's now
    assert TextCache(cache).find(path.stem) is None
    path.rename(path.with_suffix(".part"))
    with pytest.raises(PermissionError, match="belongs to another user"):
        TextCache(cache).make(path.stem, never, never)
    monkeypatch.undo()
    assert same(load(text, cache), plain)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_is_no_file_of_the_folder_is_not_used(kind: str, text: Path, cache: Path) -> None:
    plain = load(text, cache)
    (path,) = kept(cache)
    elsewhere = path.rename(text.with_name("elsewhere"))
    if kind == "link":
        path.symlink_to(elsewhere)
    else:
        os.mkfifo(path)
    assert TextCache(cache).find(path.stem) is None
    assert same(load(text, cache), plain)
    assert path.is_file() and not path.is_symlink()


def test_users_of_one_folder_have_files_of_their_own(
    text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(text, cache)
    (mine,) = kept(cache)
    written, theirs = mine.read_bytes(), os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: theirs)
    monkeypatch.setattr(text_cache, "_owned", lambda file: file)
    load(text, cache)
    assert len(kept(cache)) == 2 and mine.read_bytes() == written


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("larger", [True, False])
def test_an_archive_is_as_large_as_what_it_holds(
    larger: bool, text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However well it is packed, and whatever it is called."""
    packed = text.with_name("packed")
    packed.write_bytes(gzip.compress(text.read_bytes() * 50))
    size = 50 * len(text.read_bytes())
    assert 10 * packed.stat().st_size < size
    monkeypatch.setattr(loading, "IN_MEMORY", size - larger)
    found = load(packed, cache)
    assert len(kept(cache)) == larger
    if larger:
        monkeypatch.setattr(loading, "prepare_files", never)
        assert same(load(packed, cache), found)


def _killed(text: Path, cache: Path, moment: int) -> None:
    """Load a text, and die at that moment: before or in the middle of a write to a file."""
    left = [moment]

    def tick() -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*of: Any) -> Any:
            tick()
            result = function(*of)
            tick()
            return result

        return call

    def writing(prepared: Prepared, file: Any) -> Any:
        for share in write(prepared, file):
            file.flush()
            tick()
            yield share

    write = Prepared.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Prepared, "write", writing)
        for name in ("put_in_place", "write_at"):
            patch.setattr(text_cache, name, watched(getattr(text_cache, name)))
        patch.setattr(Scratch, "write", watched(Scratch.write))
        load(text, cache)
    os._exit(0)


@pytest.mark.long
@pytest.mark.usefixtures("settled")
def test_killed_at_any_moment_nothing_half_made_is_taken(text: Path, cache: Path) -> None:
    plain = load_corpus(str(text), LINES)
    for moment in range(60):
        process = _FORK.Process(target=_killed, args=(text, cache, moment))
        process.start()
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        names_there = {path.suffix for path in cache.iterdir()}
        assert names_there <= {".text", ".part", ".known", ""}
        if kept(cache):
            assert same(load(text, cache), plain)
        for path in cache.iterdir():
            path.unlink()
    assert process.exitcode == 0 and moment >= 20  # so many, and then none is left
    assert same(load(text, cache), plain)


def test_a_training_is_the_same_from_the_cache(
    text: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for unit in ("line", "continuous"):
        tensors = []
        for name, small in (("memory", 10**9), ("first", 0), ("again", 0)):
            monkeypatch.setattr(loading, "IN_MEMORY", small)
            run = tmp_path / f"{unit}-{name}"
            given = ["--corpus", str(text), "--unit", unit, "--cache", str(cache)]
            budget = ["--steps", "20", "--evaluations", "1"]
            assert run_main(main, [*given, *SMALL, *budget, "--out", str(run)]) == 0
            if name == "again":
                assert run_main(main, ["--resume", str(run), "--steps", "22"]) == 0
                continue
            tensors.append(load_checkpoint(run).tensors)
        one, other = tensors
        assert all(np.array_equal(one[key], other[key]) for key in one)
    assert len(kept(cache)) == 2
    assert capsys.readouterr().out.count("prepared text: ") == 2


def test_what_takes_long_tells_how_far_it_has_come(
    text: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(told, "_A_MOMENT", 0.0)
    monkeypatch.setattr(told, "_SECONDS_BETWEEN_LINES", 0.0)
    load_files([str(text)], None, LINES, str(cache), Reporter())
    said = capsys.readouterr().out
    assert "preparing: reading the text, 100 %\n" in said
    assert "preparing: cutting the text, 0 %\n" in said
    assert "preparing: writing what was prepared, " in said
