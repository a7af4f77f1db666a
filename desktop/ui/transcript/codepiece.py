"""Code: a bar with the language and a way to copy, and lines that scroll sideways inside themselves."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextLayout

from desktop.core.language import tr
from desktop.core.markdown.flow import Code
from desktop.ui.transcript.highlight import Colouring, Ranges
from desktop.ui.transcript.pieces import DocPiece, Span
from desktop.ui.transcript.styles import Styles

PAD = 14
RADIUS = 8
_FAR = 10_000_000.0


class Sideways:
    """How far the pieces of one wide thing are scrolled to the right, all together."""

    def __init__(self) -> None:
        self.value = 0.0
        self.widest = 0.0

    def move(self, delta: float, width: float) -> bool:
        """Scroll; whether there was anywhere to go."""
        value = max(0.0, min(self.value + delta, self.widest - width))
        moved = value != self.value
        self.value = value
        return moved


class CodePiece(DocPiece):
    """Lines of code. `joined` says that the next block goes on with the same code."""

    def __init__(self, styles: Styles, code: Code, gap: float, side: Sideways) -> None:
        super().__init__(styles, gap if code.first else 0.0)
        self.code = code._replace(text="", language="")
        self.side = side
        self.joined = False
        self._word = tr("Copy")
        self._coloured = -1
        self._ranges: list[Ranges] = []
        self._colouring = Colouring("")
        self._bar = round(styles.em * 1.9) if code.first and not code.indented else 0
        self._left = styles.left(code.nest)
        self.doc.setDefaultTextOption(styles.no_wrap)
        self.doc.setDefaultFont(styles.mono)
        self._look = QTextCharFormat()
        self._look.setFont(styles.mono)
        self._look.setForeground(styles.theme.code_text)
        lines = QTextBlockFormat()
        lines.setLineHeight(138, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor = QTextCursor(self.doc)
        cursor.setBlockFormat(lines)
        cursor.setBlockCharFormat(self._look)

    # ---- contents

    def show(self, code: Code, final: bool) -> None:
        """Change the lines; what was only appended is only appended. `final`: the last line is whole, too."""
        code = code._replace(text=code.shown)
        before, after = self.code.text, code.text
        if code.language != self.code.language or not after.startswith(before):
            self._colouring = Colouring(code.language)
            self._coloured, self.dirty = -1, 0.0
        if before != after:
            self._write(before, after)
        self.code = code
        whole = self.doc.blockCount() - (0 if final else 1)
        if whole > self._coloured:
            self._colour(whole, final)
        self.side.widest = max(self.side.widest, self.doc.idealWidth())

    def _write(self, before: str, after: str) -> None:
        cursor = QTextCursor(self.doc)
        cursor.beginEditBlock()
        cursor.setPosition(self.length)
        if after.startswith(before):
            self._note_change(cursor.block().blockNumber())
            cursor.insertText(after[len(before) :], self._look)
        else:
            self._ranges = []
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(after, self._look)
        cursor.endEditBlock()

    def _note_change(self, number: int) -> None:
        rect = self._layout.blockBoundingRect(self.doc.findBlockByNumber(number))
        y = rect.top() + self.origin.y() if number else 0.0
        self.dirty = y if self.dirty is None else min(self.dirty, y)

    def _colour(self, whole: int, final: bool) -> None:
        """Colour the lines that are whole; the one being typed stays plain until its end is known."""
        self._colouring.update(self.code.text, final)
        lines = self._colouring.lines[:whole]
        self._ranges += [[] for _ in range(len(lines) - len(self._ranges))]
        for number in range(len(lines)):
            if lines[number] == self._ranges[number]:
                continue
            self._ranges[number] = lines[number]
            block = self.doc.findBlockByNumber(number)
            block.layout().setFormats([self._format(*one) for one in lines[number]])
            self.doc.markContentsDirty(block.position(), block.length())
            self._note_change(number)
        self._coloured = whole

    def _format(self, start: int, count: int, group: str) -> QTextLayout.FormatRange:
        made = QTextLayout.FormatRange()
        made.start, made.length, made.format = start, count, self.styles.code[group]
        return made

    # ---- geometry

    def set_width(self, width: float) -> None:
        if width != self.width:
            self.width = width
            self.dirty = 0.0
        self.height = self._top + self.doc.size().height() + (0 if self.joined else PAD)

    @property
    def _top(self) -> float:
        if not self.code.first:
            return 0.0
        return self._bar or PAD

    @property
    def origin(self) -> QPointF:
        """Where the document's corner is."""
        return QPointF(self._left + PAD - self.side.value, self._top)

    @origin.setter
    def origin(self, value: QPointF) -> None:
        """Follows from the rest."""

    def join(self) -> None:
        """The same code goes on in the next block."""
        if not self.joined:
            self.joined = True
            self.dirty = 0.0
            self.height -= PAD

    def sideways(self, delta: float) -> bool:
        return self.side.move(delta, self._inner)

    @property
    def _inner(self) -> float:
        return self.width - self._left - 2 * PAD

    @property
    def has_bar(self) -> bool:
        return self._bar > 0

    def say(self, word: str) -> None:
        """What the button says."""
        self._word = word

    def target_rect(self, position: int) -> QRectF:
        return self._copy_rect.adjusted(4, 3, -4, -3)

    def action_at(self, point: QPointF) -> str:
        return "copy" if self._copy_rect.contains(point) else ""

    @property
    def _copy_rect(self) -> QRectF:
        wide = self.styles.small_metrics.horizontalAdvance(tr("Copied")) + 2 * PAD
        return QRectF(self.width - wide, 0, wide, self._bar)

    # ---- painting

    def paint(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        box = QRectF(self._left, 0, self.width - self._left, self.height)
        painter.save()
        painter.setClipRect(box.intersected(clip), Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(self._shape(box), self.styles.theme.code_bg)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._bar and clip.top() < self._bar:
            self._paint_bar(painter, box)
        inner = box.adjusted(PAD, 0, -PAD, 0)
        painter.setClipRect(inner.intersected(clip), Qt.ClipOperation.IntersectClip)
        painter.translate(self.origin)
        self._paint_doc(painter, inner.intersected(clip).translated(-self.origin), selected, found)
        painter.restore()
        self._paint_handle(painter, box)

    def _shape(self, box: QRectF) -> QPainterPath:
        """Corners are round where the code begins and ends."""
        shape = QPainterPath()
        grown = box.adjusted(0, 0 if self.code.first else -2 * RADIUS, 0, 2 * RADIUS if self.joined else 0)
        shape.addRoundedRect(grown, RADIUS, RADIUS)
        return shape

    def _paint_bar(self, painter: QPainter, box: QRectF) -> None:
        bar = QRectF(box.left() + PAD, 0, box.width() - 2 * PAD, self._bar)
        painter.setFont(self.styles.small)
        painter.setPen(self.styles.theme.muted)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(bar, middle | Qt.AlignmentFlag.AlignLeft, self.code.language[:40] or "text")
        painter.drawText(bar, middle | Qt.AlignmentFlag.AlignRight, self._word)

    def _paint_handle(self, painter: QPainter, box: QRectF) -> None:
        """A thin handle at the bottom where there is more to the right."""
        if self.joined or self.side.widest <= self._inner:
            return
        share = self._inner / self.side.widest
        x = box.left() + PAD + self.side.value * share
        handle = QRectF(x, box.bottom() - 7, self._inner * share, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.styles.theme.border)
        painter.drawRoundedRect(handle, 1.5, 1.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
