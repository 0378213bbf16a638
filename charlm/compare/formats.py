"""The formats of pictures: SVG is drawn here, the others are made of it by a library."""

from __future__ import annotations

from collections.abc import Collection
from importlib.util import find_spec

from charlm.errors import CharlmError

SVG, PNG, PDF = FORMATS = ("svg", "png", "pdf")
_LIBRARY = "vl_convert"
_SCALE = 2.0  # pixels of a PNG for each of the SVG


def check_formats(formats: Collection[str]) -> None:
    """Raise CharlmError where what makes these formats is not installed."""
    others = [name for name in formats if name != SVG]
    if others and find_spec(_LIBRARY) is None:
        raise CharlmError(
            f"--pictures {','.join(others)} needs a library that is not installed: pip install -e"
            " '.[pictures]' in charlm's folder, or leave the option out for SVG"
        )


def converted(svg: str, format: str) -> bytes:
    """A picture in one of the formats."""
    if format == SVG:
        return svg.encode()
    import vl_convert

    if format == PNG:
        return vl_convert.svg_to_png(svg, scale=_SCALE)
    return vl_convert.svg_to_pdf(svg)
