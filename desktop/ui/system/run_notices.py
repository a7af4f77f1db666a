"""Runs that end while nobody looks are told by the desktop, and taken back once they are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from desktop.core.asks.visible import one_line
from desktop.core.endings import Kind, kind_of
from desktop.core.language import mark, tr
from desktop.ui.window.geometry import come_to_front

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage
    from desktop.ui.system.notifier import Notifier

_KEY = "run\n"
_TITLE = 80  # characters
_WORDS: dict[Kind, str] = {
    "whole": mark("The answer is there"),
    "limit": mark("The answer reached a limit"),
    "calls": mark("The answer is there"),
    "waiting": mark("The run waits for you"),
    "refused": mark("The message was refused"),
    "failed": mark("The run failed"),
    "cut": mark("The answer was cut off"),
    "timed out": mark("The run took too long"),
    "unknown": mark("It is not known how the run ended"),
}  # what the person ended themselves is no news


class RunNotices(QObject):
    """Made by the window when it is populated."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._notifier: Notifier | None = None
        self._told: set[str] = set()  # keys of tabs
        self._program = QApplication.instance()
        self._program.focusWindowChanged.connect(self.look)  # type: ignore[union-attr]

    def tell_by(self, notifier: Notifier) -> None:
        """Tell by the desktop's notifications; pressing one shows its tab."""
        self._notifier = notifier
        notifier.activated.connect(self._pressed)

    def ended(self, page: SessionPage) -> None:
        """A run is over, or waits: say so unless the person looks at it, or was told of its request."""
        run = page.session.conversation.run
        words = _WORDS.get(kind_of(run)) if run else None
        if words is None or _seen(page) or page.pending_asks():
            return
        if not self._window.workspace.settings.show_notifications:
            return
        QApplication.alert(page.window() if page.isVisible() else self._window)
        if self._notifier is not None:
            self._told.add(page.tab.key)
            self._notifier.notify(_KEY + page.tab.key, tr(words), one_line(page.tab.title, _TITLE))

    def close(self) -> None:
        """The program ends: a notification that leads nowhere is taken back."""
        self._program.focusWindowChanged.disconnect(self.look)  # type: ignore[union-attr]
        for key in self._told:
            self._take_back(key)

    def look(self, _: object = None) -> None:
        """Take back what the person sees now, and what is no longer open."""
        pages = {page.tab.key: page for page in self._window.pages()} if self._told else {}
        for key in [key for key in self._told if key not in pages or _seen(pages[key])]:
            self._told.discard(key)
            self._take_back(key)

    def _take_back(self, key: str) -> None:
        if self._notifier is not None:
            self._notifier.withdraw(_KEY + key)

    def _pressed(self, key: str, _: str) -> None:
        kind, _, tab = key.partition("\n")
        if f"{kind}\n" == _KEY:
            come_to_front(self._window)
            self._window.open_session(tab)


def _seen(page: SessionPage) -> bool:
    """Whether the page shows, in the window in which the person is."""
    return page.isVisible() and page.isActiveWindow()
