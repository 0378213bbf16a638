"""Textual's classes keep their own attributes: a name that is taken by chance breaks them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from functools import cache

import tui

#: What is replaced on purpose.
MEANT = {
    ("ExactDocument", "_lines"), ("InertArea", "_set_document"),
    ("Field", "_value"), ("Field", "_position_to_cell"), ("TerminalApp", "_display"),
    ("SteadyApp", "_clipboard"), ("SteadyApp", "_exit_renderables"),
    ("SteadyApp", "_print_error_renderables"), ("SteadyApp", "_check_bindings"),
    ("EscapeParser", "_sequence_to_key_events"),
}  # fmt: skip
#: Python's and Textual's own bookkeeping, written into every class.
MADE = re.compile(
    r"_abc_impl|_(merged|inherit|is)_\w+|_css_type_names?|_computes|_reactives|_decorated_handlers"
)


@cache
def private_names(kind: type) -> frozenset[str]:
    """Of methods, and of what its methods set."""
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):
        source = ""
    found = set(re.findall(r"self\.(_\w+)\b[^=\n]{0,60}?(?<![=!<>])=(?!=)", source))
    found |= {name for name in vars(kind) if name.startswith("_") and not name.startswith("__")}
    return frozenset(name for name in found if not MADE.fullmatch(name))


def test_no_name_of_textuals_is_taken_by_chance() -> None:
    taken, checked = set(), 0
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        if module.name.endswith("__main__"):
            continue
        for name, kind in vars(importlib.import_module(module.name)).items():
            if not inspect.isclass(kind) or kind.__module__ != module.name:
                continue
            bases = [base for base in kind.__mro__ if base.__module__.startswith("textual")]
            theirs = frozenset[str]().union(*map(private_names, bases))
            checked += bool(bases)
            taken |= {(name, attribute) for attribute in private_names(kind) & theirs}
    assert checked > 40
    assert taken == MEANT
