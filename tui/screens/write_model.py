"""The keys of the model: its numbers, train one, its curves."""

from __future__ import annotations

from textual.geometry import Size

from tui.messages import TrainingEnded
from tui.models import runs_folder
from tui.screens.view import TALL, WIDE
from tui.screens.write_base import WriteBase
from tui.training import TrainingPlan


class ModelActions(WriteBase):
    """Numbers, training, curves."""

    def action_precision(self) -> None:
        """The same model in numbers of 8 bits, or of 32 again; the text starts again."""
        if self._loading:
            self.say("one moment: the model is being read")
            return
        self._precision = "float32" if self._precision == "int8" else "int8"
        self.say(f"numbers: {self._precision}")
        if self.facts is not None:
            prompt = self.writing.prompt
            self.load(self.facts.path)
            if prompt is not None:
                self._write(prompt)

    def action_train(self) -> None:
        """Open the form; while a training runs, stop it."""
        if self._desk.training:
            self._desk.stop()
            self.say("stopping the training: it saves first")
        else:
            from tui.screens.train_form import TrainForm

            self.app.push_screen(TrainForm(runs_folder()), self._start_training)

    def action_talk(self) -> None:
        """Load the newest weights of the training."""
        run = self._desk.talk()
        if run is not None:
            self.load(run)

    def action_curves(self) -> None:
        """Show or hide the curves."""
        self._curves_wanted = not self.panel.display
        self._place_curves()
        if self._curves_wanted and not self.panel.display:
            self.say(f"the curves need a terminal of {TALL} lines")
        self.show_state()

    def _look_at_training(self) -> None:
        end = self._desk.ended()
        if end is not None:
            self._training_ended(end)

    def _training_ended(self, end: TrainingEnded) -> None:
        if end.code == 0 or end.stopped:
            how = "stopped" if end.stopped else "done"
            talk = ": Ctrl+L talks to it" if self._desk.has_newer() else ""
            self.say(f"training {how}{talk}")
            return
        how = f"with exit code {end.code}" if end.code > 0 else f"by signal {-end.code}"
        last = "\n".join(end.lines[-4:])
        self.app.notify(f"training ended {how}\n{last}", severity="error", timeout=30, markup=False)

    def _start_training(self, plan: TrainingPlan | None) -> None:
        if plan is None:
            return
        try:
            self._desk.start(plan)
        except OSError as error:
            self.say(f"the training could not be started: {error}", True)
            return
        self._watcher.watch(plan.run)
        self._curves_wanted = True
        self._place_curves()
        self.say(f"training {plan.run.name}: F8 stops it")

    def _place_curves(self, size: Size | None = None) -> None:
        size = size or self.size
        wanted = size.width >= WIDE if self._curves_wanted is None else self._curves_wanted
        self.panel.display = wanted and size.height >= TALL
