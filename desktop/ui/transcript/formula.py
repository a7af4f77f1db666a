"""Display mathematics as pictures. TeX is set by a library in one thread of its own; until then it shows as text."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgRenderer

from desktop.ui.transcript.pieces import Span
from desktop.ui.transcript.rowpiece import PaintedPiece
from desktop.ui.transcript.styles import Styles

_MOST = 2_000  # characters of one formula
_DEEP = 40  # braces in braces
_WAITING = 100  # formulas in the queue; what is more stays text
_KEPT = 200
_WIDEST = 6_000.0  # pixels

Key = tuple[str, int, str]  # TeX, size in pixels, colour


class Typesetter(QObject):
    """Signal `ready()`: some formula that was asked for is there."""

    ready = Signal()
    _done = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._made: OrderedDict[Key, QSvgRenderer | None] = OrderedDict()
        self._asked: set[Key] = set()
        self._queue: queue.Queue[Key] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._done.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def get(self, key: Key) -> QSvgRenderer | None:
        """The picture of a formula, if it is made; else it is asked for."""
        if key in self._made:
            self._made.move_to_end(key)
            return self._made[key]
        if key not in self._asked and len(self._asked) < _WAITING and _reasonable(key[0]):
            self._asked.add(key)
            self._queue.put(key)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="formulas", daemon=True)
                self._thread.start()
        return None

    def _work(self) -> None:
        while True:
            key = self._queue.get()
            try:
                made = _set(key)
            except Exception:  # whatever a strange formula does to the library, it stays text
                made = None
            try:
                self._done.emit(key, made)
            except RuntimeError:
                return  # the program is ending

    def _take(self, key: Key, svg: bytes | None) -> None:
        self._asked.discard(key)
        renderer = QSvgRenderer(svg) if svg else None
        if renderer is not None and (not renderer.isValid() or renderer.viewBoxF().width() > _WIDEST):
            renderer = None
        self._made[key] = renderer
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        if renderer is not None:
            self.ready.emit()


def _reasonable(tex: str) -> bool:
    """Whether the library may have it: no huge or deeply nested input."""
    depth = deepest = 0
    for char in tex:
        depth += (char == "{") - (char == "}")
        deepest = max(deepest, depth)
    return bool(tex.strip()) and len(tex) <= _MOST and deepest <= _DEEP and depth == 0


def _set(key: Key) -> bytes:
    """The formula as a drawing of lines, in the thread. The drawing is the library's, never the server's."""
    import ziamath

    ziamath.config.svg2 = False
    tex, size, colour = key
    return str(ziamath.Latex(tex, size=size, color=colour).svg()).encode()


_typesetter: Typesetter | None = None


def typesetter() -> Typesetter:
    """The one of this process."""
    global _typesetter
    if _typesetter is None:
        _typesetter = Typesetter()
    return _typesetter


class FormulaPiece(PaintedPiece):
    """A display formula in the middle of the column; its TeX while there is no picture of it."""

    def __init__(self, styles: Styles, tex: str, nest: str, gap: float) -> None:
        super().__init__(styles, gap)
        self._left = styles.left(nest)
        self.words = ""
        self._picture: QSvgRenderer | None = None
        self.show(tex)

    def show(self, tex: str) -> None:
        """Another formula, or the same whose picture may be there now."""
        key = (tex, round(self.styles.metrics.height() * 1.05), self.styles.text_colour.name())
        picture = typesetter().get(key)
        if tex != self.words or picture is not self._picture:
            self.words, self._picture, self.dirty = tex, picture, 0.0
        self._measure()

    def set_width(self, width: float) -> None:
        super().set_width(width)
        self._measure()

    @property
    def _room(self) -> float:
        return max(self.width - self._left, 1.0)

    def _measure(self) -> None:
        if self._picture is not None:
            box = self._picture.viewBoxF()
            self.height = box.height() * min(1.0, self._room / box.width()) + 8
        else:
            self.height = self._text_rect(self._room).height() + 8

    def _text_rect(self, room: float) -> QRectF:
        return self.styles.mono_metrics.boundingRect(QRectF(0, 0, room, 1e6), _FLAGS, self.words)

    def paint(self, painter: QPainter, clip: QRectF, selected: Span | None, found: list[Span]) -> None:
        box = QRectF(self._left, 0, self._room, self.height)
        if selected and selected[0] < selected[1]:
            painter.fillRect(box, self.styles.theme.selection)
        if found:
            painter.fillRect(QRectF(box.left(), box.bottom() - 2, box.width(), 2), self.styles.theme.warning)
        if self._picture is None:
            painter.setFont(self.styles.mono)
            painter.setPen(self.styles.text_colour)
            painter.drawText(box.adjusted(0, 4, 0, -4), _FLAGS, self.words)
            return
        shape = self._picture.viewBoxF()
        scale = min(1.0, self._room / shape.width())
        wide, high = shape.width() * scale, shape.height() * scale
        self._picture.render(painter, QRectF(box.center().x() - wide / 2, 4, wide, high))


_FLAGS = int(Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere)
