"""Thirty-two hostile approvals in the real dialog: the true text is on screen, and nothing hides on it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.core.capabilities import Capabilities
from desktop.ui.approvals.dialog import ApprovalDialog
from desktop.ui.theme import Theme
from tests.core.hostile import CASES, Hostile

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform says so of every small window


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_truth_is_in_the_dialog_and_must_be_seen(case: Hostile, qtbot: QtBot, theme: Theme) -> None:
    dialog = ApprovalDialog(theme)
    qtbot.addWidget(dialog)
    dialog.show_ask(case.item(), where="Session — Server", can=Capabilities(), count=1)
    qtbot.waitExposed(dialog)
    view = dialog.findChild(QPlainTextEdit, "approval_arguments")
    allow = dialog.findChild(QPushButton, "approval_allow")
    assert view is not None and allow is not None
    qtbot.waitUntil(lambda: view.is_loaded, timeout=20_000)  # type: ignore[attr-defined]
    text = view.toPlainText()
    for truth in case.truth:
        assert truth in text
    for hidden in case.never:
        assert hidden not in text
    if not allow.isEnabled():
        QTest.keyClick(view, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(allow.isEnabled, timeout=5_000)
    words = " ".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())
    assert case.hint in words
    if case.never:
        assert "Look closely" in words
