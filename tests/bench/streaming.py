"""Streaming into the pane, against a plain QTextEdit in the same run: python -m tests.bench.streaming [quick]

Prints CPU per KB by shape and size, the slowest frames, and the ratio to the plain-text floor (goals 1, 2, 3 and 5).
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import quantiles

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QTextEdit, QWidget

from desktop.core.conversation import Added, AnswerItem, Conversation, Grew, RunState
from desktop.ui.system.collecting import Collector
from desktop.ui.theme import LIGHT, apply
from desktop.ui.transcript import TranscriptView
from tests.bench.texts import text

FRAMES_PER_SECOND = 60


class Run:
    """Frames of one stream: CPU seconds of each, and of all."""

    def __init__(self, frames: list[float], size: int) -> None:
        self.frames = frames
        self.per_kb = sum(frames) * 1000 / (size / 1000)

    def __str__(self) -> str:
        worst = max(self.frames) * 1000
        p99 = quantiles(self.frames, n=100)[98] * 1000 if len(self.frames) > 1 else worst
        over = sum(frame > 0.016 for frame in self.frames)
        frames = f"over 16 ms: {over} of {len(self.frames)}"
        return f"{self.per_kb:6.1f} ms/KB   p99 {p99:5.1f}   worst {worst:5.1f} ms   {frames}"


def frames_of(source: str, deltas_per_second: int, delta: int = 4) -> Iterator[str]:
    """What comes in one frame, frame after frame."""
    step = max(1, deltas_per_second * delta // FRAMES_PER_SECOND)
    for at in range(0, len(source), step):
        yield source[at : at + step]


def paint(widget: QWidget) -> None:
    """Do now what the platform would do at the next frame."""
    app = QApplication.instance()
    assert app is not None
    app.processEvents()
    window = widget.window()
    QApplication.sendEvent(window, QEvent(QEvent.Type.UpdateRequest))


def timed(frames: Sequence[str], take: Callable[[str], None], widget: QWidget) -> list[float]:
    """CPU seconds of each frame, painting included."""
    out = []
    clock = time.thread_time
    for frame in frames:
        begin = clock()
        take(frame)
        paint(widget)
        out.append(clock() - begin)
    return out


def pane() -> tuple[TranscriptView, AnswerItem]:
    """A shown pane with an empty answer in it."""
    conversation = Conversation()
    conversation.runs.append(RunState(0, 0.0))
    view = TranscriptView(LIGHT)
    view.resize(900, 700)
    view.show_conversation(conversation)
    view.show()
    item = AnswerItem("a", 0, 0.0)
    conversation.items["a"] = item
    view.apply([Added("a")])
    return view, item


Widget = tuple[QWidget, Callable[[str], None]]  # and what a frame does to it


def new_pane() -> Widget:
    """The real pane."""
    view, item = pane()

    def take(frame: str) -> None:
        item.pieces.append(frame)
        item.length += len(frame)
        view.apply([Grew("a", frame)])

    return view, take


def new_floor() -> Widget:
    """A plain QTextEdit: no Markdown at all."""
    edit = QTextEdit(readOnly=True, undoRedoEnabled=False)
    edit.resize(900, 700)
    edit.show()

    def take(frame: str) -> None:
        cursor = QTextCursor(edit.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(frame)
        edit.verticalScrollBar().setValue(edit.verticalScrollBar().maximum())

    return edit, take


def into(widgets: list[Widget], source: str, rate: int) -> list[Run]:
    """Stream a text into widgets, a second into each in turns: what else the machine does meets them alike."""
    frames = list(frames_of(source, rate))
    spent: list[list[float]] = [[] for _ in widgets]
    gc.collect()
    for at in range(0, len(frames), FRAMES_PER_SECOND):
        for times, (widget, take) in zip(spent, widgets, strict=True):
            times += timed(frames[at : at + FRAMES_PER_SECOND], take, widget)
    for widget, _ in widgets:
        widget.close()
        widget.deleteLater()
    return [Run(times, len(source)) for times in spent]


def into_pane(source: str, rate: int) -> Run:
    """Stream a text into the pane alone."""
    return into([new_pane()], source, rate)[0]


def main() -> None:
    quick = "quick" in sys.argv
    app = QApplication.instance() or QApplication([])
    apply(app, LIGHT)
    collector = Collector()  # as in the program
    into_pane(text("mixed", 10_000, seed=9), 500)
    floor, base = into([new_floor(), new_pane()], text("mixed", 100_000), 500)
    print("floor, plain QTextEdit, mixed 100 KB ", floor)
    print("pane, mixed 100 KB                   ", base, f"  = {base.per_kb / floor.per_kb:.2f} x floor (goal 2.0)")
    for shape in ("paragraph", "list", "table", "code"):
        small = into_pane(text(shape, 30_000), 500)
        large = into_pane(text(shape, 100_000 if quick else 300_000), 500)
        print(
            f"{shape:10} {small.per_kb:5.1f} ms/KB at 30 KB, then",
            large,
            f"  growth {large.per_kb / small.per_kb:.2f} (goal 1.2)",
        )
    for rate in (5_000, 20_000):
        print(f"mixed 100 KB at {rate}/s", into_pane(text("mixed", 100_000), rate))
    if not quick:
        long = into_pane(text("mixed", 1_000_000), 500)
        print("pane, mixed 1 MB                     ", long, f"  growth {long.per_kb / base.per_kb:.2f} (goal 1.2)")

    collector.stop()


if __name__ == "__main__":
    main()
