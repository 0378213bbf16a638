"""Texts from their receipts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from root import ROOT


def written_from(run: Path, record: str) -> str:
    """What `charlm write --from` prints, without the newline that ends it."""
    file = run / "record.json"
    file.write_text(record + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "charlm", "write", str(run), "--from", str(file)],
        cwd=ROOT, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    text = done.stdout.decode("utf-8")
    return text[:-1] if not text[:-1].endswith("\n") else text
