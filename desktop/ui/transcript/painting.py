"""The pane's picture: what of it is moved, what is painted again, and the painting itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen

from desktop.ui.theme import Theme
from desktop.ui.transcript.entries import PAD
from desktop.ui.transcript.pieces import Span
from desktop.ui.transcript.stack import Placed

if TYPE_CHECKING:
    from desktop.ui.transcript.view import TranscriptView

_BESIDE = 12  # pixels beside the column that belong to its picture


class Painting:
    """Paints a view's stack, in the colours of `theme`."""

    def __init__(self, view: TranscriptView, theme: Theme) -> None:
        self.theme = theme
        self._view = view

    def refresh(self, before: list[Placed], everything: bool = False) -> None:
        """Move the picture where blocks only moved since `before`, and ask for a new painting of the rest."""
        placed = self._view.stack.placed
        old = {one.block: one.y for one in before}
        shifts = {one.y - old[one.block] for one in placed if one.block in old}
        if everything or len(shifts) != 1:
            self._view.viewport().update()
            for one in placed:
                one.block.dirty = None
            return
        shift = shifts.pop()
        end, end_before = _end(placed), _end(before)
        if shift:  # there is only ground beside the column, and below its end
            viewport = self._view.viewport()
            bottom = max(end + self._beyond(placed[-1]), end_before + self._beyond(before[-1]))
            viewport.scroll(0, shift, self._strip(0, min(bottom, viewport.height())))
        for number, one in enumerate(placed):
            top = one.block.dirty if one.block in old else 0
            if top is not None:
                beyond = self._beyond(one)
                bottom = one.y + one.block.height + beyond
                if number + 1 < len(placed):  # one that shrank leaves its old picture up to the next
                    bottom = max(bottom, placed[number + 1].y)
                self._again(int(one.y + top) - beyond, bottom)
                one.block.dirty = None
        if end < end_before + shift:
            self._again(end, end_before + shift)

    def _beyond(self, one: Placed) -> int:
        """How far the picture of a block reaches over it: the ground of a question is larger than its words."""
        return PAD if self._view.stack.entry(one.entry).tinted else 1

    def _again(self, top: int, bottom: int) -> None:
        self._view.viewport().update(self._strip(top, bottom))

    def _strip(self, top: int, bottom: int) -> QRect:
        left, width = self._view.stack.column
        return QRect(left - _BESIDE, top, width + 2 * _BESIDE, bottom - top)

    # ---- painting

    def paint(self, event: QPaintEvent) -> None:
        """Paint what the event asks for."""
        painter = QPainter(self._view.viewport())  # smooth only where shapes are drawn: text is by itself, and sooner
        rect = event.rect()
        painter.fillRect(rect, self.theme.page)
        above, below = rect.top() - PAD, rect.bottom() + PAD
        near = []
        for one in reversed(self._view.stack.placed):  # what is painted most is the end
            if one.y + one.block.height < above:
                break
            if one.y <= below:
                near.append(one)
        self._paint_tints(painter, near)
        dirty = QRectF(rect)
        for one in near:
            self._paint_block(painter, one, dirty)
        self._paint_focus(painter)

    def _paint_block(self, painter: QPainter, one: Placed, dirty: QRectF) -> None:
        view = self._view
        left = view.stack.left_of(view.stack.entry(one.entry))
        painter.translate(left, one.y)

        def selected(number: int) -> Span | None:
            return view.selection.span(one, number, one.block.pieces[number].length)

        one.block.paint(painter, dirty.translated(-left, -one.y), selected, view.finder.spans)
        painter.translate(-left, -one.y)

    def _paint_tints(self, painter: QPainter, near: list[Placed]) -> None:
        """The quiet ground under what the person said."""
        stack = self._view.stack
        for index in {one.entry for one in near}:
            entry = stack.entry(index)
            if not entry.tinted:
                continue
            left, width = stack.column
            top = stack.heights.before(index) + entry.space - stack.offset
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.theme.question)
            painter.drawRoundedRect(QRectF(left, top, width, entry.heights.total + 2 * PAD), 12, 12)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_focus(self, painter: QPainter) -> None:
        """A ring around what the keyboard would press."""
        rect = self._view.hands.focus_rect() if self._view.hasFocus() else None
        if rect is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.theme.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect, 6, 6)


def _end(placed: list[Placed]) -> int:
    return placed[-1].y + placed[-1].block.height if placed else 0
