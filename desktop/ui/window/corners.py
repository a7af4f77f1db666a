"""The buttons in the corners of the tab bar: conversations; new tab, what waits, settings."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QToolButton, QWidget

from desktop.core.language import tr, trn
from desktop.ui.icons import icon
from desktop.ui.theme import Theme


class Corners(QObject):
    """Signals `new_wanted()`, `sidebar_wanted()`, `queue_wanted()`, `settings_wanted()`."""

    new_wanted = Signal()
    sidebar_wanted = Signal()
    queue_wanted = Signal()
    settings_wanted = Signal()

    def __init__(self, tabs: QTabWidget, theme: Theme) -> None:
        super().__init__(tabs)
        self._new = tool_button("new_tab_button", tr("New tab"))
        self._new.clicked.connect(self.new_wanted)
        self._fold = tool_button("sidebar_toggle", tr("Conversations"))
        self._fold.clicked.connect(self.sidebar_wanted)
        self._inbox = tool_button("inbox_button", tr("Waiting for you"))
        self._inbox.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._inbox.clicked.connect(self.queue_wanted)
        self._inbox.hide()
        self._settings = tool_button("settings_button", tr("Settings"))
        self._settings.clicked.connect(self.settings_wanted)
        right = QWidget()
        line = QHBoxLayout(right)
        line.setContentsMargins(4, 2, 8, 2)
        line.setSpacing(2)
        for button in (self._new, self._inbox, self._settings):
            line.addWidget(button)
        tabs.setCornerWidget(right, Qt.Corner.TopRightCorner)
        tabs.setCornerWidget(self._fold, Qt.Corner.TopLeftCorner)
        self.set_theme(theme)

    def show_waiting(self, count: int) -> None:
        """How many requests wait for the person, in all tabs."""
        self._inbox.setVisible(count > 0)
        self._inbox.setText(trn("{n} waiting", "{n} waiting", count))

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        for button, name in ((self._new, "plus"), (self._fold, "sidebar"), (self._settings, "settings")):
            button.setIcon(icon(name, theme.muted, theme.border))


def tool_button(name: str, text: str, checkable: bool = False) -> QToolButton:
    """A flat button for an icon, named for screen readers and outside checks."""
    button = QToolButton(objectName=name, checkable=checkable, autoRaise=True)
    button.setText(text)
    button.setAccessibleName(text)
    button.setToolTip(text)
    button.setMinimumSize(30, 30)
    button.setIconSize(QSize(18, 18))
    return button
