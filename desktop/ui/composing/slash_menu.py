"""A slash at the beginning of the message offers the person's snippets; arrows choose, Return or Tab puts one in."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPlainTextEdit

from desktop.core.language import tr
from desktop.services.habits.snippets import Snippets
from desktop.ui.labels import literal_tip

_NAME = Qt.ItemDataRole.UserRole
_MOST = 8
_LOOK = "#slash_menu { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; padding: 3px; }"


class SlashMenu(QListWidget):
    """Belongs to a composer and shows over it. It never takes the keyboard away."""

    def __init__(self, composer: QPlainTextEdit, snippets: Snippets) -> None:
        super().__init__(composer.window())
        self.setObjectName("slash_menu")
        self.setAccessibleName(tr("Snippets"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setStyleSheet(_LOOK)
        self._composer, self._snippets = composer, snippets
        self.itemClicked.connect(self._put)
        composer.textChanged.connect(self._follow)
        composer.installEventFilter(self)
        composer.destroyed.connect(self.deleteLater)
        self.hide()

    def _follow(self) -> None:
        text = self._composer.toPlainText()
        names = self._snippets.matching(text[1:]) if text.startswith("/") and len(text.split()) < 2 else []
        if not names or text != text.rstrip() or not self._composer.hasFocus():
            self.hide()
            return
        self.clear()
        for name in names[:_MOST]:
            body = self._snippets.all[name]
            row = QListWidgetItem(f"/{name}   {' '.join(body.split())[:60]}")
            row.setData(_NAME, name)
            row.setToolTip(literal_tip(body[:600]))
            self.addItem(row)
        self.setCurrentRow(0)
        self._place()

    def _place(self) -> None:
        if self.parentWidget() is not self._composer.window():
            self.setParent(self._composer.window())  # the tab has moved to another window
        height = sum(self.sizeHintForRow(row) for row in range(self.count())) + 10
        corner = self._composer.mapTo(self._composer.window(), QPoint(0, 0))
        self.setGeometry(corner.x(), max(0, corner.y() - height - 8), min(self._composer.width(), 520), height)
        self.show()
        self.raise_()

    def _put(self, row: QListWidgetItem | None) -> None:
        if row is not None:
            text = self._snippets.all.get(row.data(_NAME), "")
            self._composer.selectAll()
            self._composer.insertPlainText(text)  # undo brings back what was typed
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusOut, QEvent.Type.Hide):
            self.hide()
        if not self.isVisible() or not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self.setCurrentRow((self.currentRow() + step) % self.count())
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Tab:
                self._put(self.currentItem())
            case Qt.Key.Key_Escape:
                self.hide()
            case _:
                return False
        return True
