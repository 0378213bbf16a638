"""The key table is whole: no key twice in one place, every action exists, help shows all."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest
from root import ROOT
from textual.dom import DOMNode

from tui.app import CharlmApp
from tui.keys.key import View as ViewName
from tui.keys.key import key_name
from tui.keys.table import (
    all_keys,
    decoder_keys,
    key_named,
    keys_of,
    label_of,
    remap,
    view_key,
)
from tui.views.base import View
from tui.views.inspect.view import InspectView
from tui.views.runs.view import RunsView
from tui.views.sheets import help_content
from tui.views.train.view import TrainView
from tui.views.write.beams.stage import BeamsStage
from tui.views.write.lanes.stage import LanesStage
from tui.views.write.text.stage import TextStage
from tui.views.write.view import WriteScreen
from tui.widgets.prompt import PromptRow
from tui.writer.knobs import DECODERS

TUI = ROOT / "tui"
SOURCES = [path for path in sorted(TUI.rglob("*.py")) if "key_named(" in path.read_text("utf-8")]
VIEWS: list[type[View]] = [WriteScreen, RunsView, TrainView, InspectView]
#: Who binds keys of the table.
OWNERS: list[type[DOMNode]] = [*VIEWS, TextStage, BeamsStage, LanesStage, PromptRow]
each_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.view_name)


@each_view
def test_no_key_has_two_actions_in_one_place(view: type[View]) -> None:
    for place in ("prompt", "outside"):
        names = [n for key in keys_of(view.view_name, "always", place) for n in key.keys]
        assert len(names) == len(set(names))


@each_view
def test_letters_are_text_in_the_prompt(view: type[View]) -> None:
    for key in keys_of(view.view_name, "always", "prompt"):
        assert all(len(name) > 1 for name in key.keys)


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.__name__)
def test_every_action_is_a_method(owner: type[DOMNode]) -> None:
    bound = [binding for binding in owner.BINDINGS if getattr(binding, "id", None)]
    for binding in bound:
        name = re.split(r"[(]", binding.action)[0]
        has_it, name = (CharlmApp, name[4:]) if name.startswith("app.") else (owner, name)
        assert callable(getattr(has_it, f"action_{name}")), binding.action
    assert bound


@each_view
def test_every_row_is_bound(view: type[View]) -> None:
    bound = {getattr(binding, "id", None) for owner in OWNERS for binding in owner.BINDINGS}
    assert {key.id for key in keys_of(view.view_name)} <= bound


def test_a_row_of_a_keymap_is_told_from_all_others() -> None:
    ids = [(key.view, key.id) for key in all_keys()]
    assert len(set(ids)) == len(ids)


@each_view
def test_help_shows_every_key(view: type[View]) -> None:
    page = help_content(view.view_name).plain
    for key in keys_of(view.view_name):
        for name in key.keys:
            assert re.search(rf"(^|\s){re.escape(key_name(name))}\s", page), key


def test_labels_follow_the_state() -> None:
    assert label_of("app.view", ("train",), {"write", "training"}) == "Training"
    assert label_of("app.view", ("train",), {"write"}) == "Train"
    assert label_of("pause", (), {"train", "alive", "paused"}) == "Go on"
    assert label_of("pause", (), {"write", "alive"}) is None
    assert label_of("escape", (), {"write", "prompt"}) == "Leave"
    assert label_of("escape", (), {"write", "prompt", "streaming"}) == "Stop"
    assert label_of("copy", (), {"write"}) is None
    assert label_of("knob", ("top_p", 1), {"write", "knob-top_p"}) == "top-p"
    assert label_of("knob", ("top_p", 1), {"write", "knob-width"}) == ""  # it says why
    assert label_of("pick", ("top_p",), set()) is not None


@pytest.mark.parametrize(
    ("action", "view"),
    [("decoder('beam')", ""), ("copy", "runs"), ("app.quit()", ""), ("cpoy", "write")],
)
def test_a_key_that_is_not_there_is_an_error(action: str, view: ViewName) -> None:
    """Ctrl+B said "a key of your own and a key of your own search among many"."""
    with pytest.raises(LookupError):
        key_named(action, view)


@pytest.mark.parametrize(
    ("action", "parameters"), [("knob", ("top_q", 1)), ("layer", (7,)), ("copy", (1,))]
)
def test_an_action_called_as_no_key_calls_it_is_an_error(
    action: str, parameters: tuple[object, ...]
) -> None:
    with pytest.raises(LookupError):
        label_of(action, parameters, {"write", "inspect"})


def view_of(path: Path) -> str:
    """The view whose folder a file lies in; trainings beside the screen belong to Train."""
    folders = pairwise(reversed(path.parts))
    return next((a for a, b in folders if b == "views"), "train")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TUI)))
def test_every_key_that_a_message_names_is_there(path: Path) -> None:
    """As far as the calls can be read: a view's own name is that of its folder."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "key_named":
            view = "" if len(call.args) < 2 else view_of(path)
            if len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
                view = call.args[1].value
            form = ast.literal_eval(ast.unparse(call.args[0]).removeprefix("f"))
            for name in DECODERS:
                for shown in ("runs", "train", "inspect"):
                    assert key_named(form.format(name=name, view=shown), view)


def test_actions_have_names_of_their_own() -> None:
    """Settings could not tell two apart, and one would lose its keys."""
    calls: dict[tuple[str, str], set[str]] = {}
    for key in all_keys():
        calls.setdefault((key.view, key.name), set()).add(key.action)
    assert all(len(actions) == 1 for actions in calls.values())


def test_key_names() -> None:
    assert [key_name(k) for k in ("ctrl+q", "f2", "shift+down", "t", "T", "escape")] == [
        "^Q", "F2", "⇧↓", "t", "T", "Esc",
    ]  # fmt: skip


def test_hints_name_the_keys_that_are_in_use(own_keys: None) -> None:
    assert (view_key("train"), key_named("train", "runs"), decoder_keys()) == ("F8", "t", "F2-F6")
    wanted = {"view-train": ["f10"], "decoder-greedy": ["ctrl+w"]}
    assert remap(wanted) == ()
    assert (view_key("train"), decoder_keys()) == ("F10", "^W-F6")
