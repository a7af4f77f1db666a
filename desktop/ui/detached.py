"""A conversation in a window of its own. Closing the window brings it back into the tabs; nothing ends by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage


class DetachedWindow(QMainWindow):
    """Signal `left()`: the person closed it."""

    left = Signal()

    def __init__(self, page: SessionPage, window: MainWindow) -> None:
        super().__init__()
        self.setObjectName("detached_window")
        self.page = page
        self.setCentralWidget(page)
        page.show()
        for action in window.commands.actions.values():
            self.addAction(action)  # the shortcuts work here too
        self.resize(760, window.height())
        self.show_title()

    def show_title(self) -> None:
        """The conversation's title."""
        self.setWindowTitle(" ".join(self.page.tab.title.split()).replace("[*]", "[*][*]"))

    def closeEvent(self, event: QCloseEvent) -> None:
        self.takeCentralWidget()
        event.accept()
        self.left.emit()
