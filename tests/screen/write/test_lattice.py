"""A beam search on the screen: what is drawn, stepped through, clicked; the engine's searches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from driver import HOSTILE, RAW, painted, press, running, until, write
from fakes import FakeModel, FakeText, letters
from one_stage import StageView, staged, write_on
from searches import random_search
from snapshots import drawn, seen_as

from charlm.decoding import BeamSearch, NucleusBeam
from tui.keys.table import keys_of
from tui.shell.settings import Loaded, Settings
from tui.views.base import View
from tui.views.write.author import Asked
from tui.views.write.beams.search_tree import SearchTree
from tui.views.write.beams.time_bar import TimeBar
from tui.views.write.stage import Seen
from tui.views.write.view import WriteScreen
from tui.writer.engine_model import load_engine
from tui.writer.search import EndedText, Search, SearchPart
from tui.writer.snapshots import Request


class Searching(FakeText):
    """A text whose every step is one position of a search."""

    def __init__(self, part: SearchPart, delay: float, prompt: str) -> None:
        super().__init__(letters("x" * len(part.ids)), delay, prompt)
        self._parts = self._each(part)

    def _each(self, part: SearchPart) -> Iterator[SearchPart]:
        for row in range(len(part.ids)):
            rows = slice(row, row + 1)
            yield replace(
                part, parents=part.parents[rows], ids=part.ids[rows], scores=part.scores[rows]
            )

    def advance(self, n: int = 64, budget_ms: float = 20) -> list[object]:
        return super().advance(1, budget_ms)

    def searched(self) -> SearchPart | None:
        return next(self._parts)


class Searcher(FakeModel):
    """Gives one search to every beam."""

    part: SearchPart = random_search(7, 30, 6).part

    def open(self, request: Request) -> FakeText:
        if isinstance(request.strategy, BeamSearch | NucleusBeam):
            self.requests.append(request)
            return Searching(self.part, self.delay, request.prompt)
        return super().open(request)


async def looking(screen: WriteScreen) -> None:
    """A whole search, and the beams in the place of the text."""
    await press(screen, "f5")
    await write(screen, "We ")
    await press(screen, "ctrl+b")
    await until(lambda: screen.stages.beams and "at 30 of 30" in painted(screen))


async def looking_alone(screen: StageView) -> None:
    """The same without the lines around it."""
    screen.use("beam")
    await write_on(screen, "We ")
    screen.show(Seen.BEAMS)
    await until(lambda: "of 30" in painted(screen))


def texts(screen: View) -> list[str]:
    """The lines of the tree as they are drawn."""
    tree = screen.query_one(SearchTree)
    return [tree.render_line(y).text.rstrip() for y in range(tree.size.height)]


async def test_a_search_is_seen_and_stepped_through() -> None:
    async with running(Searcher(), (100, 30)) as screen:
        assert "Beams" not in painted(screen).split("\n")[-1]  # the decoder is no beam
        await press(screen, "f5")
        await until(lambda: "^B Beams" in painted(screen).split("\n")[-1])
        await looking(screen)
        assert screen.stages.beams and screen.stages.beams.has_focus
        assert not screen.text.display
        search = screen.text.writing.now.search
        assert search is not None and search.length == 30
        frame = search.frame(30, 0, 20)
        for line in frame.lines:
            own = "".join(line.text)[line.leaves :]
            assert any(own in drawn for drawn in texts(screen))
        assert f"the first {frame.shared} characters shared" in painted(screen)
        for key, place in (
            ("left", 29), ("right", 30), ("home", 1), ("end", 30), ("comma", 29),
            ("less_than_sign", 19), ("full_stop", 20), ("greater_than_sign", 30),
            ("comma", 29),
        ):  # fmt: skip
            await press(screen, key)
            await until(lambda place=place: f"at {place:>2} of 30" in painted(screen))
        await press(screen, *["less_than_sign"] * 4)
        await until(lambda: "at  1 of 30" in painted(screen))
        await press(screen, "space")
        await until(lambda: "at  4 of 30" in painted(screen) and "playing" in painted(screen))
        assert "Space Hold" in painted(screen)
        await press(screen, "space")
        await until(lambda: "held" in painted(screen))
        await press(screen, "ctrl+b")
        await until(lambda: screen.text.view.size and "We xxxx" in painted(screen))


async def test_it_follows_the_search_while_that_goes_on() -> None:
    async with staged(Searcher(delay=0.05), (80, 24)) as screen:
        screen.use("nucleus-beam")
        screen.stages.write(Asked("We"))
        screen.show(Seen.BEAMS)
        await until(lambda: "live" in painted(screen))
        await until(lambda: re.search(r"at +(\d\d) of \1 ", painted(screen)))
        await press(screen, "comma", "comma")
        await until(lambda: "held" in painted(screen))
        held = screen.stages.beams and screen.stages.beams.lattice.position
        await until(lambda: "of 30" in painted(screen))
        assert screen.stages.beams and screen.stages.beams.lattice.position == held
        assert "log p in the nucleus" in painted(screen)


@pytest.mark.parametrize("height", [30, 12])
async def test_the_winner_stands_above_the_losers(height: int) -> None:
    """Once a search is over that finished texts; before, and where none did, the best open one."""
    model = Searcher()
    ended = (EndedText("won", 4, -1.25), EndedText("lost", 5, -2.5))
    model.part = replace(model.part, ended=ended)
    async with staged(model, (100, height)) as screen:
        await looking_alone(screen)
        beams, search = screen.stages.beams, screen.text.writing.now.search  # type: ignore[union-attr]
        assert beams is not None and search is not None
        await until(lambda: texts(screen)[0].startswith("▸  ✓ -1.25 won"))
        assert "✓ -2.50 lost" in texts(screen)[1] or height < 30
        assert any(line.split()[:1] == ["1"] for line in texts(screen)[1:])
        assert beams.lattice.best_offset.y == beams.lattice.query_one(SearchTree).region.y
        beams.action_step(-1)
        await until(lambda: "at 29 of 30" in painted(screen))
        assert not any(line.startswith("▸") for line in texts(screen))
        best = texts(screen)[beams.lattice.query_one(SearchTree).best_row]
        assert best.split()[0] == "1"


async def test_what_was_cut_says_where_and_by_how_much() -> None:
    async with staged(Searcher(), (100, 40)) as screen:
        await looking_alone(screen)
        search = screen.text.writing.now.search
        assert search is not None
        cuts = [line.gone for line in search.frame(30, 0, 40).lines if line.gone is not None]
        assert cuts
        for cut in cuts:
            behind = cut.behind  # type: ignore[union-attr]
            said = f", {behind:.2f} behind" if behind >= 0 else ": led nowhere"
            assert any(said in line and f"cut at {cut.position}" in line for line in texts(screen))  # type: ignore[union-attr]


async def test_what_was_forgotten_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # The last 100 positions, as few as there are.
    monkeypatch.setattr("tui.writer.search._SLOTS", 0)
    model = Searcher()
    model.part = random_search(7, 130, 6).part
    async with staged(model, (100, 30)) as screen:
        screen.use("beam")
        await write_on(screen, "We ")
        screen.show(Seen.BEAMS)
        await until(lambda: "at 130 of 130" in painted(screen))
        await press(screen, "home")
        await until(lambda: "at  31 of 130" in painted(screen))
        assert "before 31: forgotten" in painted(screen)
        await press(screen, "end")
        await until(lambda: "at 130 of 130" in painted(screen))
        assert "…" in texts(screen)[0] and "We" not in texts(screen)[0]


async def test_a_click_on_the_bar_goes_there() -> None:
    async with running(Searcher(), (100, 30)) as screen:
        await looking(screen)
        bar = screen.query_one(TimeBar)
        bar.post_message(TimeBar.Chosen(12))
        await until(lambda: "at 12 of 30" in painted(screen))
        await press(screen, "escape")
        await until(lambda: screen.text.view.has_focus and "We xxxx" in painted(screen))


async def test_another_decoder_brings_the_text_back() -> None:
    async with running(Searcher(), (100, 30)) as screen:
        await looking(screen)
        await press(screen, "home", "space", "f4")
        await until(lambda: screen.stages.seen is Seen.TEXT and "We " in painted(screen))
        assert "Hold" not in painted(screen).split("\n")[-1]
        assert "Beams" not in painted(screen).split("\n")[-1]


async def test_the_keys_of_a_search_act_only_while_it_is_seen() -> None:
    keys = [key for key in keys_of("write") if key.group == "Beams" and key.where == "outside"]
    assert len(keys) >= 5
    async with running(Searcher(), (100, 30)) as screen:
        assert all(key.label(screen.states()) is None for key in keys)
        await looking(screen)
        assert all(key.label(screen.states()) is not None for key in keys)


async def test_hostile_characters_are_inert_in_the_tree() -> None:
    model = Searcher()
    model.part = replace(model.part, alphabet=(*HOSTILE[:7], "\u0301"))
    async with staged(model, (100, 30)) as screen:
        await looking_alone(screen)
        assert "␛" in "".join(texts(screen))
        await until(lambda: "␛" in painted(screen))
        assert not RAW.search("".join(texts(screen)))
        assert not RAW.search(painted(screen).replace("\n", ""))


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24), (160, 48), (300, 80)])
async def test_every_size_draws(size: tuple[int, int]) -> None:
    model = Searcher()
    model.part = replace(model.part, alphabet=tuple("abcdefg漢"))
    async with running(model, size) as screen:
        await press(screen, "f5")
        await write(screen, "We ")
        await press(screen, "ctrl+b", "comma")
        assert len(painted(screen).split("\n")) == size[1]
        await until(lambda: texts(screen) and texts(screen)[0])


@pytest.mark.parametrize("theme", ["dark", "light", "plain"])
async def test_it_looks_as_it_did(
    theme: str, match_snapshot: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    if theme == "plain":
        monkeypatch.setenv("NO_COLOR", "1")
    settings = Loaded(Settings(theme="light" if theme == "light" else "dark"))
    async with running(Searcher(), (80, 24), settings=settings) as screen:
        await looking(screen)
        await press(screen, "left")
        await until(lambda: "at 29 of 30" in painted(screen))
        screen.text.writing.characters = 0  # its speed is another each time
        screen.show_state()
        await seen_as(match_snapshot, f"beams-{theme}", lambda: drawn(screen.app))


@pytest.mark.parametrize("name", ["shakespeare", "speeches"])
@pytest.mark.parametrize("strategy", [BeamSearch(width=7), NucleusBeam(width=5, top_p=0.8)])
def test_the_engines_search_leads_to_its_texts(name: str, strategy: BeamSearch) -> None:
    model = load_engine(Path("checkpoints") / name, 1, "float32")
    opened = model.open(Request(1, "The ", strategy, 90, 3, 0, "beam"))
    search = Search()
    while not opened.source.done:
        opened.source.advance(7)
        part = opened.searched()
        assert part is not None
        search.extend(part)
    frame = search.frame(search.length, 0, strategy.width)
    completions = model._engine.write_many(
        ["The "], strategy, n=strategy.width, max_length=90, seed=3
    )[0]
    open = {c.text: c.score for c in completions if not c.finished}
    seen = {"".join(line.text): line.score for line in frame.lines if line.gone is None}
    for text, score in open.items():
        assert seen[text] == pytest.approx(score)
    kept = {text.text: (text.length, text.score) for text in frame.ended}
    for completion in completions:
        if completion.finished:
            assert kept[completion.text] == (completion.length, completion.score)
            assert len(completion.text) == completion.length - 1
    assert open or kept
