"""The identity of a model: what it computes from names it, and nothing else does."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Call, refused
from golden import CELLS, FOLDER, model_path
from models import random_checkpoint

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling
from charlm.engine.engine import Engine
from charlm.engine.prompt_state import PromptState
from charlm.errors import CheckpointError, InputError
from charlm.model.config import parameter_shapes
from charlm.model.identity import _not_default, identity_of
from charlm.run.checkpoint import Checkpoint, find_checkpoints, load_checkpoint, save_checkpoint
from charlm.text.vocabulary import Vocabulary

#: Of the golden models, for ever: records and states name models so.
IDENTITIES = {
    "rnn": "05efa9dee4587c060548582e07079f4eda30486363df4d599c0702efeb9c5bc0",
    "gru": "8b835a678e0d9893ca933617a76550c70ffe0b75ddbd152f258fe90508a0ee0a",
    "lstm": "bf01847be4c0e494a48db9be6368d664689c8320cc238c7df936bb47879380c1",
}
#: They were when the first records were written, and so they stay.
DEFAULTS = {"embedding_size": 64, "hidden_size": 256, "layers": 1, "bias": True}
DEFAULTS |= {"unit": "sentence", "start_id": 1, "max_length": 1000, "form": "none", "case": "keep"}
STATE_1 = FOLDER / "state-1.safetensors"


def by_hand(path: Path) -> str:
    """The identity from the bytes of a file."""
    data = path.read_bytes()
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + size])
    content = json.loads(header["__metadata__"]["charlm"])
    described = {
        part: {name: v for name, v in content[part].items() if DEFAULTS.get(name) != v}
        for part in ("config", "text")
    }
    described["vocabulary"] = content["vocabulary"]
    digest = sha256(json.dumps(described, sort_keys=True, separators=(",", ":")).encode())
    layers = range(content["config"]["layers"])
    parts = ("input_weight", "hidden_weight", "bias")
    inner = [f"layers.{layer}.{part}" for layer in layers for part in parts]
    for name in ["embedding", *inner, "output_weight", "output_bias"]:
        if name in header:
            begin, end = header[name]["data_offsets"]
            digest.update(data[8 + size + begin : 8 + size + end])
    return digest.hexdigest()


@pytest.mark.parametrize("cell", CELLS)
def test_the_golden_models_keep_their_identities(cell: str) -> None:
    path = model_path(cell)
    assert load_checkpoint(path).identity == IDENTITIES[cell] == by_hand(path)


def test_times_and_metrics_and_the_corpus_are_outside(tmp_path: Path) -> None:
    first = random_checkpoint("gru", "sentence")
    again = replace(
        first, metrics={"step": 9, "validation_loss": 7.5, "seconds": 1e9, "new": [1]}, corpus={}
    )
    assert again.identity == first.identity
    digests = [save_checkpoint(tmp_path / name, c) for name, c in (("a", first), ("b", again))]
    assert digests[0] != digests[1]
    loaded = [load_checkpoint(tmp_path / name) for name in "ab"]
    assert [c.sha256 for c in loaded] == digests
    assert {c.identity for c in loaded} == {first.identity}
    assert len(first.identity) == 64 and int(first.identity, 16) >= 0


@pytest.mark.parametrize("cell", CELLS)
def test_any_bit_of_any_weight_is_another_model(cell: Any) -> None:
    first = random_checkpoint(cell, layers=2, hidden_size=5)
    found = {first.identity}
    random = np.random.default_rng(1)
    for name, tensor in first.tensors.items():
        for bit in (0, 22, 31):
            words = tensor.copy().view(np.uint32)
            words.flat[random.integers(words.size)] ^= np.uint32(1 << bit)
            tensors = {**first.tensors, name: words.view(np.float32)}
            found.add(replace(first, tensors=tensors).identity)
    assert len(found) == 1 + 3 * len(first.tensors)
    assert len(first.tensors) == len(parameter_shapes(first.config))


def test_equal_weights_in_another_order_or_layout_are_the_same_model() -> None:
    first = random_checkpoint("lstm", layers=2)
    backwards = dict(reversed(list(first.tensors.items())))
    strided = {name: np.asfortranarray(tensor) for name, tensor in first.tensors.items()}
    for tensors in (backwards, strided):
        assert replace(first, tensors=tensors).identity == first.identity


def test_weights_that_change_places_are_another_model() -> None:
    first = random_checkpoint("rnn", layers=2, hidden_size=8)  # E is H: shapes are alike
    names = [f"layers.{i}.input_weight" for i in range(2)]
    swapped = dict(zip(names, (first.tensors[name] for name in names[::-1]), strict=True))
    assert replace(first, tensors={**first.tensors, **swapped}).identity != first.identity


def test_vocabulary_text_settings_and_sizes_are_inside() -> None:
    first = random_checkpoint("rnn", characters="abcdef", hidden_size=8, layers=2)
    texts: list[dict[str, Any]] = [
        {"unit": "line"}, {"start_id": 2}, {"max_length": 0}, {"form": "NFC"}, {"case": "lower"},
    ]  # fmt: skip
    others: list[Checkpoint] = [
        *(replace(first, text=replace(first.text, **change)) for change in texts),
        replace(first, vocabulary=Vocabulary("abcdeg")),
        replace(first, vocabulary=Vocabulary("bacdef")),
        replace(first, vocabulary=Vocabulary("abcde\ud800")),
        replace(first, vocabulary=Vocabulary("abcdeé")),
        replace(first, config=replace(first.config, hidden_size=9)),
        replace(first, config=replace(first.config, embedding_size=7)),
    ]
    assert len({c.identity for c in [first, *others]}) == 1 + len(others)


@dataclass(frozen=True)
class Sizes:
    cell: str
    layers: int = 1
    bias: bool = True


@dataclass(frozen=True)
class SizesWithMore:
    cell: str
    layers: int = 1
    bias: bool = True
    norm: str = "none"
    skip: bool = False
    tail: float | None = None


def test_a_new_field_at_its_default_changes_no_identity() -> None:
    said: Callable[[Any], dict[str, Any]] = _not_default
    for given in ({"cell": "gru"}, {"cell": "gru", "layers": 2}, {"cell": "rnn", "bias": False}):
        assert said(SizesWithMore(**given)) == said(Sizes(**given)) == given  # type: ignore[arg-type]
    assert said(SizesWithMore("gru", tail=0.0)) == {"cell": "gru", "tail": 0.0}
    assert said(SizesWithMore("gru", norm="layer")) == {"cell": "gru", "norm": "layer"}
    assert said(Sizes("gru", layers=1)) == {"cell": "gru"}


def test_a_model_is_named_by_its_identity_or_its_file(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model", random_checkpoint())
    loaded = load_checkpoint(tmp_path / "model")
    arguments = loaded.config, loaded.text, loaded.vocabulary, loaded.tensors
    assert loaded.identity == identity_of(*arguments) == random_checkpoint().identity
    assert loaded.is_named(loaded.identity) and loaded.is_named(loaded.sha256)
    for name in ("0" * 64, loaded.identity[:12], loaded.identity.upper(), "x"):
        assert not loaded.is_named(name)


def test_a_model_that_no_file_holds_is_not_named_by_nothing() -> None:
    assert not random_checkpoint().is_named("")


def test_a_model_is_found_by_either_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("checkpoints/one")
    folder.mkdir(parents=True)
    save_checkpoint(folder / "model.safetensors", random_checkpoint())
    save_checkpoint(folder / "last.safetensors", random_checkpoint(seed=1))
    (folder / "kept").mkdir()
    (folder / "kept" / "x.safetensors").mkdir()
    for name in ("model", "last"):
        expected = load_checkpoint(folder / f"{name}.safetensors")
        for given in (expected.identity, expected.sha256):
            path, found = find_checkpoints([given])[given]
            assert path == folder / f"{name}.safetensors" and found.sha256 == expected.sha256
    for given in ("", "0" * 64, "\x1b[2J"):
        with pytest.raises(CheckpointError, match="none of the runs"):
            find_checkpoints([given])


def test_what_is_no_model_does_not_end_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "c"):
        Path("checkpoints", name).mkdir(parents=True)
    wanted = Path("checkpoints/c/model.safetensors")
    save_checkpoint(wanted, random_checkpoint())
    with open("checkpoints/a/model.safetensors", "wb") as file:
        file.truncate(2**40)  # read as a whole it would take all memory
    os.mkfifo("checkpoints/b/model.safetensors")
    Path("checkpoints/b/kept").symlink_to("kept", target_is_directory=True)
    name = load_checkpoint(wanted).identity
    assert find_checkpoints([name])[name][0] == wanted


def test_a_folder_of_runs_that_leads_to_itself_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("checkpoints").symlink_to("checkpoints", target_is_directory=True)
    with pytest.raises(CheckpointError, match="none of the runs"):
        find_checkpoints(["0" * 64])


def test_info_tells_the_identity_and_the_sum_of_the_file(charlm: Call, tmp_path: Path) -> None:
    path = tmp_path / "model"
    save_checkpoint(path, random_checkpoint())
    told = json.loads(charlm("info", path, "--json").out)
    assert told["identity"] == random_checkpoint().identity
    assert told["sha256"] == load_checkpoint(path).sha256 != told["identity"]
    shown = charlm("info", path).out
    assert f"identity           {told['identity']}\n" in shown and told["sha256"] in shown


# Prompt states name a model so


def test_a_state_of_version_one_has_shared_dice() -> None:
    engine = Engine.load(model_path("lstm"))
    state = PromptState.load(STATE_1)
    assert state.model == engine.checkpoint.sha256 and state.dice == 0
    assert state.ids.tolist() == engine.prompt_as_fed("the ").ids
    options: Any = {"max_length": 40, "seed": 5}
    for strategy in (Greedy(), Sampling(), BeamSearch(3), NucleusBeam(3)):
        session = engine.start([state], strategy, n=2, **options)
        assert (session.dice, session.prompts) == ([0], ["the "])
        found = engine.write_many([state], strategy, n=2, **options)
        expected = engine.write_many(["the "], strategy, n=2, dice="shared", **options)
        assert found == expected
    assert engine.write(state, Sampling(), **options) != engine.write("the ", Sampling(), **options)
    assert engine.write(state + "a", Sampling()) == engine.write("the a", Sampling())


def test_a_state_of_version_one_goes_on_being_one(charlm: Call, tmp_path: Path) -> None:
    model, new = model_path("lstm"), tmp_path / "new"
    call = ["--state", STATE_1, "--strategy", "sample", "--seed", 5]
    whole = charlm("write", model, *call, "--max-length", 40, "--json")
    assert json.loads(whole.out)["dice"] == "0" * 16
    half = charlm("write", model, *call, "--max-length", 15, "--save-state", new)
    assert half.code == 0
    call[1] = new
    rest = json.loads(charlm("write", model, *call, "--max-length", 25, "--json").out)
    assert rest["prompt"] + rest["text"] == "the " + json.loads(whole.out)["text"]
    loaded = PromptState.load(new)
    assert loaded.dice == 0 and loaded.model == load_checkpoint(model).identity
    (tmp_path / "record").write_text(whole.out)
    again = charlm("write", model, "--from", tmp_path / "record", "--json")
    assert again.out == whole.out


def test_a_state_may_name_the_file_of_its_model(charlm: Call, tmp_path: Path) -> None:
    path = tmp_path / "model"
    save_checkpoint(path, random_checkpoint())
    engine = Engine.load(path)
    state = engine.feed("the ")
    assert state.model == engine.checkpoint.identity
    expected = engine.write("the ", max_length=30)
    old = replace(state, model=engine.checkpoint.sha256)
    assert engine.write(old, max_length=30) == expected
    # The file that a bit-equal training leaves is another, its model the same.
    save_checkpoint(path, replace(random_checkpoint(), metrics={"step": 1}))
    moved = Engine.load(path)
    assert moved.write(state, max_length=30) == expected
    with pytest.raises(InputError, match="is of model"):
        moved.write(old, max_length=30)
    old.save(tmp_path / "state")
    refused(charlm("write", path, "--state", tmp_path / "state"), "is of model", old.model[:12])
