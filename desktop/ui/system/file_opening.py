"""Files that the system hands to a running program: on macOS a double-click comes as an event, not as an argument."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication


class FileOpening(QObject):
    """Signal `opened(Path)`. What comes before `begin`, while the window is being filled, waits until then."""

    opened = Signal(Path)

    def __init__(self) -> None:
        super().__init__()
        self._early: list[Path] | None = []

    def begin(self) -> None:
        """Hand out what waits, and from now on at once."""
        early, self._early = self._early or [], None
        for path in early:
            self.opened.emit(path)

    def take(self, event: QEvent) -> bool:
        """Whether it was an order to open something."""
        if not isinstance(event, QFileOpenEvent):
            return False
        if name := event.file():  # an address of another kind has none
            if self._early is None:
                self.opened.emit(Path(name))
            else:
                self._early.append(Path(name))
        return True


class Application(QApplication):
    """Qt's application with `files`. Not an event filter: that would run Python for every event of the program."""

    def __init__(self, arguments: list[str]) -> None:
        self.files = FileOpening()
        super().__init__(arguments)

    def event(self, event: QEvent) -> bool:
        return self.files.take(event) or super().event(event)
