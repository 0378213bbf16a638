"""Good files, for hostile ones to differ from."""

from __future__ import annotations

from pathlib import Path

import pytest
from good_files import make_good_files


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good file of every kind."""
    folder = tmp_path_factory.mktemp("good")
    make_good_files(folder)
    return folder
