"""What the window holds: notes over everything, the row of tabs, and room beside it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop.ui.session_tabs import SessionTabs
from desktop.ui.tab.notice_bar import NoticeBar
from desktop.ui.theme import Theme
from desktop.ui.window.corners import Corners
from desktop.ui.window.trouble_bar import TroubleBar


class Frame(QWidget):
    """`split` holds the tabs; the history goes before them, what waits behind. Loaded after the first paint."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tabs = SessionTabs(theme)
        self.corners = Corners(self.tabs, theme)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setHandleWidth(1)
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(self.tabs)
        self.trouble, self.notice = TroubleBar(), NoticeBar("window_notice")
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.trouble)
        rows.addWidget(self.notice)
        rows.addWidget(self.split, 1)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self.corners.set_theme(theme)
        self.tabs.set_theme(theme)
