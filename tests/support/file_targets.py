"""Every reader that opens a file somebody else may have made, as a target of a fuzzer.

A target reads bytes as its reader does, and uses what it made of them. It may raise an error of
charlm's, in a line, or do without the file; whatever else happens is a finding (`wrong`). Where
seeds come from, and how a file is changed, belongs to it. A new kind of file gets its row here.
"""

from __future__ import annotations

import json
import shutil
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import file_changes
import torch
from file_changes import Change
from good_files import IDENTITY, TRAINED, prompts, records
from models import random_checkpoint

from charlm.cli.continued import NamedTexts, look_through
from charlm.cli.info import rows, values
from charlm.cli.out_file import opened_out
from charlm.cli.prompt_files import read_prompts
from charlm.cli.rewriting import read_records, rewrite
from charlm.compare.results import read_result
from charlm.compare.trainings import check_folder
from charlm.display import visible
from charlm.engine.engine import Engine
from charlm.engine.prompt_state import PromptState
from charlm.errors import CharlmError
from charlm.model.cells import CELLS
from charlm.options.training import parse_options
from charlm.run.checkpoint import checkpoint_bytes, describe_checkpoint, load_checkpoint
from charlm.run.control import Control
from charlm.run.layout import CONTROL, MODEL, OLD_RESUME, RESUME, RUN_LOG
from charlm.run.log import read_run_log, rewind
from charlm.run.weights import WeightsFinder
from charlm.text.config import MESSAGES
from charlm.text.corpus import load_corpus, opened
from charlm.text.preparation import Preparation
from charlm.text.vocabulary import Vocabulary
from charlm.train.going_on import resumed_options, without_places
from charlm.train.keep.folder import RunFolder
from charlm.train.keep.text_cache import TextCache
from charlm.train.learner import Learner
from charlm.train.saved import check_model
from charlm.train.tell.announce import command_line
from charlm.train.tell.reporter import Reporter
from charlm.train.text import load_text
from tui.keys import table
from tui.shell.last_model import LastModel
from tui.shell.recent_texts import RecentTexts
from tui.shell.settings import keep_setting, load_settings
from tui.training.reader import RunReader
from tui.views.runs.folders import read_details, read_row
from tui.writer.kept.folder import KeptFolder
from tui.writer.kept.form import data_of, kept_of

#: Characters of a line that an error is.
LONGEST = 2000
_MOST_WRITTEN = 100  # characters of all texts that a file of records may ask a target for

Read = Callable[[bytes], object]


class Target(NamedTuple):
    """A reader.

    seeds: good files, from a folder of good files. reader: what reads, made once of that folder
    and an empty one. allowed: errors whose words a person is told.
    """

    seeds: Callable[[Path], list[bytes]]
    reader: Callable[[Path, Path], Read]
    change: Change
    allowed: tuple[type[Exception], ...] = (CharlmError,)


def wrong(target: Target, read: Read, data: bytes) -> tuple[str, str]:
    """What was wrong as a file was read: the kind of it, and all of it; "" where nothing was."""
    try:
        read(data)
    except target.allowed as error:
        said = visible(error.typed if isinstance(error, CharlmError) else str(error))
        if len(said) >= LONGEST:
            return f"too long a line of {_place(error)}", said
    except Exception as error:
        return f"{type(error).__name__} of {_place(error)}", traceback.format_exc()
    return "", ""


def _place(error: Exception) -> str:
    """Where in charlm an error came from."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/tests/" not in f.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "the target"


def _file(*names: str) -> Callable[[Path], list[bytes]]:
    """Seeds that lie there."""
    return lambda good: [path.read_bytes() for name in names for path in sorted(good.glob(name))]


def _checkpoints(good: Path) -> list[bytes]:
    models = [random_checkpoint(cell, characters="\n ab", hidden_size=3) for cell in CELLS]
    models.append(random_checkpoint("gru", "sentence", "\n .ab", hidden_size=2, layers=2))
    return [checkpoint_bytes(model)[0] for model in models]


def _checkpoint(good: Path, place: Path) -> Read:
    path = place / MODEL

    def read(data: bytes) -> None:
        path.write_bytes(data)
        read_row(place)
        read_details(place)
        WeightsFinder(place).find()
        with suppress(CharlmError):
            describe_checkpoint(path)
        model = load_checkpoint(path)
        assert all(isinstance(word, str) for row in rows(model) for word in row)
        json.dumps(values(model))
        Engine(model).write("", max_length=3)

    return read


def _state(good: Path, place: Path) -> Read:
    path, engine = place / "state", Engine.load(good / MODEL)

    def read(data: bytes) -> None:
        path.write_bytes(data)
        engine.write(PromptState.load(path) + "a", max_length=3)

    return read


def _resume(name: str) -> Callable[[Path, Path], Read]:
    def reader(good: Path, place: Path) -> Read:
        torch.set_num_threads(1)
        run, text = place / "run", str(good / "numbers.txt")
        run.mkdir()
        words = ["--corpus", text, "--out", str(run), *TRAINED]
        options = parse_options(words)
        corpus, _ = load_text(options, Reporter())
        learners: list[Learner] = []

        def read(data: bytes) -> None:
            (run / name).write_bytes(data)
            with RunFolder.open(run) as folder:
                saved = folder.load_resume()
            with suppress(CharlmError):
                without_places(saved, "another", replace(options, resume=str(run)))
            resumed = resumed_options(["--resume", str(run), "--corpus", text], saved)
            vocabulary = Vocabulary(saved["vocabulary"])
            config = resumed.model(len(vocabulary))
            check_model(saved, config, bool(resumed.average))
            if not learners:  # the seed's
                config_of_text = replace(corpus.config, start_id=saved["start_id"])
                learners.append(Learner(resumed, corpus, vocabulary, config_of_text))
            if learners[0].config == config and learners[0].options == resumed:
                learners[0].resume(saved)

        read((good / ("run" if name == RESUME else ".") / name).read_bytes())
        return read

    return reader


def _run_log(good: Path, place: Path) -> Read:
    shutil.copy(good / MODEL, place / MODEL)

    def read(data: bytes) -> None:
        (place / RUN_LOG).write_bytes(data)
        reader = RunReader(place)
        reader.read()
        reader.curves()
        read_row(place)
        read_details(place)
        read_run_log(place)
        rewind(place, 2)

    return read


_COMPARED = ("--corpus", "numbers.txt", "--out", "run", *TRAINED)


def _compared_logs(good: Path) -> list[bytes]:
    """Of the run, as if a comparison had trained it."""
    first, *others = (good / "run" / RUN_LOG).read_bytes().splitlines(keepends=True)
    start = json.loads(first)
    start["command"] = command_line(_COMPARED, parse_options(_COMPARED))
    start["corpus"]["sha256"] = ""
    return [json.dumps(start).encode() + b"\n" + b"".join(others)]


def _compared(good: Path, place: Path) -> Read:
    (place / "run").mkdir()
    options = parse_options(_COMPARED)
    training = SimpleNamespace(
        folder=place / "run", config=options.model(9), arguments=_COMPARED, options=lambda: options
    )

    def read(data: bytes) -> None:
        (place / "run" / RUN_LOG).write_bytes(data)
        read_result(training)  # type: ignore[arg-type]
        check_folder(training, "")  # type: ignore[arg-type]

    return read


def _control(good: Path, place: Path) -> Read:
    path = place / CONTROL

    def read(data: bytes) -> None:
        path.unlink(missing_ok=True)
        control = Control(place)
        path.write_bytes(data)
        assert all(len(act.error) < LONGEST for act in control.new())

    return read


def _records(good: Path, place: Path) -> Read:
    engine = Engine.load(good / MODEL)

    def read(data: bytes) -> None:
        requests = read_records(data, "records", "cpu")
        asked = sum(
            each.order.limits.max_length * getattr(each.order.strategy, "width", 1)
            for each in requests
        )
        known = all(engine.checkpoint.is_named(each.model) for each in requests)
        if known and asked <= _MOST_WRITTEN and len({each.order for each in requests}) < 9:
            precisions = {(each.model, each.order.precision): engine for each in requests}
            rewrite(precisions, requests)

    return read


def _continued(good: Path, place: Path) -> Read:
    path = place / "written.jsonl"
    record = json.loads((good / "receipt").read_bytes())
    common = ("identity", "engine_format", "precision", "device", "strategy", "options", "limits",
              "seed")  # fmt: skip
    named = NamedTexts(
        {name: record[name] for name in common},
        [{"dice": record["dice"], "sample": number} for number in range(2)],
        ["a", "a"], 1, False, 2,
    )  # fmt: skip

    def read(data: bytes) -> None:
        path.write_bytes(data)
        with opened_out(str(path), go_on=True) as out:
            look_through(out, named)

    return read


def _prompts(good: Path, place: Path) -> Read:
    def read(data: bytes) -> None:
        for name in ("prompts", "prompts.jsonl"):
            path = place / name
            path.write_bytes(data)
            with suppress(CharlmError):
                read_prompts(None, str(path), None)
        read_prompts(None, None, str(path))

    return read


def _settings(good: Path, place: Path) -> Read:
    path = place / "settings.toml"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        loaded = load_settings({"CHARLM_SETTINGS": str(path)}, {})
        notices = list(loaded.notices)
        if loaded.settings.keys:
            notices += table.remap(loaded.settings.keys)
            table.keymap()
        assert all(len(visible(notice)) < LONGEST for notice in notices)
        with suppress(ValueError, RuntimeError, OSError):  # which keep_setting names
            keep_setting(path, "theme", "dark")
            assert load_settings({"CHARLM_SETTINGS": str(path)}, {}).settings.theme == "dark"

    return read


def _prepared(good: Path, place: Path) -> Read:
    (text,) = (good / "texts").glob("*.text")
    cache = TextCache(place)

    def read(data: bytes) -> None:
        (place / text.name).unlink(missing_ok=True)
        (place / text.name).write_bytes(data)
        found = cache.find(text.stem)
        if found is not None:
            opened(found, "a text", ()).report.rows()

    return read


def _kept(good: Path, place: Path) -> Read:
    folder = KeptFolder(place / "kept")
    folder.write(IDENTITY, b"")

    def read(data: bytes) -> None:
        folder.write(IDENTITY, data)
        kept = kept_of(folder.read(IDENTITY) or b"", IDENTITY)
        assert kept_of(data_of(kept, IDENTITY), IDENTITY) == kept

    return read


def _recent(good: Path, place: Path) -> Read:
    path = place / "recent"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        recent = RecentTexts(path)
        assert all(isinstance(each, str) for each in recent.paths())
        recent.add(["/a"])
        assert recent.paths()[0] == "/a"

    return read


def _last_model(good: Path, place: Path) -> Read:
    path = place / "last-model"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        model = LastModel(path)
        assert len(model.choose()[1]) < 20_000  # it is a path, which may be long
        model.follow(place / "a", place / "b")

    return read


def _text(name: str, preparation: Preparation) -> Callable[[Path, Path], Read]:
    def reader(good: Path, place: Path) -> Read:
        path = place / name

        def read(data: bytes) -> None:
            path.write_bytes(data)
            corpus = load_corpus(str(path), preparation)
            corpus.report.rows()
            assert len("".join(each.text for each in corpus.train)) == corpus.train.length

        return read

    return reader


_WORDS = file_changes.words(
    "[12.03.24, 18:22:05] Ann: ", "12/03/24, 6:22 PM - Ben: ", "18:22 <ann> ", "\u200e", ".", "\r",
    "? ", "! A", '"', ",", "\t", ";", "|", "{", '{"text": "x"}', "<|endoftext|>", "\n\n", "\ufeff",
    "\r\n", "\u2028", "\x85", "\0", "\U0001f600", "e\u0301", "\u3002", "# ", "> ", "  ", "\x1a",
)  # fmt: skip
_TOML = file_changes.words(
    "[keys]", "theme", "=", '"dark"', "curves", '"f10"', '"leader b"', '["f9", "x"]', "keys.quit",
    "pace", "threads", "1e999", "nan", "0x" + "f" * 300, "'''", '"""', "[[keys]]", "{a = 1}",
    "1979-05-27T07:32:00Z", "#", "\\ud800", "true", "decoder", "colours", "16", "9" * 5000,
)  # fmt: skip
_SETTINGS = b'theme = "light"\ndecoder = "beam"\npace = 0\n[keys]\ncurves = "f10"\n'

TARGETS = {
    "checkpoint": Target(_checkpoints, _checkpoint, file_changes.sealed_file),
    "prompt-state": Target(_file("state"), _state, file_changes.sealed_file),
    "resume": Target(_file(f"run/{RESUME}"), _resume(RESUME), file_changes.resume_file),
    "old-resume": Target(_file(OLD_RESUME), _resume(OLD_RESUME), file_changes.zipped),
    "run-log": Target(_file(f"run/{RUN_LOG}"), _run_log, file_changes.lines),
    "compared-run": Target(_compared_logs, _compared, file_changes.lines),
    "control": Target(_file(CONTROL), _control, file_changes.lines),
    "records": Target(lambda good: [records(good)], _records, file_changes.lines),
    "continued": Target(_file("receipt"), _continued, file_changes.lines),
    "prompts": Target(lambda good: [prompts(), b"a\nb\r\n"], _prompts, file_changes.lines),
    "settings": Target(lambda good: [_SETTINGS], _settings, _TOML),
    "prepared-text": Target(_file("texts/*.text"), _prepared, file_changes.prepared_text),
    "kept-texts": Target(_file("kept.json"), _kept, file_changes.json_text, (ValueError,)),
    "recent-texts": Target(lambda good: [b'["/a", "/b"]'], _recent, file_changes.json_text),
    "last-model": Target(lambda good: [b"/a\n", b"/\nopening 1\n"], _last_model,
                         file_changes.words("\nopening 9", "\0", "/proc/self/mem", "9" * 5000)),
    "text": Target(_file("numbers.txt", "chat.txt"), _text("a.txt", Preparation()), _WORDS),
    "table": Target(_file("table.*"), _text("a.csv", Preparation()), _WORDS),
    "column": Target(_file("table.*"), _text("a.txt", Preparation(column="text")), _WORDS),
    "chat": Target(_file("chat.txt"), _text("a.txt", Preparation(chat=MESSAGES)), _WORDS),
    "gzip": Target(_file("text.gz"), _text("a.txt.gz", Preparation("line", column="")),
                   file_changes.gzipped),
}  # fmt: skip
