"""What the agent does: tools, steps and agents as a tree, with the whole of a row's arguments and result below."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHeaderView, QPlainTextEdit, QSplitter, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from desktop.core import describe
from desktop.core.conversation import (
    AgentItem,
    Change,
    Conversation,
    Item,
    RunChanged,
    SessionChanged,
    StepItem,
    ToolItem,
)
from desktop.core.language import tr, trn
from desktop.services.clock import now
from desktop.ui.icons import icon
from desktop.ui.labels import literal_tip
from desktop.ui.theme import Theme

_ID = Qt.ItemDataRole.UserRole
_MOST = 2_000  # rows kept; the transcript has them all
_MOST_TEXT = 400_000  # characters of a detail; more is said


class ToolActivity(QWidget):
    """Signal `item_activated(item_id)`: jump to it in the transcript."""

    item_activated = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tool_activity")
        self.setAccessibleName(tr("Activity"))
        self._theme = theme
        self._conversation = Conversation()
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._tree = _tree()
        self._tree.currentItemChanged.connect(lambda row, _: self._show_detail(row))
        self._tree.itemActivated.connect(lambda row, _: self.item_activated.emit(row.data(0, _ID)))
        self._detail = QPlainTextEdit(readOnly=True, undoRedoEnabled=False)
        self._detail.setAccessibleName(tr("Arguments and result"))
        self._detail.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._detail.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self._detail.hide()
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self._tree)
        split.addWidget(self._detail)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)
        self._tick = QTimer(self, interval=500)
        self._tick.timeout.connect(self._show_durations)

    def set_theme(self, theme: Theme) -> None:
        """Tint the icons anew."""
        self._theme = theme
        self._reload()

    def show_conversation(self, conversation: Conversation) -> None:
        """Show another conversation's activity."""
        self._conversation = conversation
        self._reload()

    def apply(self, changes: Sequence[Change]) -> None:
        """Follow a frame's changes."""
        for change in changes:
            if not isinstance(change, RunChanged | SessionChanged):
                self._follow(self._conversation.items.get(change.item))
        if self._running() and not self._tick.isActive():
            self._tick.start()

    def select(self, item_id: str) -> None:
        """Make an item's row current, as a click in the transcript asks."""
        if row := self._rows.get(item_id):
            self._tree.setCurrentItem(row)

    def _reload(self) -> None:
        self._tree.clear()
        self._rows.clear()
        wanted = [i for i in self._conversation.items.values() if isinstance(i, ToolItem | StepItem | AgentItem)]
        for item in wanted[-_MOST:]:
            self._follow(item)
        self._show_detail(None)

    def _follow(self, item: Item | None) -> None:
        if not isinstance(item, ToolItem | StepItem | AgentItem):
            return
        row = self._rows.get(item.id)
        if row is None:
            row = self._rows[item.id] = QTreeWidgetItem()
            row.setData(0, _ID, item.id)
            parent = self._parent_of(item)
            (parent.addChild if parent else self._tree.addTopLevelItem)(row)
            row.setExpanded(True)
            if parent:
                parent.setExpanded(True)
            self._tree.scrollToItem(row)
        self._fill(row, item)
        if row is self._tree.currentItem():
            self._show_detail(row)

    def _parent_of(self, item: Item) -> QTreeWidgetItem | None:
        """The agent that does it; of an agent, the one that gave it the task."""
        path = item.path[:-1] if isinstance(item, AgentItem) else item.path
        return self._rows.get(f"r{item.run}/agent/{'/'.join(path)}") if path else None

    def _fill(self, row: QTreeWidgetItem, item: ToolItem | StepItem | AgentItem) -> None:
        text, state, name = _words(item)
        row.setText(0, text)
        row.setText(1, state)
        row.setIcon(0, icon(name, self._colour(name)))
        row.setToolTip(0, literal_tip(text[:2000]))
        if isinstance(item, ToolItem):
            self._show_duration(row, item)

    def _colour(self, name: str):  # type: ignore[no-untyped-def]
        theme = self._theme
        return {"ok": theme.ok, "error": theme.error, "wait": theme.accent}.get(name, theme.muted)

    def _running(self) -> list[ToolItem]:
        run = self._conversation.run
        if run is None or run.status is not None:
            return []
        items = (self._conversation.items.get(name) for name in self._rows)
        return [i for i in items if isinstance(i, ToolItem) and i.state == "running" and i.run == run.number]

    def _show_durations(self) -> None:
        running = self._running()
        for item in running:
            self._show_duration(self._rows[item.id], item)
        if not running:
            self._tick.stop()

    def _show_duration(self, row: QTreeWidgetItem, item: ToolItem) -> None:
        seconds = describe.tool_seconds(item, now() if item.state == "running" else None)
        state = describe.tool_state(item)
        row.setText(1, state if seconds is None else f"{state}  {describe.seconds_words(seconds)}")

    def _show_detail(self, row: QTreeWidgetItem | None) -> None:
        item = self._conversation.items.get(row.data(0, _ID)) if row else None
        text = detail_text(item) if item else ""
        self._detail.setVisible(bool(text))
        if text != self._detail.toPlainText():
            self._detail.setPlainText(text)


def detail_text(item: Item) -> str:
    """The whole of a row as plain text: arguments, result, error."""
    sections: list[tuple[str, Any]] = []
    if isinstance(item, ToolItem):
        sections = [
            (tr("Arguments"), item.args if item.args is not None else item.args_text),
            (tr("Output"), "".join(item.output) or item.preview),
            (tr("Result"), item.result),
            *((tr("Result"), part.text) for part in item.parts if part.text),
            (tr("Error"), item.error),
        ]
    elif isinstance(item, StepItem):
        sections = [(tr("Detail"), item.detail)]
    elif isinstance(item, AgentItem):
        sections = [(tr("Task"), item.task), (tr("Result"), item.result), (tr("Error"), item.error)]
    text = "\n\n".join(f"{name}\n{_pretty(value)}" for name, value in sections if value not in (None, "", [], {}))
    if len(text) > _MOST_TEXT:
        more = trn(
            "… {n} more character is not shown here.",
            "… {n} more characters are not shown here.",
            len(text) - _MOST_TEXT,
        )
        text = f"{text[:_MOST_TEXT]}\n{more}"
    return text


def _pretty(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _words(item: ToolItem | StepItem | AgentItem) -> tuple[str, str, str]:
    """(line, state in words, icon)."""
    if isinstance(item, ToolItem):
        args = describe.arguments_line(item.args, item.args_text)
        marks = {"ok": "ok", "error": "error", "denied": "error", "running": "wait" if item.ask else "run"}
        line = f"{describe.tool_name(item)}  {args}".rstrip()
        return line, describe.tool_state(item), marks.get(item.state, "stop")
    marks = {"done": "ok", "failed": "error", "waiting": "wait"}
    if isinstance(item, StepItem):
        return item.label or item.step, describe.step_state(item), marks.get(item.state, "run")
    line = f"{item.name}: {item.task}" if item.task else item.name
    return line, describe.agent_state(item), marks.get(item.state, "run")


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setAccessibleName(tr("Tools and steps"))
    tree.setColumnCount(2)
    tree.setHeaderHidden(True)
    tree.setFrameShape(QTreeWidget.Shape.NoFrame)
    tree.setUniformRowHeights(True)
    tree.setIndentation(14)
    tree.header().setStretchLastSection(False)
    tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return tree
