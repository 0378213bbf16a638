"""`python -m tui` from outside: exit codes, one line on stderr, and never torch."""

import os
import signal
from pathlib import Path

import pytest
from root import ROOT
from screen_command import run

from benchmarks.terminal import Terminal


def test_without_a_terminal_it_says_so() -> None:
    done = run("-m", "tui")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("charlm: error: the screen needs a terminal")
    assert done.stderr.count("\n") == 1


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    for missing, said in (
        (tmp_path / "nowhere", "{} does not exist"),
        (tmp_path, "no checkpoint at {}"),
    ):
        done = run("-m", "tui", str(missing))
        assert done.returncode == 2
        assert done.stderr.startswith(f"charlm: error: {said.format(missing)}:")
        assert done.stderr.count("\n") == 1


def test_a_run_may_be_named_as_the_table_names_it() -> None:
    done = run("-m", "tui", "speeches")
    assert done.stderr.startswith("charlm: error: the screen needs a terminal")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shakespear"], "no run 'shakespear' under checkpoints: did you mean shakespeare?"),
        (["--checkpoint", "x"], "the model is the first argument: python -m charlm tui RUN"),
        (["--temperature", "1"], "--temperature is an option of python -m charlm write"),
        (["--them", "light"], "there is no option --them: did you mean --theme?"),
    ],
)
def test_what_was_meant_is_said(arguments: list[str], said: str) -> None:
    done = run("-m", "tui", *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr


@pytest.mark.parametrize("threads", ["0", "x", "-1", "9" * 5000])
def test_a_wrong_number_of_threads_is_named(threads: str) -> None:
    done = run("-m", "tui", f"--threads={threads}")
    assert done.returncode == 2
    assert "from 1 to 1024" in done.stderr
    assert len(done.stderr) < 200


def test_a_wrong_option_is_one_inert_line() -> None:
    done = run("-m", "tui", "--thread\x1b]0;own\x07")
    assert done.returncode == 2
    assert done.stderr.startswith("charlm: error: there is no option --thread␛]0;own␇")
    assert done.stderr.count("\n") == 1


STORY = """
import asyncio, sys
from pathlib import Path
import numpy as np
from charlm.run.layout import MODEL
from charlm.run.checkpoint import Checkpoint, save_checkpoint
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.text.config import TextConfig
from charlm.text.vocabulary import Vocabulary
from tui.app import CharlmApp

run = Path(sys.argv[1])
vocabulary = Vocabulary.of(["abc \\n"])
config = ModelConfig("gru", len(vocabulary), 4, 8, bias=False)
random = np.random.default_rng(1)
tensors = {
    name: random.uniform(-1, 1, parameter.shape).astype(np.float32)
    for name, parameter in parameter_shapes(config).items()
}
text = TextConfig(unit="continuous", start_id=vocabulary.to_id["\\n"])
corpus = {"name": "x", "sha256": "0" * 64, "characters": 9, "split": "90/5/5"}
save_checkpoint(run / MODEL, Checkpoint(config, text, vocabulary, tensors, {}, corpus))

async def until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise SystemExit("it never happened")

async def story():
    app = CharlmApp(run)
    async with app.run_test(size=(120, 30), notifications=True):
        screen = app.screen
        await until(lambda: screen.model.facts)
        screen.prompt.text = "ab z"
        app.simulate_key("enter")
        for key in ("f2", "f3", "f5", "f6"):
            await until(lambda: len(screen.text.view.text) > 20)
            app.simulate_key(key)
            await asyncio.sleep(0.1)
        await until(lambda: len(screen.text.view.text) > 20)
        app.simulate_key("escape")
        await until(lambda: not screen.text.writing.streaming)
        await asyncio.sleep(0.7)
        print(screen.text.view.text[:4])
    app.close()

asyncio.run(story())
print(sorted(name for name in sys.modules if name.split(".")[0] == "torch"))
"""


def test_a_whole_story_on_the_engine_never_imports_torch(tmp_path: Path) -> None:
    done = run("-c", STORY, str(tmp_path))
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stdout.startswith("ab ")


def test_it_ends_when_its_terminal_is_gone(tmp_path: Path) -> None:
    """Also where no signal says so, as behind a server that was killed; in mid-text."""
    settings = {"CHARLM_SETTINGS": str(tmp_path / "none")}
    with Terminal(["-m", "tui", str(ROOT / "checkpoints/shakespeare")], environment=settings) as it:
        it.wait(b"is ready")
        it.send("The\r")
        it.wait("▌".encode())
        it.hang_up()
        assert it.process.wait(60) == 129


@pytest.mark.parametrize("name", ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_with_its_own_code(tmp_path: Path, name: str) -> None:
    settings = {"CHARLM_SETTINGS": str(tmp_path / "none"), "CHARLM_MOUSE": "0"}
    with Terminal(["-m", "tui", str(ROOT / "checkpoints/shakespeare")], environment=settings) as it:
        it.wait(b"is ready")
        it.process.send_signal(getattr(signal, name))
        it.wait(None)
        assert it.process.wait(60) == 128 + getattr(signal, name)


@pytest.mark.parametrize("keys", ["\x03\x03", "\x1bq"])
def test_keys_that_quit(tmp_path: Path, keys: str) -> None:
    """Ctrl+C twice; q outside the prompt."""
    settings = {"CHARLM_SETTINGS": str(tmp_path / "none")}
    with Terminal(["-m", "tui", str(ROOT / "checkpoints/shakespeare")], environment=settings) as it:
        it.wait(b"is ready")
        for key in keys:
            it.send(key)
            it.read_for(0.7)  # Esc and a letter at once are another key
        it.wait(None)
        assert it.process.wait(60) == 0


def test_the_mouse_may_be_the_terminals(tmp_path: Path) -> None:
    settings = {"CHARLM_SETTINGS": str(tmp_path / "none")}
    for options, taken in (((), True), (("--no-mouse",), False)):
        with Terminal(["-m", "tui", *options], environment=settings) as it:
            it.wait(b"is ready")
            assert (b"\x1b[?1000h" in it._seen) is taken


def test_the_shipped_model_is_opened_else_the_newest_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from charlm.run import places
    from tui.writer import models

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "SHIPPED_RUNS", tmp_path / "package")
    assert models.first_model() is None
    for time, name in enumerate(("old", "new", "empty")):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
        if name != "empty":
            model = tmp_path / "checkpoints" / name / models.MODEL
            model.write_bytes(b"x")
            os.utime(model, (time, time))
    assert models.first_model() == Path("checkpoints/new")
    shipped = tmp_path / "package" / places.SHIPPED[1]
    shipped.mkdir(parents=True)
    (shipped / models.MODEL).write_bytes(b"x")
    assert models.first_model() == shipped
