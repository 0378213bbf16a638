"""The same seed gives the same text: today, on every instruction set, with any threads."""

from __future__ import annotations

import json

import pytest
from golden import CASES, FOLDER, TEXTS, written

from charlm import _engine
from charlm.engine.engine import ENGINE_FORMAT

GOLDEN = json.loads(TEXTS.read_text(encoding="utf-8"))


def test_the_golden_texts_are_of_this_engine_format() -> None:
    assert GOLDEN["engine_format"] == ENGINE_FORMAT
    assert sum(file.stat().st_size for file in FOLDER.glob("*.safetensors")) <= 100_000


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("isa", _engine.instruction_sets())
@pytest.mark.parametrize("threads", [1, 3])
def test_golden_texts(case, isa, threads, monkeypatch) -> None:
    monkeypatch.setenv("CHARLM_FORCE_ISA", isa)
    assert written(case, threads) == GOLDEN["texts"][case]
