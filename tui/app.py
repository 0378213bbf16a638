"""The application: it owns the threads and the training, and closes them when it ends."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

from textual.command import Provider
from textual.screen import Screen
from textual.theme import Theme

from .keys.key import View as ViewName
from .keys.table import all_keys, key_named, keymap, row_bindings
from .shell import collector
from .shell.last_model import LastModel
from .shell.settings import Loaded, Settings, keep_setting
from .shell.signals import end_on_signals
from .shell.terminal_app import TerminalApp
from .shell.terminal_watch import watch_terminal
from .shell.themes import THEMES, full_name, short_name
from .training.desk import TrainingDesk, told_end, told_quit
from .training.process import train_command
from .training.watcher import RunWatcher
from .views.base import View
from .views.leading import Leading
from .views.registry import VIEWS
from .views.write.view import WriteScreen
from .widgets.leader_strip import LeaderStrip
from .writer.contract import Load
from .writer.engine_model import load_engine
from .writer.kept.keeper import Keeper
from .writer.knobs import Setting
from .writer.models import run_or_file
from .writer.snapshots import ModelFacts, Newest
from .writer.worker import DecodeWorker, nothing

_DESK = 0.5
_TWICE = 2.0  # seconds in which a key is pressed twice
#: Actions whose keys work on sheets too.
_EVERYWHERE = ("app.leader", "app.suspend_process")


def _actions_provider() -> type[Provider]:
    """The palette's, imported when it opens: the first paint does not wait for it."""
    from .views.palette import ActionsProvider

    return ActionsProvider


class CharlmApp(TerminalApp):
    """`python -m tui`. `model`: a run or a checkpoint, None for none.

    keeper: what keeps prompts and texts, None for nothing. greets: it is seen for the first time.
    """

    TITLE = "charlm"
    BINDINGS = [  # noqa: RUF012
        binding for row in all_keys() if row.action in _EVERYWHERE for binding in row_bindings(row)
    ]
    CSS_PATH = ["shell/app.tcss", "views/write/style.tcss", "views/write/stage.tcss"]  # noqa: RUF012
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS = {_actions_provider}  # noqa: RUF012

    def __init__(
        self,
        model: Path | None = None,
        *,
        load: Load = load_engine,
        settings: Loaded | None = None,
        notices: Sequence[str] = (),
        trainer: Sequence[str] | None = None,
        last: LastModel | None = None,
        keeper: Keeper | None = None,
        greets: bool = False,
    ) -> None:
        loaded = settings or Loaded(Settings())
        super().__init__(loaded.settings)
        self._model = model
        self._last = last or LastModel(None)
        self._keeper, self._greets = keeper, greets
        self.load = load
        self._loaded = loaded
        self._settings, self._settings_path = loaded.settings, loaded.path
        if loaded.settings.plain:
            self.animation_level = "none"
        self._notices = [*loaded.notices, *notices]
        self._leading = Leading(self)
        self.desk = TrainingDesk(trainer or train_command())
        self.decode_worker: DecodeWorker | None = None
        self.watcher = RunWatcher()
        self._desk_seen: tuple[object, ...] = ()
        self._quit_question: Screen[bool] | None = None
        self._asked_to_quit = -math.inf
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = full_name(self._settings.theme)
        self.stylesheet.set_variables(self.get_css_variables())
        self._styled: str | None = self.theme

    def get_default_screen(self) -> Screen[None]:
        """The screen one writes on."""
        recall = nothing if self._keeper is None else self._keeper.recall
        self.decode_worker = DecodeWorker(self.load, self._settings.threads, recall)
        setting = Setting(pace=self._settings.pace).with_decoder(self._settings.decoder)
        return WriteScreen(
            self.decode_worker, self.watcher, self.desk, self._model, setting,
            plain=self._settings.plain, keeper=self._keeper,
            said_decoder="decoder" in self._loaded.said, greets=self._greets,
        )  # fmt: skip

    def refresh_css(self, animate: bool = True) -> None:
        """Read the styles again, for another theme.

        Textual calls it before the first paint too, for the theme they were just read with.
        """
        theme, self._styled = self._styled, None
        if theme != self.theme:
            super().refresh_css(animate)

    def on_mount(self) -> None:
        """Keys, themes, and what is looked at from now on: the training, signals, the terminal."""
        self.call_after_refresh(collector.calm)
        self.set_keymap(keymap())
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        for notice in self._notices:
            self._warn(notice)
        self.set_interval(_DESK, self._look_at_training)
        if not self.is_headless:
            end_on_signals(self.exit)
            watch_terminal(self.close)

    def action_leader(self) -> None:
        """Wait for the letter of an action."""
        self._leading.begin()

    async def takes_key(self, key: str) -> bool:
        """What comes behind the leader."""
        return await self._leading.takes(key)

    async def on_leader_strip_chosen(self, event: LeaderStrip.Chosen) -> None:
        """A letter by the mouse."""
        await self._leading.do(event.action)

    def key_done(self) -> None:
        """Draw what a key or the mouse did to the view that is seen."""
        for view in self._views()[-1:]:
            view.changed()

    def _views(self) -> list[View]:
        return [screen for screen in self.screen_stack if isinstance(screen, View)]

    def on_unmount(self) -> None:
        """The threads end; a training is asked to save (`close` waits for it)."""
        if self.decode_worker is not None:
            self.decode_worker.close()
        self.watcher.close()
        self.desk.stop()
        self._last.close()

    def action_view(self, name: ViewName) -> None:
        """Show a view over the one that is shown; if it is that one, go back to writing.

        A view that lies below is gone back to. All are kept.
        """
        views = self._views()
        names = [view.view_name for view in views]
        target = "write" if names[-1] == name else name
        top = views[names.index(target)] if target in names else views[-1]
        while self.screen is not top:  # sheets too
            self.pop_screen()
        if target in names:
            return
        if not self.is_screen_installed(name):
            [entry] = (entry for entry in VIEWS if entry.name == name)
            self.install_screen(entry.make(self), name)
        self.push_screen(name)

    def _writer(self) -> WriteScreen:
        """The view that lies below all others."""
        screen = self.screen_stack[0]
        assert isinstance(screen, WriteScreen)
        return screen

    def write_with(self, path: Path) -> None:
        """Go to writing, with this model."""
        self.action_view("write")
        if path == self.desk.run:
            self.desk.talk()  # its newest weights are those: nothing newer is offered
        self._writer().load(path)
        self._writer().prompt.focus()

    @property
    def keeps_history(self) -> bool:
        """Whether prompts, texts and paths are kept for the next start."""
        return self._settings.history

    def show_training(self, runs: Sequence[Path]) -> None:
        """Go to the training of a run, the curves of the others over it."""
        from .views.train.view import TrainView

        self.action_view("train")
        view = self.screen
        assert isinstance(view, TrainView)
        view.overlay(runs)  # at once: a new view shows them first, and never its form

    def follow(self, path: Path, new: Path) -> None:
        """A run that lay at a path lies at another now: whoever knows it finds it there."""
        below = self.screen_stack[0]
        if isinstance(below, WriteScreen):
            below.model.follow(path, new)
        self.desk.follow(path, new)
        self._last.follow(path, new)
        if self.is_screen_installed("train"):
            from .views.train.view import TrainView

            view = self.get_screen("train")
            assert isinstance(view, TrainView)
            view.shown.follow(path, new)

    def newest(self) -> Newest:
        """What is written with, and the newest text as far as it is written."""
        if not self.screen_stack:  # at the end
            return Newest(None, "", False)
        return self._writer().newest()

    def written_with(self) -> Path | None:
        """The run or file that is written with."""
        facts = self._facts
        return None if facts is None else run_or_file(facts.path)

    @property
    def _facts(self) -> ModelFacts | None:
        """Of the model that writes. The view that has it is not entered: it may not be seen."""
        below = self.screen_stack[0]
        return below.model.facts if isinstance(below, WriteScreen) else None

    def close(self) -> None:
        """Wait until all is kept, and nothing that this app started is running."""
        if self._keeper is not None:
            self._keeper.close()
        self.desk.close()

    def _keep_theme(self, theme: Theme) -> None:
        """The theme of today is that of tomorrow; where that cannot be it is said once."""
        if self._settings_path is None:
            return
        try:
            keep_setting(self._settings_path, "theme", short_name(theme.name))
        except (ValueError, OSError, RuntimeError) as error:
            self._settings_path = None
            self._warn(f"the theme is not kept: {error}")

    async def action_quit(self) -> None:
        """End. Where something would be lost it is asked first; who asks twice means it."""
        lost = self._told_quit()
        if not lost or self.screen is self._quit_question:
            self.exit()
            return
        from .views.sheets import Question

        self._quit_question = Question("Quit?", lost, "Quit")
        self.push_screen(self._quit_question, lambda yes: self.exit() if yes else None)

    def _told_quit(self) -> list[str]:
        """What would end with the app, in lines; none where nothing would."""
        below, run = self.screen_stack[0], self.desk.would_lose
        told = []
        if isinstance(below, WriteScreen) and below.exporter.waiting is not None:
            what = "copied" if below.exporter.waiting.export.copies else "saved"
            told = [f"A text is to be {what} and is not ready yet: nothing comes of it."]
        if run is not None or self.desk.installation.running:
            told += [*[""] * len(told), *told_quit(run)]
        return told

    def action_help_quit(self) -> None:
        """Ctrl+C where it copies nothing: say what quits; twice it quits itself."""
        now = time.monotonic()
        if now - self._asked_to_quit < _TWICE:
            self.call_later(self.action_quit)
            return
        self._asked_to_quit = now
        self.notify(f"{key_named('app.quit')} quits, and so does this key once more")

    def _warn(self, notice: str) -> None:
        self.notify(notice, severity="warning", timeout=10)

    def _look_at_training(self) -> None:
        """Say how the training ended, whichever view is shown.

        The view that is seen draws that, and which model there is.
        """
        if not self.screen_stack:  # at the end
            return
        end, before = self.desk.ended(), self._desk_seen
        self._desk_seen = (self.desk.training, self.desk.has_newer(), self._facts)
        if self._desk_seen != before and (used := self.written_with()) is not None:
            self._last.use(used)
        if end is not None and self.desk.run is not None and self.desk.has_newer():
            self._last.use(self.desk.run)
        if end is not None or self._desk_seen != before:  # it may have begun and ended since
            self.key_done()
        if end is not None:
            message, wrong = told_end(end, self.desk.has_newer())
            self.notify(
                message, severity="error" if wrong else "information",
                timeout=30 if wrong else 5,
            )  # fmt: skip
