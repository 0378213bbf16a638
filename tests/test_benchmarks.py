"""The benchmark runs and writes what it measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT


@pytest.mark.long
def test_the_decoding_benchmark_runs(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    small = ["--sizes", "16", "--batches", "1", "3", "--rounds", "1", "--seconds", "0.01"]
    subprocess.run(
        [sys.executable, "benchmarks/decode.py", *small, "--json", figures],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    results = json.loads(figures.read_text())["results"]
    assert [(r["hidden_size"], r["batch"]) for r in results] == [(16, 1), (16, 3)]
    for result in results:
        assert set(result["characters_per_s"]) == {"engine", "eager", "nn.LSTM"}
        assert all(rate > 0 for rate in result["characters_per_s"].values())
