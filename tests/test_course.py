"""docs/course.md: its Python and its commands are run, the code it names is looked up."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from root import ROOT
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from charlm.cli.main import main

PAGE = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
#: (command, what the page shows of its output)
COMMANDS = re.findall(
    r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(text for kind, text in BLOCKS if not kind), re.M
)
#: What makes any training a quick one; words that come later win.
QUICK = {
    "charlm.train": ["--hidden", "12", "--embedding", "5", "--steps", "12", "--no-texts"],
    "compare": ["--hidden", "8", "--embedding", "5", "--budget", "12steps", "--seeds", "1"],
}
SHIPPED = ("speeches", "shakespeare")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like the root of the repository, with a small text in it."""
    (tmp_path / "checkpoints").mkdir()
    for name in SHIPPED:
        (tmp_path / "checkpoints" / name).symlink_to(ROOT / "checkpoints" / name)
    sentences = (
        f"They will win {n} times, and we have {n + 1} jobs. Believe me!" for n in range(80)
    )
    (tmp_path / "speeches.txt").write_text("\n".join(sentences))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def module_and_words(command: str) -> tuple[str, list[str]]:
    """ "python -m charlm.train ..." -> "charlm.train", ["train", ...], for `charlm`'s main."""
    python, flag, module, *words = shlex.split(command)
    assert (python, flag) == ("python", "-m")
    if module == "charlm.train":
        return module, ["train", *words]
    assert module == "charlm"
    return words[0], words


def run_all(capsys: pytest.CaptureFixture[str], quick: bool) -> None:
    """Run every command in its turn, and hold its output against what is shown."""
    for command, shown in COMMANDS:
        module, words = module_and_words(command)
        assert main(words + (QUICK.get(module, []) if quick else [])) == 0, command
        written = capsys.readouterr()
        assert "error" not in written.err
        if any(f"checkpoints/{name}" in command for name in SHIPPED):
            assert written.out.strip() == shown.strip(), command
        else:
            expected, found = (set(map(shape, t.splitlines())) for t in (shown, written.out))
            assert expected - found <= {"", "..."}, command


def shape(line: str) -> str:
    """A line without what differs from text to text: its numbers."""
    return re.sub(r"[\d.,:]+|\s+", " ", line).strip()


def test_the_python_of_the_page_says_what_it_shows(place: Path) -> None:
    code = "\n".join(text for kind, text in BLOCKS if kind == "pycon")
    test = doctest.DocTestParser().get_doctest(code, {}, "course.md", "docs/course.md", 0)
    told: list[str] = []
    assert len(test.examples) > 40
    assert doctest.DocTestRunner().run(test, out=told.append).failed == 0, "".join(told)


def test_the_commands_of_the_page_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_all(capsys, quick=True)
    named = re.findall(r"`([a-z_]+/(?:all|train|layers\.0\.\w+))`", PAGE)
    assert len(named) > 5
    tags = set[str]()
    for cell in ("rnn", "gru", "lstm"):
        events = EventAccumulator(str(place / "checkpoints" / f"my-{cell}")).Reload()
        tags |= {*events.Tags()["scalars"], *events.Tags()["histograms"]}
    assert set(named) <= tags


@pytest.mark.long
def test_the_commands_of_the_page_run_as_they_stand(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_all(capsys, quick=False)


def test_the_code_that_the_page_names_is_there() -> None:
    named = re.findall(r"^- `(\S+)`: (.*)$", PAGE, re.MULTILINE)
    assert len(named) == PAGE.count("\n- `") >= PAGE.count("\nWhere:\n") > 7
    for path, names in named:
        code = (ROOT / path).read_text(encoding="utf-8")
        defines = r"def {0}\b|class {0}\b" if path.endswith(".py") else r"\b{0}\("
        for name in names.split(", "):
            assert re.search(defines.format(name.strip("`")), code), (path, name)


def test_every_question_is_answered() -> None:
    assert re.findall(r"^## (\d)\. ", PAGE, re.MULTILINE) == list("1234567")
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:8]:
        for word in ("Where:\n", "Look at: ", "```"):
            assert word in part, part[:40]
