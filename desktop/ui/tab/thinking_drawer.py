"""The agent's reasoning as it comes, in a drawer that remembers what the person opened."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from desktop.core.conversation import Added, Change, Conversation, Grew, ThoughtItem, Updated
from desktop.core.describe import thought_line
from desktop.core.language import tr
from desktop.services.clock import now
from desktop.ui.labels import PlainLabel


class ThinkingDrawer(QWidget):
    """Shows the thoughts of the newest run that has any. Text only grows at its end; a scroll up is never fought."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("thinking_drawer")
        self.setAccessibleName(tr("Thinking"))
        self._conversation = Conversation()
        self._shown: list[str] = []  # ids of the thoughts in the text, in order
        self._run = -1
        self._title = PlainLabel(tr("No thoughts yet"), heading="true")
        self._text = QPlainTextEdit(readOnly=True, undoRedoEnabled=False)
        self._text.setAccessibleName(tr("Thoughts"))
        self._text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self._text.setMaximumBlockCount(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 8)
        layout.addWidget(self._title)
        layout.addWidget(self._text, 1)
        self._tick = QTimer(self, interval=500)
        self._tick.timeout.connect(self._show_time)

    def show_conversation(self, conversation: Conversation) -> None:
        """Show another conversation's newest thoughts."""
        self._conversation = conversation
        self._reload()

    def apply(self, changes: Sequence[Change]) -> None:
        """Follow a frame's changes."""
        for change in changes:
            match change:
                case Added(item) if isinstance(self._conversation.items[item], ThoughtItem):
                    self._add(self._conversation.items[item])  # type: ignore[arg-type]
                case Grew(item, text) if self._shown and self._shown[-1] == item:
                    self._append(text)
                case Updated(item) | Grew(item, _) if item in self._shown:
                    self._reload()
        if not all(isinstance(change, Grew) for change in changes):  # the clock is told by the tick
            self._show_time()

    def plain_text(self) -> str:
        """What is shown."""
        return self._text.toPlainText()

    def _reload(self) -> None:
        thoughts = [i for i in self._conversation.items.values() if isinstance(i, ThoughtItem)]
        self._clear(thoughts[-1].run if thoughts else -1)
        for thought in thoughts:
            if thought.run == self._run:
                self._add(thought)
        self._show_time()

    def _clear(self, run: int) -> None:
        self._run = run
        self._shown.clear()
        self._text.clear()

    def _add(self, thought: ThoughtItem) -> None:
        if thought.run != self._run:
            self._clear(thought.run)
        head = f"[{' › '.join(thought.path)}] " if thought.path else ""
        self._append(("\n\n" if self._shown else "") + head + thought.text)
        self._shown.append(thought.id)

    def _append(self, text: str) -> None:
        bar = self._text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        cursor = QTextCursor(self._text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        cursor.insertText(text)
        cursor.endEditBlock()
        if at_end:
            bar.setValue(bar.maximum())

    def _show_time(self) -> None:
        last = self._conversation.items.get(self._shown[-1]) if self._shown else None
        if not isinstance(last, ThoughtItem):
            self._title.setText(tr("No thoughts yet"))
            self._tick.stop()
            return
        live = (
            self._conversation.runs[last.run].status is None
            and next(reversed(self._conversation.items.values())) is last
        )
        self._title.setText(thought_line(last, live, now()))
        if live and not self._tick.isActive():
            self._tick.start()
        elif not live:
            self._tick.stop()
