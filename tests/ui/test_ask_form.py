"""Questions and forms, filled in with keys and clicks."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.core.conversation import AskItem
from desktop.core.events import Choice
from desktop.ui.approvals.form import AskForm
from desktop.ui.theme import Theme

SCHEMA = {
    "required": ["city", "class"],
    "properties": {
        "city": {"type": "string", "title": "City & <b>land</b>"},
        "days": {"type": "integer", "minimum": 1},
        "sure": {"type": "boolean"},
        "class": {"enum": ["first", "second"]},
        "meals": {"type": "array", "items": {"enum": ["fish", "soup"]}},
        "more": {"type": "object"},
    },
}
CHOICES = (Choice("r", "Red & <i>round</i>"), Choice("g", "Green"))


@pytest.fixture
def show(qtbot: QtBot, theme: Theme) -> Any:
    def show(**fields: Any) -> AskForm:
        form = AskForm(AskItem("i", 0, 0.0, ask="a", **fields))
        qtbot.addWidget(form)
        form.resize(420, 420)
        form.show()
        qtbot.waitExposed(form)
        return form

    return show


def option(form: AskForm, text: str) -> QAbstractButton:
    return next(b for b in form.findChildren(QAbstractButton) if b.text() == text)


def tick(button: QAbstractButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))


def named(form: AskForm, name: str) -> Any:
    return next(w for w in form.findChildren(QWidget) if w.accessibleName() == name)


def test_free_text(show: Any) -> None:
    form = show(type="question", text="Why?")
    assert form.problem()
    QTest.keyClicks(form.findChild(QPlainTextEdit), "  because  ")
    assert form.problem() is None
    assert (form.answer().text, form.answer().choices) == ("because", ())


def test_one_choice_replaces_the_other(show: Any) -> None:
    form = show(type="question", choices=CHOICES)
    tick(option(form, "Red && <i>round</i>"))
    tick(option(form, "Green"))
    assert form.problem() is None and form.answer().choices == ("g",)


def test_several_choices_and_other_words(show: Any) -> None:
    form = show(type="question", choices=CHOICES, multiple=True)
    tick(option(form, "Red && <i>round</i>"))
    tick(option(form, "Green"))
    QTest.keyClicks(form.findChild(QPlainTextEdit), "or blue")
    assert (form.answer().choices, form.answer().text) == (("r", "g"), "or blue")


def test_a_form_of_every_kind(show: Any) -> None:
    form = show(type="form", schema=SCHEMA)
    assert "City & <b>land</b>" in (form.problem() or "")
    QTest.keyClicks(named(form, "City & <b>land</b>"), "Oslo")
    QTest.keyClicks(named(form, "days"), "0")
    assert "at least 1" in (form.problem() or "")
    days = named(form, "days")
    assert isinstance(days, QLineEdit)
    days.clear()
    QTest.keyClicks(days, "3")
    assert "class" in (form.problem() or "")
    box = named(form, "class")
    assert isinstance(box, QComboBox)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    tick(option(form, "Yes"))
    tick(option(form, "soup"))
    assert form.problem() is None
    assert form.answer().args == {"city": "Oslo", "days": 3, "sure": True, "class": "first", "meals": ["soup"]}


def test_a_schema_without_fields_is_answered_in_words(show: Any) -> None:
    form = show(type="form", schema={"type": "string"})
    QTest.keyClicks(form.findChild(QPlainTextEdit), "hello")
    assert form.answer().text == "hello"
