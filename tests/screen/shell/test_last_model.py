"""The screen opens on the model that was used last, unless that stands in its way."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from driver import toasts, until
from fakes import FakeModel, letters

from charlm.run.layout import LAST, MODEL, RUN_LOG, kept_name
from tui.app import CharlmApp
from tui.shell.last_model import LastModel
from tui.writer.models import run_of, shown_name


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model that comes with charlm, and a working folder with a run in checkpoints/mine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("charlm.run.places.SHIPPED_RUNS", tmp_path / "package")
    for run in (tmp_path / "package" / "shakespeare", tmp_path / "checkpoints" / "mine"):
        run.mkdir(parents=True)
        (run / MODEL).touch()
    return tmp_path / "package" / "shakespeare"


def test_it_opens_on_what_was_used_last(shipped: Path) -> None:
    file = Path("state", "last-model")
    assert LastModel(file).choose() == (shipped, "")
    LastModel(file).use(Path("checkpoints/mine"))
    for _ in range(2):  # a start that ends before the model is read is no broken one
        last = LastModel(file)
        assert last.choose() == (Path.cwd() / "checkpoints" / "mine", "")
        last.close()
    last = LastModel(file)
    last.choose()
    last.use(Path("checkpoints/mine"))
    last.close()
    assert LastModel(file).choose() == (Path.cwd() / "checkpoints" / "mine", "")


def test_a_screen_that_closes_takes_nothing_from_one_that_came_later(shipped: Path) -> None:
    first, second = LastModel(Path("last-model")), LastModel(Path("last-model"))
    first.use(Path("checkpoints/mine"))
    second.use(shipped)
    first.close()
    assert LastModel(Path("last-model")).choose() == (shipped, "")
    opening = Path("last-model").read_text()
    second.close()  # the third is opening the same model still
    assert Path("last-model").read_text() == opening and "opening" in opening


def test_a_start_that_broke_off_is_not_repeated(shipped: Path) -> None:
    file = Path("last-model")
    LastModel(file).use(Path("checkpoints/mine"))
    LastModel(file).choose()
    assert LastModel(file).choose()[1] == ""  # another screen is just opening on it
    LastModel(file).use(Path("checkpoints/mine"))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    file.write_text(f"{file.read_text()}opening {ended.pid}\n")
    model, notice = LastModel(file).choose()
    assert model == shipped
    assert notice.startswith("the last start broke off") and notice.count("tui mine ") == 1
    assert LastModel(file).choose() == (shipped, "")


def test_a_first_start_is_one_once_and_where_that_can_be_known(shipped: Path) -> None:
    file = Path("state", "last-model")
    assert LastModel(file).is_first_start() and not LastModel(file).is_first_start()
    assert LastModel(file).choose() == (shipped, "")
    Path("blocked").touch()
    Path("link").symlink_to("/no/such/file")
    for known in (None, Path("blocked", "last-model"), Path("link")):
        assert not LastModel(known).is_first_start()


@pytest.mark.parametrize("text", ["", "relative/mine", "\0", "x" * 20_000])
def test_what_the_file_says_may_be_wrong(shipped: Path, text: str) -> None:
    Path("last-model").write_text(text)
    assert LastModel(Path("last-model")).choose() == (shipped, "")


def test_a_model_that_is_gone_is_told_of(shipped: Path) -> None:
    Path("last-model").write_text("/no/such/run\n")
    said = "the model of last time is no longer at /no/such/run"
    assert LastModel(Path("last-model")).choose() == (shipped, said)


@pytest.mark.parametrize("name", [".", MODEL, kept_name(7)])
def test_a_run_that_was_renamed_elsewhere_is_found(shipped: Path, name: str) -> None:
    run, file = Path("checkpoints/mine").absolute(), Path("last-model")
    for each in ("mine", "a", "z"):
        (run.with_name(each) / kept_name(7)).parent.mkdir(parents=True)
        for weights in (MODEL, kept_name(7)):
            (run.with_name(each) / weights).touch()
    last = LastModel(file)
    last.use(run / name)
    (run / MODEL).write_bytes(b"trained on")
    last.close()
    ours = run.rename(run.with_name("ours"))
    assert LastModel(file).choose() == (ours / name, "") == LastModel(file).choose()
    shutil.copytree(ours, run)
    shutil.rmtree(ours)  # other files, so it is not known that they are the same model
    run.rename(run.with_name("copied"))
    said = f"the model of last time is no longer at {ours / name}"
    assert LastModel(file).choose() == (shipped, said)


def test_where_nothing_can_be_kept_nothing_is_said(shipped: Path) -> None:
    Path("blocked").touch()
    for file in (None, Path("blocked", "last-model")):
        last = LastModel(file)
        assert last.choose() == (shipped, "")
        last.use(Path("checkpoints/mine"))
        last.close()


async def test_the_app_remembers_what_writes(shipped: Path) -> None:
    last = LastModel(Path("last-model"))
    app = CharlmApp(Path("checkpoints/tiny"), load=FakeModel(letters("x")).load, last=last)
    async with app.run_test():
        await until(lambda: Path("last-model").exists())
    assert Path("last-model").read_text() == f"{Path.cwd() / 'checkpoints' / 'tiny'}\n"


async def test_a_model_that_cannot_be_read_makes_room_for_the_shipped_one(shipped: Path) -> None:
    good = FakeModel(letters("x"))

    def load(path: Path, *options: object) -> object:
        if path.name == "mine":
            raise ValueError("a damaged file")
        return good.load(path, *options)  # type: ignore[arg-type]

    app = CharlmApp(Path("checkpoints/mine"), load=load)  # type: ignore[arg-type]
    async with app.run_test(notifications=True):
        await until(lambda: app.written_with() is not None)
        assert any("a damaged file" in toast for toast in toasts(app.screen))


def test_weights_are_called_by_their_run(tmp_path: Path) -> None:
    run = tmp_path / "mine"
    run.mkdir()
    assert shown_name(run / MODEL) == "mine"
    assert shown_name(run / LAST) == LAST  # somebody's file of that name
    (run / RUN_LOG).touch()
    assert shown_name(run / LAST) == "mine, newest"
    assert shown_name(run / kept_name(1407)) == "mine, step 1,407"
    assert shown_name(Path("/runs/other.safetensors")) == "other.safetensors"
    assert run_of(run / kept_name(1407)) == run_of(run / MODEL) == run
