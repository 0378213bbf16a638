"""The pictures in other formats, and a disk or a library that is not there."""

from __future__ import annotations

import errno
import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from charlm.chart import Line, line_chart
from charlm.cli.main import main
from charlm.compare import formats, result_files
from charlm.compare.formats import converted
from charlm.errors import run_main

QUICK = ("--hidden", "6", "--embedding", "5", "--batch", "4", "--length", "16", "--seeds", "1")


def arguments(corpus: Path, out: Path, *more: str) -> list[str]:
    words = ["compare", "--corpus", str(corpus), "--out", str(out), *QUICK, "--budget", "8steps"]
    return [*words, "--cells", "rnn", *more]


def chart() -> str:
    x = np.array([0.0, 50.0, 100.0])
    return line_chart("Title", ("x", "|∂Lₜ/∂hₜ₋ₖ|"), [Line("a", "#123456", x, x)], (0.0, 100.0))


def test_a_missing_library_is_said_before_any_training(
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    out = tmp_path / "out"
    assert run_main(main, arguments(corpus, out, "--pictures", "svg,pdf")) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "--pictures pdf" in said
    assert "pip install -e '.[pictures]'" in said
    assert not out.exists()
    formats.check_formats(("svg",))


def test_every_format_is_written_and_the_report_shows_the_first(
    corpus: Path, tmp_path: Path
) -> None:
    assert main(arguments(corpus, tmp_path, "--pictures", "pdf,png")) == 0
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert re.findall(r"!\[.*\]\((.*)\)", report) == [
        "loss.png", "gradient-norm.png", "gradient-distance.png"
    ]  # fmt: skip
    for name in ("loss", "gradient-norm", "gradient-distance"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert not (tmp_path / f"{name}.svg").exists()


def test_a_png_is_twice_as_large_and_the_svg_is_as_it_was_drawn() -> None:
    svg = chart()
    assert converted(svg, "svg") == svg.encode()
    assert struct.unpack(">II", converted(svg, "png")[16:24]) == (1520, 800)


def test_a_full_disk_costs_the_rows_no_training(
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is said, and what is missing is written with the next run, or by the same command."""
    writes = []

    def full(path: Path, data: bytes) -> None:
        writes.append(path.name)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(result_files, "write_atomically", full)
        assert run_main(main, arguments(corpus, tmp_path, "--seeds", "2")) == 1
    assert capsys.readouterr().err.count("No space left on device") == 3
    assert len(writes) == 3  # after each of two runs, and at the end
    assert main(arguments(corpus, tmp_path, "--seeds", "2")) == 0
    assert capsys.readouterr().out.count(": kept, loss ") == 2
    assert len((tmp_path / "results.csv").read_text().splitlines()) == 3
