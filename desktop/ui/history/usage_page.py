"""Tokens and cost as the servers told them: by turn, of this conversation, and by day. Nothing is guessed."""

from __future__ import annotations

from PySide6.QtCore import QDate, QLocale, Qt
from PySide6.QtWidgets import QDialog, QHeaderView, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from desktop.core.conversation import Conversation
from desktop.core.errors import StoreTrouble
from desktop.core.language import mark, number, tr
from desktop.services.history.usage import Sum, add_up, by_day, of_conversation
from desktop.services.tasks import spawn
from desktop.services.workspace import Workspace
from desktop.ui.labels import PlainLabel

_HEADS = ("", mark("In"), mark("Out"), mark("Reasoning"), mark("From cache"), mark("Cost"))
_DAYS = 30


class UsageDialog(QDialog):
    """Two tables: the turns of one conversation, and the last thirty days over all of them."""

    def __init__(self, workspace: Workspace, held: Conversation, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("usage_dialog")
        self.setWindowTitle(tr("Tokens and cost"))
        self._workspace = workspace
        self._turns, self._days = _table(tr("Turns")), _table(tr("Days"))
        self._note = PlainLabel(
            tr("Only what servers report is counted; a turn without figures shows none."), wrap=True, muted="true"
        )
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        for widget in (
            PlainLabel(tr("This conversation"), heading="true"), self._turns,
            PlainLabel(tr("All conversations, by day"), heading="true"), self._days, self._note,
        ):  # fmt: skip
            layout.addWidget(widget)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(620, 560)
        self._fill_turns(held)
        filling = spawn(self._fill_days(), "usage by day")
        self.finished.connect(filling.cancel)

    def _fill_turns(self, held: Conversation) -> None:
        rows = of_conversation(held)
        for name, usage in rows:
            _add(self._turns, name, add_up([usage]))
        if len(rows) > 1:
            _add(self._turns, tr("Together"), add_up([usage for _, usage in rows]))
        if held.usage is not None and held.usage.cost is not None:
            _add(self._turns, tr("As the server adds up"), add_up([held.usage]))

    async def _fill_days(self) -> None:
        try:
            days = await by_day(self._workspace.library, _DAYS)
        except StoreTrouble as error:
            self._note.setText(error.headline)
            return
        for day, found in days:
            shown = QLocale().toString(QDate.fromString(day, Qt.DateFormat.ISODate), tr("dddd, dd MMMM"))
            _add(self._days, shown, found)


def _table(name: str) -> QTreeWidget:
    table = QTreeWidget(rootIsDecorated=False)
    table.setAccessibleName(name)
    table.setHeaderLabels([tr(head) for head in _HEADS])
    table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    table.header().setStretchLastSection(False)
    table.header().setMinimumSectionSize(64)
    for column in range(1, len(_HEADS)):
        table.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
    return table


def _add(table: QTreeWidget, name: str, found: Sum) -> None:
    figures = [found.input, found.output, found.reasoning, found.cached]
    words = [number(figure) if figure is not None else "–" for figure in figures]
    cost = ", ".join(f"{number(value, form='.4g')} {currency}" for currency, value in sorted(found.cost.items())) or "–"
    row = QTreeWidgetItem([name, *words, cost])
    for column in range(1, len(_HEADS)):
        row.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    table.addTopLevelItem(row)
