"""Takes the pictures of the screen that the documentation shows: docs/screens/*.svg.

    python docs/take_screens.py [NAME ...]

Each is a short story told with keys, on a shipped model with its first dice, so that the same
picture comes again until the screen changes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"
sys.path.insert(0, str(ROOT))

from tui.app import CharlmApp  # noqa: E402
from tui.views.write.view import WriteScreen  # noqa: E402

FOLDER = ROOT / "docs" / "screens"
_PATIENCE = 120.0  # seconds


@dataclass(frozen=True)
class Picture:
    """Keys, one after the other; a text in `type:...` is typed, `wait` lets the screen rest.

    `wait:text` waits for a text to be over.
    """

    name: str
    keys: tuple[str, ...]
    size: tuple[int, int] = (120, 32)
    model: str = "shakespeare"


WRITTEN = ("type:ROMEO:", "enter", "wait:text")
SPOKEN = ("type:We will", "enter", "wait:text")
PICTURES = (
    Picture("surprise", (*WRITTEN, "ctrl+s", "escape", "wait", *["left"] * 120, "wait")),
    Picture("beams", ("f5", *SPOKEN, "ctrl+b", "wait"), model="speeches"),
    Picture("grid", (*SPOKEN, "ctrl+f", "wait"), model="speeches"),
    Picture("duel", (*SPOKEN, "ctrl+d", "wait"), model="speeches"),
    Picture("train", ("f7", "wait", "t", "wait", "wait"), size=(160, 48)),
    Picture("inspect", (*WRITTEN, "f9", *["wait"] * 6)),
)  # fmt: skip


async def take(picture: Picture) -> None:
    """Tell one story and keep its last picture."""
    app = CharlmApp(ROOT / "checkpoints" / picture.model)
    try:
        async with app.run_test(size=picture.size):
            write = app.screen
            assert isinstance(write, WriteScreen)
            await until(lambda: write.model.facts is not None)
            for key in picture.keys:
                await press(app, write, key)
            FOLDER.mkdir(exist_ok=True)
            app.save_screenshot(f"{picture.name}.svg", str(FOLDER))
    finally:
        app.close()
    print(FOLDER.relative_to(ROOT) / f"{picture.name}.svg", flush=True)


async def press(app: CharlmApp, write: WriteScreen, key: str) -> None:
    match key.split(":", 1):
        case ["type", text]:
            write.prompt.text = text
            write.prompt.move_cursor(write.prompt.document.end)
        case ["wait", "text"]:
            await until(lambda: bool(write.text.view.blocks) and not write.text.writing.streaming)
        case ["wait"]:
            await asyncio.sleep(2)
        case _:
            app.simulate_key(key)
            await asyncio.sleep(0.05)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():
            await asyncio.sleep(0.05)


def main(names: list[str]) -> None:
    for picture in PICTURES:
        if not names or picture.name in names:
            asyncio.run(take(picture))


if __name__ == "__main__":
    main(sys.argv[1:])
