"""The one filter between foreign text and a terminal.

A model, a corpus, a checkpoint or a file name can hold any character: ESC starts a terminal
command, a C1 byte does the same, a bidi mark turns a line around, a lone surrogate cannot be
encoded. `visible` maps each of them to one visible character or a short escape, so that what
is shown is inert and nothing is hidden.

What joins characters into one picture (a zero-width joiner, the tone of a skin, the two letters of
a flag, a variation selector) is as wide as the terminal likes: some draw a family of three in two
cells, some in six. Where a text is laid out in cells each of them is drawn by a sign of its own,
which joins nothing: 👍 and its tone are two characters, as a model writes them.
"""

from __future__ import annotations

import re

# Controls (C0 without newline, DEL, C1), bidi and other invisible format characters,
# line separators that terminals treat in their own ways, and lone surrogates.
_HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)

#: What stands between two pictures and joins them; elsewhere it is hidden like the others.
_JOINER = re.compile(
    "(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
)
#: The joiner and the selectors; tones are numbered as by Fitzpatrick, flags spelt.
_SIGNS = {0x200D: "‿"} | dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)), "◌")
_SIGNS |= {0x1F3FB + tone: "₂₃₄₅₆"[tone] for tone in range(5)}
_SIGNS |= {0x1F1E6 + letter: chr(ord("Ⓐ") + letter) for letter in range(26)}


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)  # the control's own picture: ESC is shown as ␛
    if code == 0x7F:
        return "␡"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible_text(text: str) -> str:
    """`text` with every hidden or dangerous character made visible; newlines stay."""
    return _HIDDEN.sub(_escape, text)


def harmless_text(text: str) -> str:
    """As `visible_text`, but what joins two emoji stays: for what is copied, pasted or kept."""
    return "\u200d".join(map(visible_text, _JOINER.split(text)))


def visible_characters(text: str) -> str:
    """As `visible_text`, one character for each, and none that joins others, for cells.

    What would take several is `�`.
    """
    if not text.isascii():
        text = text.translate(_SIGNS)
    return _HIDDEN.sub(lambda match: shown if len(shown := _escape(match)) == 1 else "�", text)


def visible(text: str) -> str:
    """`text` on one line, every hidden, dangerous or joining character and newline made visible."""
    return visible_text(text.translate(_SIGNS)).replace("\n", "␊")
