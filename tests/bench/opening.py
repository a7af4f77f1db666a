"""Opening, resizing, finding and copying, with 1,000 and 10,000 messages: python -m tests.bench.opening (goal 7)"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QTextEdit

from desktop.core.conversation import AnswerItem, Conversation, RunState, UserTurn
from desktop.ui.theme import LIGHT, apply
from desktop.ui.transcript import TranscriptView
from tests.bench.streaming import paint
from tests.bench.texts import text


def conversation(messages: int) -> Conversation:
    """Questions and answers of about a kilobyte."""
    made = Conversation()
    source = text("mixed", 200_000)
    for number in range(messages // 2):
        made.runs.append(RunState(number, 0.0, status="completed"))
        made.items[f"u{number}"] = UserTurn(f"u{number}", number, 0.0, text=f"Question {number}, please?")
        at = number * 977 % 180_000
        answer = source[at : at + 1_900]
        made.items[f"a{number}"] = AnswerItem(f"a{number}", number, 0.0, pieces=[answer], length=len(answer))
    return made


def megabytes() -> float:
    """Memory of this process that is in use."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def milliseconds(work: Callable[[], object]) -> float:
    """CPU time of some work."""
    begin = time.thread_time()
    work()
    return (time.thread_time() - begin) * 1000


def opened(made: Conversation) -> tuple[TranscriptView, float, float]:
    """A pane with the conversation, the CPU until it was painted, and the memory it took."""
    gc.collect()
    before = megabytes()
    view = TranscriptView(LIGHT)
    view.resize(900, 700)

    def first() -> None:
        view.show_conversation(made)
        view.show()
        paint(view)

    took = milliseconds(first)
    return view, took, megabytes() - before


def jumps(view: TranscriptView) -> list[float]:
    """Jump all over the conversation."""
    out = []
    for number in range(60):
        value = view.verticalScrollBar().maximum() * (number * 37 % 60) // 60
        out.append(milliseconds(lambda value=value: (view.verticalScrollBar().setValue(value), paint(view))))
    return sorted(out)


def resized(view: TranscriptView) -> float:
    return max(milliseconds(lambda w=w: (view.resize(w, 700), paint(view))) for w in (880, 760, 900))


def whole_markdown(made: Conversation) -> float:
    """What it would cost to give all of it to Qt's own Markdown."""
    source = "\n\n".join(item.text for item in made.items.values())  # type: ignore[attr-defined]
    edit = QTextEdit()
    edit.resize(900, 700)

    def first() -> None:
        edit.setMarkdown(source)
        edit.show()
        paint(edit)

    return milliseconds(first)


def main() -> None:
    app = QApplication.instance() or QApplication([])
    apply(app, LIGHT)
    opened(conversation(20))
    small, small_ms, small_mb = opened(conversation(1_000))
    large_talk = conversation(10_000)
    large, large_ms, large_mb = opened(large_talk)
    theirs = whole_markdown(large_talk)
    print(f"first paint of  1,000 messages: {small_ms:.0f} ms, +{small_mb:.0f} MB")
    print(f"first paint of 10,000 messages: {large_ms:.0f} ms, +{large_mb:.0f} MB (goals: twice, 40 MB)")
    print(f"  = 1/{theirs / large_ms:.0f} of setMarkdown of all, {theirs:.0f} ms (goal 1/10)")
    for name, view in (("1,000", small), ("10,000", large)):
        times = jumps(view)
        print(f"{name}: jump p50 {times[30]:.1f}, worst {times[-1]:.1f} ms; resize {resized(view):.1f} ms (goal 20)")
    print(f"10,000 after 60 jumps: +{megabytes():.0f} MB resident in all")
    found: list[int] = []
    took = milliseconds(lambda: found.append(large.find("honest")))
    step = milliseconds(large.find_next)
    print(f"find in 10,000: {found[0]} places in {took:.1f} ms (goal 50), first shown in {step:.1f} ms")
    _copy()


def _copy() -> None:
    made = Conversation()
    made.runs.append(RunState(0, 0.0, status="completed"))
    source = text("mixed", 1_000_000)
    made.items["a"] = AnswerItem("a", 0, 0.0, pieces=[source], length=len(source))
    view, took, memory = opened(made)
    print(f"1 MB answer opened in {took:.0f} ms, +{memory:.0f} MB (goal 30)")
    view.select_all()
    print(f"select all and copy of 1 MB: {milliseconds(view.copy):.1f} ms (goal 100)")
    data = QGuiApplication.clipboard().mimeData()
    for kind in ("text/markdown", "text/plain", "text/html"):
        print(f"  pasted as {kind}: {milliseconds(lambda kind=kind: data.data(kind)):.0f} ms")


if __name__ == "__main__":
    main()
