"""Find in the conversation."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from desktop.core.language import tr, trn
from desktop.ui.labels import PlainLabel


class FindBar(QWidget):
    """Signals: `wanted(text)` as it is typed, `next_wanted()`, `previous_wanted()`, `closed()`."""

    wanted = Signal(str)
    next_wanted = Signal()
    previous_wanted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("find_bar")
        self.setAccessibleName(tr("Find in this conversation"))
        self._line = QLineEdit(placeholderText=tr("Find in this conversation"), clearButtonEnabled=True)
        self._line.setAccessibleName(tr("Find"))
        self._line.textChanged.connect(self.wanted)
        self._count = PlainLabel(muted="true")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.addWidget(self._line, 1)
        layout.addWidget(self._count)
        for text, signal in (
            (tr("Previous"), self.previous_wanted),
            (tr("Next"), self.next_wanted),
            (tr("Close"), None),
        ):
            button = QPushButton(text)
            button.setProperty("quiet", "true")
            button.clicked.connect(signal.emit if signal else self.close_bar)
            layout.addWidget(button)
        self.hide()

    def open_bar(self) -> None:
        """Show it with the keyboard in its field."""
        self.show()
        self._line.setFocus()
        self._line.selectAll()
        if self._line.text():
            self.wanted.emit(self._line.text())

    def close_bar(self) -> None:
        """Hide it; the marks in the text go."""
        self.hide()
        self.closed.emit()

    def show_count(self, count: int) -> None:
        """How many places were found."""
        found = trn("{n} found", "{n} found", count) if count else tr("Nothing found")
        self._count.setText(found if self._line.text() else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            (self.previous_wanted if back else self.next_wanted).emit()
        else:
            super().keyPressEvent(event)
