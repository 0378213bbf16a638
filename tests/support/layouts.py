"""Small texts laid out as the texts of real people are, made from a few words each."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence


def _words(text: str) -> list[str]:
    return text.split()


_ENGLISH = _words(
    "the old harbour light turned slowly over water that nobody had crossed since spring and"
    " every window of the town kept its own small fire against the wind from the hills"
)
_SYLLABLES = _words("ma ri ka to len da vi or sel an bru no el ia thor mi")


def _sentence(random: random.Random, words: Sequence[str], join: str = " ") -> str:
    return join.join(random.choices(words, k=random.randint(4, 14)))


def _paragraphs(
    words: Sequence[str], mark: str, join: str = " ", between: str = " ", count: int = 60
) -> list[str]:
    dice = random.Random(1)
    paragraphs = []
    for _ in range(count):
        sentences = [_sentence(dice, words, join) for _ in range(dice.randint(2, 6))]
        paragraphs.append(between.join(s[:1].upper() + s[1:] + mark for s in sentences))
    return paragraphs


def _wrapped(paragraph: str, width: int = 70) -> str:
    import textwrap

    return textwrap.fill(paragraph, width)


def english_prose() -> str:
    """Hard-wrapped paragraphs apart by an empty line."""
    return "\n\n".join(_wrapped(p) for p in _paragraphs(_ENGLISH, ".")) + "\n"


def chinese() -> str:
    """A paragraph a line, no spaces anywhere."""
    words = _words(
        "港口 的 老 灯塔 慢慢 转动 没有 人 渡过 那片 海水 每 一扇 窗 都 守着 自己 小小 的 火"
    )
    return "\n".join("　　" + p for p in _paragraphs(words, "。", "", "")) + "\n"


def japanese() -> str:
    """A paragraph a line; quotes close behind the mark."""
    words = _words("古い 港 の 灯り は 静か に 回る 誰 も 渡ら ない 海 を 見て いた 風 が 吹く")
    lines = _paragraphs(words, "。", "", "")
    return "\n".join(f"「{line}」" if i % 4 == 0 else line for i, line in enumerate(lines)) + "\n"


def arabic() -> str:
    """A full stop before a letter that has no capital."""
    words = _words("كان نور الميناء القديم يدور ببطء فوق الماء الذي لم يعبره أحد منذ الربيع")
    return "\n\n".join(_paragraphs(words, ".")) + "\n"


def hindi() -> str:
    """Sentences end with a danda."""
    words = _words("पुराने बंदरगाह की बत्ती धीरे धीरे पानी के ऊपर घूमती थी और कोई पार नहीं गया था")
    return "\n".join(_paragraphs(words, "।")) + "\n"


def hebrew() -> str:
    """Hard-wrapped, and without capitals."""
    words = _words("האור הישן של הנמל הסתובב לאט מעל המים שאיש לא חצה מאז האביב וכל חלון")
    return "\n\n".join(_wrapped(p, 60) for p in _paragraphs(words, ".")) + "\n"


def fasta() -> str:
    """Records of a heading line and a sequence wrapped at 60."""
    dice = random.Random(1)
    records = []
    for number in range(40):
        sequence = "".join(dice.choices("ACDEFGHIKLMNPQRSTVWY", k=dice.randint(150, 500)))
        lines = [sequence[i : i + 60] for i in range(0, len(sequence), 60)]
        records.append("\n".join([f">sp|P{number:05}|protein {number}", *lines]))
    return "\n".join(records) + "\n"


def dna() -> str:
    """One line of four letters."""
    return "".join(random.Random(1).choices("ACGT", k=20_000)) + "\n"


def alphabet() -> str:
    """One line from a to z."""
    return "abcdefghijklmnopqrstuvwxyz\n"


def abc_tunes() -> str:
    """Tunes of several lines, an empty line between two, each beginning with its number."""
    dice = random.Random(1)
    tunes = []
    for number in range(1, 60):
        bars = [" ".join("".join(dice.choices("ABCDEFGabcdefg2", k=6)) for _ in range(4))]
        bars = [f"|:{bar} |" for bar in bars * dice.randint(2, 5)]
        tunes.append("\n".join([f"X:{number}", f"T:Tune no. {number}", "M:6/8", "K:D", *bars]))
    return "\n\n".join(tunes) + "\n"


def songs_csv() -> str:
    """A table whose column of lyrics holds several lines in a cell."""
    dice = random.Random(1)
    rows = ["artist,title,year,lyrics"]
    for number in range(60):
        lines = [_sentence(dice, _ENGLISH) for _ in range(dice.randint(3, 9))]
        lyrics = "\n".join(lines).replace("the old", 'the ""old""')
        rows.append(f'Singer {number % 7},Song {number},{1960 + number},"{lyrics}"')
    return "\n".join(rows) + "\n"


def python_code() -> str:
    """Functions, indented."""
    import inspect

    import charlm.text.ngram
    import charlm.text.parts

    return inspect.getsource(charlm.text.ngram) + "\n\n" + inspect.getsource(charlm.text.parts)


def names() -> str:
    """One name a line."""
    dice = random.Random(1)
    made = ("".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) for _ in range(600))
    return "\n".join(name.capitalize() for name in made) + "\n"


def chess_games() -> str:
    """One game a line, full stops inside."""
    dice = random.Random(1)
    moves = _words("e4 e5 Nf3 Nc6 Bb5 a6 O-O d4 exd4 Qxd4 Bc5 Re1 h3 Kh8 Rxe5")
    games = []
    for _ in range(200):
        pairs = [" ".join(dice.choices(moves, k=2)) for _ in range(dice.randint(8, 30))]
        game = " ".join(f"{number}. {pair}" for number, pair in enumerate(pairs, start=1))
        games.append(f"{game} {dice.choice(['1-0', '0-1', '1/2-1/2'])}")
    return "\n".join(games) + "\n"


#: Name of a file, its text, the unit that a person would take.
LAYOUTS: Mapping[str, tuple[Callable[[], str], str]] = {
    "chinese.txt": (chinese, "sentence"),
    "japanese.txt": (japanese, "sentence"),
    "arabic.txt": (arabic, "sentence"),
    "hindi.txt": (hindi, "sentence"),
    "hebrew.txt": (hebrew, "sentence"),
    "proteins.fasta": (fasta, "continuous"),
    "dna.txt": (dna, "continuous"),
    "alphabet.txt": (alphabet, "continuous"),
    "tunes.abc": (abc_tunes, "document"),
    "songs.csv": (songs_csv, "document"),
    "code.py": (python_code, "continuous"),
    "names.txt": (names, "line"),
    "games.txt": (chess_games, "line"),
    "prose.txt": (english_prose, "sentence"),
}
