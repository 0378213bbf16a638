"""The form that starts a training, alone: what may stand in it, and what it would take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from driver import opened, press, until
from textual.app import App, ComposeResult
from textual.events import Paste
from textual.widgets import Input
from train_fakes import TRAINER, training_view

from tui.shell.recent_texts import recent_texts
from tui.training.desk import TrainingDesk
from tui.training.snapshots import Forecast
from tui.views.train.choice import Choice
from tui.views.train.choose_text import ChooseText
from tui.views.train.filled_in import FieldError
from tui.views.train.forecast import forecast_content
from tui.views.train.form import TrainForm
from tui.views.train.training_plan import TrainingPlan

FORECAST = Forecast((("parameters", "1,234"),), done=True)


class FormApp(App[None]):
    """The form alone. `asked`: the plans it was started with."""

    CSS = "TrainForm Input { width: 40; } #forecast { height: 8; }"

    def __init__(self, runs: Path) -> None:
        super().__init__()
        self.form = TrainForm(runs, TrainingDesk(TRAINER), recent_texts())
        self.asked: list[TrainingPlan] = []

    def compose(self) -> ComposeResult:
        yield self.form

    def on_train_form_asked(self, event: TrainForm.Asked) -> None:
        self.asked.append(event.plan)

    def fill(self, **fields: str) -> None:
        for field, text in fields.items():
            self.form.query_one(f"#{field}", Input).value = text

    def said(self, part: str) -> str:
        """What stands in a part of the form."""
        return str(self.form.query_one(part).content)  # type: ignore[attr-defined]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of one's own, with a folder for runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


@asynccontextmanager
async def shown_form(runs: Path) -> AsyncIterator[FormApp]:
    app = FormApp(runs)
    async with app.run_test(size=(100, 40)):
        app.form.wake()
        app.form.open()
        yield app


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("corpus", "nowhere.txt"), ("hidden", "0"), ("hidden", "x"), ("hidden", "99999999"),
        ("layers", "65"), ("budget", "many"), ("budget", "0"), ("name", "../up"), ("name", ".."),
        ("name", "a\x1bb"), ("name", "名" * 90), ("dropout", "1"), ("seed", "-1"),
        ("others", "no option"), ("others", "--corpus 'open"),
    ],
)  # fmt: skip
async def test_the_form_names_the_field_that_is_wrong(runs: Path, field: str, value: str) -> None:
    async with shown_form(runs) as app:
        app.fill(**{field: value})
        app.form.start()
        assert app.said("#form-error") and "\x1b" not in app.said("#form-error")
        await until(lambda: app.form.query_one(f"#{field}").has_focus)
        assert not app.asked
        app.fill(**{field: {"hidden": "64", "layers": "2", "budget": "5k"}.get(field, "")})
        app.form.start()
        await until(lambda: app.asked)


def test_the_forecast_tells_how_far_a_large_text_is_read() -> None:
    preparing = (("preparing", "reading the text, 3 %"), ("preparing", "reading the text, 9 %"))
    assert "reading the text …" in str(forecast_content(Forecast()))
    assert "reading the text, 9 % …" in str(forecast_content(Forecast(preparing)))
    read = (*preparing, ("text", "a.txt"))
    assert "trying a few steps …" in str(forecast_content(Forecast(read)))


def test_reasons_in_the_forecast_are_whole_and_stand_below_their_values() -> None:
    because = "sentence (by looking: its lines are full, and sentences run on over them)"
    facts = (("unit", because), ("speed", "about 15,455 characters/s on 2 threads"))
    lines = str(forecast_content(Forecast(facts, done=True), 76)).splitlines()
    assert lines[1:4] == [
        "unit        sentence (by looking: its lines are full, and sentences run on",
        "            over them)",
        "speed       15,455 characters/s",
    ]
    assert max(map(len, lines)) <= 76
    assert f"unit        {because}\n" in str(forecast_content(Forecast(facts, done=True)))


async def test_the_forecast_of_another_plan_goes_with_it(runs: Path) -> None:
    async with shown_form(runs) as app:
        dry_run = app.form.outlook.dry_run
        dry_run.close()
        dry_run.ask = lambda plan: None  # type: ignore[method-assign]
        for field, value in (("hidden", "65"), ("corpus", "nowhere")):
            dry_run.latest = FORECAST
            dry_run.tell()
            await until(lambda: "1,234" in app.said("#forecast"))
            app.fill(**{field: value})
            await until(lambda: "1,234" not in app.said("#forecast"))
        assert "nowhere is not there" in app.said("#form-error")


async def test_a_corpus_may_have_any_name_of_a_file(runs: Path) -> None:
    Path("~notes.txt").write_text("hello\n" * 99)
    async with shown_form(runs) as app:
        app.fill(corpus="~notes.txt")
        assert app.form.plan().what[:2] == ["--corpus", "~notes.txt"]


async def test_a_kind_of_budget_brings_its_own_default(runs: Path) -> None:
    async with shown_form(runs) as app:
        budget, kind = app.form.query_one("#budget", Input), app.form.query_one("#kind", Choice)
        for value in ("5", "10", "auto"):
            kind.action_step(1)
            await until(lambda value=value: budget.value == value)  # type: ignore[misc]
        budget.value = "700k"  # one's own stays
        kind.action_step(1)
        await until(lambda: kind.value == "minutes")
        assert budget.value == "700k"


def test_options_that_the_trainer_refuses_are_its_to_refuse(tmp_path: Path) -> None:
    plan = TrainingPlan(tmp_path, more=("--tied",))
    assert plan.options[-4:-2] == ["--keep", "20"] and "--tied" in plan.options


async def test_a_dropped_path_is_the_corpus(runs: Path) -> None:
    """As file managers and terminals write one: in quotes, with backslashes, as a URL."""
    text = runs.resolve() / "märchen für dich.txt"
    text.write_text("text")
    async with shown_form(runs) as app:
        for typed in (f"'{text}'", str(text).replace(" ", "\\ "), text.as_uri()):
            app.fill(corpus=typed)
            plan = app.form.plan()
            assert plan.what[:2] == ["--corpus", str(text)]
            assert plan.run.name.startswith("märchen_für_dich-lstm-")
        app.fill(corpus="'nowhere.txt'")
        with pytest.raises(FieldError, match=r"^nowhere\.txt is not there"):
            app.form.plan()


async def test_several_texts_are_dropped_one_after_the_other(runs: Path) -> None:
    for name in ("one é.txt", "two.txt", "three.txt"):
        Path(name).write_text("text")
    here = Path.cwd()
    async with shown_form(runs) as app:
        corpus = app.form.query_one("#corpus", Input)
        corpus.focus()
        for text in (f"'{here}/one é.txt' ", f"{here}/two.txt\n{here}/three.txt\n"):
            corpus.post_message(Paste(text))
            name = text.split("/")[-1].strip("' \n")
            await until(lambda name=name: name in corpus.value)  # type: ignore[misc]
        assert app.form.plan().corpus == tuple(
            f"{here}/{name}" for name in ("one é.txt", "two.txt", "three.txt")
        )
        assert app.form.plan().what[:4] == ["--corpus", *app.form.plan().corpus]
        corpus.value = "tw"  # what is pasted into a word is a part of it
        corpus.post_message(Paste("o.txt\n"))
        await until(lambda: corpus.value == "two.txt")


async def test_the_name_of_a_run_that_is_there_is_not_proposed(runs: Path) -> None:
    async with shown_form(runs) as app:
        name = app.form.plan().run.name
        for taken in (name, f"{name}-2"):
            (runs / taken).mkdir()
        assert app.form.plan().run.name == f"{name}-3"


async def test_what_comes_while_the_form_goes_away_is_borne(runs: Path) -> None:
    """A timer of it, or a message of a field, may still be under way."""
    async with shown_form(runs) as app:
        form = app.form
        await form.query_one("#form-error").remove()
        form.on_input_changed()
        await form.remove()
        form.on_input_changed()
        form.start()
        form.turn_page()
        form.rest()
        form.wake()
        assert not form.outlook.dry_run.latest


async def test_a_text_is_chosen_from_those_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a training was started on is offered by the form the next time, and fills its field."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    odd = tmp_path / " a\x1b[31m'é .txt"
    odd.write_text("hello\n" * 99)
    async with training_view() as view:
        corpus = view.query_one("#corpus", Input)
        corpus.value = f"'{odd}'"
        view.form.start()
        await until(lambda: view.shown.run is not None)
        assert view.form.plan().corpus == (str(odd),)
        view.steering.stop()
    async with training_view() as view:
        view.action_new()
        await until(lambda: view.form.display)
        await press(view, "tab", "down")  # on the unit it opens nothing
        assert view.app.screen is view
        view.query_one("#corpus", Input).focus()
        await until(lambda: view.query_one("#corpus", Input).has_focus)
        await press(view, "down")
        await opened(view, ChooseText)
        sheet = view.app.screen
        assert isinstance(sheet, ChooseText)
        await until(lambda: len(sheet.files.rows) > 4)
        await press(view, "enter")
        await until(lambda: view.app.screen is view)
        assert view.query_one("#corpus", Input).has_focus
        assert view.form.plan().corpus == (str(odd),)
