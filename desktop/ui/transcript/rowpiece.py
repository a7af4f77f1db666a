"""Rows and pictures: pieces that are painted as one thing."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from desktop.core.language import tr
from desktop.ui import icons
from desktop.ui.pictures.thumbnails import Preview
from desktop.ui.transcript.pieces import Span
from desktop.ui.transcript.rows import Row
from desktop.ui.transcript.styles import Styles

_PATHS = {"dot": "M12 9.5a2.5 2.5 0 1 0 .01 0", "info": "M12 11v6M12 7.2v.1M12 3.5a8.5 8.5 0 1 0 .01 0",
          "file": "M6 3.5h8l4 4v13H6zM14 3.5v4h4", "source": "M5 4.5h6.5v15H5zM12.5 4.5H19v15h-6.5z",
          "closed": "M9.5 6.5l5.5 5.5-5.5 5.5", "open": "M6.5 9.5l5.5 5.5 5.5-5.5"}  # fmt: skip
_THUMB = 160


@lru_cache(maxsize=256)
def _icon(name: str, colour: str, size: int) -> QImage:
    """An icon as pixels, drawn once."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    rect = QRectF(0, 0, size, size)
    if name in _PATHS:
        _draw(painter, _PATHS[name], rect, colour)
    else:
        icons.draw(painter, name, rect, QColor(colour))
    painter.end()
    return image


def _draw(painter: QPainter, path: str, rect: QRectF, colour: str) -> None:
    from PySide6.QtSvg import QSvgRenderer

    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke-width="1.8" '
        f'stroke="{colour}" stroke-linecap="round" stroke-linejoin="round"><path d="{path}"/></svg>'
    )
    QSvgRenderer(QByteArray(svg.encode())).render(painter, rect)


def paint_icon(painter: QPainter, name: str, colour: QColor, x: float, y: float, size: float) -> None:
    """Paint an icon, sharp at any scale: pixel on pixel."""
    ratio = painter.device().devicePixelRatio() if painter.device() else 1.0
    pixels = max(1, round(size * ratio))
    place = QRectF(round(x * ratio) / ratio, round(y * ratio) / ratio, pixels / ratio, pixels / ratio)
    painter.drawImage(place, _icon(name, colour.name(), pixels))


class PaintedPiece:
    """The base of pieces without a document: one thing to select, whole or not at all."""

    def __init__(self, styles: Styles, gap: float) -> None:
        self.styles = styles
        self.gap = gap
        self.height = 0.0
        self.width = 0.0
        self.dirty: float | None = 0.0
        self.words = ""

    @property
    def length(self) -> int:
        return len(self.words)

    def set_width(self, width: float) -> None:
        if width != self.width:
            self.width, self.dirty = width, 0.0

    def paint(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        raise NotImplementedError

    def position_at(self, point: QPointF) -> int:
        return 0 if point.y() < self.height / 2 else self.length

    def rect_of(self, position: int) -> QRectF:
        return QRectF(0, 0, 0, self.height)

    def text(self, span: Span | None = None) -> str:
        return self.words if span is None else self.words[span[0] : span[1]]

    def link_at(self, point: QPointF) -> str:
        return ""

    def action_at(self, point: QPointF) -> str:
        return ""

    @property
    def actions(self) -> tuple[str, ...]:
        """What can be pressed on it, in the order in which the keyboard comes to it."""
        return ()

    def target_rect(self, position: int) -> QRectF:
        """Where the action with this number is."""
        return QRectF(-4, 0, self.width + 8, self.height)

    def sideways(self, delta: float) -> bool:
        return False


class RowPiece(PaintedPiece):
    """A row: icon, words, state, time. A press on it opens or activates."""

    def __init__(self, styles: Styles, row: Row, gap: float) -> None:
        super().__init__(styles, gap)
        self.row = row
        self.focused = False
        self.show(row)

    def show(self, row: Row) -> None:
        self.row = row
        self.words = row.words
        self.dirty = 0.0
        self._measure()

    def set_width(self, width: float) -> None:
        super().set_width(width)
        self._measure()

    def _measure(self) -> None:
        least = max(28.0, self.styles.small_metrics.height() * 1.7)
        self.height = least + (12 if self.row.card else 0)
        if self.row.wrap and self.width:
            room = QRectF(0, 0, self._room, 1e6)
            flags = int(Qt.TextFlag.TextWordWrap)
            text = self.styles.small_metrics.boundingRect(room, flags, self.row.title)
            self.height = max(least, text.height() + 10)

    @property
    def _left(self) -> float:
        return self._start + self.styles.em * 1.25

    @property
    def _start(self) -> float:
        return (14.0 if self.row.card else 0.0) + (self.styles.em * 1.25 if self.row.inside else 0.0)

    @property
    def _room(self) -> float:
        return self.width - self._left - (20 if self.row.folded is not None else 0)

    @property
    def actions(self) -> tuple[str, ...]:
        return self.row.actions

    def action_at(self, point: QPointF) -> str:
        if self.row.more is not None and self._more_rect().contains(point):
            return "more"
        return self.row.action

    def _more_rect(self) -> QRectF:
        """Where the word is that opens the details."""
        width = self.styles.small_metrics.horizontalAdvance(self.row.pressed_words) + 16
        return QRectF(self.width - width + 8, 0, width, self.height)

    def target_rect(self, position: int) -> QRectF:
        whole = super().target_rect(position)
        if self.row.more is None:
            return whole
        return self._more_rect() if position else whole.adjusted(0, 0, -self._more_rect().width(), 0)

    def paint(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        theme = self.styles.theme
        box = QRectF(0, 0, self.width, self.height)
        if self.row.card:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(theme.accent)
            painter.setBrush(theme.question)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if selected and selected[0] < selected[1]:
            painter.fillRect(box, theme.selection)
        if found:
            painter.fillRect(QRectF(0, self.height - 2, self.width, 2), theme.warning)
        size = self.styles.em * 0.92
        first = min(self.height, max(28.0, self.styles.small_metrics.height() * 1.7)) if self.row.wrap else self.height
        paint_icon(painter, self.row.icon, getattr(theme, self.row.tone), self._start, (first - size) / 2, size)
        painter.setFont(self.styles.small)
        if self.row.wrap:
            self._paint_wrapped(painter)
        else:
            self._paint_line(painter)

    def _paint_wrapped(self, painter: QPainter) -> None:
        painter.setPen(self.styles.theme.muted if self.row.tone == "muted" else self.styles.theme.text)
        room = QRectF(self._left, 0, self._room, self.height)
        painter.drawText(room, int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignVCenter), self.row.title)
        self._paint_fold(painter, min(self.width - 18, self._left + self._room))

    def _paint_line(self, painter: QPainter) -> None:
        row, theme, metrics = self.row, self.styles.theme, self.styles.small_metrics
        right = self.width - (14 if row.card else 0)
        if row.pressed_words:
            right = self._right(painter, row.pressed_words, theme.accent if row.press else theme.muted, right) - 14
        if row.time:
            right = self._right(painter, row.time, theme.muted, right) - 10
        x = self._left
        for text, colour in (
            (row.title, theme.muted if row.quiet else theme.text),
            (row.state, getattr(theme, row.tone)),
            (row.detail, theme.muted),
        ):
            if text and x < right - 20:
                shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, right - x - 18)
                painter.setPen(colour)
                painter.drawText(QRectF(x, 0, right - x, self.height), Qt.AlignmentFlag.AlignVCenter, shown)
                x += metrics.horizontalAdvance(shown) + 10
        self._paint_fold(painter, x - 4)

    def _right(self, painter: QPainter, text: str, colour: QColor, right: float) -> float:
        width = self.styles.small_metrics.horizontalAdvance(text)
        painter.setPen(colour)
        painter.drawText(QRectF(right - width, 0, width + 1, self.height), Qt.AlignmentFlag.AlignVCenter, text)
        return right - width

    def _paint_fold(self, painter: QPainter, x: float) -> None:
        if self.row.folded is None:
            return
        size = self.styles.em * 0.7
        name = "closed" if self.row.folded else "open"
        paint_icon(painter, name, self.styles.theme.muted, x, (self.height - size) / 2, size)


class SpeakerPiece(PaintedPiece):
    """Whose words follow."""

    def __init__(self, styles: Styles, name: str) -> None:
        super().__init__(styles, 0.0)
        self.words = name
        self.height = styles.small_metrics.height() * 1.5

    def paint(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        theme, metrics = self.styles.theme, self.styles.small_strong_metrics
        box = QRectF(0, 0, self.width, self.height)
        if selected and selected[0] < selected[1]:
            painter.fillRect(box, theme.selection)
        if found:
            painter.fillRect(QRectF(0, self.height - 2, self.width, 2), theme.warning)
        painter.setPen(theme.muted)
        painter.setFont(self.styles.small_strong)
        shown = metrics.elidedText(self.words, Qt.TextElideMode.ElideRight, self.width)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, shown)


class PicturePiece(PaintedPiece):
    """Pictures whose bytes came with the conversation, decoded small, large ones in a thread; what is no picture shows
    as words."""

    def __init__(self, styles: Styles, pictures: list[tuple[str, bytes]], gap: float, size: int = _THUMB) -> None:
        super().__init__(styles, gap)
        self._size = size
        self._pictures = [(name, Preview(data, size * 4)) for name, data in pictures]
        self.words = ", ".join(tr("picture {name}", name=name).strip() for name, _ in pictures)

    def set_width(self, width: float) -> None:
        super().set_width(width)
        self.height = max((rect.bottom() for rect in self._places()), default=0.0)

    def _places(self) -> list[QRectF]:
        x = y = 0.0
        places = []
        for _, picture in self._pictures:
            high, size = float(self._size), picture.size
            wide = high if size.isEmpty() else min(size.width() * high / size.height(), self.width or high)
            if x and x + wide > self.width:
                x, y = 0.0, y + high + 8
            places.append(QRectF(x, y, wide, high))
            x += wide + 8
        return places

    def paint(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        theme = self.styles.theme
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for (name, picture), place in zip(self._pictures, self._places(), strict=True):
            if picture.image.isNull():
                painter.fillRect(place, theme.code_bg)
            if picture.image.isNull() and not picture.pending:
                painter.setPen(theme.muted)
                painter.setFont(self.styles.small)
                words = tr("{name}: cannot be shown", name=name or tr("Picture"))
                painter.drawText(place.adjusted(8, 8, -8, -8), int(Qt.TextFlag.TextWordWrap), words)
            else:
                painter.drawImage(place, picture.image)
            if selected and selected[0] < selected[1]:
                veil = QColor(theme.selection)
                veil.setAlphaF(0.5)
                painter.fillRect(place, veil)
