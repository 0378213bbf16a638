"""The benchmarks run and write what they measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT


def run_benchmark(script: str, options: list[str], figures: Path) -> list[dict[str, Any]]:
    """The results that a script writes when run with these options."""
    subprocess.run(
        [sys.executable, f"benchmarks/{script}", *options, "--json", figures],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    results: list[dict[str, Any]] = json.loads(figures.read_text())["results"]
    return results


@pytest.mark.long
def test_the_decoding_benchmark_runs(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    small = ["--sizes", "16", "--batches", "1", "3", "--rounds", "1", "--seconds", "0.01"]
    results = run_benchmark("decode.py", small, figures)
    assert [(r["hidden_size"], r["batch"]) for r in results] == [(16, 1), (16, 3)]
    for result in results:
        assert set(result["characters_per_s"]) == {"engine", "eager", "nn.LSTM"}
        assert all(rate > 0 for rate in result["characters_per_s"].values())


@pytest.mark.long
def test_the_training_benchmark_runs(tmp_path: Path) -> None:
    results = run_benchmark(
        "training.py", ["--sizes", "8", "--rounds", "1"], tmp_path / "figures.json"
    )
    assert [r["cell"] for r in results] == ["rnn", "gru", "lstm"]
    for result in results:
        assert set(result["characters_per_s"]) == {"charlm", "loop", "torch"}
        assert all(rate > 0 for rate in result["characters_per_s"].values())
