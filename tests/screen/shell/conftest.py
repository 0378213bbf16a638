"""What tests of the keys may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tui.keys.table import remap


@pytest.fixture
def own_keys() -> Iterator[None]:
    """Whatever keys of one's own a test takes, they are ours again at its end."""
    yield
    remap({})
