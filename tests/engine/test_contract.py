"""The typed contract: what an engine is asked for is checked where it is asked.

mypy reads this file too (`pyproject.toml`), so that `every_call` holds the calls of the public
engine that no code of ours makes.
"""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from charlm.decoding import Greedy, NucleusBeam
from charlm.engine.engine import Engine
from charlm.engine.session import Session
from charlm.errors import InputError

ROOT = Path(__file__).parents[2]
CONTRACT, ENGINE, STUB = (
    "charlm/engine/contract.py",
    "charlm/engine/engine.py",
    "charlm/_engine.pyi",
)
MODEL = ROOT / "tests" / "golden" / "gru.safetensors"


def every_call(engine: Engine) -> Iterator[object]:
    """What each public member of an engine gives."""
    yield engine.vocabulary.characters
    yield engine.precision, engine.isa, engine.logits(np.ones((1, 2), np.int32))
    yield engine.write("a", max_length=2).text, list(engine.stream("a", max_length=2))
    prompts, notices = engine.read_prompts(["a", engine.prompt_as_fed("b")])
    yield engine.write_many([prompt.text for prompt in prompts], n=2, max_length=2), notices
    yield engine.sample_indices(prompts, Greedy())
    session = engine.start(prompts, NucleusBeam(2), n=2, max_length=2)
    while not session.done:
        session.advance(9).finished.all()
    yield engine.feed(engine.state_after(session) + "a").save
    yield engine.score("ab", details=1).bpc, engine.score_many(["ab"])[0].loss
    yield engine.start_score("ab").read, engine.start_score_ids([3]).totals()
    stream: Engine = Engine.load(ROOT / "checkpoints" / "shakespeare")
    yield stream.score_windows("ab", window=1, windows=2).standard_error
    yield stream.start_windows("ab", window=1, windows=2).done
    yield Engine.load(MODEL).device


def test_every_public_member_of_an_engine_is_called_here() -> None:
    assert all(result is not None for result in every_call(Engine.load(MODEL)))
    called = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(every_call)))
        if isinstance(node, ast.Attribute)
    }
    assert called >= {name for name in vars(Engine) if not name.startswith("_")}


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
def test_what_an_engine_refuses_is_an_input_error_on_every_device(device: str) -> None:
    if device != "cpu":
        pytest.importorskip("torch")
    engine = Engine.load(MODEL, device=device)
    calls: list[Callable[[Session], object]] = [
        lambda session: session.prompt_state(0),
        lambda session: session.prompt_state(1),
        lambda session: engine.state_after(session),
    ]
    for strategy in (Greedy(), NucleusBeam(2)):
        for call in calls:
            with pytest.raises(InputError, match=r"has not been fed yet|of 1"):
                call(engine.start(["a"], strategy))
    with pytest.raises(InputError, match="prompt 7 of 1"):
        engine.start(["a"], NucleusBeam(2)).written_ids(7, 0)


def copied(folder: Path) -> Path:
    """Our code, with mypy's cache of it so that only what is changed is looked at again."""
    skipped = shutil.ignore_patterns("__pycache__")
    for part in ("charlm", "tui", ".mypy_cache"):
        if (ROOT / part).exists():
            shutil.copytree(ROOT / part, folder / part, ignore=skipped)
    (folder / "tests/engine").mkdir(parents=True)
    for file in ("pyproject.toml", "tests/engine/test_contract.py"):
        shutil.copy(ROOT / file, folder / file)
    return folder


def members_of(file: Path, name: str) -> list[str]:
    """The public functions of a class, or of a module (""), once each."""
    tree: ast.AST = ast.parse(file.read_text(encoding="utf-8"))
    if name:
        tree = next(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name)
    assert isinstance(tree, ast.Module | ast.ClassDef)
    functions = (n.name for n in tree.body if isinstance(n, ast.FunctionDef))
    return list(dict.fromkeys(name for name in functions if not name.startswith("_")))


def rename(file: Path, class_name: str, members: list[str], suffix: str) -> None:
    """Give members of a class other names where they are defined."""
    text = file.read_text(encoding="utf-8")
    [_, head, _] = re.split(rf"^(class {class_name}\b.*)", text, maxsplit=1, flags=re.M)
    begin = text.index(head)
    end = re.search(r"\n(?=\S)", text[begin:])
    stop = begin + end.start() if end else len(text)
    part = text[begin:stop]
    for member in members:
        part, count = re.subn(rf"def {member}\(", f"def {member}{suffix}(", part)
        assert count, (class_name, member)
    file.write_text(text[:begin] + part + text[stop:], encoding="utf-8")


def run(folder: Path, *command: str) -> str:
    """What a tool says; it must find something."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_a_method_of_the_contract_or_the_engine_cannot_be_renamed_unseen(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    contract, engine = folder / CONTRACT, folder / ENGINE
    kinds = [n.name for n in ast.parse(contract.read_text()).body if isinstance(n, ast.ClassDef)]
    renamed = {kind: members_of(contract, kind) for kind in kinds if kind.startswith("Native")}
    renamed["Engine"] = members_of(engine, "Engine")
    assert len(renamed) == 6 and sum(map(len, renamed.values())) > 30
    for kind, members in renamed.items():
        rename(engine if kind == "Engine" else contract, kind, members, "_moved")
    said = run(folder, "mypy")
    unseen = [
        (kind, member)
        for kind, members in renamed.items()
        for member in members
        if not re.search(rf'has no attribute "{member}"', said)
    ]
    assert not unseen, said
    assert "charlm/engine/devices.py" in said  # both modules lack what the contract asks for


SESSIONS = {
    "Model": ("NativeModel",),
    "SamplingSession": ("NativeSession", "NativeSampling"),
    "BeamSession": ("NativeSession", "NativeBeams"),
    "ScoringSession": ("NativeScoring",),
}


def asked_for() -> Iterator[tuple[str, str]]:
    """Class and method of the native module, of all that the contract asks for."""
    for name, protocols in SESSIONS.items():
        for member in (m for protocol in protocols for m in members_of(ROOT / CONTRACT, protocol)):
            yield name, member


@pytest.mark.long
def test_a_stub_that_lacks_a_method_does_not_keep_the_contract(tmp_path: Path) -> None:
    """Each method by another name in a stub of its own, all held to the contract in one file."""
    folder = copied(tmp_path)
    lines = ["from charlm.engine.devices import LoadedModel as Loaded"]
    changes = [("", ""), *asked_for()]
    for number, (name, member) in enumerate(changes):
        variant = folder / f"variant_{number}.pyi"
        shutil.copy(folder / STUB, variant)
        if name:
            rename(variant, name, [member], "_moved")
        given = ", ".join(f"v{number}.{session}" for session in list(SESSIONS)[1:])
        lines += [f"import {variant.stem} as v{number}"]
        lines += [f"def f{number}(m: v{number}.Model) -> object: return Loaded(m, {given})"]
    (folder / "probe.py").write_text("\n".join(lines) + "\n")
    said = run(folder, "mypy", "probe.py")
    errors = re.findall(r"^probe.py:(\d+): error", said, re.M)
    found = {(int(line) - 3) // 2 for line in errors}
    assert [changes[n] for n in range(len(changes)) if n not in found] == [("", "")], said


@pytest.mark.long
def test_a_part_of_the_torch_engine_cannot_be_renamed_unseen(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    rename(folder / "charlm/torch_engine/scoring.py", "ScoringSession", ["progress"], "_moved")
    said = run(folder, "mypy")
    assert re.search(r"charlm/engine/devices.py:.*ScoringSession.*Scores", said), said


@pytest.mark.long
def test_the_stub_cannot_say_what_the_native_module_is_not(tmp_path: Path) -> None:
    """By stubtest, which `make lint` runs: what the contract does not ask for, by other names."""
    folder, asked = copied(tmp_path), set(asked_for())
    stub = folder / STUB
    renamed = {
        name: [m for m in members_of(stub, name) if (name, m) not in asked]
        for name in (*SESSIONS, "")
    }
    assert sum(map(len, renamed.values())) > 4
    for name in filter(None, renamed):
        rename(stub, name, renamed[name], "_moved")
    text = stub.read_text()
    for member in renamed[""]:
        text = re.sub(rf"^def {member}\(", f"def {member}_moved(", text, flags=re.M)
    stub.write_text(text)
    said = run(folder, "mypy.stubtest", "charlm._engine", "--concise")
    for name, members in renamed.items():
        for member in members:
            path = ".".join(filter(None, ("charlm._engine", name, f"{member}_moved")))
            assert f"{path} is not present at runtime" in said, (path, said)
