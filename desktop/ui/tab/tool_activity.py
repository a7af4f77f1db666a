"""What the agent does: tools, steps and agents as a tree, with the whole of a row's arguments and result below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHeaderView, QPlainTextEdit, QSplitter, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from desktop.core import describe
from desktop.core.conversation import (
    AgentItem,
    Change,
    Conversation,
    Grew,
    RunChanged,
    SessionChanged,
    StepItem,
    ToolItem,
)
from desktop.core.grouping import Grouping, Streak
from desktop.core.language import tr
from desktop.services.clock import now
from desktop.ui.icons import icon
from desktop.ui.labels import literal_tip
from desktop.ui.tab.activity_words import Words, agent_words, detail_text, step_words, streak_words, tool_words
from desktop.ui.theme import Theme

_ID = Qt.ItemDataRole.UserRole
_MOST = 2_000  # rows kept; the transcript has them all


class ToolActivity(QWidget):
    """Signal `item_activated(item_id)`: jump to it in the transcript."""

    item_activated = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tool_activity")
        self.setAccessibleName(tr("Activity"))
        self._theme = theme
        self._conversation = Conversation()
        self._grouping = Grouping(self._conversation)
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._newest: QTreeWidgetItem | None = None
        self._tree = _tree()
        self._tree.currentItemChanged.connect(lambda row, _: self._show_detail(row))
        self._tree.itemActivated.connect(lambda row, _: self.item_activated.emit(row.data(0, _ID)))
        self._tree.itemExpanded.connect(self._unfolded)
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
        self._grouping = Grouping(conversation)
        self._reload()

    def apply(self, changes: Sequence[Change]) -> None:
        """Follow a frame's changes."""
        touched: dict[str, None] = {}
        for change in changes:
            if not isinstance(change, RunChanged | SessionChanged | Grew):
                touched.update(dict.fromkeys((change.item, *self._grouping.take(change))))
        for name in touched:
            self._follow(name)
        self._show_newest()
        if not self._tick.isActive() and any(map(self._goes_on, touched)):
            self._tick.start()

    def select(self, item_id: str) -> None:
        """Make an item's row current, as a click in the transcript asks."""
        if row := self._rows.get(self._grouping.row_of(item_id)):
            self._tree.setCurrentItem(row)

    def _reload(self) -> None:
        self._tree.clear()
        self._rows.clear()
        self._newest = None
        items, row_of = self._conversation.items, self._grouping.row_of
        wanted = [n for n, i in items.items() if isinstance(i, ToolItem | StepItem | AgentItem) and row_of(n) == n]
        for name in wanted[-_MOST:]:
            self._follow(name)
        self._show_newest()
        self._show_detail(None)

    def _follow(self, name: str) -> None:
        item = self._conversation.items.get(name)
        if not isinstance(item, ToolItem | StepItem | AgentItem):
            return
        if (shown := self._grouping.row_of(name)) != name:
            self._give_up(name, shown)
            return
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = self._new_row(item)
        self._fill(row, item)
        if row is self._tree.currentItem():
            self._show_detail(row)

    def _new_row(self, item: ToolItem | StepItem | AgentItem) -> QTreeWidgetItem:
        row = QTreeWidgetItem()
        row.setData(0, _ID, item.id)
        parent = self._rows.get(self._grouping.above(item.id) or "")
        (parent.addChild if parent else self._tree.addTopLevelItem)(row)
        row.setExpanded(not isinstance(item, StepItem))
        if parent:
            parent.setExpanded(True)
        self._newest = row
        return row

    def _show_newest(self) -> None:
        """Bring what came last into sight: once a frame, for it lays out the tree."""
        row, self._newest = self._newest, None
        if row is not None and row.treeWidget() is not None:
            self._tree.scrollToItem(row)

    def _give_up(self, name: str, shown: str) -> None:
        """An item is shown in another's row from now on; what was under its own goes there, too."""
        row, other = self._rows.pop(name, None), self._rows.get(shown)
        if row is None or other is None:
            return
        if isinstance(self._conversation.items[name], AgentItem):
            under = row.takeChildren()
            other.addChildren(under)
            for child in under:
                child.setExpanded(True)
            other.setExpanded(True)
        if row is self._tree.currentItem():
            self._tree.setCurrentItem(other)
        if row is self._newest:
            self._newest = other
        siblings = row.parent() or self._tree.invisibleRootItem()
        siblings.removeChild(row)

    def _fill(self, row: QTreeWidgetItem, item: ToolItem | StepItem | AgentItem) -> None:
        self._show_words(row, self._words(item))
        if isinstance(item, StepItem):
            self._fill_steps(row, self._grouping.streak(item.id))

    def _fill_steps(self, row: QTreeWidgetItem, streak: Streak | None) -> None:
        """The steps under the row that they share; they get rows of their own when the person opens it."""
        policy = QTreeWidgetItem.ChildIndicatorPolicy
        row.setChildIndicatorPolicy(policy.ShowIndicator if streak else policy.DontShowIndicatorWhenChildless)
        if streak is None or not row.isExpanded() or row.childCount() > min(len(streak), _MOST):
            row.takeChildren()
        if streak is None or not row.isExpanded():
            return
        for step in streak.steps[row.childCount() : _MOST]:
            child = QTreeWidgetItem(row)
            child.setData(0, _ID, step.id)
            self._show_words(child, step_words(step))

    def _unfolded(self, row: QTreeWidgetItem) -> None:
        item = self._conversation.items.get(row.data(0, _ID))
        if isinstance(item, StepItem) and self._rows.get(item.id) is row:
            self._fill_steps(row, self._grouping.streak(item.id))

    def _words(self, item: ToolItem | StepItem | AgentItem) -> Words:
        if isinstance(item, ToolItem):
            return tool_words(item, self._grouping.agent_of(item), now())
        if isinstance(item, AgentItem):
            return agent_words(item, now())
        streak = self._grouping.streak(item.id)
        return streak_words(streak) if streak is not None else step_words(item)

    def _show_words(self, row: QTreeWidgetItem, words: Words) -> None:
        row.setText(0, words.line)
        row.setText(1, words.state)
        row.setIcon(0, icon(words.icon, self._colour(words.icon)))
        row.setToolTip(0, literal_tip(words.line[:2000]))

    def _colour(self, name: str):  # type: ignore[no-untyped-def]
        theme = self._theme
        return {"ok": theme.ok, "error": theme.error, "wait": theme.accent}.get(name, theme.muted)

    def _goes_on(self, name: str) -> bool:
        """Whether an item has a row that tells a time which goes on."""
        item, run = self._conversation.items.get(name), self._conversation.run
        if name not in self._rows or item is None or run is None or item.run != run.number or run.status is not None:
            return False
        agent = self._grouping.agent_of(item) if isinstance(item, ToolItem) else item
        at_work = isinstance(agent, AgentItem) and describe.is_at_work(agent)
        return at_work or (isinstance(item, ToolItem) and item.state == "running")

    def _show_durations(self) -> None:
        running = [name for name in self._rows if self._goes_on(name)]
        for name in running:
            self._rows[name].setText(1, self._words(self._conversation.items[name]).state)  # type: ignore[arg-type]
        if not running:
            self._tick.stop()

    def _show_detail(self, row: QTreeWidgetItem | None) -> None:
        item = self._conversation.items.get(row.data(0, _ID)) if row else None
        text = ""
        if item is not None:
            agent = self._grouping.agent_of(item) if isinstance(item, ToolItem) else None
            own = self._rows.get(item.id) is row  # and not one of the steps under it
            text = detail_text(item, agent, self._grouping.streak(item.id) if own else None)
        self._detail.setVisible(bool(text))
        if text != self._detail.toPlainText():
            self._detail.setPlainText(text)


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setAccessibleName(tr("Tools and steps"))
    tree.setColumnCount(2)
    tree.setHeaderHidden(True)
    tree.setFrameShape(QTreeWidget.Shape.NoFrame)
    tree.setUniformRowHeights(True)
    tree.setIndentation(14)
    tree.header().setStretchLastSection(False)
    tree.header().setResizeContentsPrecision(0)  # by the rows in sight
    tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return tree
