"""Our few icons: single paths of our own drawing in a 24-unit square, tinted by the theme."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_STROKES = {
    "plus": "M12 5v14M5 12h14",
    "close": "M6 6l12 12M18 6L6 18",
    "send": "M12 19V5M6 11l6-6 6 6",
    "stop": "M8 8h8v8H8z",
    "attach": "M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L13 4.3a3 3 0 0 1 4.3 4.3l-7.9 7.8a1.5 1.5 0 0 1-2.1-2.1L14 7.5",
    "sidebar": "M4 5h16v14H4zM10 5v14",
    "panel": "M4 5h16v14H4zM14 5v14",
    "search": "M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
    "down": "M12 5v14M6 13l6 6 6-6",
    "up": "M12 19V5M6 11l6-6 6 6",
    "settings": "M4 7h10M18 7h2M4 17h2M10 17h10M14 4.5v5M6 14.5v5",
    "thought": "M7 17.5a4 4 0 0 1-.5-8A5.5 5.5 0 0 1 17 8a4.8 4.8 0 0 1 .5 9.5zM6 21h.01",
    "ok": "M5 12.5l4.5 4.5L19 7.5",
    "error": "M12 7v6M12 16.5v.5M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z",
    "wait": "M9 6v12M15 6v12",
    "run": "M12 4a8 8 0 1 1-8 8",
    "wire": "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4",
    "left": "M14.5 6l-6 6 6 6",
    "right": "M9.5 6l6 6-6 6",
    "pin": "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
    "unread": "M12 6.5a5.5 5.5 0 1 0 .01 0zM12 9.5a2.5 2.5 0 1 0 .01 0z",
    "archive": "M4 5h16v4H4zM5.5 9v10h13V9M10 13h4",
    "trash": "M5 7h14M9.5 7V4.5h5V7M7 7l1 12.5h8L17 7",
    "filter": "M4 6h16l-6.5 7.5V19l-3-1.5v-4z",
    "time": "M4 6.5h9M8 12h11M5.5 17.5h7M4 4v16",
    "minus": "M5 12h14",
    "fit": "M4 6v12M20 6v12M8 12h8M10.5 9l-3 3 3 3M13.5 9l3 3-3 3",
    "edit": "M5 19l1-4L16.5 4.5l3 3L9 18z",
}


class _Engine(QIconEngine):
    def __init__(self, name: str, colour: QColor, faint: QColor) -> None:
        super().__init__()
        self._name, self._colour, self._faint = name, colour, faint

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._colour, self._faint)

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, state: QIcon.State) -> None:
        colour = self._faint if mode == QIcon.Mode.Disabled else self._colour
        draw(painter, self._name, QRectF(rect), colour)  # type: ignore[call-overload]

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, picture.rect(), mode, state)
        painter.end()
        return picture


def icon(name: str, colour: QColor, faint: QColor | None = None) -> QIcon:
    """An icon in one colour; `faint` for its disabled state. Raises KeyError for a name we do not draw."""
    assert name in _STROKES, name
    return QIcon(_Engine(name, colour, faint or colour))


def draw(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Paint an icon into `rect`."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
        f'stroke="{colour.name()}" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">'
        f'<path d="{_STROKES[name]}"/></svg>'
    )
    QSvgRenderer(QByteArray(svg.encode())).render(painter, rect)
