"""The rows of conversations: what each stands for, the keys that are theirs, and how a search's hit is drawn."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QPalette
from PySide6.QtWidgets import (
    QListWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.core.language import mark, tr
from desktop.services.history.library import Entry
from desktop.ui.composing.snippet import draw_snippet, snippet_height
from desktop.ui.theme import Theme

ENTRY = Qt.ItemDataRole.UserRole  # of a row: its Entry; headings have none
_KINDS = {"question": mark("You"), "answer": mark("Answer"), "thought": mark("Thought"), "tool": mark("Tool")}


class EntryList(QListWidget):
    """Signal `delete_wanted(Entry)` for the Delete key. `theme` colours what a search hit."""

    delete_wanted = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setObjectName("history_sidebar")
        self.setAccessibleName(tr("Conversations"))
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setEditTriggers(QListWidget.EditTrigger.EditKeyPressed)
        self.setItemDelegate(_Delegate(self))

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self.theme = theme
        self.viewport().update()

    def entry(self, index: int | None = None) -> Entry | None:
        """What a row stands for, by default the current one."""
        row = self.currentItem() if index is None else self.item(index)
        return row.data(ENTRY) if row else None

    def event(self, event: QEvent) -> bool:
        """F2 renames here, though the window has it for the tab."""
        ours = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if ours and (event.key() == Qt.Key.Key_F2 or event.matches(QKeySequence.StandardKey.Delete)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Delete) and (entry := self.entry()) is not None:
            self.delete_wanted.emit(entry)
            return
        super().keyPressEvent(event)


class _Delegate(QStyledItemDelegate):
    """A title, and below it two lines of where a search hit, with the words marked."""

    def __init__(self, entries: EntryList) -> None:
        super().__init__(entries)
        self._list = entries

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        entry: Entry | None = index.data(ENTRY)
        if entry is not None and entry.snippet:
            size.setHeight(size.height() + snippet_height(option.font))
        return size

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        entry: Entry | None = index.data(ENTRY)
        if entry is None or not entry.snippet:
            super().paint(painter, option, index)
            return
        whole = QStyleOptionViewItem(option)
        self.initStyleOption(whole, index)
        title, whole.text = whole.text, ""
        whole.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, whole, painter, whole.widget)
        theme = self._list.theme
        inside = option.rect.adjusted(11, 6, -8, -4)
        painter.save()
        painter.setFont(whole.font)
        painter.setPen(whole.palette.color(QPalette.ColorRole.Text))
        line = whole.fontMetrics.elidedText(title, Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside, int(Qt.AlignmentFlag.AlignTop), line)
        below = inside.adjusted(0, whole.fontMetrics.lineSpacing() + 2, 0, 0)
        draw_snippet(painter, below, f"{kind_words(entry)}: ", entry.snippet, entry.marks, theme, whole.font)
        painter.restore()


def kind_words(entry: Entry) -> str:
    """What a search hit, in words."""
    return tr(_KINDS.get(entry.kind, ""))
