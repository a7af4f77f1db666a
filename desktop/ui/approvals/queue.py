"""The inbox: every open ask of every session in one list, read and decided one by one or several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.core.asks.arguments import ask_digest, lay_out, lay_out_text, size
from desktop.core.asks.visible import one_line
from desktop.core.asks.words import HEADINGS, is_plain, plain_answer, what
from desktop.core.conversation import AskItem
from desktop.core.describe import arguments_line
from desktop.core.language import tr, trn
from desktop.ui.approvals.arguments_view import LiteralView, current_theme
from desktop.ui.approvals.decision import DeadTime, DecisionButton
from desktop.ui.labels import PlainLabel, announce

Entry = tuple[str, str, AskItem]  # session key, title, ask
Name = tuple[str, str]  # session key, ask id
_NAME = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was on screen to its end: a later version of the ask is another matter."""

    digest: str
    version: int


class ApprovalQueue(QWidget):
    """Signals: `open_requested(session key, ask id)`; `decide_many([(session key, Answer), …])`.

    An entry can be ticked for a decision of several once the end of its arguments was on screen here or in the dialog
    (see `mark_read`). Questions and forms can only be opened."""

    open_requested = Signal(str, str)
    decide_many = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("approval_queue")
        self.setAccessibleName(tr("Waiting for you"))
        self._entries: dict[Name, Entry] = {}
        self._read: dict[Name, _Seen] = {}
        self._ticked: set[Name] = set()
        self._showing: tuple[Name, _Seen] | None = None
        self._dead = DeadTime(self)
        self._build()

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Show these asks. What was read of those that did not change stays read."""
        fresh = {(key, item.ask): (key, title, item) for key, title, item in entries}
        if list(fresh) != list(self._entries):
            self._dead.begin()
        self._entries = fresh
        self._read = {n: seen for n, seen in self._read.items() if n in fresh and seen == _seen(fresh[n][2])}
        self._ticked &= {name for name in self._read if _batchable(fresh[name][2])}
        self._fill()

    def mark_read(self, key: str, item: AskItem) -> None:
        """The arguments of an ask were on screen to their end somewhere else."""
        self._read[key, item.ask] = _seen(item)
        self._fill()

    # ---- the list

    def _build(self) -> None:
        self._heading, self._hint = PlainLabel(heading="true"), PlainLabel(wrap=True, muted="true")
        self._list = QListWidget()
        self._list.setAccessibleName(tr("Requests that wait for you"))
        self._list.setItemDelegate(_Rows(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # what tells two paths apart is mostly at the end
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setFrameShape(QListWidget.Shape.NoFrame)
        self._list.currentItemChanged.connect(lambda row, _: self._show(row))
        self._list.itemChanged.connect(self._ticks_changed)
        self._list.itemActivated.connect(lambda _: self._open())
        self._title = PlainLabel(wrap=True, heading="true")
        self._size = PlainLabel(wrap=True, muted="true")
        self._says = LiteralView(most_lines=3)
        self._says.setAccessibleName(tr("What the agent says"))
        self._view = LiteralView(most_lines=14)
        self._view.setAccessibleName(tr("Arguments of the chosen request"))
        self._view.end_shown.connect(self._end_shown)
        self._go = QPushButton(tr("Open"), autoDefault=False)
        self._go.clicked.connect(self._open)
        self._deny = self._decider("queue_deny", False)
        self._allow = self._decider("queue_allow", True)
        self._arrange()

    def _decider(self, name: str, allow: bool) -> DecisionButton:
        button = DecisionButton("", self._dead, self, by_key=not allow)
        button.setObjectName(name)
        button.chosen.connect(lambda: self._decide(allow))
        return button

    def _arrange(self) -> None:
        detail, lower, row = QVBoxLayout(), QWidget(), QHBoxLayout()
        for widget in (self._title, self._size, self._says):
            detail.addWidget(widget)
        detail.addWidget(self._view, 1)
        detail.setContentsMargins(0, 8, 0, 0)
        lower.setLayout(detail)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self._list)
        split.addWidget(lower)
        row.addWidget(self._go)
        row.addStretch(1)
        row.addWidget(self._deny)
        row.addWidget(self._allow)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self._heading)
        layout.addWidget(split, 1)
        layout.addWidget(self._hint)
        layout.addLayout(row)
        self._fill()

    def _fill(self) -> None:
        """Bring the rows up to date, in place where they are the same asks."""
        names = list(self._entries)
        self._list.blockSignals(True)
        current = self._current()
        if names != [self._list.item(n).data(_NAME) for n in range(self._list.count())]:
            self._list.clear()
            for name in names:
                row = QListWidgetItem(self._list)
                row.setData(_NAME, name)
        for n, name in enumerate(names):
            self._fill_row(self._list.item(n), name)
        if names:
            self._list.setCurrentRow(names.index(current) if current in self._entries else 0)
        self._list.blockSignals(False)
        self._show(self._list.currentItem())
        self._look()

    def _fill_row(self, row: QListWidgetItem, name: Name) -> None:
        _, title, item = self._entries[name]
        line = one_line(arguments_line(item.args), 80) if item.args is not None else ""
        read = tr("read") if name in self._read else tr("not read yet")
        state = tr("sending") if item.state == "sending" else read
        row.setText(f"{what(item)}  {line}\n{one_line(title, 60)} · {state}")
        can_tick = name in self._read and _batchable(item)
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        row.setFlags(flags | Qt.ItemFlag.ItemIsUserCheckable if can_tick else flags)
        if can_tick:
            row.setCheckState(Qt.CheckState.Checked if name in self._ticked else Qt.CheckState.Unchecked)
        else:
            row.setData(Qt.ItemDataRole.CheckStateRole, None)

    def _current(self) -> Name | None:
        row = self._list.currentItem()
        return tuple(row.data(_NAME)) if row is not None else None

    def _show(self, row: QListWidgetItem | None) -> None:
        """Show the arguments of the chosen ask, once for each version of it."""
        entry = self._entries.get(tuple(row.data(_NAME))) if row is not None else None
        if entry is None:
            self._showing = None
            self._view.show_lines(tuple)
            for widget in (self._title, self._size, self._says):
                widget.hide()
            return
        key, title, item = entry
        showing = ((key, item.ask), _seen(item))
        if showing == self._showing:
            return
        self._showing = showing
        self._title.setText(one_line(item.tool or tr(HEADINGS[item.type]), 200))
        self._size.setText(f"{one_line(title, 100)} · {size(item.args)[1]}")
        self._says.show_lines(partial(lay_out_text, tr("The agent says: {text}", text=item.text)))
        for widget in (self._title, self._size):
            widget.show()
        self._says.setVisible(bool(item.text))
        self._view.show_lines(partial(lay_out, item.args))

    def _end_shown(self) -> None:
        if self._showing is None or not self._view.was_shown:
            return
        name, seen = self._showing
        if name in self._entries and _seen(self._entries[name][2]) == seen and self._read.get(name) != seen:
            self._read[name] = seen
            self._fill()
            if _batchable(self._entries[name][2]):
                announce(self, tr("Read to the end. It can be ticked now."))

    # ---- deciding

    def _ticks_changed(self, row: QListWidgetItem) -> None:
        name: Name = tuple(row.data(_NAME))
        if row.checkState() == Qt.CheckState.Checked and name in self._read:
            self._ticked.add(name)
        else:
            self._ticked.discard(name)
        self._dead.begin()
        self._look()

    def _decide(self, allow: bool) -> None:
        """Only what is ticked, was read, and is still what was read."""
        answers = []
        for key, ask in [name for name in self._entries if name in self._ticked]:
            item = self._entries[key, ask][2]
            seen = _seen(item)
            if item.state == "pending" and self._read.get((key, ask)) == seen and _batchable(item):
                answers.append((key, plain_answer(item, allow, seen.digest)))
        self._ticked.clear()
        self._fill()
        if answers:
            self.decide_many.emit(answers)

    def _open(self) -> None:
        if (name := self._current()) is not None:
            self.open_requested.emit(*name)

    def _look(self) -> None:
        ticked, waiting = len(self._ticked), len(self._entries)
        many = trn("{n} waiting for you", "{n} waiting for you", waiting)
        self._heading.setText(many if waiting else tr("Nothing waits for you"))
        self._hint.setText(
            tr("Choose a request and read its arguments to the end; then it can be ticked and decided with others.")
            if waiting
            else tr("When an agent asks for a decision, it appears here.")
        )
        self._deny.setText(trn("Deny {n} ticked", "Deny {n} ticked", ticked) if ticked else tr("Deny ticked"))
        self._deny.setAccessibleDescription(trn("Deny {n} request", "Deny {n} requests", ticked))
        self._allow.setText(trn("Allow {n} ticked", "Allow {n} ticked", ticked) if ticked else tr("Allow ticked"))
        self._allow.setAccessibleDescription(trn("Allow {n} request", "Allow {n} requests", ticked))
        for button in (self._deny, self._allow):
            button.setEnabled(ticked > 0)
        self._go.setEnabled(bool(waiting))


class _Rows(QStyledItemDelegate):
    """Rows whose boxes can be seen: the style draws their edges in a darker shade of the window (see theme.apply)."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        theme = current_theme()
        option.palette.setColor(QPalette.ColorRole.Window, theme.muted.lighter(140))
        option.palette.setColor(QPalette.ColorRole.Base, theme.page)


def _seen(item: AskItem) -> _Seen:
    return _Seen(ask_digest(item), item.version)


def _batchable(item: AskItem) -> bool:
    """Whether a plain yes or no answers it now."""
    return item.state == "pending" and is_plain(item)


def _demo() -> None:
    """Try the inbox: `python -m desktop.ui.approvals.queue [dark]`."""
    import sys

    from PySide6.QtWidgets import QApplication

    from desktop.ui.theme import DARK, LIGHT, apply

    app = QApplication(sys.argv)
    apply(app, DARK if "dark" in sys.argv else LIGHT)
    queue = ApprovalQueue()
    asks = (AskItem(str(n), 0, 0.0, ask=f"a{n}", tool="delete_file", args={"path": f"/{n}"}) for n in range(50))
    queue.set_entries([(f"s{n % 3}", f"Session {n % 3}", item) for n, item in enumerate(asks)])
    queue.decide_many.connect(lambda answers: queue.setWindowTitle(f"{len(answers)} decided"))
    queue.resize(420, 640)
    queue.show()
    app.exec()


if __name__ == "__main__":
    _demo()
