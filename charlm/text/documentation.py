"""The English text that every Python carries: the documentation inside its own installation.

The help topics of `pydoc` and the docstrings of the standard library, their running prose
only: about a million characters. It is read from the installation, so it differs between
versions of Python; the checkpoint keeps its hash.
"""

from __future__ import annotations

import ast
import inspect
import re
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

from charlm.errors import CorpusError

_LEFT_OUT = {"test", "tests", "site-packages", "dist-packages", "idlelib", "lib2to3", "__pycache__"}
_MARKUP = re.compile(r"\*\*?(\S(?:.*?\S)?)\*\*?|``?(.+?)``?")
_PROSE = re.compile(r"[A-Z\"'(][^=<>{}|\\_*`#~]*[.!?]['\")]?")
_FEWEST_WORDS = 5


def read_documentation() -> str:
    """Its paragraphs of prose, each once, an empty line between them."""
    paragraphs = dict.fromkeys(p for text in _texts() for p in _paragraphs(text))
    if not paragraphs:
        raise CorpusError("this Python carries no documentation: give a text (--corpus FILE)")
    return "\n\n".join(paragraphs)


def _texts() -> Iterator[str]:
    try:
        from pydoc_data.topics import topics

        yield from topics.values()
    except ImportError:
        pass  # a Python cut down: the docstrings may still be there
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py")):
        if not _LEFT_OUT.intersection(path.relative_to(library).parts):
            yield from _docstrings(path)


def _docstrings(path: Path) -> Iterator[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old escapes in other people's code
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def _paragraphs(text: str) -> Iterator[str]:
    """The paragraphs that read as prose; code, tables, headings and lists are passed over."""
    for block in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        paragraph = _MARKUP.sub(r"\1\2", " ".join(block.split()))
        if _PROSE.fullmatch(paragraph) and paragraph.count(" ") >= _FEWEST_WORDS - 1:
            yield paragraph
