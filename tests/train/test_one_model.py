"""One seed, one model: trained again elsewhere it is the same, and stands in for the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from root import ROOT

from charlm import _engine
from charlm.model.cells import CELLS


def charlm(*arguments: str, isa: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "charlm", *arguments],
        env={**os.environ, **({"CHARLM_FORCE_ISA": isa} if isa else {})},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def trained(corpus: Path, out: Path, cell: str, isa: str, threads: int) -> str:
    """The identity of a small model, trained with much of what there is."""
    options = (
        f"--cell {cell} --unit continuous --hidden 24 --embedding 9 --layers 2 --batch 6"
        " --length 20 --steps 60 --dropout 0.2 --weight-decay 0.1 --average 0.9 --warm-up 10"
        f" --slowness-penalty 0.5 --accumulate 2 --no-texts --threads {threads}"
    )
    charlm("train", "--corpus", str(corpus), "--out", str(out), *options.split(), isa=isa)
    identity: str = json.loads(charlm("info", str(out), "--json"))["identity"]
    return identity


@pytest.mark.long
@pytest.mark.parametrize("cell", CELLS)
def test_a_model_that_is_trained_again_is_the_same(cell: str, tmp_path: Path) -> None:
    corpus = tmp_path / "numbers.txt"
    corpus.write_text("".join(f"The number {n} follows {n - 1}.\n" for n in range(300)))
    runs = {
        (isa, threads): tmp_path / f"{isa}-{threads}"
        for isa in _engine.instruction_sets()
        for threads in (1, 2)
    }
    found = {trained(corpus, run, cell, *how) for how, run in runs.items()}
    assert len(found) == 1
    first, *others = runs.values()
    records = tmp_path / "written.jsonl"
    records.write_text(charlm("write", str(first), "--prompt", "The", "--json"))
    for other in others:
        again = charlm("write", str(other), "--from", str(records), "--json")
        assert json.loads(again)["text"] == json.loads(records.read_text())["text"]
