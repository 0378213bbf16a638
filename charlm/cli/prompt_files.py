"""The prompts of a command: typed, one a line, one file as a whole, or JSON lines with ids."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any, NamedTuple

from charlm.engine.records import PromptId, is_prompt_id
from charlm.errors import InputError
from charlm.text.files import read_bytes

_JSON_LINES = (".jsonl", ".ndjson")


class GivenPrompt(NamedTuple):
    """A prompt, and what its giver calls it."""

    text: str
    id: PromptId = None


def read_prompts(prompt: str | None, file: str | None, whole: str | None) -> list[GivenPrompt]:
    """The prompts meant by --prompt, --prompts and --prompt-file, of which one is given.

    prompt: a text, or "-" for standard input, one a line. file: one a line, or JSON lines. whole:
    a file that is one prompt. Raises InputError.
    """
    if whole is not None:
        return [GivenPrompt(_decoded(whole, "prompt file").removesuffix("\n"))]
    source = "-" if prompt == "-" else file
    if source is None:
        return [GivenPrompt(prompt or "")]
    text = _decoded(source, "prompts")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if PurePath(source).suffix.lower() in _JSON_LINES or _are_objects(lines):
        return _from_json(lines, source)
    return [GivenPrompt(line) for line in lines]


def _are_objects(lines: list[str]) -> bool:
    """Whether every line, but for empty ones, is a JSON object with a prompt."""
    filled = [line for line in lines if line.strip()]
    return bool(filled) and all(map(_is_object, filled))


def _is_object(line: str) -> bool:
    if not line.lstrip().startswith("{"):  # most prompts are told apart without being parsed
        return False
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and "prompt" in content


def _decoded(source: str, kind: str) -> str:
    """The text of a file in UTF-8, its newlines LF."""
    data, name = read_bytes(source, kind)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{kind} {name}: byte {data[error.start]:#04x} at offset {error.start:,}, line"
            f" {data.count(bytes([10]), 0, error.start) + 1:,}, is not UTF-8: convert the file"
        ) from None
    return text.replace("\r\n", "\n")


def _from_json(lines: list[str], source: str) -> list[GivenPrompt]:
    """One prompt an object; lines with nothing on them are passed over."""
    prompts = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            prompts.append(_from_object(line, f"prompts {source}, line {number:,}"))
    return prompts


def _from_object(line: str, where: str) -> GivenPrompt:
    try:
        content: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(f'{where}: not JSON: write {{"prompt": "..."}} on a line') from None
    if not isinstance(content, dict) or not isinstance(content.get("prompt"), str):
        raise InputError(f'{where}: it has no "prompt" that is a text')
    if not is_prompt_id(content.get("id")):
        raise InputError(f'{where}: its "id" is neither a text nor a whole number')
    return GivenPrompt(content["prompt"], content.get("id"))
