"""A conversation outside of the tabs: in a window of its own, or beside them. Closing it brings it back into the tabs;
nothing ends by it.

Outside checks and screen readers find things by object names, which are unique among what shows: out here they carry a
number.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QToolButton, QVBoxLayout, QWidget

from desktop.ui.icons import icon
from desktop.ui.labels import ElidedLabel

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage

_NUMBERS = count(2)
_OWN = ("composer_box", "session_column")  # named in style sheets, not for anybody outside


class DetachedWindow(QMainWindow):
    """Signal `left()`: the person closed it."""

    left = Signal()

    def __init__(self, page: SessionPage, window: MainWindow) -> None:
        super().__init__()
        self.setObjectName("detached_window")
        self.page = page
        self._names = _numbered(page)
        self.setCentralWidget(page)
        page.show()
        for action in window.commands.actions.values():
            self.addAction(action)  # the shortcuts work here too
        self.resize(760, window.height())
        self.show_title()

    def is_front(self) -> bool:
        """Whether the person works in it."""
        return QApplication.activeWindow() is self

    def show_title(self) -> None:
        """The conversation's title."""
        self.setWindowTitle(" ".join(self.page.tab.title.split()).replace("[*]", "[*][*]"))

    def give_back(self) -> SessionPage:
        """Take the page out, named as in the tabs."""
        self.takeCentralWidget()
        return _renamed(self.page, self._names)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()
        self.left.emit()


class SidePane(QWidget):
    """Beside the tabs, under a line with its title. Signal `left()`: the person closed it."""

    left = Signal()

    def __init__(self, page: SessionPage, window: MainWindow) -> None:
        super().__init__()
        self.setObjectName("side_pane")
        self.page = page
        self._names = _numbered(page)
        self._title = ElidedLabel(heading="true")
        back = QToolButton(autoRaise=True, toolTip="Back into the tabs")
        back.setAccessibleName("Back into the tabs")
        back.setIcon(icon("close", window.theme.muted))
        back.setIconSize(QSize(14, 14))
        back.setMinimumSize(28, 28)
        back.clicked.connect(self.left)
        head = QHBoxLayout()
        head.setContentsMargins(16, 3, 8, 3)
        head.addWidget(self._title, 1)
        head.addWidget(back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(page, 1)
        page.show()
        self.show_title()

    def is_front(self) -> bool:
        """Whether the person works in it."""
        focus = QApplication.focusWidget()
        return focus is not None and self.isAncestorOf(focus)

    def show_title(self) -> None:
        """The conversation's title."""
        self._title.setText(self.page.tab.title)

    def give_back(self) -> SessionPage:
        """Take the page out, named as in the tabs."""
        self.layout().removeWidget(self.page)
        return _renamed(self.page, self._names)


def _numbered(page: SessionPage) -> dict[QWidget, str]:
    """Give everything in a page that has a name a number; what it was called before."""
    number = next(_NUMBERS)
    named = [w for w in page.findChildren(QWidget) if w.objectName() and not w.objectName().startswith("qt_")]
    names = {widget: widget.objectName() for widget in named if widget.objectName() not in _OWN}
    for widget, name in names.items():
        widget.setObjectName(f"{name}_{number}")
    return names


def _renamed(page: SessionPage, names: dict[QWidget, str]) -> SessionPage:
    living = set(page.findChildren(QWidget))
    for widget in living & set(names):
        widget.setObjectName(names[widget])
    return page
