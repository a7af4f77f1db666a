"""What assistive technology sees of the pane: the pane as a document, each entry as a paragraph with its plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect, QSize, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleInterface

from desktop.core.conversation import Added, AnswerItem, AskItem, Change, EndItem, Grew, NoticeItem
from desktop.core.language import tr
from desktop.ui import accessible
from desktop.ui.accessible import Interface

if TYPE_CHECKING:
    from desktop.ui.transcript.view import TranscriptView

_ANNOUNCE_MS = 1500
_AT_ONCE = 40_000  # characters of an answer that are turned into words for one question
_MOST = 400  # characters of one announcement
_SENTENCE = re.compile(r".*[.!?。！？:](?=\s)|.*\n", re.S)


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


class EntryNode(QObject):
    """Stands for an entry where Qt wants an object. `text` is what the entry says."""

    def __init__(self, view: TranscriptView, index: int) -> None:
        super().__init__(view)
        self.setObjectName(f"entry_{index}")
        self.view = view
        self.index = index

    def text(self) -> str:
        """The plain text of the entry."""
        stack = self.view.stack
        return stack.entry(self.index).plain(_AT_ONCE) if self.index < len(stack.ids) else ""

    def rect(self) -> QRect:
        """Where it is on the screen; empty while it is out of sight."""
        for one in self.view.stack.placed:
            if one.entry == self.index:
                entry = self.view.stack.entry(self.index)
                viewport = self.view.viewport()
                left, width = self.view.stack.column
                top = one.y - entry.top(one.index)
                return QRect(viewport.mapToGlobal(QPoint(left, top)), QSize(width, entry.height))
        return QRect()


class PaneInterface(Interface):
    """The pane: a document whose children are the entries, in order."""

    @property
    def widget(self) -> TranscriptView | None:
        return self.object()  # type: ignore[return-value]

    def parent(self) -> QAccessibleInterface | None:
        view = self.widget
        above = view.parentWidget() if view is not None else None
        return QAccessible.queryAccessibleInterface(above) if above is not None else None

    def childCount(self) -> int:
        view = self.widget
        return len(view.stack.ids) if view is not None else 0

    def child(self, index: int) -> QAccessibleInterface | None:
        view = self.widget
        if view is None or not 0 <= index < len(view.stack.ids):
            return None
        return QAccessible.queryAccessibleInterface(view.node(index))

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        node = child.object() if child is not None else None
        return node.index if isinstance(node, EntryNode) else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:
        view = self.widget
        for one in view.stack.placed if view is not None else ():
            node = view.node(one.entry)  # type: ignore[union-attr]
            if node.rect().contains(x, y):
                return QAccessible.queryAccessibleInterface(node)
        return None

    def text(self, kind: QAccessible.Text) -> str:
        return tr("Conversation") if kind == QAccessible.Text.Name else ""

    def rect(self) -> QRect:
        view = self.widget
        return QRect(view.mapToGlobal(QPoint(0, 0)), view.size()) if view is not None else QRect()

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.Document

    def state(self) -> QAccessible.State:
        made = QAccessible.State()
        view = self.widget
        made.readOnly = made.multiLine = made.focusable = True
        made.focused = view is not None and view.hasFocus()
        made.invisible = view is None or not view.isVisible()
        return made


class EntryInterface(Interface):
    """One entry: its text is its name."""

    @property
    def _node(self) -> EntryNode | None:
        return self.object()  # type: ignore[return-value]

    @property
    def widget(self) -> TranscriptView | None:
        node = self._node
        return node.view if node is not None else None

    def parent(self) -> QAccessibleInterface | None:
        view = self.widget
        return QAccessible.queryAccessibleInterface(view) if view is not None else None

    def text(self, kind: QAccessible.Text) -> str:
        node = self._node
        return node.text() if node is not None and kind == QAccessible.Text.Name else ""

    def rect(self) -> QRect:
        node = self._node
        return node.rect() if node is not None else QRect()

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.Paragraph

    def state(self) -> QAccessible.State:
        made = QAccessible.State()
        made.readOnly = made.multiLine = True
        view = self.widget
        made.invisible = view is None or not view.isVisible()
        made.offscreen = self.rect().isEmpty()
        return made


def install() -> None:
    """Make Qt ask us about our objects."""
    accessible.install(TranscriptView=PaneInterface, EntryNode=EntryInterface)
