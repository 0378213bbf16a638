"""The text that comparisons are made on."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "num|bers.txt"
    path.write_text(
        "".join(f"The number {n} comes after the number {n - 1}.\n" for n in range(150))
    )
    return path
