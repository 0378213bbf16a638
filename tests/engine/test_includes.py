"""Who includes whom in csrc: each folder uses itself and those below it, none beside it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from root import ROOT

FLOORS = [{"base"}, {"kernels"}, {"decode", "model", "train"}, {"session"}, {"bindings"}]


def wrong_includes(csrc: Path) -> list[str]:
    """Every include of a folder that is above or beside the file's own."""
    floor_of = {folder: number for number, floor in enumerate(FLOORS) for folder in floor}
    wrong = []
    for path in sorted(p for p in csrc.rglob("*") if p.is_file()):
        own = path.relative_to(csrc).parts[0]
        for name in re.findall(r'^\s*#\s*include\s+"(.*)"', path.read_text("utf-8"), re.MULTILINE):
            used = name.partition("/")[0]
            if used != own and floor_of.get(used, len(FLOORS)) >= floor_of[own]:
                wrong.append(f"{path.relative_to(csrc).as_posix()} includes {name}")
    return wrong


def test_includes_go_down() -> None:
    assert wrong_includes(ROOT / "csrc") == []


def test_an_include_that_goes_up_or_beside_is_found(tmp_path: Path) -> None:
    csrc = tmp_path / "csrc"
    shutil.copytree(ROOT / "csrc", csrc)
    for place, name in (
        ("kernels/cells.inc", "model/model.h"),
        ("decode/ids.h", "model/model.h"),
        ("base/check.h", "check.h"),
    ):
        text = (csrc / place).read_text("utf-8")
        (csrc / place).write_text(f'#include "{name}"\n{text}', "utf-8")
        assert wrong_includes(csrc) == [f"{place} includes {name}"]
        (csrc / place).write_text(text, "utf-8")
