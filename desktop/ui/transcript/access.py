"""What assistive technology sees of the pane: the pane as a document, each entry as a paragraph with its plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import ref

from PySide6.QtCore import QObject, QPoint, QRect, QSize, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleActionInterface,
    QAccessibleAnnouncementEvent,
    QAccessibleInterface,
    QAccessibleTextInterface,
)
from shiboken6 import VoidPtr, getCppPointer

from desktop.core.conversation import Added, AnswerItem, AskItem, Change, EndItem, Grew, NoticeItem, RunChanged
from desktop.core.language import tr
from desktop.ui import accessible
from desktop.ui.accessible import Interface
from desktop.ui.transcript.pieces import part, units
from desktop.ui.transcript.rows import Row

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
        items, runs = self._view.stack.conversation.items, self._view.stack.conversation.runs
        for change in changes:
            if isinstance(change, Grew) and isinstance(items.get(change.item), AnswerItem):
                self._text = (self._text + change.text)[-4 * _MOST :]
            elif isinstance(change, Added) and isinstance(answer := items.get(change.item), AnswerItem):
                speaker = self._view.stack.grouping.speaker(answer.id)
                named = f"\n{speaker}:\n" if speaker else ""
                self._text = (self._text + named + answer.text)[-4 * _MOST :]  # what came in its first frame
            elif isinstance(change, Added) and isinstance(items.get(change.item), EndItem | AskItem | NoticeItem):
                row = self._view.stack.entry(self._view.stack.index[change.item]).row
                self._text += f"\n{row.row.words}.\n" if row else ""
            elif isinstance(change, RunChanged) and self._text and runs[change.run].status is not None:
                self._text += "\n"  # nothing follows: its last words are said, too
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
        return "" if self.hidden else self.view.stack.entry(self.index).plain(_AT_ONCE)

    @property
    def hidden(self) -> bool:
        """Whether it is folded away or said in another's row."""
        stack = self.view.stack
        return self.index >= len(stack.ids) or stack.entry(self.index).hidden

    @property
    def row(self) -> Row | None:
        """The row of the entry, if it has one."""
        block = None if self.hidden else self.view.stack.entry(self.index).row
        return block.row if block is not None else None

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


class RowAction(QAccessibleActionInterface):
    """Pressing an entry's row, for those that a press opens, folds or brings up."""

    def __init__(self, entry: EntryInterface) -> None:
        super().__init__()
        self._entry = ref(entry)

    def actionNames(self) -> list[str]:
        entry = self._entry()
        actions = entry.actions if entry is not None else ()
        return ["details" if action == "more" else self.pressAction() for action in actions]

    def doAction(self, name: str) -> None:
        entry = self._entry()
        node = entry.node if entry is not None else None
        if node is not None and name in self.actionNames():  # once the bus has its answer: a dialog may open
            action = "more" if name == "details" else ""
            QTimer.singleShot(0, node.view, lambda: node.view.hands.press_row(node.index, action))

    def keyBindingsForAction(self, name: str) -> list[str]:
        return []

    def localizedActionName(self, name: str) -> str:
        return {self.pressAction(): tr("Press"), "details": tr("Details")}.get(name, name)

    def localizedActionDescription(self, name: str) -> str:
        return ""


class EntryText(QAccessibleTextInterface):
    """An entry's text by letters, words and lines, for reading it piece by piece. Offsets are Qt's: characters beyond
    the basic plane are two. What is not overridden here Qt makes of these, or PySide does not offer. Where on the
    screen a letter is stays unsaid: it is somewhere in its entry."""

    def __init__(self, entry: EntryInterface) -> None:
        super().__init__()
        self._entry = ref(entry)

    @property
    def _node(self) -> EntryNode | None:
        entry = self._entry()
        return entry.node if entry is not None else None

    def _whole(self) -> str:
        node = self._node
        return node.text() if node is not None else ""

    def characterCount(self) -> int:
        return units(self._whole())

    def text(self, start: int, end: int) -> str:
        return part(self._whole(), start, end)

    def cursorPosition(self) -> int:
        return -1  # there is none

    def setCursorPosition(self, position: int) -> None:
        """There is none to set."""

    def selectionCount(self) -> int:
        return 0

    def addSelection(self, start: int, end: int) -> None:
        """The pane has one selection over all entries, made by mouse and keys."""

    def removeSelection(self, index: int) -> None:
        """As above."""

    def setSelection(self, index: int, start: int, end: int) -> None:
        """As above."""

    def characterRect(self, offset: int) -> QRect:
        node = self._node
        return node.rect() if node is not None else QRect()

    def offsetAtPoint(self, point: QPoint) -> int:
        return 0 if self.characterRect(0).contains(point) else -1

    def scrollToSubstring(self, start: int, end: int) -> None:
        node = self._node
        if node is not None and not node.hidden:
            node.view.scroll_to_item(node.view.stack.ids[node.index])


class EntryInterface(Interface):
    """One entry: its text is its name, and can be read piece by piece. Rows that can be pressed are buttons."""

    def __init__(self, target: QObject) -> None:
        super().__init__(target)
        self._action, self._text = RowAction(self), EntryText(self)

    def interface_cast(self, kind: QAccessible.InterfaceType) -> VoidPtr:
        if kind == QAccessible.InterfaceType.ActionInterface and self.pressable:
            return VoidPtr(getCppPointer(self._action)[0])
        if kind == QAccessible.InterfaceType.TextInterface:
            return VoidPtr(getCppPointer(self._text)[0])
        return VoidPtr(0)  # None would end the program

    @property
    def pressable(self) -> bool:
        """Whether a press does something."""
        return bool(self.actions)

    @property
    def actions(self) -> tuple[str, ...]:
        """What can be pressed on its row."""
        row = self.node.row if self.node is not None else None
        return row.actions if row is not None else ()

    @property
    def node(self) -> EntryNode | None:
        """What it speaks for; None when that is gone."""
        return self.object()  # type: ignore[return-value]

    @property
    def widget(self) -> TranscriptView | None:
        node = self.node
        return node.view if node is not None else None

    def parent(self) -> QAccessibleInterface | None:
        view = self.widget
        return QAccessible.queryAccessibleInterface(view) if view is not None else None

    def text(self, kind: QAccessible.Text) -> str:
        node = self.node
        return node.text() if node is not None and kind == QAccessible.Text.Name else ""

    def rect(self) -> QRect:
        node = self.node
        return node.rect() if node is not None else QRect()

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.Button if self.pressable else QAccessible.Role.Paragraph

    def state(self) -> QAccessible.State:
        made = QAccessible.State()
        made.readOnly = made.multiLine = True
        view = self.widget
        made.invisible = view is None or not view.isVisible() or self.node is None or self.node.hidden
        made.offscreen = self.rect().isEmpty()
        row = self.node.row if self.node is not None else None
        if row is not None and row.folded is not None:
            made.expandable, made.expanded, made.collapsed = True, not row.folded, row.folded
        return made


def install() -> None:
    """Make Qt ask us about our objects."""
    accessible.install(TranscriptView=PaneInterface, EntryNode=EntryInterface)
