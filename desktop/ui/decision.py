"""Buttons that decide: dead for a moment after whatever they decide about came up, and deaf to stray keys."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QWidget

DEAD_MS = 500


class DeadTime(QObject):
    """The moment in which no press counts. Signal `changed()` when it begins and when it is over."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, singleShot=True, interval=DEAD_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.changed)

    @property
    def running(self) -> bool:
        """Whether a press is to be ignored now."""
        return self._timer.isActive()

    def begin(self) -> None:
        """Start, or start again."""
        self._timer.start()
        self.changed.emit()


class DecisionButton(QPushButton):
    """Signal `chosen()`: pressed and released after the dead time, by hand or through assistive technology.

    Keys do nothing; with `by_key` Space does, for choices that let nothing happen. While dead the button only looks
    disabled: to disable it would throw the focus about."""

    chosen = Signal()
    _PLAIN: ClassVar = (Qt.Key.Key_Space, Qt.Key.Key_Select, Qt.Key.Key_Return, Qt.Key.Key_Enter)

    def __init__(self, text: str, dead: DeadTime, parent: QWidget | None = None, *, by_key: bool = False) -> None:
        super().__init__(text.replace("&", "&&"), parent)
        self.setAutoDefault(False)
        self.setDefault(False)
        self._dead, self._by_key, self._void = dead, by_key, False
        self.pressed.connect(self._begin)
        self.clicked.connect(self._finish)
        dead.changed.connect(self._look)
        self._look()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._deaf_to(event):
            event.accept()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if self._deaf_to(event):
            event.accept()
        else:
            super().keyReleaseEvent(event)

    def _deaf_to(self, event: QKeyEvent) -> bool:
        if event.key() not in self._PLAIN:
            return False
        return not self._by_key or event.key() != Qt.Key.Key_Space or event.isAutoRepeat()

    def _begin(self) -> None:
        self._void = self._dead.running

    def _finish(self) -> None:
        if not self._void and not self._dead.running:
            self.chosen.emit()

    def _look(self) -> None:
        if self.property("dead") != self._dead.running:
            self.setProperty("dead", self._dead.running)
            self.style().unpolish(self)
            self.style().polish(self)


def dead_rules(theme_border: str, theme_muted: str) -> str:
    """The style of a button that is dead, for a dialog's style sheet."""
    return (
        f'QPushButton[dead="true"] {{ color: {theme_muted}; }}'
        f'QPushButton[primary="true"][dead="true"] {{ background: {theme_border}; color: {theme_muted};'
        f" border-color: {theme_border}; }}"
    )
