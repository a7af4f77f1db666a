"""The upper part of a tab: the transcript, or what stands in its place while nothing was said; find; jump to latest."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QToolButton, QVBoxLayout, QWidget

from desktop.core.language import tr
from desktop.ui.icons import icon
from desktop.ui.tab.empty_state import EmptyState
from desktop.ui.tab.find_bar import FindBar
from desktop.ui.theme import Theme
from desktop.ui.transcript.view import TranscriptView


class Reading(QWidget):
    """Its parts are used by the page: `transcript`, `empty` and `find`."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.transcript = TranscriptView(theme)
        self.empty = EmptyState()
        self.find = FindBar()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.transcript)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.find)
        layout.addWidget(self._stack, 1)
        self._jump = self._jump_button()
        self._wire()
        self.set_theme(theme)

    def show_transcript(self, said: bool) -> None:
        """The transcript once anything was said, else the empty state."""
        self._stack.setCurrentWidget(self.transcript if said else self.empty)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self.transcript.set_theme(theme)
        self._jump.setIcon(icon("down", theme.muted, theme.border))

    def _jump_button(self) -> QToolButton:
        button = QToolButton(self._stack, objectName="jump_to_latest", text=tr("Latest"))
        button.setAccessibleName(tr("Jump to the latest"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.hide()
        return button

    def _wire(self) -> None:
        transcript, find = self.transcript, self.find
        transcript.at_end_changed.connect(lambda at_end: self._jump.setVisible(not at_end))
        self._jump.clicked.connect(transcript.jump_to_latest)
        find.wanted.connect(lambda text: find.show_count(transcript.find(text)))
        find.next_wanted.connect(transcript.find_next)
        find.previous_wanted.connect(transcript.find_previous)
        find.closed.connect(transcript.clear_find)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self._jump.sizeHint()
        left, top = (self._stack.width() - size.width()) // 2, self._stack.height() - size.height() - 12
        self._jump.setGeometry(left, top, size.width(), size.height())
