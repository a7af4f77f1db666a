"""Tables: columns as wide as they need, wrapped when the column is narrow, sideways when even that is too wide."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QPainter,
    QTextBlockFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
    QTextTableCellFormat,
    QTextTableFormat,
)

from desktop.core.markdown.flow import Runs, Table
from desktop.core.markdown.plain import tsv, words
from desktop.ui.transcript.codepiece import Sideways
from desktop.ui.transcript.pieces import DocPiece, Span
from desktop.ui.transcript.styles import Styles

_PAD = 9.0
_ALIGN = {
    "": Qt.AlignmentFlag.AlignLeft,
    "left": Qt.AlignmentFlag.AlignLeft,
    "center": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight,
}


class Columns:
    """Natural widths of a table's columns, from its first rows: later rows wrap to them."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self.natural: list[float] = []
        self._longest: list[float] = []

    def measure(self, rows: tuple[tuple[Runs, ...], ...]) -> None:
        """Widen for these rows."""
        for row in rows:
            while len(self.natural) < len(row):
                self.natural.append(0.0)
                self._longest.append(0.0)
            for number, cell in enumerate(row):
                text = words(cell)[:2_000]
                advance = self._styles.metrics.horizontalAdvance
                self.natural[number] = max(self.natural[number], advance(text) * 1.12 + 2)
                longest = max(text.split(), key=len, default="")
                self._longest[number] = max(self._longest[number], advance(longest) * 1.12 + 2)

    def widths(self, room: float) -> list[float]:
        """The widths to use in a room; their sum is larger where the words do not fit."""
        natural = [one + 2 * _PAD for one in self.natural]
        if sum(natural) <= room:
            return natural
        least = [min(n, max(w + 2 * _PAD, 60.0), 260.0) for n, w in zip(natural, self._longest, strict=True)]
        spare = room - sum(least)
        if spare <= 0:
            return least
        wish = [n - m for n, m in zip(natural, least, strict=True)]
        share = spare / max(sum(wish), 1.0)
        return [m + w * share for m, w in zip(least, wish, strict=True)]


class TablePiece(DocPiece):
    """Some rows of a table."""

    def __init__(self, styles: Styles, table: Table, gap: float, side: Sideways, columns: Columns) -> None:
        super().__init__(styles, gap if table.header else 0.0)
        self.table = table._replace(rows=())
        self.side = side
        self.columns = columns
        self._left = styles.left(table.nest)
        self._grid: QTextTable | None = None
        self._widths: list[float] = []
        self._cells = self._cell_look(False), self._cell_look(True)
        self._blocks: dict[str, QTextBlockFormat] = {}  # by alignment

    def show(self, table: Table) -> None:
        """Change the rows; new ones are appended where the columns stay as wide."""
        before = self.table.rows
        grown = table.rows[: len(before)] == before and table.aligns == self.table.aligns
        if table.rows == before:
            return
        self.table = table
        if table.header:
            self.columns.measure(table.rows[len(before) :] if grown else table.rows)
        if self.width:
            if grown and self._grid is not None and self.columns.widths(self._room) == self._widths:
                self.dirty = self.height if self.dirty is None else self.dirty
                self._append(table.rows[len(before) :], len(before))
                self.height = self.doc.size().height()
            else:
                self._build()

    def set_width(self, width: float) -> None:
        if width != self.width or self.columns.widths(self._room) != self._widths:
            self.width = width
            self._build()
        self.height = self.doc.size().height()

    @property
    def _room(self) -> float:
        return self.width - self._left

    def _build(self) -> None:
        self.dirty = 0.0
        self._widths = self.columns.widths(self._room)
        self.side.widest = sum(self._widths)
        self.doc.clear()
        self.doc.setTextWidth(self.side.widest)
        count = max(len(self._widths), 1)
        look = QTextTableFormat()
        look.setBorder(0)
        look.setCellSpacing(0)
        look.setCellPadding(0)
        look.setMargin(0)
        look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        fixed = QTextLength.Type.FixedLength
        look.setColumnWidthConstraints([QTextLength(fixed, width) for width in self._widths])
        cursor = QTextCursor(self.doc)
        cursor.beginEditBlock()
        self._grid = cursor.insertTable(max(len(self.table.rows), 1), count, look)
        self._fill(self.table.rows, 0)
        cursor.endEditBlock()
        self._shrink_ends()
        self.height = self.doc.size().height()

    def _append(self, rows: tuple[tuple[Runs, ...], ...], at: int) -> None:
        assert self._grid is not None
        cursor = QTextCursor(self.doc)
        cursor.beginEditBlock()
        self._grid.appendRows(len(rows))
        self._fill(rows, at)
        cursor.endEditBlock()

    def _shrink_ends(self) -> None:
        """The empty blocks that Qt keeps around a table take no room."""
        flat = QTextBlockFormat()
        flat.setLineHeight(0.01, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        for block in (self.doc.begin(), self.doc.lastBlock()):
            cursor = QTextCursor(block)
            if cursor.currentTable() is None:
                cursor.setBlockFormat(flat)

    def _fill(self, rows: tuple[tuple[Runs, ...], ...], at: int) -> None:
        assert self._grid is not None
        for offset, row in enumerate(rows):
            head = self.table.header and at + offset == 0
            look = self._cells[head]
            for column, runs in enumerate(row[: self._grid.columns()]):
                cell = self._grid.cellAt(at + offset, column)
                cell.setFormat(look)
                cursor = cell.firstCursorPosition()
                cursor.setBlockFormat(self._block_look(column))
                for run in runs:
                    bold = run._replace(marks=run.marks | 1) if head else run
                    cursor.insertText(run.text, self.styles.chars("paragraph", bold))

    def _cell_look(self, head: bool) -> QTextTableCellFormat:
        look = QTextTableCellFormat()
        look.setTopPadding(5)
        look.setBottomPadding(6)
        look.setLeftPadding(_PAD)
        look.setRightPadding(_PAD)
        look.setBottomBorder(1.6 if head else 1.0)
        look.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        look.setBottomBorderBrush(self.styles.theme.border)
        return look

    def _block_look(self, column: int) -> QTextBlockFormat:
        align = self.table.aligns[column] if column < len(self.table.aligns) else ""
        look = self._blocks.get(align)
        if look is None:
            look = self._blocks[align] = QTextBlockFormat()
            look.setLineHeight(125, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            look.setAlignment(_ALIGN.get(align, Qt.AlignmentFlag.AlignLeft))
        return look

    # ---- geometry and painting

    @property
    def origin(self) -> QPointF:
        """Where the document's corner is."""
        return QPointF(self._left - self.side.value, 0)

    @origin.setter
    def origin(self, value: QPointF) -> None:
        """Follows from the rest."""

    def sideways(self, delta: float) -> bool:
        return self.side.move(delta, self._room)

    def paint(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        box = QRectF(self._left, 0, self._room, self.height).intersected(clip)
        painter.save()
        painter.setClipRect(box, Qt.ClipOperation.IntersectClip)
        painter.translate(self.origin)
        self._paint_doc(painter, box.translated(-self.origin), selected, found)
        painter.restore()

    def text(self, span: Span | None = None) -> str:
        return tsv(self.table) if span is None else super().text(span)
