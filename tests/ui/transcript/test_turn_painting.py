"""What a person says later on stands on the same ground as their first words."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtGui import QPaintEvent, QRegion
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.core.conversation import Added, AnswerItem, Conversation, RunState, UserTurn
from desktop.ui.theme import Theme
from desktop.ui.transcript import TranscriptView
from desktop.ui.transcript.entries import PAD


class Painted(QObject):
    """All that was painted since."""

    region = QRegion()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.region = self.region.united(event.region())
        return False


def test_the_ground_of_a_later_question_is_painted_whole(qtbot: QtBot, theme: Theme) -> None:
    held = Conversation()
    held.runs.append(RunState(0, 0.0, status="completed"))
    held.items["u0"] = UserTurn("u0", 0, 0.0, text="First?")
    held.items["a0"] = AnswerItem("a0", 0, 0.0, pieces=["An answer."], length=10)
    view = TranscriptView(theme)
    qtbot.addWidget(view)
    view.resize(700, 500)
    view.show_conversation(held)
    painted = Painted()
    view.viewport().installEventFilter(painted)
    view.show()
    qtbot.waitUntil(lambda: not painted.region.isEmpty())
    QApplication.processEvents()
    painted.region = QRegion()
    held.runs.append(RunState(1, 1.0))
    held.items["u1"] = UserTurn("u1", 1, 1.0, text="Second?")
    view.apply([Added("u1")])
    stack = view.stack
    left, width = stack.column
    index = stack.ids.index("u1")
    top = stack.heights.before(index) + stack.entry(index).space - stack.offset
    ground = QRect(left, int(top), width, int(stack.entry(index).heights.total) + 2 * PAD)
    qtbot.waitUntil(lambda: not painted.region.isEmpty())
    assert QRegion(ground).subtracted(painted.region).isEmpty()
