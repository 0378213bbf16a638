"""The file that a training goes on from: whole or refused, whatever happened to it."""

from __future__ import annotations

import copy
import errno
import io
import os
import pickle
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from learners import SMALL, TEXT

from charlm.errors import CheckpointError, InputError, run_main
from charlm.options.training import parse_options
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import LAST, MODEL, OLD_RESUME, RESUME
from charlm.run.sealed_file import seal
from charlm.train.__main__ import main
from charlm.train.going_on import resumed_options
from charlm.train.keep import resume_file
from charlm.train.keep.folder import RunFolder
from charlm.train.keep.resume_file import read_resume, resume_bytes
from charlm.train.learner import Learner
from charlm.train.saved import Saved, check_plain, differences
from tui.views.runs.folders import found_runs

Change = Callable[[Any], object]
OPTIONS = ("--unit", "continuous", "--average", "0.9", "--keep", "2", "--dropout", "0.2")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped between two lines of its log."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "numbers.txt").write_text(TEXT)
    run = folder / "run"
    arguments = ["--corpus", str(folder / "numbers.txt"), "--out", str(run), *SMALL, *OPTIONS]
    assert main([*arguments, "--steps", "27", "--evaluations", "1"]) == 0
    return run


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def values(trained: Path) -> Saved:
    return values_of(trained)


def values_of(run: Path) -> Saved:
    with RunFolder.open(run) as folder:
        return folder.load_resume()


def snapshot(run: Path) -> dict[Path, bytes]:
    files = (path for path in run.rglob("*") if path.is_file() and path.name != ".lock")
    return {path: path.read_bytes() for path in files}


def refused(run: Path, capsys: Any) -> str:
    """The one line that says why a run cannot go on; nothing of it may have changed."""
    before = snapshot(run)
    capsys.readouterr()
    code = run_main(main, ["--resume", str(run), "--steps", "30"])
    err = capsys.readouterr().err
    assert code == 2, err
    (line,) = err.splitlines()
    assert len(line) < 700 and "weights_only" not in line
    assert snapshot(run) == before
    return line


def equal(one: Any, other: Any) -> bool:
    """Whether they are the same, tensors to the bit."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other) and type(one) is type(other)


def test_what_is_written_is_read_to_the_bit(values: Saved, tmp_path: Path) -> None:
    changed = copy.deepcopy(values)
    changed["vocabulary"] = ["\ud800", '"', "\\", "\x00", "é", "\U0001f600"]
    changed["position"] |= {"seconds": 0.1 + 0.2, "best": 5e-324, "losses": [1 / 3, 1e300]}
    changed["position"]["kept"] = [[1.5, 25], [2.0, 50]]
    changed["options"]["corpus"] = ["\udcff.txt"]
    for one in (values, changed, {**changed, "state": None, "average": None, "optimiser": {}}):
        assert equal(read_resume(resume_bytes(one), tmp_path), one)  # type: ignore[arg-type]


def test_the_longest_vocabulary_and_corpus_fit(values: Saved, tmp_path: Path) -> None:
    values["vocabulary"] = [chr(code) for code in range(0x10000, 0x20000)]
    values["options"]["corpus"] = [f"/some/where/{number}.txt" for number in range(100_000)]
    values["position"]["kept"] = [(0.1 + number, number) for number in range(10_000)]
    read = read_resume(resume_bytes(values), tmp_path)
    assert read["vocabulary"] == values["vocabulary"]
    assert read["options"] == values["options"]


def test_a_flipped_bit_or_a_missing_end_is_found(run: Path) -> None:
    data = (run / RESUME).read_bytes()
    dice = random.Random(1)
    for place in [*range(100), *(dice.randrange(len(data)) for _ in range(400))]:
        damaged = bytearray(data)
        damaged[place] ^= 1 << dice.randrange(8)
        with pytest.raises(InputError, match=r"resume file|not a charlm"):
            read_resume(bytes(damaged), run / RESUME)
    for size in (0, 8, 100, len(data) // 2, len(data) - 1):
        with pytest.raises(InputError, match="incomplete file"):
            read_resume(data[:size], run / RESUME)


def plain(part: str, name: str, value: object) -> Change:
    def change(values: Any) -> None:
        values[part][name] = value

    return change


def whole(part: str, value: object) -> Change:
    def change(values: Any) -> None:
        values[part] = value

    return change


def reshaped(values: Any) -> None:
    values["model"]["output_bias"] = torch.zeros(3)


def nan(values: Any) -> None:
    values["model"]["output_bias"][0] = float("nan")


def negative_step(values: Any) -> None:
    values["optimiser"][0]["step"] -= 1000


def half_an_optimiser(values: Any) -> None:
    del values["optimiser"][0]["exp_avg"]


def flat_moments(values: Any) -> None:
    values["optimiser"][0]["exp_avg"] = values["optimiser"][0]["exp_avg"].flatten()


def fewer_weights(values: Any) -> None:
    del values["optimiser"][0]


def other_state(values: Any) -> None:
    values["state"] = tuple(tuple(part[:1] for part in layer) for layer in values["state"])


def fewer_averages(values: Any) -> None:
    del values["average"]["output_bias"]


LIES: dict[str, Change] = {
    "hidden": plain("options", "hidden", 4096),
    "too many hidden": plain("options", "hidden", 10**12),
    "no hidden": plain("options", "hidden", None),
    "hidden in words": plain("options", "hidden", "12"),
    "half a unit": plain("options", "hidden", 12.0),
    "layers": plain("options", "layers", 64),
    "cell": plain("options", "cell", "gru"),
    "no cell": plain("options", "cell", ["lstm"]),
    "batch": plain("options", "batch", -1),
    "learning rate": plain("options", "learning_rate", 10**400),
    "steps": plain("options", "steps", True),
    "corpus": plain("options", "corpus", {"a": 1}),
    "threads": plain("options", "threads", 10**9),
    "tied": plain("options", "tied", "yes"),
    "optimiser": plain("options", "optimiser", "sgd"),
    "another option": plain("options", "surprise", 1),
    "options": whole("options", []),
    "text": whole("corpus", None),
    "vocabulary": whole("vocabulary", None),
    "characters": whole("vocabulary", ["ab"]),
    "numbers": whole("vocabulary", [1, 2]),
    "start": whole("start_id", 10**30),
    "position": whole("position", []),
    "step": plain("position", "step", -1),
    "huge step": plain("position", "step", 10**400),
    "epoch": plain("position", "epoch", 0.5),
    "index": plain("position", "index", 10**6),
    "seconds": plain("position", "seconds", 10**400),
    "negative seconds": plain("position", "seconds", -1.0),
    "best": plain("position", "best", "none"),
    "has best": plain("position", "has_best", 1),
    "kept": plain("position", "kept", [[1.0]]),
    "kept losses": plain("position", "kept", [["a", 1]]),
    "kept steps": plain("position", "kept", [[1.0, -1]]),
    "kept words": plain("position", "kept", "ab"),
    "losses": plain("position", "losses", [None]),
    "surprise": whole("surprise", 1),
    "no model": whole("model", {}),
    "no optimiser weights": fewer_weights,
    "no average": whole("average", None),
    "averages": fewer_averages,
    "random": whole("random", torch.zeros(5, dtype=torch.uint8)),
    "random numbers": whole("random", torch.full((5056,), 255, dtype=torch.uint8)),
    "shape": reshaped,
    "not a number": nan,
    "optimiser step": negative_step,
    "moments": flat_moments,
    "half an optimiser": half_an_optimiser,
    "state": other_state,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_one_line(lie: str, run: Path, values: Saved, capsys: Any) -> None:
    """Signed anew, as a careful forger would."""
    told = copy.deepcopy(values)
    LIES[lie](told)
    (run / RESUME).write_bytes(resume_bytes(told))
    assert str(run / RESUME) in refused(run, capsys) or lie in OF_THE_MODEL


#: What is found once the options are known, or the model: there the run is named, or the fit.
OF_THE_MODEL = {
    "hidden", "layers", "cell", "optimiser", "text", "characters", "index", "no model", "averages",
    "no optimiser weights", "no average", "random", "random numbers", "shape", "optimiser step",
    "half an optimiser", "moments", "state",
}  # fmt: skip


def arrays_of(run: Path) -> dict[str, np.ndarray]:
    return resume_file.unsealed(resume_file._KIND, run, (run / RESUME).read_bytes()).tensors()


def without(name: str) -> Change:
    return lambda arrays: arrays.pop(name)


def with_array(name: str, value: np.ndarray) -> Change:
    return lambda arrays: arrays.update({name: value})


def twice(arrays: Any) -> None:
    plain = arrays["plain"].tobytes().decode()
    assert '"hidden": 12,' in plain
    arrays["plain"] = text(plain.replace('"hidden": 12,', '"hidden": 12, "hidden": 12,'))


def of_type(name: str, kind: type) -> Change:
    return lambda arrays: arrays.update({name: arrays[name].astype(kind)})


def text(content: str) -> np.ndarray:
    return np.frombuffer(content.encode(), np.uint8)


@pytest.mark.parametrize(
    "change",
    [
        without("plain"),
        without("random"),
        twice,
        with_array("plain", text("[" * 5000)),
        with_array("plain", text("[]")),
        with_array("plain", text('{"model": 1}')),
        with_array("plain", text('{"a": 1' + "0" * 5000 + "}")),
        with_array("plain", text("\xff")),
        with_array("plain", np.zeros(5, np.float32)),
        of_type("model.output_bias", np.float64),
        of_type("model.output_bias", np.uint8),
        with_array("surprise", np.zeros(1, np.float32)),
        with_array("random", np.zeros(5056, np.float32)),
        with_array("random.1", np.zeros(5056, np.float32)),
        with_array("optimiser.x.step", np.zeros((), np.float32)),
        with_array("optimiser.00.step", np.zeros((), np.float32)),
        with_array("optimiser.99.step", np.zeros((), np.float32)),
        with_array("optimiser.0.step", np.zeros(3, np.float32)),
        with_array("optimiser.0." + "x" * 5000, np.zeros(3, np.float32)),
        with_array("state.x", np.zeros(1, np.float32)),
        with_array("state.0.5", np.zeros(1, np.float32)),
        with_array("state.7.0", np.zeros(1, np.float32)),
        without("state.0.0"),
    ],
)
def test_a_tensor_that_lies_is_one_line(change: Change, run: Path, capsys: Any) -> None:
    arrays = arrays_of(run)
    change(arrays)
    (run / RESUME).write_bytes(seal(resume_file._KIND, {"resumes": True}, arrays)[0])
    refused(run, capsys)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--optimiser sgd --momentum 0 --learning-rate 1e-05 --schedule plateau",
        "--corpus a b --epochs 0.1 --minutes 3 --seed 9223372036854775807 --patience 3",
        "--characters 300k --split 80/10/10 --tied --hidden 64 --embedding 64 --no-texts",
        "--cell gru --gru-bias --unit line --case lower --form NFC --warm-up 5 --average 0",
    ],
)
def test_every_option_that_is_parsed_can_be_saved(words: str, values: Saved) -> None:
    values["options"] = parse_options(words.split()).plain()
    assert differences(values) == []
    check_plain(values)


def test_nothing_is_made_for_a_model_that_the_file_does_not_hold(
    run: Path, values: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    values["options"]["hidden"] = 4096
    (run / RESUME).write_bytes(resume_bytes(values))
    monkeypatch.setattr(Learner, "__init__", lambda *_: pytest.fail("a model was made"))
    with pytest.raises(InputError, match=r"does not fit the model \(.*16384"):
        main(["--resume", str(run)])


def test_it_is_no_model(run: Path) -> None:
    with pytest.raises(CheckpointError):
        load_checkpoint(run / RESUME)
    assert {path.name for path in found_runs([run])} == {MODEL, LAST}
    (run / RESUME).write_bytes((run / MODEL).read_bytes())
    with pytest.raises(InputError, match="is not a charlm resume file"):
        main(["--resume", str(run)])


# An older version wrote resume.pt.


def old_bytes(values: Any, **more: Any) -> bytes:
    old = dict(values) | {"optimiser": {"state": values["optimiser"], "param_groups": [{"lr": 1}]}}
    buffer = io.BytesIO()
    torch.save(old | more, buffer)
    return buffer.getvalue()


@pytest.fixture
def old_run(run: Path, values: Saved) -> Path:
    (run / RESUME).unlink()
    (run / OLD_RESUME).write_bytes(old_bytes(values))
    return run


def test_an_old_file_is_read_once_more_and_replaced(
    old_run: Path, trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path / "new")
    for run in (old_run, tmp_path / "new"):
        assert main(["--resume", str(run), "--steps", "40"]) == 0
    one, other = load_checkpoint(old_run / LAST), load_checkpoint(tmp_path / "new" / LAST)
    assert one.metrics["step"] == 40
    for name, tensor in one.tensors.items():
        assert tensor.tobytes() == other.tensors[name].tobytes()
    assert (old_run / RESUME).is_file() and not (old_run / OLD_RESUME).exists()


def test_an_old_file_stays_until_there_is_a_new_one(
    old_run: Path, values: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with RunFolder.open(old_run) as folder:
        monkeypatch.setattr(RunFolder, "write", full)
        with pytest.raises(OSError, match="No space"):
            folder.save_resume(values)
    assert (old_run / OLD_RESUME).is_file()


def test_a_new_file_is_preferred_to_an_old_one(run: Path) -> None:
    (run / OLD_RESUME).write_bytes(b"x")
    assert main(["--resume", str(run), "--steps", "28"]) == 0
    assert not (run / OLD_RESUME).exists()


class Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("hacked",)


def compressed(data: bytes) -> bytes:
    buffer = io.BytesIO()
    old = zipfile.ZipFile(io.BytesIO(data))
    with old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "damaged",
    [
        lambda values: b"",
        lambda values: b"not a zip",
        lambda values: pickle.dumps(Payload()),
        lambda values: old_bytes(values, more=Payload()),
        lambda values: compressed(old_bytes(values)),
        lambda values: old_bytes(values)[:-100],
        lambda values: old_bytes(values, model={"a": torch.zeros(1).expand(10**9)}),
        lambda values: old_bytes(values, model={"a": torch.zeros(1, dtype=torch.float64)}),
        lambda values: old_bytes(values, model={"a": torch.full((1,), float("nan"))}),
        lambda values: old_bytes(values, model={"a": torch.zeros(1, device="meta")}),
        lambda values: old_bytes(values, model={"a": torch.eye(3).to_sparse()}),
        lambda values: old_bytes(values, model={"a": 3}),
        lambda values: old_bytes(values, model=[1]),
        lambda values: old_bytes(values, optimiser={}),
        lambda values: old_bytes(values, vocabulary={1, 2}),
    ],
)
def test_an_old_file_that_is_damaged_or_lies_is_one_line(
    damaged: Callable[[Any], bytes],
    old_run: Path,
    values: Saved,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(old_run.parent)
    (old_run / OLD_RESUME).write_bytes(damaged(values))
    line = refused(old_run, capsys)
    assert f"{old_run / OLD_RESUME} is damaged, or not a charlm resume file" in line
    assert not (old_run.parent / "hacked").exists()


def test_an_old_file_that_the_disk_does_not_give_is_not_called_damaged(
    old_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(io.BytesIO):
        """Gives so many pieces; then the disk fails."""

        left = 0

        def read(self, size: int | None = -1) -> bytes:
            self._fail()
            return super().read(size)

        def readinto(self, buffer: Any) -> int:
            self._fail()
            return super().readinto(buffer)

        def _fail(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.EIO, "Input/output error")

        def fileno(self) -> int:
            return descriptor

    data, told = (old_run / OLD_RESUME).read_bytes(), set()
    descriptor = os.open(old_run / OLD_RESUME, os.O_RDONLY)
    for pieces in range(200):
        file = Failing(data)
        file.left = pieces
        monkeypatch.setattr("charlm.train.keep.folder.read_inside", lambda *_, f=file: f)
        try:
            values_of(old_run)
        except InputError as error:
            told.add(str(error))
        if file.left >= 0:
            break
    os.close(descriptor)
    assert pieces > 3 and file.left >= 0
    assert told == {f"{old_run / OLD_RESUME} cannot be read: Input/output error"}


def test_flipped_bits_of_an_old_file_are_no_traceback(old_run: Path, capsys: Any) -> None:
    data, dice = (old_run / OLD_RESUME).read_bytes(), random.Random(2)
    for _ in range(40):
        damaged = bytearray(data)
        damaged[dice.randrange(3000)] ^= 1 << dice.randrange(8)
        (old_run / OLD_RESUME).write_bytes(damaged)
        try:
            values_of(old_run)
        except InputError as error:
            assert "weights_only" not in str(error) and "\n" not in str(error)


def test_a_run_older_than_an_option_is_held_to_what_it_meant(values: Saved) -> None:
    """To the default of one that changes nothing."""
    old = {name: value for name, value in values["options"].items() if name != "locked_dropout"}
    saved = cast(Saved, {**values, "options": old})
    assert resumed_options(["--resume", "run"], saved).locked_dropout is False
    with pytest.raises(InputError, match="--locked-dropout of the run is False and cannot"):
        resumed_options(["--resume", "run", "--locked-dropout"], saved)


def test_a_run_of_old_goes_on_with_what_its_options_meant(run: Path, values: Saved) -> None:
    """Its text was divided before it was cut, and all of the validation part was measured."""
    new = {"order", "column", "separator", "keep_duplicates", "validation", "suffix",
           "evaluation_characters", "stop_exploding", "sequence"}  # fmt: skip
    old = {name: value for name, value in values["options"].items() if name not in new}
    for step in ("28", "30"):  # as it was written of old, and as it is written from then on
        with RunFolder.open(run) as folder:
            if step == "28":
                folder.save_resume(cast(Saved, {**values, "options": old}))
        assert main(["--resume", str(run), "--steps", step]) == 0
        with RunFolder.open(run) as folder:
            options = folder.load_resume()["options"]
        assert (options["order"], options["evaluation_characters"]) == ("whole", 0)
        assert (options["column"], options["keep_duplicates"]) == ("", False)
        assert options["sequence"] == "loop"
