"""All shortcuts in one sheet, where they can be changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.core.language import tr
from desktop.ui.habits.command_palette import matching
from desktop.ui.habits.commands import Commands
from desktop.ui.habits.shortcuts import BY_ID, COMMANDS, usual
from desktop.ui.labels import PlainLabel

_ID = Qt.ItemDataRole.UserRole


class ShortcutsSheet(QDialog):
    """Choose a command, press other keys, and they hold at once."""

    def __init__(self, commands: Commands, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts_sheet")
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self._commands = commands
        self._find = QLineEdit(placeholderText=tr("Search"), clearButtonEnabled=True)
        self._find.setAccessibleName(tr("Search the shortcuts"))
        self._find.textChanged.connect(self._fill)
        self._list = QTreeWidget(rootIsDecorated=False)
        self._list.setAccessibleName(tr("Shortcuts"))
        self._list.setHeaderLabels([tr("Command"), tr("Shortcut")])
        self._list.header().setStretchLastSection(False)
        self._list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._list.currentItemChanged.connect(lambda *_: self._show())
        self._keys = QKeySequenceEdit()
        self._keys.setMaximumSequenceLength(1)
        self._keys.setAccessibleName(tr("New keys"))
        self._keys.editingFinished.connect(self._take)
        self._words = PlainLabel(tr("Choose a command, then press its new keys."), wrap=True, muted="true")
        layout = QVBoxLayout(self)
        layout.addWidget(self._find)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._words)
        layout.addLayout(self._row())
        self.resize(620, 560)
        self._fill()

    def _row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self._keys, 1)
        for text, act in ((tr("Usual keys"), self._reset), (tr("No keys"), self._clear), (tr("Close"), self.accept)):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(act)
            row.addWidget(button)
        return row

    def _fill(self) -> None:
        chosen = self._chosen()
        self._list.clear()
        for command in matching(COMMANDS, self._find.text()):
            keys = self._commands.shortcuts.keys(command.id).toString(QKeySequence.SequenceFormat.NativeText)
            row = QTreeWidgetItem([command.said.removesuffix("…").rstrip(), keys])
            row.setData(0, _ID, command.id)
            self._list.addTopLevelItem(row)
            if command.id == chosen:
                self._list.setCurrentItem(row)

    def _chosen(self) -> str | None:
        row = self._list.currentItem()
        return row.data(0, _ID) if row else None

    def _show(self) -> None:
        if (name := self._chosen()) is not None:
            self._keys.setKeySequence(self._commands.shortcuts.keys(name))

    def _take(self) -> None:
        if (name := self._chosen()) is not None:
            self._give(name, self._keys.keySequence())

    def _reset(self) -> None:
        if (name := self._chosen()) is not None:
            self._give(name, usual(name))

    def _clear(self) -> None:
        if (name := self._chosen()) is not None:
            self._give(name, QKeySequence())

    def _give(self, name: str, keys: QKeySequence) -> None:
        if keys == self._commands.shortcuts.keys(name):
            return
        holder = self._commands.shortcuts.holder(keys, but=name)
        if holder is not None:
            self._words.setText(tr("“{said}” has these keys already. Change that one first.", said=BY_ID[holder].said))
            self._show()
            return
        self._commands.change(name, keys)
        self._words.setText(tr("“{said}” has its new keys.", said=BY_ID[name].said))
        self._fill()
