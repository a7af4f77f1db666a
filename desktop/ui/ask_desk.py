"""All open asks of all tabs: the one dialog, the inbox, and what the person has put aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.core.adapters import adapter_class
from desktop.core.conversation import AskItem
from desktop.core.requests import Answer
from desktop.ui.approval_dialog import ApprovalDialog
from desktop.ui.approval_queue import ApprovalQueue
from desktop.ui.theme import Theme

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow
    from desktop.ui.session_page import SessionPage


class AskDesk(QObject):
    """Signals: `jump_wanted(tab key, ask id)`; `changed()` when the dialog was closed. Nothing here decides: the
    dialog's answer goes to the session of the ask that was shown."""

    jump_wanted = Signal(str, str)
    changed = Signal()

    def __init__(self, theme: Theme, window: MainWindow) -> None:
        super().__init__(window)
        self.queue = ApprovalQueue()
        self.queue.open_requested.connect(self.jump_wanted)
        self.queue.decide_many.connect(self._decide_many)
        self.queue.hide()
        self._dialog = ApprovalDialog(theme, window)
        self._dialog.decided.connect(self._decided)
        self._dialog.finished.connect(self._closed)
        self._shown: tuple[SessionPage, str] | None = None
        self._put_aside: set[tuple[str, str, int]] = set()  # (tab, ask, version) whose dialog the person closed
        self._pages: dict[str, SessionPage] = {}

    def refresh(self, pages: Sequence[SessionPage], front: SessionPage | None) -> int:
        """Follow what changed; the front tab's next ask opens its dialog. Returns how many wait."""
        self._pages = {page.tab.key: page for page in pages}
        entries = [(page.tab.key, page.tab.title, ask) for page in pages for ask in page.pending_asks()]
        self.queue.set_entries(entries)
        if not entries:
            self.queue.hide()
        if self._shown is not None:
            if (item := _find(*self._shown)) is not None:
                self._dialog.refresh(item)
        elif front is not None:
            self._open_next(front, len(entries))
        return len(entries)

    def open(self, page: SessionPage, ask: str) -> None:
        """Show an ask because the person wants to see it."""
        item = _find(page, ask)
        if item is None:
            return
        self._put_aside.discard((page.tab.key, ask, item.version))
        if self._shown is not None and self._shown != (page, ask):
            self._dialog.reject()
        self._show(page, item, 1)

    def toggle_queue(self) -> None:
        """Fold the inbox in or out."""
        self.queue.setVisible(not self.queue.isVisible())

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._dialog.set_theme(theme)

    def _open_next(self, page: SessionPage, count: int) -> None:
        for item in page.pending_asks():
            if item.state == "pending" and (page.tab.key, item.ask, item.version) not in self._put_aside:
                self._show(page, item, count)
                return

    def _show(self, page: SessionPage, item: AskItem, count: int) -> None:
        self._shown = (page, item.ask)
        profile = page.tab.profile
        names = (page.tab.title, profile.name if profile else "", " › ".join(item.path))
        can = adapter_class(page.session.connection.protocol).can
        self._dialog.show_ask(item, where=" — ".join(filter(None, names)), can=can, count=count)
        if not self._dialog.isVisible():
            self._dialog.open()

    def _decided(self, answer: Answer) -> None:
        if self._shown is not None:
            self._shown[0].answer(answer)

    def _closed(self, _: int) -> None:
        if self._shown is not None:
            page, ask = self._shown
            self._shown = None
            if (item := _find(page, ask)) is not None:
                self._put_aside.add((page.tab.key, ask, item.version))
            page.focus_composer()
        self.changed.emit()

    def _decide_many(self, answers: Sequence[tuple[str, Answer]]) -> None:
        for key, answer in answers:
            if page := self._pages.get(key):
                page.answer(answer)


def _find(page: SessionPage, ask: str) -> AskItem | None:
    items = page.session.conversation.items.values()
    return next((i for i in reversed(items) if isinstance(i, AskItem) and i.ask == ask), None)
