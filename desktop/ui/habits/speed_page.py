"""How fast Sluice is meant to be, and how fast it is on this computer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from desktop.core.language import tr
from desktop.services.tasks import spawn
from desktop.ui.habits.measuring import Figure, at_start, measure
from desktop.ui.labels import PlainLabel
from desktop.ui.theme import Theme
from desktop.ui.transcript import TranscriptView


class SpeedPage(QWidget):
    """`painted`: when the first window was painted, by the monotonic clock; 0.0 if that is not known."""

    def __init__(self, theme: Theme, painted: float = 0.0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.figures = at_start(painted)
        self._table = QTableWidget(0, 3, objectName="speed_table")
        self._table.setAccessibleName(tr("Figures"))
        self._table.setHorizontalHeaderLabels([tr("What"), tr("At most"), tr("On this computer")])
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._table.verticalHeader().hide()
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._measure = QPushButton(tr("Measure here"), objectName="speed_measure", autoDefault=False)
        self._measure.clicked.connect(self._begin)
        self._task: asyncio.Task[Any] | None = None
        self._table.setShowGrid(False)
        at = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
        self._table.horizontalHeader().setDefaultAlignment(at)
        self._stage = QWidget()
        self._places = QHBoxLayout(self._stage)
        self._places.setContentsMargins(0, 0, 0, 0)
        self._stage.hide()
        words = tr("Five seconds of a text that streams, on this screen. Other programs at work make it slower.")
        line = QHBoxLayout()
        line.addWidget(PlainLabel(words, wrap=True, muted="true"), 1)
        line.addWidget(self._measure)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 12, 0, 0)
        layout.addWidget(self._table, 1)
        layout.addLayout(line)
        layout.addWidget(self._stage, 1)
        self._show(self.figures)

    def _begin(self) -> None:
        """The text is seen while it streams: what is measured is what a person looks at."""
        self._measure.setEnabled(False)
        view, floor = TranscriptView(self._theme), QTextEdit(readOnly=True, undoRedoEnabled=False)
        for widget in (view, floor):
            widget.setAccessibleName(tr("The text that is measured"))
            self._places.addWidget(widget, 1)
        self._stage.show()
        self._task = spawn(self._run(view, floor), "measure")

    async def _run(self, view: TranscriptView, floor: QTextEdit) -> None:
        self._show([*self.figures, *await measure(view, floor)])
        self._end()

    def _end(self) -> None:
        self._task = None
        self._stage.hide()
        while (entry := self._places.takeAt(0)) is not None:
            entry.widget().deleteLater()
        self._measure.setEnabled(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """What nobody looks at is not measured."""
        if self._task is not None:
            self._task.cancel()
            self._end()
        super().hideEvent(event)

    def _show(self, figures: Sequence[Figure]) -> None:
        self._table.setRowCount(len(figures))
        for row, figure in enumerate(figures):
            mark = {True: "  ✓", False: "  ✗", None: ""}[figure.kept]
            for column, text in enumerate((figure.what, figure.budget, figure.here + mark)):
                self._table.setItem(row, column, QTableWidgetItem(text))
            if figure.kept is False:
                self._table.item(row, 2).setData(Qt.ItemDataRole.ForegroundRole, self._theme.error)

    def words(self) -> str:
        """The table, one line a row."""
        cells = [[self._table.item(row, column).text() for column in range(3)] for row in range(self._table.rowCount())]
        return "\n".join(f"{what}: {here} ({tr('at most')} {most})" for what, most, here in cells)
