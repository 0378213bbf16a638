"""The golden texts and trainings, told one by one. What `arm.sh` runs, on its Python.

argv: a tree of charlm and its tests; the site-packages of that Python; those of another one, of
which it can use what is pure Python.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

TREE = Path(sys.argv[1])
sys.path[:0] = [*(str(TREE / place) for place in ("", "tests/support", "tests/train")), sys.argv[2]]
sys.path.append(sys.argv[3])

import torch  # noqa: E402
from golden import CASES, TEXTS, written  # noqa: E402
from test_native import GOLDEN, identities  # noqa: E402


def main() -> int:
    """Compare everything; 1 if anything differs."""
    torch.set_flush_denormal(True)  # as any library may: the kernels undo it for themselves
    texts, trained = json.loads(TEXTS.read_text())["texts"], json.loads(GOLDEN.read_text())
    told = [(case, written(case, 2) == texts[case]) for case in CASES]
    told += [(f"{cell}, trained", found == trained[cell]) for cell, found in identities(2).items()]
    for name, same in told:
        print(f"{platform.machine()}  {name}: {'the same bits' if same else 'OTHER BITS'}")
    return 0 if all(same for _, same in told) else 1


sys.exit(main())
