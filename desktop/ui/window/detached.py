"""A conversation outside of the tabs: in a window of its own, or beside them. Closing it brings it back into the tabs;
nothing ends by it.

Outside checks and screen readers find things by object names, which are unique among what shows: out here they carry a
number.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QCloseEvent, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QToolButton, QVBoxLayout, QWidget

from desktop.core.language import tr
from desktop.ui.icons import icon
from desktop.ui.labels import ElidedLabel
from desktop.ui.theme import Theme
from desktop.ui.window.geometry import packed, unpacked

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage

_NUMBERS = count(2)
_OWN = ("composer_box", "session_column")  # named in style sheets, not for anybody outside


class DetachedWindow(QMainWindow):
    """Signals: `left()`, the person closed it; `moved()`, it has another place or size. `place` is a text of `place()`
    from before, or nothing."""

    left = Signal()
    moved = Signal()

    def __init__(self, page: SessionPage, window: MainWindow, place: str = "") -> None:
        super().__init__()
        self.setObjectName("detached_window")
        self.page = page
        self._names = _numbered(page)
        self.setCentralWidget(page)
        page.show()
        for action in window.commands.actions.values():
            self.addAction(action)  # the shortcuts work here too
        if not self.restoreGeometry(unpacked(place)):
            self.resize(760, window.height())
        self.show_title()

    def is_front(self) -> bool:
        """Whether the person works in it."""
        return QApplication.activeWindow() is self

    def place(self) -> str:
        """Where it stands, as text."""
        return packed(self.saveGeometry())

    def set_theme(self, theme: Theme) -> None:
        """Its page is coloured with the others, and it has nothing else."""

    def show_title(self) -> None:
        """The conversation's title."""
        self.setWindowTitle(" ".join(self.page.tab.title.split()).replace("[*]", "[*][*]"))

    def give_back(self) -> SessionPage:
        """Take the page out, named as in the tabs."""
        self.takeCentralWidget()
        return _renamed(self.page, self._names)

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.moved.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()
        self.left.emit()


class SidePane(QWidget):
    """Beside the tabs, under a line with its title. Signal `left()`: the person closed it."""

    PLACE = "beside"
    left = Signal()

    def __init__(self, page: SessionPage, window: MainWindow) -> None:
        super().__init__()
        self.setObjectName("side_pane")
        self.page = page
        self._names = _numbered(page)
        self._title = ElidedLabel(heading="true")
        back = self._back = QToolButton(autoRaise=True, toolTip=tr("Back into the tabs"))
        back.setAccessibleName(tr("Back into the tabs"))
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
        self.set_theme(window.theme)
        self.show_title()

    def place(self) -> str:
        """Where it stands, as text. How wide it is, the splitter knows."""
        return self.PLACE

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._back.setIcon(icon("close", theme.muted))

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
