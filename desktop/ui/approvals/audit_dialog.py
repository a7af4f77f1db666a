"""The list of decisions: what was asked and shown, who decided what, what was sent and what came back."""

from __future__ import annotations

import asyncio
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from desktop.core.language import number, tr, trn
from desktop.services.approvals.audit import AuditEntry, AuditLog
from desktop.services.approvals.audit_words import as_text, headline, lines, matches
from desktop.services.tasks import spawn
from desktop.ui.approvals.arguments_view import LiteralView
from desktop.ui.labels import PlainLabel

_MOST = 2_000  # rows: the filter finds the rest
_PAUSE_MS = 150  # after the last key, before the list is filtered


class AuditDialog(QDialog):
    """Reads the list when it opens; the newest comes first."""

    def __init__(self, log: AuditLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("audit_dialog")
        self.setWindowTitle(tr("List of decisions"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._log = log
        self._entries: list[AuditEntry] = []
        self._found: list[AuditEntry] = []
        self._build()
        reading = spawn(self._read(), "read the list of decisions")
        self.finished.connect(reading.cancel)

    async def _read(self) -> None:
        self._entries = list(reversed(await asyncio.to_thread(self._log.entries)))
        self._fill()

    def _fill(self) -> None:
        words = self._filter.text()
        self._found = [entry for entry in self._entries if matches(entry, words)]
        self._list.clear()
        for entry in self._found[:_MOST]:
            QListWidgetItem(headline(entry), self._list)
        told = [trn("{n} request", "{n} requests", len(self._found))]
        if len(self._found) > _MOST:
            told.append(tr("the newest {count} are listed", count=number(_MOST)))
        if bad := self._log.damaged:
            told.append(trn("{n} line of the file could not be read", "{n} lines of the file could not be read", bad))
        self._state.setText(", ".join(told) if self._entries else tr("Nothing has been asked yet."))
        self._list.setCurrentRow(0)

    def _show(self, row: int) -> None:
        entry = self._found[row] if 0 <= row < len(self._found) else None
        self._view.show_lines(partial(lines, entry) if entry else tuple)
        self._copy.setEnabled(entry is not None)

    def _put_on_clipboard(self) -> None:
        QGuiApplication.clipboard().setText(as_text(self._found[self._list.currentRow()]))

    def _build(self) -> None:
        self._filter = QLineEdit(placeholderText=tr("Filter by tool, server, conversation, words or verdict"))
        self._filter.setObjectName("audit_filter")
        self._filter.setAccessibleName(tr("Filter"))
        self._filter.setClearButtonEnabled(True)
        self._pause = QTimer(self, interval=_PAUSE_MS, singleShot=True)
        self._pause.timeout.connect(self._fill)
        self._filter.textChanged.connect(lambda _: self._pause.start())
        self._state = PlainLabel(tr("Reading…"), muted="true", wrap=True)
        self._list = QListWidget()
        self._list.setObjectName("audit_list")
        self._list.setAccessibleName(tr("Decisions, newest first"))
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.currentRowChanged.connect(self._show)
        self._view = LiteralView()
        self._view.setObjectName("audit_details")
        self._view.setAccessibleName(tr("What was shown, decided, sent and answered"))
        self._copy = QPushButton(tr("Copy"), autoDefault=False)
        self._copy.setEnabled(False)
        self._copy.clicked.connect(self._put_on_clipboard)
        close = QPushButton(tr("Close"), autoDefault=False)
        close.clicked.connect(self.accept)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self._list)
        split.addWidget(self._view)
        split.setSizes([340, 480])
        row = QHBoxLayout()
        row.addWidget(self._copy)
        row.addStretch(1)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(self._filter)
        column.addWidget(self._state)
        column.addWidget(split, 1)
        column.addLayout(row)
        self.resize(860, 560)
