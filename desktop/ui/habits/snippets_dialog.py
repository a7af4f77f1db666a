"""Write and change snippets: names on the left, the text on the right."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.errors import StoreTrouble
from desktop.core.language import tr
from desktop.services.habits.snippets import Snippets
from desktop.ui.labels import PlainLabel


class SnippetsDialog(QDialog):
    """Changes are kept when it closes with Save."""

    def __init__(self, snippets: Snippets, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("snippets_dialog")
        self.setWindowTitle(tr("Snippets"))
        self._snippets = snippets
        self._texts = list(snippets.all.items())
        self._list = QListWidget()
        self._list.setAccessibleName(tr("Snippets"))
        self._list.currentRowChanged.connect(self._show)
        self._name = QLineEdit(placeholderText=tr("Name, without spaces"))
        self._name.setAccessibleName(tr("Name"))
        self._name.textEdited.connect(self._changed)
        self._text = QPlainTextEdit(placeholderText=tr("The text that the name stands for"))
        self._text.setAccessibleName(tr("Text"))
        self._text.textChanged.connect(self._changed)
        self._words = PlainLabel(
            tr("In the message field, a slash and a name put the text in."), wrap=True, muted="true"
        )
        right = QVBoxLayout()
        right.addWidget(self._name)
        right.addWidget(self._text, 1)
        both = QHBoxLayout()
        both.addWidget(self._list, 1)
        both.addLayout(right, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addLayout(both, 1)
        layout.addWidget(self._words)
        layout.addLayout(self._buttons())
        self.resize(600, 400)
        self._fill(0)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for text, act in (
            (tr("New"), self._add),
            (tr("Remove"), self._remove),
            (tr("Cancel"), self.reject),
            (tr("Save"), self._save),
        ):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(act)
            row.addWidget(button)
            if text == tr("Remove"):
                row.addStretch(1)
        button.setProperty("primary", "true")
        return row

    def _fill(self, row: int) -> None:
        self._list.clear()
        self._list.addItems([f"/{name}" for name, _ in self._texts])
        self._list.setCurrentRow(min(row, len(self._texts) - 1))
        self._show(self._list.currentRow())

    def _show(self, row: int) -> None:
        there = 0 <= row < len(self._texts)
        name, text = self._texts[row] if there else ("", "")
        for field in (self._name, self._text):
            field.setEnabled(there)
            field.blockSignals(True)
        self._name.setText(name)
        self._text.setPlainText(text)
        for field in (self._name, self._text):
            field.blockSignals(False)

    def _changed(self) -> None:
        row = self._list.currentRow()
        if 0 <= row < len(self._texts):
            name = "-".join(self._name.text().split())
            self._texts[row] = (name, self._text.toPlainText())
            self._list.item(row).setText(f"/{name}")

    def _add(self) -> None:
        self._texts.append(("new", ""))
        self._fill(len(self._texts) - 1)
        self._name.setFocus()
        self._name.selectAll()

    def _remove(self) -> None:
        row = self._list.currentRow()
        if 0 <= row < len(self._texts):
            del self._texts[row]
            self._fill(row)

    def _save(self) -> None:
        names = [name for name, _ in self._texts]
        if len(set(names)) < len(names):
            self._words.setText(tr("Two snippets have the same name. Give one of them another."))
            return
        try:
            self._snippets.keep(dict(self._texts))
        except StoreTrouble as error:
            self._words.setText(error.headline)
            return
        self.accept()
