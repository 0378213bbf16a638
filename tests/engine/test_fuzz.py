"""A short run of the fuzzer in a process of its own; `make fuzz` is the long one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from root import ROOT


def fuzz(calls: int, seed: int) -> str:
    """What the fuzzer prints; it must end well."""
    ended = subprocess.run(
        [
            sys.executable,
            ROOT / "tests/support/fuzz_engine.py",
            f"--calls={calls}",
            f"--seed={seed}",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_whatever_comes_in_is_refused_by_the_contract() -> None:
    lines = [line.split() for line in fuzz(5_000, seed=1).splitlines() if "accepted" in line]
    counts = {name: (int(accepted), int(refused)) for name, _, accepted, _, refused in lines}
    # Neither half may be empty: calls get deep, and wrong ones are seen to be wrong.
    for name in (
        "Model",
        "SamplingSession",
        "BeamSession",
        "ScoringSession",
        "PromptState.load",
        "Pass.run",
    ):
        accepted, refused = counts[name]
        assert min(accepted, refused) > 0, name
    assert counts["SamplingSession.advance"][0] > 300
    assert counts["BeamSession.advance"][0] > 300


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3])
def test_whatever_comes_in_is_refused_for_longer(seed: int) -> None:
    assert "50,0" in fuzz(50_000, seed).splitlines()[-1]
