"""Properties, tried with random values: some in `make test`, ten times as many in the long ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

_TIMES = 10
#: Any code point: lone halves of surrogate pairs, NUL, marks that combine.
CHARACTER = st.characters(exclude_categories=())
ANY_TEXT = st.text(CHARACTER, max_size=30)
#: What JSON holds, and comes back as it was.
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(ANY_TEXT, values, max_size=3),
    max_leaves=8,
)


def times(few: int) -> Any:
    """How many `examples` a test tries: few, and many in a long one."""
    many = pytest.param(_TIMES * few, marks=pytest.mark.long)
    return pytest.mark.parametrize("examples", [few, many])


def tried(few: int, **values: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A property as a test, `few` times with a random value of each of its arguments."""

    def as_test(holds: Callable[..., None]) -> Any:
        def test(examples: int) -> None:
            settings(max_examples=examples)(given(**values)(holds))()

        test.__name__, test.__doc__ = holds.__name__, holds.__doc__
        return times(few)(test)

    return as_test
