"""The keys, as one table: bindings, footer, help and palette are drawn from it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from textual.binding import Binding, BindingType

from ..views.inspect import keys as inspect
from ..views.runs import keys as runs
from ..views.train import keys as train
from ..views.write import keys as write
from . import common
from .key import Key, View, Where
from .remapping import action_name, remapped

KEYS: tuple[Key, ...] = (
    *write.KEYS,
    *train.KEYS,
    *inspect.KEYS,
    *runs.KEYS,
    *common.KEYS,
)


def remap(wanted: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Take a user's own keys, action name -> keys; a line for each that cannot be.

    Before the views are imported: their classes bind what the table says then.
    """
    global KEYS
    KEYS, notices = remapped(KEYS, wanted)
    return notices


def settings_lines() -> list[str]:
    """Every action and its keys, as lines for settings.toml."""
    actions: dict[str, list[str]] = {}
    helps: dict[str, str] = {}
    for key in KEYS:
        name = action_name(key)
        known = actions.setdefault(name, [])
        known += [k for k in key.keys if k not in known]
        helps[name] = helps.get(name) or key.help
    return [
        "[keys]",
        *(f"{name} = {json.dumps(keys)}  # {helps[name]}".rstrip(" #")
          for name, keys in actions.items()),
    ]  # fmt: skip


def keys_of(view: View, *where: Where) -> tuple[Key, ...]:
    """The keys of one view, those that every view has among them; of these places only."""
    return tuple(
        key for key in KEYS if key.view in ("", view) and (not where or key.where in where)
    )


def key_named(action: str, view: View = "") -> str:
    """The first key of an action, as hints name it: `F8`. view: "" for one that every view has.

    Raises LookupError for an action that the view has not.
    """
    texts = [key.key_text for key in keys_of(view) if key.action == action]
    if not texts:
        raise LookupError(f"no key does {action} in the view {view!r}")
    return texts[0]


def view_key(view: View) -> str:
    """The key that shows a view."""
    return key_named(f"app.view('{view}')")


def decoder_keys() -> str:
    """The keys of the decoders: `F2-F6`."""
    texts = [key.key_text for key in keys_of("write") if key.group == "Decoders"]
    return "-".join(dict.fromkeys([*texts[:1], *texts[-1:]]))


def bindings_of(view: View) -> list[BindingType]:
    """The bindings of a view. Keys of the prompt are its own: it must see them in their order."""
    return [
        Binding(name, key.action, key.help, show=False, priority=key.where == "always")
        for key in keys_of(view, "always", "outside")
        for name in key.keys
    ]


def label_of(action: str, parameters: Collection[object], states: Collection[str]) -> str | None:
    """The label of an action in these states; None when all its keys do nothing now.

    An action that has no keys at all, as a click on a knob does it or Textual itself, is always
    there. Raises LookupError for an action of the table called as none of its keys calls it.
    """
    call = f"{action}({', '.join(map(repr, parameters))})" if parameters else action
    keys = [key for key in KEYS if key.action == call]
    if not keys:
        if any(key.action.partition("(")[0] == action for key in KEYS):
            raise LookupError(f"no key does {call}")
        return action
    return next((label for key in keys if (label := key.label(states)) is not None), None)
