"""Tabs made from other tabs: a fork with what was said so far, and the same words asked anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.services.tasks import spawn

if TYPE_CHECKING:
    from desktop.core.requests import Image
    from desktop.services.workspace import Tab
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage


class Copies(QObject):
    """Made by the window when it is populated."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def duplicate(self, page: SessionPage) -> None:
        """A tab with the same conversation, to go on otherwise. A recording has no other."""
        if page.tab.player is not None:
            return
        if page.turns.branching:
            self.fork(page, None)
        else:  # the server would not know what was said: the same agent, the same draft
            self.ask_elsewhere(page, page.tab.draft.text, page.tab.draft.images)

    def fork(self, page: SessionPage, run: int | None) -> None:
        """A tab with the conversation up to this run, all of it for None."""
        spawn(self._fork(page, run), "fork")

    def ask_elsewhere(self, page: SessionPage, text: str, images: tuple[Image, ...]) -> None:
        """The same words in a new conversation with the same agent, not sent."""
        self._beside(page, self._window.workspace.new_tab(page.tab.profile)).put_draft(text, images)

    async def _fork(self, page: SessionPage, run: int | None) -> None:
        page.save_draft()
        if (tab := await self._window.workspace.fork(page.tab, run)) is not None:
            self._beside(page, tab)
            self._window.refresh_history()

    def _beside(self, page: SessionPage, tab: Tab) -> SessionPage:
        fresh = self._window.add_tab(tab, at=self._window.tabs.indexOf(page) + 1)
        self._window.remember_tabs()
        return fresh
