"""Chats as programs export them: recognised, told of, and taken as messages without stamps."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from corpora import examples_in
from hypothesis import given
from hypothesis import strategies as st
from whole_text import whole_corpus

from charlm.errors import CorpusError, InputError
from charlm.text import pieces
from charlm.text.chats import chat_in, notice_of
from charlm.text.config import TextConfig
from charlm.text.corpus import load_corpus
from charlm.text.cutting import examples_of
from charlm.text.parts import Split
from charlm.text.preparation import Preparation

NNBSP, LRM, RLM = "\u202f", "\u200e", "\u200f"


def many(*lines: str) -> str:
    """A text in which they come again and again."""
    return "".join(f"{line}\n" for line in lines) * 5


CHATS = {  # what a program writes -> whose it is, the first messages
    "an iPhone's, with marks": (
        many(
            f"{LRM}[12.03.24, 18:22:05] Chor: {LRM}Nachrichten sind verschlüsselt.",
            "[12.03.24, 18:22:05] Zoë: Proben wir?",
            f"[12.03.24, 18:23:10] ~{NNBSP}Bengt: ja\n\num 18:30 Uhr: im Saal {LRM}<Bearbeitet.>",
            f"{LRM}[12.03.24, 18:24:00] Zoë: {LRM}Bild weggelassen",
            f"[12.03.24, 18:24:01] Zoë: {LRM}<Anhang: 00000012-PHOTO.jpg>",
        ),
        "WhatsApp",
        ["Zoë: Proben wir?", f"~{NNBSP}Bengt: ja\n\num 18:30 Uhr: im Saal"],
    ),
    "an Android's, in English": (
        many(
            f"1/9/24, 6:22{NNBSP}PM - Messages and calls are end-to-end encrypted.",
            f"1/9/24, 6:22{NNBSP}PM - +44 7700 900123: ratio 3:1, see http://x.y",
            f"1/9/24, 6:23{NNBSP}PM - You changed this group's icon",
            f"1/9/24, 6:24{NNBSP}PM - Ana: <Media omitted>",
            f"1/9/24, 6:25{NNBSP}PM - Ana: a <b> c",
        ),
        "WhatsApp",
        ["+44 7700 900123: ratio 3:1, see http://x.y", "Ana: a <b> c"],
    ),
    "in Spanish": (
        many("9/1/24, 6:22 p. m. - Ana: hola", "9/1/24, 11:03 a. m. - Íñigo: bien"),
        "WhatsApp",
        ["Ana: hola", "Íñigo: bien"],
    ),
    "in Arabic": (
        many(
            f"{RLM}٠٩/٠١/٢٠٢٤، ٦:٢٢ م - علي: مرحبا", f"{RLM}٠٩/٠١/٢٠٢٤، ٦:٢٣ م - {RLM}ليلى: نعم",
        ),
        "WhatsApp",
        ["علي: مرحبا", "ليلى: نعم"],
    ),
    "in Finnish": (
        many("9.1.2024 klo 18.22 - Aino: moi", "9.1.2024 klo 18.23 - Olli: no moi"),
        "WhatsApp",
        ["Aino: moi", "Olli: no moi"],
    ),
    "in Korean": (
        many("2024. 1. 9. 오후 6:22, 지민 : 안녕", "2024. 1. 9. 오후 6:23, 수아 : 응"),
        "",
        ["지민 : 안녕", "수아 : 응"],
    ),
    "with months by name": (
        many("[Jan 9, 2024 at 6:22:05 PM] Kit: hi", "[Jan 9, 2024 at 6:22:09 PM] Me: oh"),
        "WhatsApp",
        ["Kit: hi", "Me: oh"],
    ),
    "in ISO's form": (
        many("2024-01-09T18:22:05.123Z kit: hi", "2024-01-09T18:22:07.001Z ann: oh"),
        "",
        ["kit: hi", "ann: oh"],
    ),
    "irssi's": (
        many(
            "--- Day changed Tue Jan 09 2024",
            "18:22 < kit> a < b > c",
            "18:22 -!- ann [~a@x.y] has joined #sea",
            "18:23 <@ann> see 12:30 <kit>",
            "18:24  * kit waves",
        ),
        "IRC",
        ["< kit> a < b > c", "<@ann> see 12:30 <kit>"],
    ),
    "in brackets": (
        many("[18:22:01] <kit> hi", "[18:22:02] * ann waves", "[18:22:03] *** bob has quit"),
        "IRC",
        ["<kit> hi", "* ann waves", "<kit> hi"],
    ),
    "WeeChat's": (
        many(
            "2024-01-09 18:22:05\tkit\thi\tyou",
            "2024-01-09 18:22:06\t-->\tann (a@x) has joined #sea",
            "2024-01-09 18:22:07\t--\tMode #sea [+o ann]",
            "2024-01-09 18:22:08\t *\tkit waves",
        ),
        "WeeChat",
        ["kit\thi\tyou", " *\tkit waves"],
    ),
    "WeeChat's, tabs as spaces": (
        many("2024-01-09 18:22:05 kit hi all", "2024-01-09 18:22:06 _ann_ oh"),
        "IRC",
        ["kit hi all", "_ann_ oh"],
    ),
    "Discord's": (
        "=======\nGuild: sea\n=======\n\n"
        + many("[09-Jan-24 06:22 PM] kit#0042", "hi", "you: all", "", "[09-Jan-24 06:23 PM] ann",
               "[18:00] it was", ""),
        "Discord",
        ["kit#0042: hi\nyou: all", "ann: [18:00] it was"],
    ),
    "copied from Discord": (
        many("kit — Today at 6:22 PM", "hi", "", "Ånn — 09.01.2024 18:23", "oh: no", ""),
        "Discord",
        ["kit: hi", "Ånn: oh: no"],
    ),
    "Telegram's": (
        many("Kit Ó, [09.01.2024 18:22]:", "hi", "", "Ann, [09.01.2024 18:23]:", "oh", "no", ""),
        "Telegram",
        ["Kit Ó: hi", "Ann: oh\nno"],
    ),
    "Slack's": (
        many("kit o'hara  [6:22 PM]", "hi", "ann  [6:23 PM]", "oh: no"),
        "Slack",
        ["kit o'hara: hi", "ann: oh: no"],
    ),
    "slackdump's": (
        many("> Kit [U01AB] @ 09/01/2024 18:22:05 Z:", "hi", "",
             "> Ann [U02] @ 09/01/2024 18:23 Z:", "oh", ""),
        "Slack",
        ["Kit: hi", "Ann: oh"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHATS)
def test_a_chat_is_recognised_and_gives_its_messages(name: str) -> None:
    text, program, first = CHATS[name]
    chat = chat_in(text)
    assert chat is not None and chat.program == program
    assert list(chat.messages([text]))[: len(first)] == first
    assert 0 < chat.share < 1


@pytest.mark.parametrize(
    "line",
    [
        "12.03.24, 18:22 - {}: {}", "12/03/2024 à 18:22 - {} : {}", "[3/12/24, 6:22:05 PM] {}: {}",
        "12/03/24, 6:22 pm - {}: {}", "12-03-2024 18:22 - {}: {}", "[2024-03-12 18:22:05] {}: {}",
        "[2024/3/12 下午6:22:05] {}: {}", "2024/3/12 下午6:22 - {}: {}",
        "2024. 03. 12. 18:22 - {}: {}",
        "12.03.24 г., 18:22 ч. - {}: {}", "12.03.24 г., 18:22 - {}: {}",
        "12/3/2567 18:22 - {}: {}", "۱۲/۰۳/۲۰۲۴، ۱۸:۲۲ - {}: {}", "12.03.24 um 18:22 - {}: {}",
        "[12. 3. 2024 18:22:05] {}: {}", "2024年3月12日 18:22 - {}: {}",
        "12 Mar 2024, 18:22 - {}: {}", "12.03.24, 18:22 Uhr - {}: {}",
    ],
)  # fmt: skip
def test_a_date_may_be_written_in_any_country(line: str) -> None:
    text = many(line.format("Ána B.", "один: two"), line.format("+49 30 1234", "— 三"))
    chat = chat_in(text)
    assert chat is not None and chat.program == "WhatsApp"
    ana = line.partition("{}")[2].format("один: two")
    assert next(iter(chat.messages([text]))) == f"Ána B.{ana}"


NO_CHATS = {
    "a log": many("2024-01-09 18:22:05 INFO root: begun", "2024-01-09 18:22:06 ERROR root: bad"),
    "another log": many("2024-01-09 18:22:05,123 - root - WARNING - low", "Traceback:"),
    "a third one": many("2024-01-09 18:22:05,123 root WARNING low", "2024-01-09 18:22:05 a INFO b"),
    "a server's": many("2024-01-09 18:22:05 GET /a 200", "2024-01-09 18:22:06 POST /b 200"),
    "subtitles": many("1", "00:00:01,000 --> 00:00:02,000", "Hello there", ""),
    "a play": many("ROMEO:", "But soft!", "", "JULIET:", "Ay me!", ""),
    "a diary": "".join(f"{n}.3.24: Today: rain, {n} mm\n" for n in range(1, 30)),
    "verses": "".join(f"{n}:{n + 2} And it was said, {n}: go.\n" for n in range(1, 30)),
    "a table": many("time;value", "2024-01-09 18:22:05;0.5"),
    "a timetable": "".join(f"{n % 24:02}:15 Train {n}: platform {n}\n" for n in range(30)),
    "few messages": "18:22 <kit> hi\n18:23 <kit> oh\n",
    "nothing": "",
    "blank lines": "\n \n\n",
}


@pytest.mark.parametrize("name", NO_CHATS)
def test_what_is_no_chat(name: str) -> None:
    assert chat_in(NO_CHATS[name]) is None and notice_of(NO_CHATS[name]) == ""


WORDS = st.lists(
    st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=30),
    min_size=1,
    max_size=3,
)
STAMPS = (
    "[{0:02}.03.24, 18:{0:02}:05] {1}: {2}", "3/{0}/24, 6:{0:02}\u202fPM - {1}: {2}",
    "18:{0:02} <{1}> {2}", "[{0:02}-Mar-24 06:22 PM] {1}\n{2}",
)  # fmt: skip


@given(
    stamp=st.sampled_from(STAMPS),
    said=st.lists(st.tuples(st.sampled_from(["Zoë", "Ana M.", "+1 555"]), WORDS), min_size=30),
    size=st.integers(1, 40),
)
def test_every_word_of_a_chat_stays(
    stamp: str, said: list[tuple[str, list[str]]], size: int
) -> None:
    """Written with stamps, cut anywhere, read: the messages are those that were written."""
    said = [(who, ["word", *(f"x{line}" for line in lines)]) for who, lines in said]
    numbered = enumerate(said)
    text = "\n".join(
        stamp.format(10 + n % 18, who, "\n".join(lines)) for n, (who, lines) in numbered
    )
    chat = chat_in(text)
    if chat is None:  # so few of its lines begin a message
        assert sum(len(lines) for _, lines in said) > 3 * len(said)
        return
    parts = (text[begin : begin + size] for begin in range(0, len(text), size))
    between = "> " if "<" in stamp else ": "
    mark = "<" if "<" in stamp else ""
    assert list(chat.messages(parts)) == [
        mark + who + between + "\n".join(lines).rstrip() for who, lines in said
    ]


def hostile() -> Iterator[str]:
    """Lines that are long in every way a pattern looks at."""
    for start in ("[", "1/", "12.03.24, ", "[12.03.24, 18:22:05] ", "18:22 <", "a", "\u200e", " ",
                  "12. ", "> a", "18:22 - ", "Ann, [12.03.2024 ", "١"):  # fmt: skip
        for more in (start, "a", " ", "[", "1", ":", "\u202f", "\u200e", "."):
            yield start + more * 200_000


def test_no_line_takes_long() -> None:
    """A pattern that tried them in every way would not end."""
    for line in hostile():
        chat_in("\n".join([line] * 2))
        config = TextConfig("line", chat="messages")
        assert examples_of(line, config) == examples_of(line, TextConfig("line"))


def messages_in(tmp_path: Path, *texts: str, **options: object) -> list[str]:
    paths = []
    for number, text in enumerate(texts):
        paths.append(str(tmp_path / f"{number}.txt"))
        Path(paths[-1]).write_bytes(text.encode())
    preparation = Preparation(chat="messages", keep_duplicates=True, **options)  # type: ignore[arg-type]
    return [example.text for example in examples_in(load_corpus(paths, preparation))]


def test_messages_are_examples(tmp_path: Path) -> None:
    """Lines, or documents where one has several; with Windows' newlines and a mark too."""
    for name, (text, _, first) in CHATS.items():
        for written in (text, "\ufeff" + text.replace("\n", "\r\n")):
            assert messages_in(tmp_path, written)[: len(first)] == first, name


def test_chats_of_two_kinds_are_read_each_by_itself(tmp_path: Path) -> None:
    one, two = CHATS["in Finnish"], CHATS["irssi's"]
    messages = messages_in(tmp_path, one[0], two[0], split=Split(100, 0, 0), order="contiguous")
    assert messages[:2] == one[2] and messages[10:12] == two[2]


def test_what_is_said_to_be_a_chat_may_be_short_and_a_file_empty(tmp_path: Path) -> None:
    text, _, first = CHATS["in Finnish"]
    short = "\n".join(text.split("\n")[:2]) + "\n"
    for texts in ((text, short, ""), (" \n", short)):
        messages = messages_in(tmp_path, *texts, split=Split(100, 0, 0), order="contiguous")
        assert messages[0] == first[0] and "moi" in messages[-2]


def test_messages_as_one_stream(tmp_path: Path) -> None:
    stream = "".join(messages_in(tmp_path, CHATS["in Finnish"][0], unit="continuous"))
    assert stream.startswith("Aino: moi\nOlli: no moi\nAino")


@pytest.mark.parametrize("options", [{}, {"unit": "line"}, {"case": "lower", "min_count": 2}])
def test_messages_are_prepared_as_cells_are(options: dict[str, str], tmp_path: Path) -> None:
    """In pieces, in files, what `whole_corpus` makes of them."""
    text = CHATS["an iPhone's, with marks"][0] * 4
    chat = chat_in(text)
    assert chat is not None
    cells = list(chat.messages([text]))
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    corpus = load_corpus(str(path), Preparation(chat="messages", **options))  # type: ignore[arg-type]
    separator = "\n\x1e\n" if corpus.config.unit == "document" else None
    preparation = Preparation(
        **{"unit": corpus.config.unit, "separator": separator, "column": "", "chat": "messages"}
        | options  # type: ignore[arg-type]
    )
    whole = whole_corpus((separator or "\n").join(cells), preparation, cells=cells)
    assert [list(corpus.train), list(corpus.test)] == [whole.parts["train"], whole.parts["test"]]
    assert corpus.config == whole.config and corpus.config.chat == "messages"
    report = asdict(corpus.report) | {"name": "", "bytes": 0, "chat": "", "why_unit": ""}
    assert report == asdict(whole.report)
    said = corpus.report.chat
    assert "40 messages; left out" in said and "60 messages of the program's own" in said


def test_a_chat_that_is_kept_is_told_with_its_share_and_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(CHATS["in Spanish"][0], encoding="utf-8")
    corpus = load_corpus(str(path), Preparation())
    [notice] = [each for each in corpus.report.notices if "chat" in each]
    stamps = len("9/1/24, 6:22 p. m. - 9/1/24, 11:03 a. m. - ")
    share = stamps / len("9/1/24, 6:22 p. m. - Ana: hola\n9/1/24, 11:03 a. m. - Íñigo: bien\n")
    assert f"WhatsApp exports it, and {100 * share:.0f} %" in notice
    assert "--chat messages" in notice
    assert corpus.config.chat == "keep"


def test_a_part_for_validation_is_a_chat_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHATS["in Finnish"][0], encoding="utf-8")
    (tmp_path / "b.txt").write_text(CHATS["irssi's"][0], encoding="utf-8")
    preparation = Preparation(chat="messages")
    corpus = load_corpus(str(tmp_path / "a.txt"), preparation, str(tmp_path / "b.txt"))
    assert [example.text for example in corpus.validation][:2] == CHATS["irssi's"][2]
    assert "validation" not in "".join(corpus.report.notices)


def test_a_part_for_validation_that_is_no_chat_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHATS["in Finnish"][0], encoding="utf-8")
    (tmp_path / "b.txt").write_text(NO_CHATS["a play"], encoding="utf-8")
    preparation = Preparation(chat="messages")
    corpus = load_corpus(str(tmp_path / "a.txt"), preparation, str(tmp_path / "b.txt"))
    said = "the validation text b.txt has no messages of a chat: it is taken as it stands"
    assert said in corpus.report.notices


def test_what_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"1\.txt reads as no chat: --chat keep"):
        messages_in(tmp_path, CHATS["in Finnish"][0], NO_CHATS["a play"])
    with pytest.raises(InputError, match="a chat and a column"):
        Preparation(chat="messages", column="text")
    with pytest.raises(InputError, match="chat 'names' is not one of keep, messages"):
        TextConfig(chat="names")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text, program, column",
    [
        ('{\n "name": "Kit",\n "messages": [{"id": 1, "date_unixtime": "1", "text": "hi"}]}',
         "Telegram", "(.from): "),
        ('{"guild": {"id": "1"}, "channel": {}, "messages": [{"content": "hi"}]}', "Discord",
         "(.author.name): "),
        ('[{"user": "U1", "type": "message", "ts": "1.2", "text": "hi"}]', "Slack", "(.user): "),
    ],
)  # fmt: skip
def test_a_chat_in_json_is_told_how_it_becomes_a_table(
    text: str, program: str, column: str
) -> None:
    notice = notice_of(text)
    assert program in notice and "--column text" in notice and column in notice
    assert notice_of('{"messages": "no"}') == ""


def test_a_long_chat_is_looked_at_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "_PLACES", 4)
    monkeypatch.setattr(pieces, "_AT_EACH", 600)
    dice = random.Random(2)
    words = ["".join(dice.choices("abcd e", k=dice.randint(1, 30))).strip() for _ in range(400)]
    stamped = zip(itertools.cycle(("kit", "ann")), words, strict=False)
    text = "".join(f"18:{n % 60:02} <{who}> {each}\n" for n, (who, each) in enumerate(stamped))
    chat = chat_in(text)
    assert chat is not None and 0.2 < chat.share < 0.4
