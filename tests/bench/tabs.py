"""Eight streams at once, and a flood: how late a 4 ms timer is. python -m tests.bench.tabs (goals 4 and 5)"""

from __future__ import annotations

import os
import sys
import time
from statistics import quantiles

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from desktop.core.events import TextDelta
from desktop.core.reducer import Reducer
from desktop.ui.session_bridge import SessionBridge
from desktop.ui.system.collecting import Collector
from desktop.ui.theme import LIGHT, apply
from desktop.ui.transcript import TranscriptView
from tests.bench.texts import text

_AT_ONCE = 500  # events between two looks at the clock, as one read of a socket would give


class Stream:
    """One session: events through reducer, bridge and pane."""

    def __init__(self, parent: QWidget, source: str, rate: int) -> None:
        self.reducer = Reducer()
        self.reducer.begin(None, 0.0)
        self.view = TranscriptView(LIGHT, parent)
        self.view.show_conversation(self.reducer.conversation)
        self.bridge = SessionBridge(parent)
        self.bridge.flushed.connect(self.view.apply)
        self.source, self.rate, self.sent = source, rate, 0

    def catch_up(self, seconds: float) -> bool:
        """Send what is due after so many seconds; False when all was sent."""
        due = min(int(seconds * self.rate) * 4, len(self.source), self.sent + 4 * _AT_ONCE)
        while self.sent < due:
            self.bridge.take(self.reducer.apply(TextDelta(text=self.source[self.sent : self.sent + 4]), 0.0))
            self.sent += 4
        return self.sent < len(self.source)


def gaps(streams: list[Stream], seconds: float) -> list[float]:
    """Run for so long; how late each tick of a 4 ms timer came, in ms."""
    late: list[float] = []
    loop = QEventLoop()
    probe = QTimer(interval=4, timerType=Qt.TimerType.PreciseTimer)
    feeder = QTimer(interval=2, timerType=Qt.TimerType.PreciseTimer)
    begin = last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        late.append(max(0.0, (now - last) * 1000 - 4))
        last = now

    def feed() -> None:
        passed = time.perf_counter() - begin
        more = [stream.catch_up(passed) for stream in streams]
        if passed > seconds or not any(more):
            loop.quit()

    probe.timeout.connect(tick)
    feeder.timeout.connect(feed)
    probe.start()
    feeder.start()
    loop.exec()
    return late


def report(name: str, late: list[float]) -> None:
    print(f"{name:34} gap p99 {quantiles(late, n=100)[98]:5.1f}   worst {max(late):5.1f} ms   ({len(late)} ticks)")


def stacked(count: int, rate: int, size: int) -> tuple[QStackedWidget, list[Stream]]:
    stack = QStackedWidget()
    stack.resize(900, 700)
    streams = [Stream(stack, text("mixed", size, seed=n), rate) for n in range(count)]
    for stream in streams:
        stack.addWidget(stream.view)
        stream.bridge.set_visible(stream is streams[0])
    stack.show()
    QApplication.processEvents()
    return stack, streams


def tiled(count: int, rate: int, size: int) -> tuple[QWidget, list[Stream]]:
    window = QWidget()
    window.resize(1600, 900)
    streams = [Stream(window, text("mixed", size, seed=n), rate) for n in range(count)]
    for number, stream in enumerate(streams):
        stream.view.setGeometry(number % 4 * 400, number // 4 * 450, 400, 450)
    window.show()
    QApplication.processEvents()
    return window, streams


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    app = QApplication.instance() or QApplication([])
    apply(app, LIGHT)
    collector = Collector()  # as in the program
    window, streams = stacked(1, 500, 4_000)
    gaps(streams, 2)  # what is imported and compiled at first use
    window.close()
    report("nothing", _idle())
    for name, make, count, rate, size in (
        ("8 tabs at 500/s, one visible", stacked, 8, 500, 2_000_000),
        ("8 visible at 500/s", tiled, 8, 500, 2_000_000),
        ("one at 20,000/s", stacked, 1, 20_000, 4_000_000),
        ("one, 1 MB flat out", stacked, 1, 250_000, 1_000_000),
    ):
        window, streams = make(count, rate, size)
        report(name, gaps(streams, seconds))
        assert all(s.reducer.conversation.text_of(0) == s.source[: s.sent] for s in streams), "something was lost"
        window.close()
        window.deleteLater()
    collector.stop()


def _idle() -> list[float]:
    window, streams = stacked(1, 1, 1_000)
    late = gaps(streams, 2)
    window.close()
    return late


if __name__ == "__main__":
    main()
