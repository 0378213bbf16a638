"""What is kept as JSON, and back: whatever a file says, it becomes values that are checked.

A file is written whole or not at all, so one wrong thing in it means that it is not ours, or
damaged: then none of it is used. Lone surrogates, which a model may write, stay what they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from charlm.checks import Range, is_integer
from charlm.decoding import MAX_LENGTH, STRATEGIES
from charlm.model.config import PRECISIONS, Precision
from charlm.run.sealed_file import DuplicateKey, parse_json

from ..knobs import ROWS, TEXTS, Setting
from .cut import LARGEST, fitting, is_crowded
from .values import Kept, KeptBranch, KeptText

_VERSION = 1
_DICE = re.compile("prompt|[0-9a-f]{16}")
_DAMAGED = "it is damaged"
_DOCUMENT = ("version", "model", "prompts", "setting", "texts", "branches", "shown")
_SETTING = ("decoder", "values", "texts", "length", "seed", "sample", "knob")
_TREE = ("setting", "prompt", "dice", "as_fed", "ended", "whole", "parent", "redo")


def data_of(kept: Kept, model: str) -> bytes:
    """A file of at most `LARGEST` bytes: where all of it is more, the oldest texts are left out."""
    data = _data(kept, model)
    if len(data) <= LARGEST and not is_crowded(kept):
        return data
    bare = _data(kept._replace(prompts=(), texts=(), branches=()), model)
    return _data(fitting(kept, LARGEST - len(bare), _size), model)


def kept_of(data: bytes, model: str) -> Kept:
    """What a file says is kept of this model. Raises ValueError, whose words say what is wrong."""
    try:
        document = parse_json(data.decode("utf-8", "surrogatepass"))
        version, whose, *rest = _fields(document, *_DOCUMENT)
        if is_integer(version, _VERSION + 1, 2**31):
            raise _Newer("it is of a newer charlm")
        _hold(is_integer(version, _VERSION, _VERSION) and whose == model)
        return _kept(*rest)
    except _Newer:
        raise
    except (ValueError, RecursionError, DuplicateKey):
        raise ValueError(_DAMAGED) from None


class _Newer(ValueError):
    """A later version wrote it."""


def _data(kept: Kept, model: str) -> bytes:
    document = {
        "version": _VERSION,
        "model": model,
        "prompts": kept.prompts,
        "setting": _plain_setting(kept.setting),
        "texts": [text._asdict() for text in kept.texts],
        "branches": list(map(_plain_branch, kept.branches)),
        "shown": kept.shown,
    }
    return _bytes(document)


def _bytes(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _size(part: str | KeptText | KeptBranch) -> int:
    """Bytes that it takes in the file, with the comma and whatever place its parent has."""
    match part:
        case KeptBranch():
            return len(_bytes(_plain_branch(part))) + 10
        case KeptText():
            return len(_bytes(part._asdict())) + 1
    return len(_bytes(part)) + 1


def _plain_branch(branch: KeptBranch) -> dict[str, object]:
    rest = branch._asdict()
    del rest["seen"]
    return branch.seen._asdict() | rest | {"setting": _plain_setting(branch.setting)}


def _plain_setting(setting: Setting) -> dict[str, object]:
    """All but the pace, which is no part of a text; of the knobs, those that were turned."""
    turned: dict[str, dict[str, float]] = {}
    for name, values in Setting().values.items():
        for knob, before in values.items():
            value = setting.values[name][knob]
            if repr(value) != repr(before):  # 1 and 1.0 are two in a receipt
                turned.setdefault(name, {})[knob] = int(value) if _is_whole(knob) else value
    texts = {name: text for name, text in setting.texts.items() if text}
    facts = (setting.name, turned, texts, setting.length, setting.seed, setting.sample)
    return dict(zip(_SETTING, (*facts, setting.wanted), strict=True))


def _kept(prompts: object, setting: object, texts: object, branches: object, shown: object) -> Kept:
    tree = tuple(_branch(place, branch) for place, branch in enumerate(_list(branches)))
    for place, branch in enumerate(tree):
        redo = branch.redo
        _hold(redo is None or (0 <= redo < len(tree) and tree[redo].parent == place))
    kept = Kept(
        tuple(map(_text, _list(prompts))), _setting(setting),
        tuple(_seen(*_fields(text, *KeptText._fields)) for text in _list(texts)), tree,
        _integer(shown, max(0, len(tree) - 1)),
    )  # fmt: skip
    _hold(not is_crowded(kept))
    return kept


def _seen(
    heading: object, note: object, text: object, given: object, base: object, precision: object
) -> KeptText:
    seen = _text(text)
    begins, ends = _integer(given, len(seen)), _integer(base, len(seen))
    _hold(begins <= ends)
    _hold(_text(precision) in PRECISIONS)
    numbers = cast("Precision", precision)
    return KeptText(_text(heading), _text(note), seen, begins, ends, numbers)


def _branch(place: int, value: object) -> KeptBranch:
    seen_as = KeptText._fields
    fields = _fields(value, *seen_as, *_TREE)
    setting, prompt, dice, as_fed, ended, whole, parent, redo = fields[len(seen_as) :]
    _hold(_DICE.fullmatch(_text(dice)) is not None)
    _hold((parent is None) == (place == 0))
    return KeptBranch(
        _seen(*fields[: len(seen_as)]), _setting(setting), _text(prompt), _text(dice),
        _truth(as_fed), _truth(ended), _truth(whole),
        None if parent is None else _integer(parent, place - 1),
        None if redo is None else _integer(redo, MAX_LENGTH),
    )  # fmt: skip


def _setting(value: object) -> Setting:
    decoder, turned, said, length, seed, sample, knob = _fields(value, *_SETTING)
    new = Setting(length=_row("length", length), seed=_row("seed", seed))
    values = dict(new.values)
    for name, knobs in _table(turned).items():
        _hold(name in values)
        rows = {knob: _row(knob, number) for knob, number in _table(knobs).items()}
        _hold(rows.keys() <= values[name].keys())
        values[name] = MappingProxyType({**values[name], **rows})
    texts = _table(said)
    _hold(texts.keys() <= TEXTS.keys() and _text(decoder) in STRATEGIES and _text(knob) in ROWS)
    setting = Setting(
        decoder, MappingProxyType(values),
        MappingProxyType({**new.texts, **{name: _text(text) for name, text in texts.items()}}),
        new.length, new.seed, _integer(sample, MAX_LENGTH), knob,
    )  # fmt: skip
    for name in STRATEGIES:  # which refuses what options may not be together
        assert setting.with_decoder(name).strategy
    return setting


def _row(knob: str, value: object) -> Any:
    """The value of a knob, if it may be."""
    _hold(knob in ROWS)
    ROWS[knob].rule.check(knob, value)
    return value


def _is_whole(knob: str) -> bool:
    rule = ROWS[knob].rule
    return isinstance(rule, Range) and rule.whole


def _fields(value: object, *names: str) -> list[Any]:
    """The values of a table that has these names and no others."""
    table = _table(value)
    _hold(table.keys() == set(names))
    return [table[name] for name in names]


def _table(value: object) -> Mapping[str, Any]:
    _hold(isinstance(value, dict))
    return cast("dict[str, Any]", value)


def _list(value: object) -> Sequence[object]:
    _hold(isinstance(value, list))
    return cast("list[object]", value)


def _text(value: object) -> str:
    _hold(isinstance(value, str))
    return cast("str", value)


def _truth(value: object) -> bool:
    _hold(isinstance(value, bool))
    return cast("bool", value)


def _integer(value: object, high: int) -> int:
    _hold(is_integer(value, 0, high))
    return cast("int", value)


def _hold(condition: bool) -> None:
    if not condition:
        raise ValueError
