"""The keys, as one table: bindings, footer, help and palette are drawn from it."""

from __future__ import annotations

from collections.abc import Collection

from textual.binding import Binding, BindingType

from tui.keys import common, runs, write
from tui.keys.key import Key, View, Where

KEYS: tuple[Key, ...] = (*write.KEYS, *runs.KEYS, *common.KEYS)


def keys_of(view: View, *where: Where) -> tuple[Key, ...]:
    """The keys of one view, those that every view has among them; of these places only."""
    return tuple(
        key for key in KEYS if key.view in ("", view) and (not where or key.where in where)
    )


def bindings_of(view: View) -> list[BindingType]:
    """The bindings of a view. Keys of the prompt are its own: it must see them in their order."""
    return [
        Binding(name, key.action, key.help, show=False, priority=key.where == "always")
        for key in keys_of(view, "always", "outside")
        for name in key.keys
    ]


def label_of(action: str, parameters: Collection[object], states: Collection[str]) -> str | None:
    """The label of an action in these states; None when all its keys do nothing now."""
    call = f"{action}({', '.join(map(repr, parameters))})" if parameters else action
    keys = [key for key in KEYS if key.action == call]
    labels = [label for key in keys if (label := key.label(states)) is not None]
    # An action outside the table (a click on a knob) is always there.
    return labels[0] if labels else (None if keys else action)
