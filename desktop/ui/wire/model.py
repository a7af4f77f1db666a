"""The rows of the wire for a table: filled in portions, filtered in portions, words made only for what is drawn."""

from __future__ import annotations

import time
from array import array
from functools import lru_cache
from typing import Any, Literal

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont

from desktop.core.asks.visible import one_line
from desktop.core.language import mark, number, tr, trn
from desktop.core.recordings.wire_words import event_line
from desktop.services.recording.log import END, HEAD, REQUEST, RUN
from desktop.services.recording.recorder import Recorder
from desktop.services.recording.wire_rows import FRAME, WireRows
from desktop.ui.theme import Theme

Filter = Literal["all", "requests", "frames", "unknown", "no-beats"]
COLUMNS = (mark("Time"), mark("Gap"), "", mark("Name"), mark("Size"), mark("Became"))
_TIME, _GAP, _WAY, _NAME, _SIZE, _EVENTS = range(len(COLUMNS))
_TICK_MS = 60
_PORTION = 0.006  # seconds of work a tick
_Index = QModelIndex | QPersistentModelIndex


class WireModel(QAbstractTableModel):
    """Signal `grew()` when rows were added or the filter found more. Only an `active` model follows its recorder."""

    grew = Signal()

    def __init__(self, recorder: Recorder, theme: Theme, parent: Any = None) -> None:
        super().__init__(parent)
        self.rows = WireRows(recorder)
        self._theme = theme
        self._shown: array[int] | None = None  # the rows that the filter lets through; None for all
        self._filter: Filter = "all"
        self._needle = b""
        self._looked = 0  # how many rows the filter has seen
        self._count = 0  # rows that the table knows of
        self._words = lru_cache(maxsize=2000)(self._decoded)
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self.tick)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._theme = theme

    def set_active(self, active: bool) -> None:
        """Whether anybody looks."""
        if active:
            self._timer.start()
            self.tick()
        else:
            self._timer.stop()

    def set_filter(self, kind: Filter, text: str) -> None:
        """Show only rows of this kind which hold the text, letters alike in both cases."""
        self._filter, self._needle = kind, text.lower().encode()
        self._begin_anew()

    def row(self, index: int) -> int:
        """The row of `rows` that stands in this row of the table."""
        return index if self._shown is None else self._shown[index]

    def place(self, row: int) -> int:
        """Where a row of `rows` stands in the table; -1 if the filter hides it."""
        if self._shown is None:
            return row if row < self._count else -1
        from bisect import bisect_left

        at = bisect_left(self._shown, row)
        return at if at < min(self._count, len(self._shown)) and self._shown[at] == row else -1

    def tick(self) -> None:
        """Take in a portion of what is new."""
        if self.rows.stale():
            self._begin_anew()
        end = time.monotonic() + _PORTION
        self.rows.advance(_PORTION)
        self._look(end)
        total = len(self.rows) if self._shown is None else len(self._shown)
        if total > self._count:
            self.beginInsertRows(QModelIndex(), self._count, total - 1)
            self._count = total
            self.endInsertRows()
            self.grew.emit()

    def take_all(self) -> None:
        """Everything at once, for what a person asked for."""
        while self.rows.advance(1.0):
            pass
        self.tick()

    # ---- Qt's own

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(COLUMNS[section])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return tr(COLUMNS[section] or mark("Direction"))
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= self._count:
            return None
        row, column = self.row(index.row()), index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                way = tr("from the server") if self.rows.incoming(row) else tr("sent")
                return way if column == _WAY else None
            case Qt.ItemDataRole.TextAlignmentRole if column in (_TIME, _GAP, _SIZE):
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(row, column)
            case Qt.ItemDataRole.FontRole if self.rows.kind[row] in (RUN, REQUEST):
                font = QFont()
                font.setBold(True)
                return font
            case Qt.ItemDataRole.SizeHintRole:
                return QSize(0, 0)
        return None

    def _text(self, row: int, column: int) -> str:
        rows = self.rows
        match column:
            case 0:
                return f"{rows.seconds(row):.3f}"
            case 1:
                gap = rows.gap(row)
                return f"+{gap:.3f}" if gap >= 0.0005 else ""
            case 2:
                return "" if rows.kind[row] == RUN else "←" if rows.incoming(row) else "→"
            case 3:
                return one_line(rows.recorder.redactor.text(rows.name(row)), 80)
            case 4:
                size = rows.size(row)
                return "" if size is None else _size(size)
        return self._words(row, rows.event_range(row))

    def _decoded(self, row: int, _: tuple[int, int]) -> str:
        rows = self.rows
        if rows.kind[row] == RUN:
            return one_line(rows.text(row))
        events = rows.events(row, 4)
        first, end = rows.event_range(row)
        if not events:
            kinds = "  ·  ".join(rows.run(row).kind_words(first, end - first, 4))
            return kinds or (one_line(rows.text(row)) if rows.kind[row] == END else "")
        rest = end - first - len(events)
        more = f"  ({trn('+{n} more', '+{n} more', rest)})" if rest > 0 else ""
        lines = (("?  " if event.kind == "raw" else "") + event_line(event) for event in events)
        return one_line(rows.recorder.redactor.text("  ·  ".join(lines)), 300) + more

    def _colour(self, row: int, column: int) -> Any:
        if self.rows.kind[row] == FRAME and column == _EVENTS and self.rows.unknown(row):
            return self._theme.warning
        if self.rows.kind[row] == END and self.rows.name(row) != "end":
            return self._theme.error
        return self._theme.muted if column in (_TIME, _GAP, _SIZE, _WAY) else None

    # ---- the filter

    def _begin_anew(self) -> None:
        self.beginResetModel()
        self._count, self._looked = 0, 0
        self._shown = None if self._filter == "all" and not self._needle else array("L")
        self._words.cache_clear()
        self.endResetModel()
        self.tick() if self._timer.isActive() else None

    def _look(self, end: float) -> None:
        if self._shown is None:
            return
        while self._looked < len(self.rows) and (self._looked % 32 or time.monotonic() < end):
            if self._passes(self._looked):
                self._shown.append(self._looked)
            self._looked += 1

    def _passes(self, row: int) -> bool:
        rows, kind = self.rows, self.rows.kind[row]
        match self._filter:
            case "requests" if kind not in (REQUEST, HEAD, RUN):
                return False
            case "frames" if kind != FRAME:
                return False
            case "unknown" if not rows.unknown(row):
                return False
            case "no-beats" if kind == FRAME and rows.raw(row, 1)[:1] == b":":
                return False
        return not self._needle or self._needle in rows.raw(row).lower()


def _size(size: int) -> str:
    if size < 10_000:
        return f"{size} B"
    return f"{number(size / 1000)} kB" if size < 1_000_000 else f"{number(size / 1_000_000, 1)} MB"
