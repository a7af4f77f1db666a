"""How the window stands, kept for the next start: its place, what is outside of the tabs and where, what is in front.

Which tabs there are, and their order, is the workspace's to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QSplitter

from desktop.ui.window.geometry import packed, unpacked
from desktop.ui.window.outside import Outside

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow

_STORED_MS = 1000  # after the last move


class Arrangement(QObject):
    """Made by the window when it is populated."""

    def __init__(self, window: MainWindow, split: QSplitter, outside: Outside) -> None:
        super().__init__(window)
        self._window, self._split, self._outside = window, split, outside
        self._soon = QTimer(self, interval=_STORED_MS, singleShot=True)
        self._soon.timeout.connect(self.store)
        split.splitterMoved.connect(self.changed)
        outside.changed.connect(self.changed)
        window.fold.chosen.connect(self.changed)

    def changed(self) -> None:
        """Something moved: store it when all is still."""
        self._soon.start()

    def store(self) -> None:
        """Store it now."""
        self._soon.stop()
        front = self._window.tabs.page()
        self._window.workspace.change_settings(
            sidebar=self._window.fold.wanted,
            window_geometry=packed(self._window.saveGeometry()),
            split=packed(self._split.saveState()),
            outside=self._outside.places(),
            current_tab=front.tab.key if front else None,
        )

    def restore(self) -> None:
        """Put what was outside there again, in a window whose tabs are back."""
        settings = self._window.workspace.settings
        for key, place in settings.outside.items():
            for page in [page for page in self._window.tabs.pages() if page.tab.key == key]:
                self._outside.put(page, place)
        if settings.split:
            self._split.restoreState(unpacked(settings.split))
        for page in [page for page in self._window.tabs.pages() if page.tab.key == settings.current_tab]:
            self._window.tabs.setCurrentWidget(page)
