"""What this program takes on this computer, held against what it is meant to take. Measured where it counts: the real
transcript on the real screen, with a text of our own; nothing is read, kept or sent."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QTextEdit

import desktop
from desktop.core.conversation import Added, AnswerItem, Conversation, Grew, RunState
from desktop.core.language import number, tr
from desktop.ui.transcript import TranscriptView

_SIZE = 60_000  # characters, of which the first and the last third are compared
_WARM = 4_000
_FRAME = 34  # characters in each: 500 deltas of four characters a second
_MODEL = """## Part {n}

Water that runs through a *sluice* is let through **one gate at a time**: first the upper one, then the lower one, and
never both. See `gate({n})` below, or [the other gates](https://example.org/gates).

Whoever stands at the gate sees what comes before it is let through, and may say no. That takes a moment, and the moment
is *theirs*: the water waits, the boats wait, and nobody has to hurry because somebody else is waiting. When the upper
gate is shut again, the lower one opens, and everything goes on as it did before, number {n} as number one.

What was let through is written down in the book of the house, with the hour and with the name of the one who stood at
the gate. **Nothing is written that was not seen**, and nothing that was seen is left out; that is the whole of the art.

- The upper gate holds what comes.
- The lower gate lets go what may go.

```python
def gate_{n}(level: float) -> bool:
    return level < {n} + 0.5  # the water is low enough
```

| gate | level | open |
|:-----|------:|------|
| {n}  |   0.5 | yes  |

"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure in words: what, what it may be, what it is here; `kept` is None where nothing is promised."""

    what: str
    budget: str
    here: str
    kept: bool | None = None


def at_start(painted: float) -> list[Figure]:
    """What is known without measuring. `painted`: when the first window was painted, by the monotonic clock."""
    seconds = tr("{number} s", number=number(painted - desktop.STARTED, 2)) if painted else "–"
    found = [Figure(tr("First window, from the program's first line"), tr("1.6 times an empty window of Qt"), seconds)]
    if (used := _memory()) is not None:
        found.append(Figure(tr("Memory at its most, so far"), "–", tr("{number} MB", number=number(used))))
    return found


async def measure(view: TranscriptView, floor: QTextEdit) -> list[Figure]:
    """Stream a text into both, which must be on screen, and tell what it took. About five seconds."""
    text = "".join(_MODEL.format(n=n) for n in range(_SIZE // len(_MODEL) + 1))[:_SIZE]
    item = _answer_in(view)

    def into_view(piece: str) -> None:
        item.pieces.append(piece)
        item.length += len(piece)
        view.apply([Grew(item.id, piece)])
        view.viewport().repaint()

    def into_floor(piece: str) -> None:
        floor.moveCursor(QTextCursor.MoveOperation.End)
        floor.insertPlainText(piece)
        floor.viewport().repaint()

    # Fonts and the rules of colouring are loaded by the first that needs them. Then by turns: whatever else keeps this
    # computer busy slows both.
    await _frames(text[:_WARM], into_view)
    plain, ours = await _frames(text, into_floor, into_view)
    third = len(ours) // 3
    return [
        _milliseconds(tr("Slowest frame while a text streams"), 16, max(ours)),
        _milliseconds(tr("99 of 100 frames"), 6, quantiles(ours, n=100)[98]),
        _times(tr("The end of a long text against its beginning"), 1.2, sum(ours[-third:]) / sum(ours[:third])),
        _times(tr("Formatted text against a plain text field"), 2.0, sum(ours) / sum(plain)),
    ]


def _answer_in(view: TranscriptView) -> AnswerItem:
    conversation = Conversation()
    conversation.runs.append(RunState(0, 0.0))
    view.show_conversation(conversation)
    item = conversation.items["a"] = AnswerItem("a", 0, 0.0)
    view.apply([Added("a")])
    return item


async def _frames(text: str, *takers: Callable[[str], None]) -> list[list[float]]:
    """Seconds of processor time of each frame, for each taker; the window lives on between them."""
    found: list[list[float]] = [[] for _ in takers]
    for at in range(0, len(text), _FRAME):
        for take, times in zip(takers, found, strict=True):
            begin = time.thread_time()
            take(text[at : at + _FRAME])
            times.append(time.thread_time() - begin)
        await asyncio.sleep(0)
    return found


def _milliseconds(what: str, most: int, seconds: float) -> Figure:
    shown = [tr("{number} ms", number=number(value, 1)) for value in (most, seconds * 1000)]
    return Figure(what, *shown, kept=seconds * 1000 <= most)


def _times(what: str, most: float, ratio: float) -> Figure:
    shown = [tr("{number} times", number=number(value, 2)) for value in (most, ratio)]
    return Figure(what, *shown, kept=ratio <= most)


def _memory() -> float | None:
    """Megabytes that this process has held at its most; None where the system does not tell so simply."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1_000_000
