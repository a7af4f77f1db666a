"""Whether the conversations show beside the tabs: the person's choice, and folding by itself in a narrow window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.ui.history.sidebar import HistorySidebar

_NARROW = 860  # pixels of a window that has no room for the conversations


class SidebarFold(QObject):
    """Signal `chosen()`: the person folded it in or out."""

    chosen = Signal()

    def __init__(self, sidebar: HistorySidebar, window: QWidget, wanted: bool) -> None:
        super().__init__(window)
        self._sidebar, self._window = sidebar, window
        self._was_narrow = self._by_itself = False
        sidebar.setVisible(wanted)

    @property
    def wanted(self) -> bool:
        """Whether the person wants to see it where there is room."""
        return not self._sidebar.isHidden() or self._by_itself

    def toggle(self) -> None:
        """Fold the conversations in or out."""
        self._sidebar.setVisible(not self._sidebar.isVisible())
        self._by_itself = False
        self.chosen.emit()

    def search(self) -> None:
        """Put the keyboard into the search over everything."""
        self._sidebar.show()
        self._sidebar.focus_search()

    def make_room(self) -> None:
        """After the window changed its width: fold away, and come back when there is room again."""
        narrow = self._window.width() < _NARROW
        if narrow and not self._was_narrow and not self._sidebar.isHidden():
            self._sidebar.hide()
            self._by_itself = True
        elif not narrow and self._by_itself:
            self._sidebar.show()
            self._by_itself = False
        self._was_narrow = narrow
