"""What is kept, as a file: how large it gets, what it may say, who may read it."""

from __future__ import annotations

import copy
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from kept import MINE, OTHER, Place

from tui.writer.kept.cut import LARGEST, MOST_BRANCHES, MOST_PROMPTS, MOST_TEXTS
from tui.writer.kept.folder import MOST_FILES, KeptFolder
from tui.writer.kept.form import data_of, kept_of
from tui.writer.kept.keeper import Keeper
from tui.writer.kept.values import Kept, KeptBranch, KeptText
from tui.writer.knobs import DECODERS, Setting

MODEL = MINE.identity
DICE = "00000000000000d1"


def text_of(text: str, precision: Any = "float32") -> KeptText:
    return KeptText("heading", "note", text, 0, 0, precision)


def branch_of(text: str, parent: int | None = None, redo: int | None = None) -> KeptBranch:
    return KeptBranch(text_of(text), Setting(), "", DICE, True, False, True, parent, redo)


def turned() -> Setting:
    """A setting of which every knob was turned, of every decoder."""
    setting = Setting()
    for name in DECODERS:
        setting = setting.with_decoder(name)
        for knob in setting.knobs:
            setting = setting.moved(knob, 1).moved(knob, 1)
    setting = setting.with_text("ban", "\ud800\x1b[")
    return setting.with_seed(2**64 - 1).moved("temperature", 1)


FULL = Kept(
    ("one", "two\n\x1b\ud800é漢"), turned(), (text_of("older"), text_of("8 bits", "int8")),
    (branch_of("root", None, 1), branch_of("child", 0), branch_of("other", 0)), 1,
)  # fmt: skip


def test_it_comes_back_as_it_was() -> None:
    for kept in (FULL, Kept((), Setting())):
        back = kept_of(data_of(kept, MODEL), MODEL)
        assert back == kept
        for name in DECODERS:
            strategies = (each.setting.with_decoder(name).strategy for each in (back, kept))
            one, other = strategies
            assert repr(one) == repr(other)
        assert isinstance(back.setting.values, dict | MappingProxyType)


def test_the_oldest_texts_go_first_and_prompts_stay() -> None:
    texts = tuple(text_of(f"{place}" + "x" * 100_000) for place in range(20))
    prompts = tuple(f"{place}" + "y" * 50_000 for place in range(20))
    kept = FULL._replace(texts=texts, prompts=prompts)
    data = data_of(kept, MODEL)
    assert LARGEST - 110_000 < len(data) <= LARGEST
    back = kept_of(data, MODEL)
    assert back.prompts == prompts[-5:] and back.branches == FULL.branches
    assert back.texts == texts[-len(back.texts) :] and 5 < len(back.texts) < 9
    wide = FULL._replace(texts=tuple(text_of("漢" * 100_000) for _ in range(20)))
    assert len(data_of(wide, MODEL)) <= LARGEST


@pytest.mark.parametrize("large", [30_000, 90_000, 400_000])
def test_of_a_tree_the_text_that_is_shown_goes_last(large: int) -> None:
    """A chain of 20 texts with a leaf at each; one of them is shown."""
    branches = [branch_of("0" + "x" * large)]
    for place in range(1, 20):
        branches.append(
            branch_of(f"{place}" + "x" * large, (place - 1) // 2 * 2 if place > 1 else 0)
        )
    shown = 18
    kept = Kept(("a",), Setting(), (text_of("old"),), tuple(branches), shown)
    back = kept_of(data_of(kept, MODEL), MODEL)
    assert len(data_of(kept, MODEL)) <= LARGEST and back.prompts == ("a",)
    assert back.branches[back.shown].seen == branches[shown].seen
    assert 1 < len(back.branches) < 40
    line, place = [], back.shown
    while place is not None:
        line.append(back.branches[place].seen)
        place = back.branches[place].parent  # type: ignore[assignment]
    before, place = [], shown
    while place is not None:
        before.append(branches[place].seen)
        place = branches[place].parent  # type: ignore[assignment]
    assert line == before[: len(line)]  # what it came of, as far back as there is room


def test_a_text_that_has_no_room_is_not_kept() -> None:
    kept = Kept(("a",), Setting(), (), (branch_of("x" * LARGEST),), 0)
    assert kept_of(data_of(kept, MODEL), MODEL) == Kept(("a",), Setting())


def test_many_small_things_are_as_few_as_anybody_looks_through() -> None:
    branches = (branch_of("r"), *(branch_of(f"{place}", 0) for place in range(1, 2000)))
    kept = Kept(
        tuple(map(str, range(2000))), Setting(), tuple(text_of(f"{n}") for n in range(2000)),
        branches, 1999,
    )  # fmt: skip
    back = kept_of(data_of(kept, MODEL), MODEL)
    counts = len(back.prompts), len(back.texts), len(back.branches)
    assert counts == (MOST_PROMPTS, MOST_TEXTS, MOST_BRANCHES)
    assert back.prompts[-1] == "1999" and back.branches[back.shown].seen.text == "1999"


WRONG = (
    None, True, -1, 10**30, 1.5, float("nan"), float("inf"), "", "x", [], ["x"], [[]], {},
    {"x": 1}, {"nucleus": 1}, {"nucleus": {"top_p": 2}}, {"nucleus": {"width": 3}},
)  # fmt: skip


def places_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document: what holds it, and its key."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places_of(value[key])


def test_whatever_is_wrong_at_any_place_is_refused_or_harmless() -> None:
    document = json.loads(data_of(FULL, MODEL).decode("utf-8", "surrogatepass"))
    refused = tried = 0
    for number in range(len(list(places_of(document)))):
        for wrong in (*WRONG, "missing"):
            changed = copy.deepcopy(document)
            holder, key = list(places_of(changed))[number]
            if wrong == "missing":
                del holder[key]
            else:
                holder[key] = wrong
            data = json.dumps(changed).encode()
            tried += 1
            try:
                kept = kept_of(data, MODEL)
            except ValueError as error:
                refused += 1
                assert str(error) in ("it is damaged", "it is of a newer charlm")
            else:  # another text, another number that may be
                assert kept_of(data_of(kept, MODEL), MODEL) == kept
    assert refused > tried * 0.8


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"{}", b"\xff", b"[" * 100_000, b"9" * 5000, b'{"version": 1}',
        b'{"version":1,"version":1}', b"NaN", "\ud800".encode("utf-8", "surrogatepass"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it is damaged$"):
        kept_of(data, MODEL)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path / "state" / "texts")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_can_read_it(place: Place, umask: int) -> None:
    before = os.umask(umask)
    try:
        KeptFolder(place.path).write(MODEL, b"{}")
    finally:
        os.umask(before)
    assert place.path.stat().st_mode & 0o777 == 0o700
    assert place.file().stat().st_mode & 0o777 == 0o600
    place.path.chmod(0o755)
    assert KeptFolder(place.path).read(MODEL) == b"{}"
    assert place.path.stat().st_mode & 0o777 == 0o700


def test_what_another_user_put_there_is_not_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    KeptFolder(place.path).write(MODEL, b"{}")
    monkeypatch.setattr("tui.writer.kept.folder.os.geteuid", lambda: os.getuid() + 1)
    for act in (lambda f: f.read(MODEL), lambda f: f.write(MODEL, b""), lambda f: f.forget()):
        with pytest.raises(OSError, match="another user"):
            act(KeptFolder(place.path))


def test_the_files_of_models_not_written_with_for_long_go(place: Place) -> None:
    folder = KeptFolder(place.path)
    folder.write(MODEL, b"{}")
    for number in range(MOST_FILES + 9):
        name = f"{number:064x}.json" if number % 2 else f"{number:064x}.0123abcd.aside"
        (place.path / name).touch()
        os.utime(place.path / name, (number + 1, number + 1))
    others = [place.path / name for name in ("notes.txt", "x.json", ".charlm-new")]
    for other in others:
        other.touch()
    (place.path / f"{0:064x}.folder.json").mkdir()
    folder.write(OTHER.identity, b"{}")
    assert all(other.exists() for other in others)
    names = sorted(path.name for path in place.path.iterdir() if len(path.name) > 64)
    assert len(names) == MOST_FILES + 1
    assert f"{MODEL}.json" in names and f"{OTHER.identity}.json" in names
    assert f"{10:064x}.0123abcd.aside" not in names and f"{11:064x}.json" in names


def test_the_last_screen_that_writes_has_its_way(place: Place) -> None:
    one, other = place.keeper, place.keeper
    one.save(MINE, FULL)
    one.close()
    one = place.keeper
    assert one.recall(MINE) == other.recall(MINE) == FULL
    other.save(MINE, FULL._replace(prompts=("other's",)))
    other.close()
    one.save(MINE, FULL)  # nothing was done on it
    one.close()
    assert kept_of(place.file().read_bytes(), MODEL).prompts == ("other's",)


def test_two_that_write_at_once_damage_nothing(place: Place) -> None:
    KeptFolder(place.path).write(MODEL, data_of(FULL, MODEL))
    done = threading.Event()

    def write(prompt: str) -> None:
        folder = KeptFolder(place.path)
        for number in range(60):
            kept = FULL._replace(prompts=(prompt * (number + 1),))
            folder.write(MODEL, data_of(kept, MODEL))

    threads = [threading.Thread(target=write, args=(prompt,)) for prompt in "ab"]
    for thread in threads:
        thread.start()
    while not done.is_set():
        data = KeptFolder(place.path).read(MODEL)
        assert data is not None and kept_of(data, MODEL).setting == FULL.setting
        if not any(thread.is_alive() for thread in threads):
            done.set()
    assert [path.name for path in place.path.iterdir()] == [f"{MODEL}.json"]


def test_what_waits_to_be_written_is_what_is_recalled(place: Place) -> None:
    keeper = place.keeper
    for number in range(3):
        keeper.save(MINE, FULL._replace(prompts=(f"{number}",)))
    recalled = keeper.recall(MINE)
    assert recalled is not None and recalled.prompts == ("2",)
    keeper.forget(MINE)
    assert keeper.recall(MINE) is None
    keeper.save(OTHER, FULL)
    keeper.close()
    assert [path.name for path in place.path.iterdir()] == [f"{OTHER.identity}.json"]
    assert list(keeper.take()) == []


@pytest.mark.parametrize("identity", ["", "x" * 64, "A" * 64, "../" + "a" * 61, "a" * 63])
def test_a_model_without_an_identity_has_no_file(place: Place, identity: str) -> None:
    keeper = place.keeper
    facts = MINE._replace(identity=identity)
    keeper.save(facts, FULL)
    keeper.forget(facts)
    assert keeper.recall(facts) is None
    keeper.close()
    assert not place.path.exists()


@pytest.mark.parametrize("act", ["save", "forget"])
def test_what_fails_at_the_end_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    keeper = place.keeper
    keeper.save(MINE, FULL)
    keeper.close()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(KeptFolder, "write", fail)
    monkeypatch.setattr(KeptFolder, "forget", fail)
    keeper = place.keeper
    calls: dict[str, Callable[[], object]] = {
        "save": lambda: keeper.save(MINE, FULL), "forget": lambda: keeper.forget(MINE),
    }  # fmt: skip
    calls[act]()
    keeper.close()
    [said] = keeper.take()
    assert said.endswith(": No space left on device")
    assert isinstance(keeper, Keeper) and place.file().exists()
