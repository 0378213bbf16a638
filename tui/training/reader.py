"""A run log turned into curves. Anything in it may be missing or of another type."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, get_args

from charlm.display import visible
from charlm.run.log import Tail

from .snapshots import Curves, Mark, Place, Probe, Quantity, Sample

_NOTICES = 20
#: Samples of one curve: more than any screen has columns for.
_MOST_SAMPLES = 4096
_MOST_PROBES = 1024
_MOST_MARKS = 300
_LABEL = 64
#: Smaller numbers are nothing: what is computed with them stays finite.
_NOTHING = 1e-290
_GROUP = 4
_START = Place(0, 0, 0)
_BEGINNINGS = count(1)
#: Of a step line: quantity and key. An evaluation has one of its own.
_STEP_KEYS: Mapping[Quantity, str] = {
    name: "loss" if name == "training" else name
    for name in get_args(Quantity)
    if name != "validation"
}
_WORDS = {"pause": "pause", "resume": "go on", "stop": "stop"}
_OUTER_QUANTILES = 5


class RunReader:
    """Reads one run's log as it grows; `curves()` is what it says so far."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self._tail = Tail(run)
        self._series: dict[Quantity, list[Sample]] = {name: [] for name in get_args(Quantity)}
        self._marks: deque[Mark] = deque(maxlen=_MOST_MARKS)
        self._probes: list[Probe] = []
        self._notices: deque[str] = deque(maxlen=_NOTICES)
        self._place = _START
        self._now = Curves(run)
        #: What the last step says of the training's course; of each step anew it would be slow.
        self._speed: dict[str, Any] = {}
        self._known: Curves | None = None

    def read(self) -> bool:
        """Take in the new lines; whether there were any."""
        found = False
        while True:
            for line in self._tail.new():
                found = True
                read = _READERS.get(str(line.get("kind")))
                if read is not None:
                    read(self, line)
            if not self._tail.behind:
                break
        if found:
            self._known = None
        return found

    def curves(self) -> Curves:
        """The run as it stands; the same object while nothing is new."""
        if self._known is None:
            self._known = replace(
                self._now,
                **self._speed,
                place=None if self._place is _START else self._place,
                series={name: tuple(points) for name, points in self._series.items()},
                marks=tuple(self._marks),
                probes=tuple(self._probes),
                notices=tuple(self._notices),
            )
        return self._known

    def _start(self, line: Mapping[str, Any]) -> None:
        """A run begins, or goes on from a step: what came behind it was lost with a kill."""
        step = _number(line, "step") or 0.0
        everything: list[MutableSequence[Any]] = [*self._series.values(), self._marks, self._probes]
        for kept in everything:
            _cut(kept, lambda place: place.step > step)
        if not step:
            self._place, self._speed = _START, {}
            self._now = Curves(self.run, beginning=next(_BEGINNINGS))
            self._notices.clear()
        else:
            self._marks.append(Mark(self._place, "resumed"))
        rate = _number(line, "learning_rate")
        self._now = replace(
            self._now, ended=None, paused=False, model=_model(line.get("model")), rate=rate
        )

    def _baseline(self, line: Mapping[str, Any]) -> None:
        order = line.get("order")
        names = {"unigram": "1-gram", "ngram": f"{order if isinstance(order, int) else 'n'}-gram"}
        losses = ((name, _number(line, key)) for key, name in names.items())
        found = tuple((name, loss) for name, loss in losses if loss is not None)
        self._now = replace(self._now, baselines=found)

    def _step(self, line: Mapping[str, Any]) -> None:
        if not self._go_to(line):
            return
        for name, key in _STEP_KEYS.items():
            self._add(name, _number(line, key))
        share = _number(line, "progress")
        self._speed = {
            "progress": None if share is None else min(1.0, max(0.0, share)),
            "seconds_left": _number(line, "seconds_left"),
            "characters_per_s": _number(line, "characters_per_s"),
        }

    def _evaluation(self, line: Mapping[str, Any]) -> None:
        if self._go_to(line):
            self._add("validation", _number(line, "validation_loss"))

    def _probe(self, line: Mapping[str, Any]) -> None:
        gates = {
            visible(name[:_LABEL]): tuple(map(float, (*values["quantiles"], low, high)))
            for name, values in _mapping(line, "gates").items()
            if isinstance(values, dict)
            and _numbers(values.get("quantiles"), _OUTER_QUANTILES)
            and (low := _number(values, "low")) is not None
            and (high := _number(values, "high")) is not None
        }
        place = self._place._replace(step=_number(line, "step") or self._place.step)
        _cut(self._probes, lambda other: other.step >= place.step)
        self._probes.append(
            Probe(place, gates, _norms(line, "gradient_norms"), _norms(line, "update_ratios"))
        )
        if len(self._probes) > _MOST_PROBES:
            self._probes = self._probes[1::2]

    def _control(self, line: Mapping[str, Any]) -> None:
        self._reach(line)
        act, value = line.get("act"), _number(line, "value")
        if act == "learning_rate" and value is not None:
            self._now = replace(self._now, rate=value)
            word = f"rate {value:.2g}"
        elif isinstance(act, str) and act in _WORDS:
            self._now = replace(self._now, paused=act == "pause")
            word = _WORDS[act]
        else:
            return
        self._marks.append(Mark(self._place, word))

    def _notice(self, line: Mapping[str, Any]) -> None:
        self._notices.append(visible(str(line.get("message", ""))))

    def _end(self, line: Mapping[str, Any]) -> None:
        self._reach(line)
        reason = visible(str(line.get("reason") or "done"))
        if reason.startswith("stopped"):  # by a key or a signal: to the reader it is all one
            reason = "stopped"
        self._now = replace(self._now, paused=False, ended=reason)
        self._speed["seconds_left"] = None

    def _go_to(self, line: Mapping[str, Any]) -> bool:
        """Take in where the training is; False when the line does not say."""
        step, characters = _number(line, "step"), _number(line, "characters")
        if characters is None:
            characters = step
        if characters is None:
            return False
        seconds = _number(line, "seconds")
        self._place = Place(
            characters if step is None else step,
            characters,
            self._place.seconds if seconds is None else seconds,
        )
        return True

    def _reach(self, line: Mapping[str, Any]) -> None:
        """Take in where a line is that measures nothing: it may name its step alone."""
        if _number(line, "characters") is not None:
            self._go_to(line)
        elif (step := _number(line, "step")) is not None:
            self._place = self._place._replace(step=step)

    def _add(self, name: Quantity, value: float | None) -> None:
        if value is None:
            return
        points, here = self._series[name], self._place.characters
        while points and points[-1].place.characters >= here:
            points.pop()  # a run that was resumed repeats its last stretch
        points.append(Sample(self._place, value))
        if len(points) > _MOST_SAMPLES:
            self._series[name] = _thinned(points)


_READERS: Mapping[str, Callable[[RunReader, Mapping[str, Any]], None]] = {
    "start": RunReader._start,
    "baseline": RunReader._baseline,
    "step": RunReader._step,
    "evaluation": RunReader._evaluation,
    "probe": RunReader._probe,
    "control": RunReader._control,
    "notice": RunReader._notice,
    "end": RunReader._end,
}


def _cut(items: MutableSequence[Any], is_behind: Callable[[Place], bool]) -> None:
    while items and is_behind(items[-1].place):
        items.pop()


def _thinned(points: Sequence[Sample]) -> list[Sample]:
    """Half of the samples: of every four the lowest and the highest."""
    kept = []
    for start in range(0, len(points), _GROUP):
        group = points[start : start + _GROUP]
        values = [sample.value for sample in group]
        ends = {values.index(min(values)), values.index(max(values))}
        kept += [group[place] for place in sorted(ends)]
    return kept


def _model(config: Any) -> str:
    if not isinstance(config, dict):
        return ""
    cell, layers, hidden = (config.get(key) for key in ("cell", "layers", "hidden_size"))
    return visible(f"{str(cell).upper()} {layers}×{hidden}")


def _mapping(line: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = line.get(key)
    return value if isinstance(value, dict) else {}


def _norms(line: Mapping[str, Any], key: str) -> dict[str, float]:
    values = _mapping(line, key)
    found = ((visible(name[:_LABEL]), _number(values, name)) for name in values)
    return {name: norm for name, norm in found if norm is not None and norm >= 0}


def _number(line: Mapping[str, Any], key: str) -> float | None:
    value: Any = line.get(key)
    if type(value) not in (int, float):  # a truth value is none
        return None
    # json reads NaN, Infinity and integers of any size; a curve has no place for them.
    if not -1e300 < value < 1e300:
        return None
    return float(value) if abs(value) > _NOTHING else 0.0


def _numbers(values: Any, count: int) -> bool:
    """Whether these are so many numbers."""
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != count:
        return False
    return all(_number({"": value}, "") is not None for value in values)
