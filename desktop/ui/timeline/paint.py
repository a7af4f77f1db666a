"""How a timeline looks: its axis, lanes and bars, in the colours of the theme."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QFontMetricsF, QPainter, QPen

from desktop.core.recordings.timeline import Bar, BarKind, Timeline
from desktop.core.recordings.timeline_words import bar_title, duration, lane_name, tick_words
from desktop.ui.theme import Theme
from desktop.ui.timeline.layout import Place, Row, ticks

_INSET = 2  # pixels between a bar and the edge of its row
_STRIP = 4  # pixels of what happened within a model call
_NARROW = 5.0  # pixels of a bar that has no room for edges
_CORNER = 3.0
_LEAST = 3.0  # pixels of the shortest bar
_WORDS = 44.0  # pixels of a bar that has room for words
_TICK = 84.0  # pixels between two words of the axis
_INDENT = 12
_FADED = 70  # of 255


def mixed(colour: QColor, ground: QColor, share: float) -> QColor:
    """So much of a colour on a ground."""
    parts = zip(colour.getRgbF(), ground.getRgbF(), strict=True)
    return QColor.fromRgbF(*(share * a + (1 - share) * b for a, b in parts))


def name_width(row: Row, metrics: QFontMetrics) -> int:
    """Pixels that a lane's name wants."""
    depth = len(row.lane.path) if row.lane else 0
    return metrics.horizontalAdvance(lane_name(row.lane)) + 20 + _INDENT * depth


class Look:
    """Draws. `x` gives the pixel of a moment."""

    def __init__(self, painter: QPainter, theme: Theme, x: Callable[[float], float], height: int) -> None:
        self._painter, self._theme, self._x, self._height = painter, theme, x, height
        self._metrics = QFontMetricsF(painter.font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def edge(self, kind: BarKind, bar: Bar | None = None) -> QColor:
        """The colour that a kind of bar is known by."""
        theme = self._theme
        if bar is not None and bar.failed:
            return theme.error
        return {
            "model": theme.muted, "thinking": theme.muted, "writing": theme.accent, "step": theme.border,
            "tool": theme.link, "wait": theme.warning, "silence": theme.muted,
        }[kind]  # fmt: skip

    def silence(self, timeline: Timeline, top: float, bottom: float) -> None:
        """Where nothing came, across all lanes."""
        for bar in timeline.silences:
            shade = QColor(self._theme.muted)
            shade.setAlpha(26)
            left, right = self._x(bar.start), self._x(bar.end)
            self._painter.fillRect(QRectF(left, top, right - left, bottom - top), shade)

    def axis(self, timeline: Timeline, pixels: float, left: float, right: float, height: float, bottom: float) -> None:
        """Moments since the turn began, and thin lines down from them."""
        painter, theme = self._painter, self._theme
        last = -_TICK
        for moment in ticks(timeline, _TICK / max(pixels, 1e-9)):
            x, said = self._x(moment), tick_words(moment - timeline.begin)
            if x < left - 1 or x - last < _TICK / 2 or x > right:
                continue
            last = x
            painter.setPen(QPen(mixed(theme.border, theme.page, 0.6), 1))
            painter.drawLine(QPointF(x, height), QPointF(x, bottom))
            painter.setPen(theme.muted)
            if x + 4 + self._metrics.horizontalAdvance(said) < right:
                painter.drawText(QPointF(x + 4, height - self._metrics.descent() - 4), said)

    def squeezed(self, timeline: Timeline, top: float, bottom: float) -> None:
        """Two slanted strokes where waiting is drawn shorter than it was."""
        self._painter.setPen(QPen(self._theme.muted, 1.2))
        for start, end in timeline.squeezed:
            middle = (self._x(start) + self._x(end)) / 2
            for x in (middle - 3, middle + 3):
                self._painter.drawLine(QPointF(x - 3, top + 16), QPointF(x + 3, top + 4))

    def name(self, row: Row, top: float, width: float) -> None:
        """Whose lane it is."""
        depth = len(row.lane.path) if row.lane else 0
        self._painter.setPen(self._theme.text if row.lane else self._theme.muted)
        room = QRectF(10 + _INDENT * depth, top, width - 18 - _INDENT * depth, self._height)
        said = self._metrics.elidedText(lane_name(row.lane), Qt.TextElideMode.ElideRight, room.width())
        self._painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)

    def rect(self, bar: Bar, top: float) -> QRectF:
        """Where a bar of the row at `top` stands."""
        left, right = self._x(bar.start), self._x(bar.end)
        if bar.kind in ("thinking", "writing"):
            return QRectF(left, top + self._height - _INSET - _STRIP, max(_LEAST, right - left), _STRIP)
        return QRectF(left, top + _INSET, max(_LEAST, right - left), self._height - 2 * _INSET)

    def bar(self, bar: Bar, top: float, left: float, right: float) -> None:
        """A bar with its words, and what happened within it."""
        painter, edge, where = self._painter, self.edge(bar.kind, bar), self.rect(bar, top)
        if where.width() < _NARROW:
            painter.fillRect(where, edge)
            return
        ground = mixed(edge, self._theme.page, 0.2)
        painter.setPen(QPen(edge, 1, Qt.PenStyle.DashLine if not bar.told else Qt.PenStyle.SolidLine))
        painter.setBrush(self._hatched(edge) if bar.kind == "silence" else QBrush(ground))
        painter.drawRoundedRect(where.adjusted(0.5, 0.5, -0.5, -0.5), _CORNER, _CORNER)
        self._strips(bar, top, left, right)
        if bar.kind not in ("model", "silence"):
            painter.fillRect(QRectF(where.left(), where.top() + 1, 3, where.height() - 2), edge)
        self._label(bar, where.intersected(QRectF(left, where.top(), right - left, where.height())))

    def _strips(self, bar: Bar, top: float, left: float, right: float) -> None:
        drawn = left - 1
        for part in bar.parts:
            strip = self.rect(part, top)
            if strip.right() > max(left, drawn + 1) and strip.left() < right:
                colour = self.edge(part.kind)
                self._painter.fillRect(strip, colour)
                drawn = strip.right()

    def _hatched(self, colour: QColor) -> QBrush:
        faded = QColor(colour)
        faded.setAlpha(_FADED)
        return QBrush(faded, Qt.BrushStyle.BDiagPattern)

    def _label(self, bar: Bar, room: QRectF) -> None:
        if room.width() < _WORDS:
            return
        strip = _STRIP if bar.parts else 0
        inner = room.adjusted(7, 0, -4, -strip)
        took = duration(bar.seconds)
        title = f"{bar_title(bar)} · {bar.state}" if bar.failed else bar_title(bar)
        both = f"{title}  {took}" if bar.kind != "silence" else title
        fits = self._metrics.horizontalAdvance(both) <= inner.width()
        said = both if fits else self._metrics.elidedText(title, Qt.TextElideMode.ElideRight, inner.width())
        self._painter.setPen(self._theme.text)
        self._painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)

    def ring(self, place: Place, top: float, focused: bool) -> None:
        """Around the bar that is chosen."""
        self._painter.setPen(QPen(self._theme.accent, 2 if focused else 1))
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.drawRoundedRect(self.rect(place.bar, top).adjusted(-1, -1, 1, 1), _CORNER + 1, _CORNER + 1)
