"""What assistive technology sees of the pane: the pane as a document, each entry as a paragraph with its plain text.

The interfaces are made by a factory and kept here: Qt's side does not own what Python made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleInterface,
)

from desktop.core.conversation import Added, AnswerItem, AskItem, Change, EndItem, Grew, NoticeItem

if TYPE_CHECKING:
    from desktop.ui.transcript.view import TranscriptView

_ANNOUNCE_MS = 1500
_MOST = 400  # characters of one announcement
_SENTENCE = re.compile(r".*[.!?。！？:](?=\s)|.*\n", re.S)
_kept: dict[int, QAccessibleInterface] = {}
_installed = False


class Announcer:
    """Tells a screen reader whole sentences of what is being written, not more often than it can follow."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self._text = ""
        self._timer = QTimer(view, interval=_ANNOUNCE_MS, singleShot=True)
        self._timer.timeout.connect(self._speak)

    def take(self, changes: Sequence[Change]) -> None:
        """Collect what is new. Nothing is done while nobody listens."""
        if not QAccessible.isActive():
            return
        items = self._view.stack.conversation.items
        for change in changes:
            if isinstance(change, Grew) and isinstance(items.get(change.item), AnswerItem):
                self._text = (self._text + change.text)[-4 * _MOST :]
            elif isinstance(change, Added) and isinstance(items.get(change.item), EndItem | AskItem | NoticeItem):
                row = self._view.stack.entry(self._view.stack.index[change.item]).row
                self._text += f"\n{row.row.words}.\n" if row else ""
        if self._text and not self._timer.isActive():
            self._timer.start()

    def _speak(self) -> None:
        found = _SENTENCE.match(self._text)
        if not found:
            return
        text, self._text = found[0], self._text[found.end() :]
        text = re.sub(r"[*_`#>|~\[\]]+", "", " ".join(text.split()))[-_MOST:]
        if text and self._view.isVisible():
            event = QAccessibleAnnouncementEvent(self._view, text)
            QAccessible.updateAccessibility(event)
            self._view.announced.emit(text)
        if self._text:
            self._timer.start()


def install() -> None:
    """Make Qt ask us about our objects."""
    global _installed
    if not _installed:
        _installed = True
        QAccessible.installFactory(_make)


def _make(name: str, target: QObject) -> QAccessibleInterface | None:
    return None
