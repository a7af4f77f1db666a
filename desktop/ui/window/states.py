"""What the window says of its conversations: their titles and badges, how many wait, and its own title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.services.clock import now

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage
    from desktop.ui.window.corners import Corners

_TURN = 0.008  # seconds of showing titles, before others have their turn


class States(QObject):
    """Shows, once in a turn of the loop, what changed. Signal `counted(int, int)`: how many runs go on and how many
    requests wait, in all tabs."""

    counted = Signal(int, int)

    def __init__(self, window: MainWindow, corners: Corners) -> None:
        super().__init__(window)
        self._window, self._corners = window, corners
        self._waiting = 0  # requests, in all tabs
        self._going: set[tuple[str, int, bool]] = set()  # of each tab: how many runs, and whether one goes on
        self._stale: set[SessionPage] = set()
        self._timer = QTimer(self, interval=0, singleShot=True)
        self._timer.timeout.connect(self._show)

    def changed(self, *pages: SessionPage) -> None:
        """Something about runs or requests is new, in these tabs or in what is in front."""
        self._stale.update(pages)
        self._timer.start()

    def retitle(self, page: SessionPage) -> None:
        """Show a conversation's title wherever it stands."""
        self._window.tabs.show_state(page)
        if page is self._window.tabs.page():
            self.show_title()
        self._window.outside.show_titles()

    def show_title(self) -> None:
        """The title of the tab in front, and how many requests wait. Qt takes [*] there for a mark of its own."""
        if (page := self._window.tabs.page()) is None:
            return
        title = " ".join(page.tab.title.split()).replace("[*]", "[*][*]")
        before = f"({self._waiting}) " if self._waiting else ""
        self._window.setWindowTitle(f"{before}{title} — Sluice")

    def _show(self) -> None:
        """Each title lays out all tabs anew, so that many of them take several turns."""
        window = self._window
        began = now()
        for page in [page for page in window.pages() if page in self._stale]:
            self._stale.discard(page)
            self.retitle(page)
            if now() - began > _TURN:
                self._timer.start()
                return
        self._stale.clear()
        pages = window.pages()
        self._waiting = window.asks.refresh(pages, window.page())
        self._corners.show_waiting(self._waiting)
        self.show_title()
        window.notices.look()
        self.counted.emit(sum(page.session.running for page in pages), self._waiting)
        going = {(page.tab.key, len(page.session.conversation.runs), page.session.running) for page in pages}
        if going != self._going:
            self._going = going
            window.refresh_history()
