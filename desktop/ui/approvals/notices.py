"""Asks that come while the person is elsewhere are told by the desktop, and taken back once they are answered."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from desktop.core.asks.visible import one_line
from desktop.core.asks.words import what
from desktop.core.conversation import AskItem
from desktop.core.describe import arguments_line
from desktop.core.language import tr
from desktop.ui.window.geometry import come_to_front

if TYPE_CHECKING:
    from desktop.services.workspace import Tab
    from desktop.ui.main_window import MainWindow
    from desktop.ui.system.notifier import Notifier

Name = tuple[str, str]  # tab, ask
_INBOX = "inbox"
_KEY = "ask\n"
_FEW = 3  # requests that are told one by one; of a flood the rest is told once


class AskNotices(QObject):
    """Signals: `wanted(tab key, ask id)` when the notification of an ask is pressed; `inbox_wanted()` when that of a
    flood is."""

    wanted = Signal(str, str)
    inbox_wanted = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._notifier: Notifier | None = None
        self._told: dict[str, Name | None] = {}  # keys of what is on the desktop now

    def tell_by(self, notifier: Notifier) -> None:
        """Tell by the desktop's notifications."""
        self._notifier = notifier
        notifier.activated.connect(self._pressed)
        notifier.ended.connect(lambda key: self._told.pop(key, None))

    def tell(self, tab: Tab, item: AskItem) -> None:
        """Say that somebody waits, to a person who is elsewhere."""
        if QApplication.activeWindow() is not None:
            return
        QApplication.alert(self._window)
        if self._notifier is None or _INBOX in self._told:
            return
        if len(self._told) >= _FEW:
            self._say(_INBOX, None, tr("More requests wait for you."))
        else:
            body = f"{one_line(tab.title, 60)}: {what(item)} {one_line(arguments_line(item.args), 80)}".strip()
            self._say(f"{_KEY}{tab.key}\n{item.ask}", (tab.key, item.ask), body)

    def look(self, waiting: Collection[Name]) -> None:
        """Take back what was answered elsewhere, and what tells of more than there is; `waiting` are the asks that
        still wait."""
        for key, name in list(self._told.items()):
            if not waiting or (name is not None and name not in waiting):
                self._take_back(key)
        if _INBOX in self._told and QApplication.activeWindow() is not None:
            self._take_back(_INBOX)

    def _say(self, key: str, name: Name | None, body: str) -> None:
        assert self._notifier is not None
        self._told[key] = name
        self._notifier.notify(key, tr("Waiting for you"), body)

    def _take_back(self, key: str) -> None:
        del self._told[key]
        if self._notifier is not None:
            self._notifier.withdraw(key)

    def _pressed(self, key: str, _: str) -> None:
        if key not in self._told:
            return
        name = self._told[key]
        come_to_front(self._window)
        if name is None:
            self.inbox_wanted.emit()
        else:
            self.wanted.emit(*name)
