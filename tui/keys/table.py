"""The keys of all views, as one table: bindings, footer, help and palette are drawn from it.

`tui.views.registry` gathers the rows. What a user has other keys for is in the keymap that Textual
is given; here the rows are told with those, and of an action's keys the one is named that comes
here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain

from textual.binding import Binding, BindingType

from .editing import EDITING, TYPING
from .key import Key, View, Where, key_name
from .remapping import LEADER, Own, letters_of, own_keys

#: A key that no keyboard has: of an action that has none in a place, until a keymap gives it one.
_NOWHERE = "nowhere"

_rows: tuple[Key, ...] = ()
_own = Own()
_taken: frozenset[str] = frozenset()
_calls: dict[str, list[Key]] = {}
_names: set[str] = set()


def gather(rows: Iterable[Key]) -> None:
    """Let the table be of these rows."""
    global _rows
    _rows = tuple(_in_every_place(tuple(rows)))
    _forget()
    _calls.clear()
    for row in _rows:
        _calls.setdefault(row.action, []).append(row)
        _names.add(row.action.partition("(")[0])


def remap(wanted: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Take a user's own keys, action name -> keys; a line for each that cannot be."""
    global _own
    _own, notices = own_keys(_rows, wanted)
    _forget()
    return notices


def expect_no(taken: Collection[str]) -> None:
    """Know which keys something else takes before they come here: they are not named."""
    global _taken
    _taken = frozenset(taken)


def keymap() -> dict[str, str]:
    """A user's own keys as Textual takes them: id of a binding -> its keys."""
    return {id: ",".join(keys) or _NOWHERE for id, keys in _own.keys.items()}


def all_keys() -> tuple[Key, ...]:
    """Every row, with a user's own keys."""
    return tuple(with_own(_rows, _own.keys))


@lru_cache
def keys_of(view: View, *where: Where) -> tuple[Key, ...]:
    """The keys of one view, those that every view has among them; of these places only."""
    rows = [row for row in _rows if row.view in ("", view)]
    return tuple(key for key in with_own(rows, _own.keys) if not where or key.where in where)


@lru_cache
def letters(view: View) -> Mapping[str, str]:
    """Action -> the letter, digit or sign that does it behind the leader, in one view."""
    return letters_of([row for row in _rows if row.view in ("", view)], _own.letters)


def with_own(rows: Iterable[Key], own: Mapping[str, tuple[str, ...]]) -> Iterator[Key]:
    """The rows that have keys, with those of one's own; the first of an action speaks for it."""
    silent: dict[tuple[str, View], Key] = {}
    for row in rows:
        keys = own.get(row.id)
        if keys is None:
            if row.keys:
                yield row
        elif not keys:
            silent.setdefault((row.action, row.view), row)
        else:
            said = silent.pop((row.action, row.view), row)
            yield replace(row, keys=keys, help=said.help, rank=said.rank, palette=said.palette,
                          shown="")  # fmt: skip


def settings_lines() -> list[str]:
    """Every action and its keys, as lines for settings.toml."""
    actions: dict[str, list[str]] = {}
    helps: dict[str, str] = {}
    for key in all_keys():
        known = actions.setdefault(key.name, [])
        known += [k for k in key.keys if k not in known]
        helps[key.name] = helps.get(key.name) or key.help
    for key in all_keys():
        letter = letters(key.view).get(key.action)
        behind = f"{LEADER}{key_name(letter)}" if letter else ""
        if behind and behind not in actions[key.name]:
            actions[key.name].append(behind)
    return [
        "[keys]",
        *(f"{name} = {json.dumps(keys)}  # {helps[name]}".rstrip(" #")
          for name, keys in actions.items()),
    ]  # fmt: skip


def key_named(action: str, view: View = "") -> str:
    """A key of an action that comes here, as hints name it: `F8`. view: "" for what every view has.

    Raises LookupError for an action that the view has not.
    """
    texts = [key_text(key, view) for key in keys_of(view) if key.action == action]
    if not texts:
        raise LookupError(f"no key does {action} in the view {view!r}")
    return texts[0]


def key_text(row: Key, view: View, states: Collection[str] = ()) -> str:
    """How an action is done here, in these states: by a key that comes, else behind the leader."""
    places = {"always", *states}
    others = (key for key in keys_of(view) if key.action == row.action and key.where in places)
    for key in chain([row], others):
        for name in key.keys:
            if _comes(name, states):
                return key.first_text if name == key.keys[0] else key_name(name)
    return behind_leader(row.action, view) or row.first_text


def behind_leader(action: str, view: View) -> str:
    """How an action is done behind the leader: `^X b`; "" where it is not."""
    letter = letters(view).get(action)
    leaders = [key.keys[0] for key in keys_of(view) if key.action == "app.leader"]
    return f"{key_name(leaders[0])} {key_name(letter)}" if letter and leaders else ""


@lru_cache
def edits(key: str) -> bool:
    """Whether a key edits while something is typed: one of readline's that nobody has chosen.

    A user's line that repeats what the table says anyway chooses nothing.
    """
    ours = {name for row in _rows for name in row.keys}
    chosen = {name for names in _own.keys.values() for name in names} - ours
    return key in EDITING and key not in chosen


def _comes(name: str, states: Collection[str]) -> bool:
    """Whether a key comes here, and does not edit what is being typed."""
    return name not in _taken and not (TYPING in states and edits(name))


def view_key(view: View) -> str:
    """The key that shows a view."""
    return key_named(f"app.view('{view}')")


def decoder_keys() -> str:
    """The keys of the decoders: `F2-F6`, or `^X 2-6` where not all of those come."""
    rows = [key for key in keys_of("write") if key.group == "Decoders"]
    texts = [key_text(row, "write") for row in rows]
    if not all(_comes(row.keys[0], ()) for row in rows):
        behind = [behind_leader(row.action, "write") for row in rows]
        texts = [behind[0], behind[-1].rpartition(" ")[2]] if all(behind) else texts
    return "-".join(dict.fromkeys([*texts[:1], *texts[-1:]]))


def bindings_of(view: View, *stage: str) -> list[BindingType]:
    """The bindings of a view; or, of those that a stage of it has, the ones of these actions.

    Those of the prompt are the prompt's own.
    """
    return [
        binding
        for row in _rows
        if row.view in ("", view) and row.where != "prompt"
        and (row.action.partition("(")[0] in stage if stage else not row.stage)
        for binding in row_bindings(row)
    ]  # fmt: skip


def row_bindings(row: Key) -> Iterator[Binding]:
    """A binding for each key of a row, all of one id, by which a keymap gives them others."""
    for name in row.keys or (_NOWHERE,):
        yield Binding(
            name, row.action, row.help, show=False, priority=row.where != "outside", id=row.id
        )


def label_of(action: str, parameters: Collection[object], states: Collection[str]) -> str | None:
    """The label of an action in these states; None when all its keys do nothing now.

    An action that has no keys at all, as a click on a knob does it or Textual itself, is always
    there. Raises LookupError for an action of the table called as none of its keys calls it.
    """
    call = f"{action}({', '.join(map(repr, parameters))})" if parameters else action
    if call not in _calls:
        if action in _names:
            raise LookupError(f"no key does {call}")
        return action
    labels = (row.label(states) for row in _calls[call])
    return next((label for label in labels if label is not None), None)


def _forget() -> None:
    """What was made of the rows as they were."""
    keys_of.cache_clear()
    letters.cache_clear()
    edits.cache_clear()


def _in_every_place(rows: Sequence[Key]) -> Iterator[Key]:
    """The rows; where an action works always, one for the letters a user may give it too.

    In the prompt they are text: that row works outside it only.
    """
    places: defaultdict[tuple[str, View], set[Where]] = defaultdict(set)
    for row in rows:
        places[row.action, row.view].add(row.where)
    for row in rows:
        yield row
        if places[row.action, row.view] == {"always"}:
            yield replace(row, keys=(), where="outside", help="", rank=0, palette=False, shown="",
                          leader="")  # fmt: skip
