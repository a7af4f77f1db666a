"""Every command by name: type a few letters, press Return."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from desktop.core.language import tr
from desktop.ui.habits.commands import Commands
from desktop.ui.habits.shortcuts import COMMANDS, Command

_ID = Qt.ItemDataRole.UserRole
_WALK = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class CommandPalette(QDialog):
    """Closes with the command that is done, or with nothing by Escape."""

    def __init__(self, commands: Commands, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("command_palette")
        self.setWindowTitle(tr("All commands"))
        self._commands = commands
        self._line = QLineEdit(placeholderText=tr("What do you want to do?"))
        self._line.setAccessibleName(tr("Find a command"))
        self._line.textChanged.connect(self._fill)
        self._line.installEventFilter(self)
        self._list = QTreeWidget(rootIsDecorated=False, columnCount=2, headerHidden=True)
        self._list.header().setStretchLastSection(False)
        self._list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._list.setAccessibleName(tr("Commands"))
        self._list.itemActivated.connect(self._run)
        self._list.itemClicked.connect(self._run)
        layout = QVBoxLayout(self)
        layout.addWidget(self._line)
        layout.addWidget(self._list)
        self.resize(460, 420)
        self._fill("")

    def _fill(self, text: str) -> None:
        self._list.clear()
        for command in matching(COMMANDS, text):
            keys = self._commands.shortcuts.keys(command.id).toString(QKeySequence.SequenceFormat.NativeText)
            row = QTreeWidgetItem([command.said.removesuffix("…").rstrip(), keys])
            row.setData(0, _ID, command.id)
            row.setForeground(1, self.palette().placeholderText())
            self._list.addTopLevelItem(row)
        self._list.setCurrentItem(self._list.topLevelItem(0))

    def _run(self, row: QTreeWidgetItem | None) -> None:
        if row is not None:
            name = row.data(0, _ID)
            self.accept()
            QTimer.singleShot(0, self._commands, lambda: self._commands.run(name))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows walk through the list while the text keeps the keyboard."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in _WALK:
                self._list.event(event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self._list.currentItem())
                return True
        return super().eventFilter(watched, event)


def matching(commands: Iterable[Command], text: str) -> list[Command]:
    """The commands that have all the words, those that begin so first."""
    words = text.lower().split()
    found = [c for c in commands if all(w in f"{c.said} {tr(c.more)} {tr(c.menu)}".lower() for w in words)]
    return sorted(found, key=lambda c: not c.said.lower().startswith(text.lower().strip())) if words else found
