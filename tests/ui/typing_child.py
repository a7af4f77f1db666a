"""The real program with a hand that types without end, to be killed.

Run as: python -m tests.ui.typing_child DIR URL SEED

Prints "key TIME LENGTH PIECES" after each letter, with the monotonic time that all processes share and how many pieces
of the answer have come. The program itself is not changed: the hand finds its window from outside.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from desktop import app
from desktop.core.requests import Connection, Secrets
from desktop.ui.main_window import MainWindow
from desktop.ui.system import event_loop
from desktop.ui.system.asked import Asked

LETTERS = "abcdefghij"


class Hand:
    """Asks once, then types a letter every 40 ms, with pauses."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._typed = 0
        self._asked = False
        self._timer = QTimer(interval=40)
        self._timer.timeout.connect(self._press)
        self._timer.start()

    def _press(self) -> None:
        fields = [w for w in QApplication.allWidgets() if w.objectName() == "composer" and w.isVisible()]
        if not fields:
            return
        field = fields[0]
        assert isinstance(field, QPlainTextEdit)
        if not self._asked:
            self._asked = True
            QTest.keyClicks(field, "count")
            QTest.keyClick(field, Qt.Key.Key_Return)
        elif not field.toPlainText().startswith("count"):  # the server has the question
            QTest.keyClick(field, LETTERS[self._typed % 10])
            self._typed += 1
            print("key", time.monotonic(), self._typed, _pieces(), flush=True)
            self._timer.setInterval(1600 if self._chance.random() < 0.02 else 40)


def _pieces() -> int:
    (window,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
    page = window.page()
    return len(page.session.conversation.text_of(0).split()) if page else 0


def main() -> None:
    """Start the program as the command line does; the hand comes with the event loop."""
    folder, url, seed = sys.argv[1:]
    hands: list[Hand] = []

    class Loop(event_loop.Loop):
        def __init__(self, program: QApplication) -> None:
            super().__init__(program)
            hands.append(Hand(int(seed)))

    event_loop.Loop = Loop
    sys.exit(app.main(Path(folder), Asked((Connection("openai", url, "m"), Secrets()))))


if __name__ == "__main__":
    main()
