"""One quiet line with buttons: something to know before a press, or to undo after one. Never a dialog."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from desktop.ui.labels import PlainLabel

Press = tuple[str, Callable[[], None]]


class NoticeBar(QWidget):
    """Hidden until `ask`. Each button closes the bar and does its work; Escape and `dismiss` only close it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)  # never more room than its words
        self._words = PlainLabel(wrap=True)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 4, 4, 4)
        self._row.addWidget(self._words, 1)
        self._cancelled: Callable[[], None] | None = None
        self.hide()

    def ask(
        self, words: str, *presses: Press, cancelled: Callable[[], None] | None = None, focus: bool = False
    ) -> None:
        """Show words and buttons. `cancelled` is called by Escape; `focus` gives the last button the keyboard."""
        self._clear()
        self._words.setText(words)
        self._cancelled = cancelled
        button = None
        for text, act in presses:
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, act=act: self._press(act))
            self._row.addWidget(button)
        self.show()
        if focus and button is not None:
            button.setFocus()

    def dismiss(self) -> None:
        """Close it without doing anything."""
        self._cancelled = None
        self.hide()

    def words(self) -> str:
        """What it says; "" while hidden."""
        return self._words.text() if self.isVisibleTo(self.parentWidget()) else ""

    def _press(self, act: Callable[[], None]) -> None:
        self.dismiss()
        act()

    def _clear(self) -> None:
        for button in self.findChildren(QPushButton):
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            cancelled = self._cancelled
            self.dismiss()
            if cancelled is not None:
                cancelled()
            return
        super().keyPressEvent(event)
