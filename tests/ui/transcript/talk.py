"""A conversation in a shown pane, driven as the session bridge drives it."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.core import events as e
from desktop.core.conversation import AnswerItem, Change
from desktop.core.reducer import Reducer
from desktop.core.requests import Image, Prompt
from desktop.ui.theme import Theme
from desktop.ui.transcript import TranscriptView


class Talk:
    """Real events through the real reducer into the real pane."""

    def __init__(self, qtbot: QtBot, theme: Theme, question: str | None = None, images: tuple[Image, ...] = ()) -> None:
        self.reducer = Reducer()
        self.view = TranscriptView(theme)
        qtbot.addWidget(self.view)
        self.view.resize(720, 520)
        self.view.show_conversation(self.reducer.conversation)
        self.view.show()
        self.at = 0.0
        self.take(self.reducer.begin(Prompt(question, images=images) if question else None, self.at))

    def take(self, changes: list[Change]) -> None:
        self.view.apply(changes)

    def event(self, event: e.AnyEvent, after: float = 0.1) -> None:
        """One event, one frame."""
        self.at += after
        self.take(self.reducer.apply(event, self.at))

    def say(self, text: str, **more: object) -> None:
        """A piece of the answer."""
        if text:
            self.event(e.TextDelta(text=text, **more))  # type: ignore[arg-type]

    def answer(self, text: str) -> None:
        """An answer that was there when the conversation was loaded."""
        item = AnswerItem("r0/answer/0", 0, 0.0, pieces=[text], length=len(text))
        self.reducer.conversation.items[item.id] = item
        self.reducer.conversation.runs[0].status = "completed"
        self.view.show_conversation(self.reducer.conversation)

    def replace(self, text: str) -> None:
        self.event(e.TextSet(text=text))

    def end(self, status: str = "completed", **more: object) -> None:
        if self.reducer.conversation.runs[-1].status is None:
            self.event(e.RunEnded(status=status, **more))  # type: ignore[arg-type]

    def paint(self) -> None:
        """Let everything be painted that waits for it, and what that brings about in turn (a scroll bar, say, that a
        slow machine shows only now)."""
        for _ in range(3):
            QApplication.processEvents()
            QApplication.sendEvent(self.view.window(), QEvent(QEvent.Type.UpdateRequest))

    def again(self, question: str) -> None:
        """The person's next turn."""
        self.take(self.reducer.begin(Prompt(question), self.at))
