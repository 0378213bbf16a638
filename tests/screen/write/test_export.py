"""What the screen keeps of a text, on the real engine: files, receipts, what the model thought."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from driver import HOSTILE, RAW, export, loaded, press, toasts, until
from exported import written_from
from fakes import thoughts
from models import random_checkpoint
from rich.style import Style

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy
from charlm.engine.engine import Engine
from charlm.errors import InputError
from charlm.run.checkpoint import save_checkpoint
from charlm.run.layout import MODEL
from tui.app import CharlmApp
from tui.views.write.export.export_files import as_json_lines, as_markdown, as_svg, save
from tui.views.write.text.block import Block
from tui.views.write.view import WriteScreen
from tui.writer.contract import Unwanted
from tui.writer.engine_model import EngineModel, load_engine
from tui.writer.models import python
from tui.writer.search import Search
from tui.writer.snapshots import Explain, Request, WantRecord
from tui.writer.thoughts import LEVELS, Trace


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    save_checkpoint(folder / MODEL, random_checkpoint("gru", "sentence", end=-2))
    return folder


STRATEGIES: dict[str, Strategy] = {
    "greedy": Greedy(), "nucleus": Sampling(top_p=0.6), "beam": BeamSearch(width=3),
    "nucleus-beam": NucleusBeam(width=3),
}  # fmt: skip


@pytest.fixture(scope="module")
def model(run: Path) -> EngineModel:
    return load_engine(run, 1, "float32")


def always() -> bool:
    return True


def request(name: str, prompt: str = "abc", length: int = 60, details: bool = False) -> Request:
    return Request(1, prompt, STRATEGIES[name], length, 3, 0, name, details)


def whole(model: EngineModel, asked: Request) -> tuple[str, bool, Trace | None]:
    """The text of a request as the worker reads it, whether it ended, and its thoughts."""
    opened, text = model.open(asked), ""
    trace = Trace.of(opened.prompt_thoughts(always)) if asked.details else None
    while not opened.source.done:
        changes = opened.source.advance(7)
        text = text[: changes[0].keep] + "".join(change.text for change in changes)
        told = opened.thoughts()
        assert (told is None) == (trace is None)
        if told is not None and trace is not None:
            trace.add(told)
    return text, opened.ended(), trace


@pytest.mark.parametrize("name", ["greedy", "nucleus"])
@pytest.mark.parametrize("prompt", ["abc", ""])
def test_what_is_told_while_writing_is_what_is_told_afterwards(
    model: EngineModel, run: Path, name: str, prompt: str
) -> None:
    text, ended, trace = whole(model, request(name, prompt, details=True))
    assert trace is not None and len(trace) == len(prompt) + len(text) + ended
    answer = model.answer(Explain(request(name, prompt), prompt, text, ended), always)
    again = Trace.of(*answer.thoughts)  # type: ignore[union-attr]
    for place in range(len(trace)):
        assert trace.at(place) == again.at(place)
    characters = [trace.at(i).character for i in range(len(trace))]  # type: ignore[union-attr]
    assert "".join(characters) == prompt + text
    # The engine's own details are the oracle.
    session = Engine.load(run).start([prompt], STRATEGIES[name], max_length=60, seed=3, details=10)
    while not session.done:
        session.advance(64)
    _, log_probs, details = session.told(0)
    for i, log_prob in enumerate(log_probs):
        thought = trace.at(len(prompt) + i)
        assert thought is not None
        assert (thought.log_prob, thought.rank) == (log_prob, details.ranks[i])
        kept = [rival.kept is not None for rival in thought.rivals]
        assert kept == np.isfinite(details.rival_kept_log_probs[i]).tolist()


@pytest.mark.parametrize("name", ["beam", "nucleus-beam"])
def test_a_beam_is_scored_when_it_is_whole(model: EngineModel, run: Path, name: str) -> None:
    text, ended, _ = whole(model, request(name))
    answer = model.answer(Explain(request(name), "abc", text, ended), always)
    trace = Trace.of(*answer.thoughts)  # type: ignore[union-attr]
    assert len(trace) == 3 + len(text) + ended
    told = sum(trace.at(i).log_prob for i in range(3, len(trace)))  # type: ignore[union-attr]
    best = Engine.load(run).write("abc", STRATEGIES[name], max_length=60, seed=3)
    assert best.text == text
    assert told == pytest.approx(best.log_prob, abs=1e-4)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_prompt_may_take_all_of_the_first_budgets(model: EngineModel, name: str) -> None:
    """Then nothing was written yet, of which everything can be told too."""
    asked = request(name, "abc" * 500, details=not name.endswith("beam"))
    opened, text, idle = model.open(asked), "", 0
    trace, search = Trace.of(opened.prompt_thoughts(always)), Search()
    while not opened.source.done:
        for change in opened.source.advance(7, 0.001):
            text = text[: change.keep] + change.text
        idle += not text and not opened.source.characters
        told, searched = opened.thoughts(), opened.searched()
        if told is not None:
            trace.add(told)
        if searched is not None:
            search.extend(searched)
    assert idle > 3
    assert text == whole(model, asked)[0]
    assert len(trace) == (len(asked.prompt) + len(text) + opened.ended()) * asked.details
    assert (search.length > 0) == name.endswith("beam")


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_record_of_a_whole_text(model: EngineModel, run: Path, name: str) -> None:
    text, _, _ = whole(model, request(name))
    record = model.answer(WantRecord(request(name), text), always).record  # type: ignore[union-attr]
    assert written_from(run, record) == "abc" + text


@pytest.mark.parametrize("length", [0, 1, 9])
def test_the_record_of_a_stopped_text(model: EngineModel, run: Path, length: int) -> None:
    text, _, _ = whole(model, request("nucleus"))
    assert len(text) > 9
    cut = WantRecord(request("nucleus"), text[:length])
    record = model.answer(cut, always).record  # type: ignore[union-attr]
    assert written_from(run, record) == "abc" + text[:length]


def test_a_stopped_search_has_no_record(model: EngineModel) -> None:
    text, _, _ = whole(model, request("beam"))
    with pytest.raises(InputError, match="let it come to its end"):
        model.answer(WantRecord(request("beam"), text[:3]), always)


@pytest.mark.parametrize("name", ["nucleus", "beam"])
@pytest.mark.parametrize("kind", ["text", "prompt", "record"])
def test_looking_back_ends_when_nobody_waits(model: EngineModel, name: str, kind: str) -> None:
    asked = request(name, "abc" * 200_000)._replace(details=True)
    left = iter([True, True, False])
    with pytest.raises(Unwanted):
        if kind == "prompt":
            model.open(asked._replace(strategy=STRATEGIES["nucleus"])).prompt_thoughts(
                left.__next__
            )
        elif kind == "record":
            model.answer(WantRecord(asked, "abc"), left.__next__)
        else:
            model.answer(Explain(asked, asked.prompt, "abc", False), left.__next__)
    assert not list(left)


@asynccontextmanager
async def real(run: Path) -> AsyncIterator[WriteScreen]:
    """The app on the real engine, its model loaded."""
    async with loaded(CharlmApp(run), (80, 24)) as screen:
        yield screen


async def test_a_receipt_saved_from_the_screen_is_written_again(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with real(run) as screen:
        await press(screen, *"abc", "enter")
        await until(lambda: screen.text.writing.now and not screen.text.writing.streaming)
        # A rival is taken, so that the text on the screen is a branch.
        await press(screen, "escape", "left", "home")
        await until(lambda: screen.text.rivals.known)
        place = screen.text.view.cursor
        thought = screen.text.view.blocks[-1].trace.at(place)  # type: ignore[union-attr]
        written = ("", thought.character)
        other = next(i for i, r in enumerate(thought.rivals) if r.character not in written)
        await press(screen, "1234567890"[other], "enter")
        await until(lambda: screen.text.writing.now.parent and not screen.text.writing.streaming)  # type: ignore[union-attr]
        await press(screen, "f12")
        await until(lambda: list(tmp_path.glob("*.json")))
        [path] = tmp_path.glob("*.json")
        command = f"{python()} -m charlm write {run} --from {path.name}"
        said = f"saved {path}\n{command} writes it again"
        await until(lambda: said in toasts(screen))
        text = screen.text.view.text
        assert text[place] == thought.rivals[other].character
        await export(screen, "json", "c")
        await until(lambda: '"engine_format"' in screen.app.clipboard)
        assert screen.app.clipboard == path.read_text("utf-8")
    assert written_from(run, path.read_text("utf-8")) == text


async def test_every_format_is_saved(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with real(run) as screen:
        await press(screen, *"abc", "enter")
        await until(lambda: screen.text.writing.now and not screen.text.writing.streaming)
        for suffix in ("txt", "md", "jsonl", "svg", "json"):
            await export(screen, suffix, "enter")
            await until(lambda suffix=suffix: list(tmp_path.glob(f"*.{suffix}")))
        text = screen.text.view.text
        assert not screen.text.writing.details
    [plain], [table] = tmp_path.glob("*.txt"), tmp_path.glob("*.jsonl")
    assert plain.read_text("utf-8") == text
    rows = [json.loads(line) for line in table.read_text("utf-8").splitlines()]
    assert "".join(row["character"] for row in rows) == text
    [picture] = tmp_path.glob("*.svg")
    assert len(set(ElementTree.parse(picture).getroot().itertext())) > 3


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    paths = [save(tmp_path, "a/../\x1b[b]", "txt", text) for text in ("one", "two")]
    assert [path.read_text() for path in paths] == ["one", "two"]
    assert all(path.parent == tmp_path and not RAW.search(path.name) for path in paths)


def hostile_block() -> Block:
    block = Block(HOSTILE, HOSTILE, len(HOSTILE), 80)
    block.write(0, "```` " + HOSTILE + "\n<&漢", 0)
    block.trace = Trace.of(thoughts(block.text))
    return block


def test_hostile_text_is_inert_in_pictures_and_markdown() -> None:
    block = hostile_block()
    styles = [Style(color=f"#{i}{i}0000", bold=i > 3) for i in range(len(LEVELS) + 1)]
    picture = as_svg(block, Style.parse("#ffffff on #000000"), styles)
    assert not RAW.search(picture.replace("\n", ""))
    text = "".join(ElementTree.fromstring(picture).itertext())
    assert "<&漢" in text and "[@click=app.quit]" in text
    page = as_markdown(block)
    assert not RAW.search(page.replace("\n", ""))
    assert page.count("`````") == 4  # a fence longer than any run of backticks in the text


def test_json_lines_hold_every_character() -> None:
    trace = Trace.of(thoughts("ab", ended=True))
    rows = [json.loads(line) for line in as_json_lines(trace).splitlines()]
    assert [row["character"] for row in rows] == ["a", "b", ""]
    assert rows[0]["rivals"][0][0] == "e"
    assert rows[0]["rivals"][2][2] is None
