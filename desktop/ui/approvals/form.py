"""What a person fills in to answer an agent: free text, choices, or a form made of a JSON schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.core.asks.forms import FormField, check, fields_of, number
from desktop.core.asks.visible import one_line
from desktop.core.conversation import AskItem
from desktop.core.language import tr
from desktop.core.requests import Answer
from desktop.ui.labels import PlainLabel, literal_title

_TEXT_HEIGHT = 84


class AskForm(QScrollArea):
    """Signal `changed()`: something was typed or chosen. `problem()` says why the answer cannot be sent yet."""

    changed = Signal()

    def __init__(self, item: AskItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ask_form")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self._item = item
        self._fields = fields_of(item.schema) if item.type != "question" or not item.choices else ()
        self._values: dict[str, Callable[[], Any]] = {}
        self._options: list[tuple[str, QAbstractButton]] = []
        self._text: QPlainTextEdit | None = None
        inside = QWidget()
        self.setWidget(inside)
        if self._fields:
            self._build_form(inside)
        else:
            self._build_question(inside)

    def first(self) -> QWidget:
        """The widget that the keyboard starts with."""
        return next((w for w in self.widget().findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus), self)

    def problem(self) -> str | None:
        """Why the answer cannot be sent yet, in words."""
        for field in self._fields:
            if trouble := check(field, self._values[field.name]()):
                return trouble
        if not self._fields and not self._chosen() and not self._typed():
            return tr("Choose or type an answer first.") if self._options else tr("Type an answer first.")
        return None

    def answer(self) -> Answer:
        """What was filled in. A form gives `args`; a question gives the ids chosen and the text typed."""
        if self._fields:
            given = {field.name: self._values[field.name]() for field in self._fields}
            return Answer(self._item.ask, allow=True, args={n: v for n, v in given.items() if v not in (None, [])})
        return Answer(self._item.ask, choices=self._chosen(), text=self._typed() or None)

    def _chosen(self) -> tuple[str, ...]:
        return tuple(id_ for id_, button in self._options if button.isChecked())

    def _typed(self) -> str:
        return self._text.toPlainText().strip() if self._text is not None else ""

    # ---- a question

    def _build_question(self, inside: QWidget) -> None:
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 4, 0)
        group = QButtonGroup(inside)
        group.setExclusive(not self._item.multiple)
        for choice in self._item.choices:
            button = self._option(choice.label)
            group.addButton(button)
            layout.addWidget(button)
            self._options.append((choice.id, button))
        self._text = _text_box(tr("Answer in other words") if self._options else tr("Your answer"))
        self._text.textChanged.connect(self.changed)
        layout.addWidget(self._text)
        layout.addStretch(1)

    def _option(self, label: str) -> QAbstractButton:
        make = QCheckBox if self._item.multiple else QRadioButton
        button = make(one_line(label, 400).replace("&", "&&"))
        button.toggled.connect(self.changed)
        return button

    # ---- a form

    def _build_form(self, inside: QWidget) -> None:
        layout = QFormLayout(inside)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for field in self._fields:
            label = one_line(field.label, 80)
            editor = self._editor(field, label)
            title = PlainLabel(tr("{label} (needed)", label=label) if field.required else label)
            layout.addRow(title, editor)
            if field.help:
                layout.addRow("", PlainLabel(one_line(field.help, 400), wrap=True, muted="true"))

    def _editor(self, field: FormField, label: str) -> QWidget:
        make = {"bool": self._yes_no, "one": self._one_of, "many": self._many_of, "json": self._json}
        editor = make.get(field.kind, self._line)(field)
        editor.setAccessibleName(label)
        return editor

    def _line(self, field: FormField) -> QWidget:
        edit = QLineEdit("" if field.default is None else str(field.default))
        numeric = field.kind in ("number", "integer")
        edit.textChanged.connect(self.changed)
        self._values[field.name] = lambda: number(edit.text(), field.kind) if numeric else edit.text() or None
        return edit

    def _yes_no(self, field: FormField) -> QWidget:
        box = QCheckBox(tr("Yes"))
        box.setChecked(field.default is True)
        box.toggled.connect(self.changed)
        self._values[field.name] = box.isChecked
        return box

    def _one_of(self, field: FormField) -> QWidget:
        box = QComboBox()
        box.addItem(tr("Choose…"), None)
        for value, label in field.options:
            box.addItem(one_line(label, 200), value)
            if value == field.default:
                box.setCurrentIndex(box.count() - 1)
        box.currentIndexChanged.connect(self.changed)
        self._values[field.name] = lambda: _picked(field, box.currentIndex())
        return box

    def _many_of(self, field: FormField) -> QWidget:
        frame = QWidget()
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 0, 0, 0)
        boxes = []
        for value, label in field.options:
            box = QCheckBox(literal_title(one_line(label, 200)))
            box.setChecked(isinstance(field.default, list) and value in field.default)
            box.toggled.connect(self.changed)
            column.addWidget(box)
            boxes.append((value, box))
        self._values[field.name] = lambda: [value for value, box in boxes if box.isChecked()]
        return frame

    def _json(self, field: FormField) -> QWidget:
        box = _text_box(tr("As JSON"))
        box.setPlainText("" if field.default is None else json.dumps(field.default, ensure_ascii=False, indent=2))
        box.textChanged.connect(self.changed)
        self._values[field.name] = lambda: _parsed(box.toPlainText())
        return box


def _text_box(name: str) -> QPlainTextEdit:
    box = QPlainTextEdit()
    box.setTabChangesFocus(True)
    box.setPlaceholderText(name)
    box.setAccessibleName(name)
    box.setFixedHeight(_TEXT_HEIGHT)
    return box


def _picked(field: FormField, index: int) -> Any:
    return field.options[index - 1][0] if index > 0 else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        return text
