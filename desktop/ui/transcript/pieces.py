"""Pieces: what can be laid out, painted and pointed at. This is the base and running text."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QPainter,
    QPalette,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)

from desktop.core.markdown.flow import Mark, Paragraph, Run
from desktop.ui.transcript.styles import LINE_HEIGHT, Styles

Span = tuple[int, int]


class Piece(Protocol):
    """Positions are characters from 0 to `length`; points and rectangles count from the piece's top left corner."""

    height: float
    gap: float
    dirty: float | None  # everything from here down looks different than when it was last painted

    @property
    def length(self) -> int: ...
    def set_width(self, width: float) -> None: ...
    def paint(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None: ...
    def position_at(self, point: QPointF) -> int: ...
    def rect_of(self, position: int) -> QRectF: ...
    def text(self, span: Span | None = None) -> str: ...
    def link_at(self, point: QPointF) -> str: ...
    def action_at(self, point: QPointF) -> str: ...


class DocPiece:
    """A piece that is a document of Qt's, written by us character by character: never set from markup."""

    def __init__(self, styles: Styles, gap: float = 0.0) -> None:
        self.styles = styles
        self.gap = gap
        self.height = 0.0
        self.width = 0.0
        self.dirty: float | None = 0.0
        self.origin = QPointF(0, 0)
        self._marked = False  # whether the last painting showed a selection or a match
        self._context = QAbstractTextDocumentLayout.PaintContext()
        self._context.palette.setColor(QPalette.ColorRole.Text, styles.text_colour)
        self.doc = QTextDocument()
        self.doc.setUndoRedoEnabled(False)
        self.doc.setDocumentMargin(0)
        self.doc.setDefaultFont(styles.font)
        self.doc.setDefaultTextOption(styles.wrap)
        self._layout = self.doc.documentLayout()

    @property
    def length(self) -> int:
        return self.doc.characterCount() - 1

    def set_width(self, width: float) -> None:
        """Lay out for a width."""
        if width != self.width:
            self.width = width
            self.doc.setTextWidth(width)
            self.dirty = 0.0
        self.height = self.doc.size().height()

    def paint(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        """Paint what lies in `clip`."""
        painter.translate(self.origin)
        self._paint_doc(painter, clip.translated(-self.origin), selected, found)
        painter.translate(-self.origin)

    def _paint_doc(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        context = self._context
        context.clip = clip
        if self._marked or found or selected:
            context.selections = self._selections(selected, found)
        self._layout.draw(painter, context)

    def _selections(self, selected: Span | None, found: list[Span]) -> list[QAbstractTextDocumentLayout.Selection]:
        theme = self.styles.theme
        marks = [(span, theme.warning, theme.page) for span in found]
        if selected and selected[0] < selected[1]:
            marks.append((selected, theme.selection, theme.selection_text))
        self._marked = bool(marks)
        return [self._selection(*mark) for mark in marks]

    def _selection(self, span: Span, ground: QColor, text: QColor) -> QAbstractTextDocumentLayout.Selection:
        made = QAbstractTextDocumentLayout.Selection()
        made.cursor = self._cursor(span)
        look = QTextCharFormat()
        look.setBackground(ground)
        look.setForeground(text)
        made.format = look
        return made

    def _cursor(self, span: Span) -> QTextCursor:
        cursor = QTextCursor(self.doc)
        cursor.setPosition(max(0, min(span[0], self.length)))
        cursor.setPosition(max(0, min(span[1], self.length)), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def position_at(self, point: QPointF) -> int:
        """The nearest position."""
        return max(0, self._layout.hitTest(point - self.origin, Qt.HitTestAccuracy.FuzzyHit))

    def rect_of(self, position: int) -> QRectF:
        """The line that holds a position, zero wide."""
        block = self.doc.findBlock(min(max(position, 0), self.length))
        line = block.layout().lineForTextPosition(position - block.position())
        top = self._layout.blockBoundingRect(block).topLeft() + self.origin
        if not line.isValid():
            return QRectF(top.x(), top.y(), 0, self.styles.line)
        x = line.cursorToX(position - block.position())
        x = x[0] if isinstance(x, tuple) else x
        return QRectF(top.x() + x, top.y() + line.y(), 0, line.height())

    def text(self, span: Span | None = None) -> str:
        """The plain text, whole or of a span."""
        if span is None:
            return self.doc.toPlainText()
        return self._cursor(span).selection().toPlainText()

    def link_at(self, point: QPointF) -> str:
        """The address under a point."""
        return ""

    def action_at(self, point: QPointF) -> str:
        """What a click does there: "copy", or nothing."""
        return ""

    def target_rect(self, position: int) -> QRectF:
        """What the ring of the keyboard goes around."""
        rect = self.rect_of(position)
        return QRectF(rect.left() - 3, rect.top(), max(min(120.0, self.width - rect.left()), 24.0), rect.height())

    def sideways(self, delta: float) -> bool:
        """Scroll inside the piece; whether that was possible."""
        return False


class TextPiece(DocPiece):
    """Paragraphs, headings and lists. `show` changes only what is different from what was shown before."""

    def __init__(self, styles: Styles, gap: float = 0.0) -> None:
        super().__init__(styles, gap)
        self.paragraphs: list[Paragraph] = []
        self.origin = QPointF(0, round(styles.em * (LINE_HEIGHT - 100) / 200))  # Qt puts all of a line's air below it
        self._signs = False  # whether markers or quote bars must be painted

    def show(self, paragraphs: list[Paragraph]) -> None:
        """Make the document hold these paragraphs."""
        old, keep, most = self.paragraphs, 0, min(len(self.paragraphs), len(paragraphs))
        while keep < most and old[keep] == paragraphs[keep]:
            keep += 1
        if keep == len(old) == len(paragraphs):
            return
        cursor = QTextCursor(self.doc)
        cursor.beginEditBlock()
        self._rewrite(cursor, paragraphs, keep)
        cursor.endEditBlock()
        self.paragraphs = paragraphs
        self._signs = any(p.marker or "q" in p.nest or p.role == "rule" for p in paragraphs)

    def _rewrite(self, cursor: QTextCursor, paragraphs: list[Paragraph], keep: int) -> None:
        """Everything from paragraph `keep` on."""
        old = self.paragraphs
        at, run, offset = 0, 0, 0
        if keep < len(old):
            block = self.doc.findBlockByNumber(keep)
            at = block.position()
            same = keep < len(paragraphs) and _frame(old[keep]) == _frame(paragraphs[keep])
            if same:
                run, offset, written = _common(old[keep].runs, paragraphs[keep].runs)
                at += written
            elif keep and keep >= len(paragraphs):
                at -= 1
            self._changed(block, at)
            cursor.setPosition(at)
            if at < (end := self.length):
                cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
                cursor.removeSelectedText()
                if keep and keep == len(paragraphs):  # an empty paragraph would take the look of the one taken away
                    self._start(cursor, paragraphs[-1], keep - 1, fresh=True)
        else:
            same = False
            self._changed_end()
            cursor.setPosition(self.length)
        for number in range(keep, len(paragraphs)):
            paragraph = paragraphs[number]
            if not (number == keep and same):
                self._start(cursor, paragraph, number, fresh=number == keep and keep < len(old))
                run = offset = 0
            self._write(cursor, paragraph, run, offset)

    def _start(self, cursor: QTextCursor, paragraph: Paragraph, number: int, fresh: bool) -> None:
        look = self.styles.block(paragraph, number == 0)
        char = self.styles.chars(paragraph.role, Run(""))
        if number == 0 or fresh:
            cursor.setBlockFormat(look)
            cursor.setBlockCharFormat(char)
        else:
            cursor.insertBlock(look, char)

    def _write(self, cursor: QTextCursor, paragraph: Paragraph, start: int, offset: int) -> None:
        for run in paragraph.runs[start:]:
            text = run.text[offset:] if offset else run.text
            cursor.insertText(_lines_inside(text), self.styles.chars(paragraph.role, run))
            offset = 0

    def _changed(self, block: QTextBlock, at: int) -> None:
        """Note from which line on the picture changes; a word that grows can take its line along."""
        text = block.text()
        inside = max(0, at - block.position())
        inside = max(text.rfind(" ", 0, inside), 0)
        top = self._layout.blockBoundingRect(block).top()
        line = block.layout().lineForTextPosition(inside)
        y = top + (line.y() if line.isValid() else 0)
        self.dirty = y if self.dirty is None else min(self.dirty, y)

    def _changed_end(self) -> None:
        y = self.height if self.paragraphs else 0.0
        self.dirty = y if self.dirty is None else min(self.dirty, y)

    # ---- painting

    def _paint_doc(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        super()._paint_doc(painter, clip, selected, found)
        if not self._signs:
            return
        layout = self._layout
        block = self.doc.begin()
        for paragraph in self.paragraphs:
            rect = layout.blockBoundingRect(block)
            if rect.bottom() >= clip.top() and rect.top() <= clip.bottom():
                self._paint_signs(painter, paragraph, block, rect)
            block = block.next()

    def _paint_signs(self, painter: QPainter, paragraph: Paragraph, block: QTextBlock, rect: QRectF) -> None:
        styles = self.styles
        gap = block.blockFormat().topMargin()
        for depth, kind in enumerate(paragraph.nest):
            if kind == "q":
                x = styles.indent * depth + 4
                x = self.width - x - 3 if paragraph.rtl else x
                bar = QRectF(x, rect.top() - gap, 3, rect.height() + gap)
                painter.fillRect(bar, styles.theme.border)
        if paragraph.role == "rule":
            y = round(rect.center().y())
            painter.fillRect(QRectF(styles.left(paragraph.nest), y, self.width, 1), styles.theme.border)
        if paragraph.marker:
            self._paint_marker(painter, paragraph, block, rect)

    def _paint_marker(self, painter: QPainter, paragraph: Paragraph, block: QTextBlock, rect: QRectF) -> None:
        styles = self.styles
        line = block.layout().lineAt(0)
        baseline = rect.top() + line.y() + line.ascent()
        painter.setFont(styles.font)
        painter.setPen(styles.theme.muted)
        width = styles.metrics.horizontalAdvance(paragraph.marker)
        left = styles.left(paragraph.nest) - width - styles.em * 0.42
        x = self.width - left - width if paragraph.rtl else left
        painter.drawText(QPointF(x, baseline), paragraph.marker)

    # ---- pointing

    def target_rect(self, position: int) -> QRectF:
        """The link that begins at a position, as far as it is on one line."""
        begin = self.rect_of(position)
        block = self.doc.findBlock(position)
        left = position - block.position()
        for run in self.paragraphs[block.blockNumber()].runs:
            if left <= 0:
                end = self.rect_of(position + units(run.text) - 1)
                right = end.left() + self.styles.em / 2 if end.top() == begin.top() else self.width
                return QRectF(begin.left() - 2, begin.top(), max(right - begin.left(), 10) + 4, begin.height())
            left -= units(run.text)
        return begin

    def link_at(self, point: QPointF) -> str:
        run = self._run_at(point)
        return run.link if run else ""

    def _run_at(self, point: QPointF) -> Run | None:
        at = self._layout.hitTest(point - self.origin, Qt.HitTestAccuracy.ExactHit)
        if at < 0:
            return None
        block = self.doc.findBlock(at)
        number = block.blockNumber()
        if number >= len(self.paragraphs):
            return None
        left = at - block.position()
        for run in self.paragraphs[number].runs:
            if left < units(run.text):
                return run
            left -= units(run.text)
        return None

    def text(self, span: Span | None = None) -> str:
        if span is not None:
            return super().text(span)
        return "\n".join(f"{p.marker} {p.text}" if p.marker else p.text for p in self.paragraphs)


def _frame(paragraph: Paragraph) -> tuple[object, ...]:
    """Everything about a paragraph but its runs."""
    return paragraph.role, paragraph.nest, paragraph.marker, paragraph.gap, paragraph.rtl


def _lines_inside(text: str) -> str:
    """A newline would begin a new block of the document; inside a paragraph it is a line separator."""
    return text.replace("\n", "\u2028") if "\n" in text else text


def _common(old: tuple[Run, ...], new: tuple[Run, ...]) -> tuple[int, int, int]:
    """Where two lists of runs begin to differ: run, offset in it, characters before (as Qt counts them)."""
    written = 0
    for number, (before, after) in enumerate(zip(old, new, strict=False)):
        if before == after:
            written += units(before.text)
            continue
        if before[1:] == after[1:] and not before.marks & (Mark.MATH | Mark.FORMULA):
            same = _prefix(before.text, after.text)
            return number, same, written + units(before.text[:same])
        return number, 0, written
    return min(len(old), len(new)), 0, written


def _prefix(a: str, b: str) -> int:
    if b.startswith(a):
        return len(a)
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def units(text: str) -> int:
    """Characters as Qt counts them: those beyond the basic plane are two."""
    if text.isascii() or max(text) < "\U00010000":
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def part(text: str, start: int, end: int) -> str:
    """What stands between two places, counted as Qt does; half of a character is left out."""
    if units(text) == len(text):
        return text[start:end]
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "ignore")
