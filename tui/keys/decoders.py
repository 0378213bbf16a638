"""The keys of the five decoders: the same wherever a model writes."""

from __future__ import annotations

from .key import Key, always


def _decoder(name: str, key: str, label: str, help: str) -> Key:
    return Key(f"decoder('{name}')", (key,), always(label), help, "Decoders", rank=9)


DECODERS: tuple[Key, ...] = (
    _decoder("greedy", "f2", "greedy", "greedy: the most probable character, always"),
    _decoder("sample", "f3", "sampling", "sampling: a random character, by its probability"),
    _decoder("nucleus", "f4", "nucleus", "nucleus: a random one of the few probable ones"),
    _decoder("beam", "f5", "beam", "beam: the most probable of many texts"),
    _decoder(
        "nucleus-beam", "f6", "nucleus beam", "nucleus beam: many texts, drawn from the nucleus"
    ),
)
