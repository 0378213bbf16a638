"""One model trained by several processes is the model that one process trains."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learners import learner_of
from ranks import Children

from charlm.model.cells import CELLS
from charlm.train.distributed import Ended, Ranks
from charlm.train.following import follow
from charlm.train.launch import launched
from charlm.train.learner import Learner

UPDATES = 10
NEAR = 1e-5  # of the norm of a tensor, after these updates
EVERYTHING = [
    *("--dropout", "0.3", "--embedding-dropout", "0.2", "--layers", "2", "--accumulate", "2"),
    *("--activation-penalty", "2", "--slowness-penalty", "1", "--average", "0.9"),
]
Case = tuple[str, tuple[str, ...]]  # unit, options


def cases() -> dict[str, Case]:
    found: dict[str, Case] = {}
    for cell, unit in itertools.product(CELLS, ("continuous", "sentence")):
        found[f"{cell} {unit}"] = unit, ("--cell", cell, "--dropout", "0.2")
    more = {
        "everything": (*EVERYTHING, "--weight-dropout", "0.2", "--recurrent-dropout", "0.2"),
        "locked": ("--dropout", "0.3", "--locked-dropout", "--cell", "gru"),
        "one row": ("--batch", "1"),
        "random length": ("--random-length", "--optimiser", "sgd", "--learning-rate", "0.5"),
        "loop": ("--sequence", "loop", *EVERYTHING, "--recurrent-dropout", "0.2"),
        "loop of one row": ("--sequence", "loop", "--batch", "1", *EVERYTHING),
    }
    for (name, options), unit in itertools.product(more.items(), ("continuous", "sentence")):
        if "--random-length" not in options or unit == "continuous":
            found[f"{name} {unit}"] = unit, options
    return found


CASES = cases()


def learned(learner: Learner) -> dict[str, Any]:
    """What ten updates come to, and what is measured and carried on then."""
    updates = [learner.step(closely=number == 3) for number in range(UPDATES)]
    loss = learner.loss_of("validation", learner.held_out["validation"].whole(), lambda _: None)
    probe = updates[3].probe
    assert probe is not None
    return {
        "losses": [update.loss for update in updates],
        "norms": probe.gradient_norms,
        "validation": loss,
        "position": learner.position,
        "state": learner.resume_values()["state"],
        "random": torch.get_rng_state(),
    } | weights_of(learner)


def weights_of(learner: Learner) -> dict[str, Any]:
    average = learner.average.model.to_tensors() if learner.average else {}
    return {"weights": learner.model.to_tensors(), "average": average}


def learn_each(rank: int, folder: Path, names: list[str]) -> int:
    """Some cases, in one process of several; what comes of each is kept."""
    ranks = Ranks(launched(os.environ))
    for name in names:
        unit, options = CASES[name]
        learner = learner_of(*options, unit=unit, ranks=ranks)
        if rank == 0:
            found = learned(learner)
            ranks.order("end", 0)
        else:
            with pytest.raises(Ended):
                follow(learner)
            found = weights_of(learner)
        torch.save(found, folder / f"{name} {rank}.pt")
    return 0


def together(size: int, folder: Path, names: list[str]) -> dict[str, list[dict[str, Any]]]:
    """By the name of the case: what every rank found."""
    children = Children(size, folder, learn_each, folder, names).end()
    assert [(child.code, child.err) for child in children] == [(0, "")] * size
    return {
        name: [torch.load(folder / f"{name} {rank}.pt", weights_only=False) for rank in range(size)]
        for name in names
    }


def assert_near(found: Any, expected: Any) -> None:
    """Within a hundred-thousandth of its norm."""
    difference = np.linalg.norm(np.asarray(found) - np.asarray(expected))
    assert difference <= NEAR * np.linalg.norm(np.asarray(expected))


def check(name: str, found: dict[str, Any], others: list[dict[str, Any]]) -> None:
    """What the ranks of a training found is what a process by itself finds."""
    unit, options = CASES[name]
    expected = learned(learner_of(*options, unit=unit))
    for kind in ("weights", "average"):
        assert found[kind].keys() == expected[kind].keys()
        for weight, tensor in found[kind].items():
            assert_near(tensor, expected[kind][weight])
            for other in others:
                assert (other[kind][weight] == tensor).all()
    assert_near(found["losses"], expected["losses"])
    assert found["norms"] == pytest.approx(expected["norms"], rel=1e-4)
    assert found["validation"] == pytest.approx(expected["validation"], rel=1e-5)
    assert found["position"].where().keys() == expected["position"].where().keys()
    assert found["position"].characters == expected["position"].characters
    assert (found["random"] == expected["random"]).all()
    if "continuous" in name:
        for mine, theirs in zip(found["state"], expected["state"], strict=True):
            for a, b in zip(mine, theirs, strict=True):
                assert a.shape == b.shape
                assert_near(a, b)


QUICK = [
    *("lstm continuous", "gru sentence", "everything continuous", "everything sentence"),
    *("one row sentence", "loop sentence"),
]


def test_ten_updates_of_two_are_those_of_one(tmp_path: Path) -> None:
    for name, (found, *others) in together(2, tmp_path, QUICK).items():
        check(name, found, others)


@pytest.mark.long
@pytest.mark.parametrize("size", [2, 3])
def test_ten_updates_of_several_are_those_of_one(size: int, tmp_path: Path) -> None:
    for name, (found, *others) in together(size, tmp_path, [*CASES]).items():
        check(name, found, others)


def test_as_many_processes_come_to_the_same_bits_again(tmp_path: Path) -> None:
    names = ["lstm continuous", "everything sentence"]
    first, again = (together(3, tmp_path / each, names) for each in "ab")
    for name in names:
        for weight, tensor in first[name][0]["weights"].items():
            assert (again[name][0]["weights"][weight] == tensor).all()
