"""The painted part of a timeline. Only what is in sight is painted; keys go from bar to bar."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from desktop.core.language import tr
from desktop.core.recordings.timeline import Timeline
from desktop.core.recordings.timeline_words import bar_line, lane_name, overview
from desktop.ui.labels import literal_tip
from desktop.ui.theme import Theme
from desktop.ui.timeline import access
from desktop.ui.timeline.layout import Place, Rows
from desktop.ui.timeline.paint import Look, name_width

_CLOSEST = 2000.0  # pixels a second
_GUTTER = (72, 150)  # pixels of the lanes' names, least and most
_STEP = 1.5  # of one zoom
_NEAR = 4.0  # pixels beside a bar that count as on it
_APART = 2.0  # pixels: of bars that begin closer together one is painted
_RIGHT = 10  # pixels that stay free behind the last bar


class TimelineCanvas(QAbstractScrollArea):
    """Signals: `activated(item id)` for a bar that was clicked, or Return on it; `chosen()` when another bar is the
    current one. `rows` are what is shown, `current` the bar that has the keys."""

    activated = Signal(str)
    chosen = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAccessibleName(tr("Timeline"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.viewport().setMouseTracking(True)
        self._theme = theme
        self._timeline: Timeline | None = None
        self._zoom = 1.0
        self._names = 0  # pixels that the lanes' names want
        self._nodes: list[access.BarNode] = []
        self.rows = Rows(None, 1)
        self.current: Place | None = None
        access.install()

    # ---- what is shown

    @property
    def timeline(self) -> Timeline | None:
        """What is shown now."""
        return self._timeline

    def show_timeline(self, timeline: Timeline | None, keep: bool = True) -> None:
        """Show this; with `keep` the place that is looked at and the current bar stay."""
        bar = self.horizontalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self._timeline = timeline
        self.rows = Rows(timeline, self.fontMetrics().height() + 10)
        self._names = max((name_width(row, self.fontMetrics()) for row in self.rows.rows if row.first), default=0)
        if not keep:
            self._zoom, self.current = 1.0, None
        index = self.rows.index(self.current)
        self.current = self.rows.places[index] if index is not None else None
        self._measure()
        if at_end:
            bar.setValue(bar.maximum())
        self.viewport().update()

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self._theme = theme
        self.viewport().update()

    def node(self, index: int) -> access.BarNode:
        """The object that stands for a bar on the accessibility bus."""
        while len(self._nodes) <= index:
            self._nodes.append(access.BarNode(self, len(self._nodes)))
        return self._nodes[index]

    def line(self, place: Place) -> str:
        """A bar in words."""
        assert self._timeline is not None
        return bar_line(place.bar, place.row.lane, self._timeline.begin)

    def words(self) -> str:
        """What the current bar is, or all of it where none is current."""
        if self._timeline is None:
            return ""
        return self.line(self.current) if self.current else overview(self._timeline.figures, len(self.rows.places))

    # ---- zoom

    def zoom(self, steps: float, x: float | None = None) -> None:
        """Closer, or further away; what is at this pixel stays there, by default the current bar or the middle."""
        if self._timeline is None:
            return
        if x is None:
            x = self._x(self.current.bar.start) if self.current else (self._gutter + self.viewport().width()) / 2
        moment = self._timeline.moment(self._place(x))
        self._zoom = min(max(1.0, self._zoom * _STEP**steps), max(1.0, _CLOSEST / self._fitting()))
        self._measure()
        self.horizontalScrollBar().setValue(round(self._timeline.place(moment) * self._pixels - (x - self._gutter)))
        self.viewport().update()

    def fit(self) -> None:
        """All of it."""
        self._zoom = 1.0
        self._measure()
        self.viewport().update()

    # ---- choosing

    def choose(self, place: Place | None, announce: bool = True) -> None:
        """Make a bar the current one and bring it into sight."""
        self.current = place
        if place is not None:
            self._reveal(place)
            if announce and QAccessible.isActive():
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self.line(place)))
                focus = QAccessibleEvent(self.node(self.rows.index(place) or 0), QAccessible.Event.Focus)
                QAccessible.updateAccessibility(focus)
        self.viewport().update()
        self.chosen.emit()

    def select_item(self, item: str) -> bool:
        """Make the bar of an item the current one. Returns whether there is one."""
        place = self.rows.of_item(item)
        if place is not None:
            self.choose(place, announce=False)
        return place is not None

    def _reveal(self, place: Place) -> None:
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        left, right = self._x(place.bar.start), self._x(place.bar.end)
        if left < self._gutter or left > self.viewport().width() - 2 * _RIGHT:
            across.setValue(across.value() + round(left - self._gutter - min(40.0, max(0.0, right - left))))
        top, room = place.row.top, self.viewport().height() - self._axis
        if top < down.value():
            down.setValue(top)
        elif top + self.rows.height > down.value() + room:
            down.setValue(top + self.rows.height - room)

    def _hit(self, at: QPointF) -> Place | None:
        """The bar under the mouse, the innermost one."""
        row = self.rows.at(round(at.y()) - self._axis + self.verticalScrollBar().value())
        if row is None or self._timeline is None or at.y() < self._axis or at.x() < self._gutter:
            return None
        near = [self._timeline.moment(self._place(at.x() + by)) for by in (-_NEAR, _NEAR)]
        found = None
        for bar in row.around(*near):
            inner = (part for part in bar.parts if part.end >= near[0] and part.start <= near[1])
            low = at.y() > self._y(row) + self.rows.height * 0.7
            found = Place(row, next(inner, bar) if low else bar)
        return found

    def _name_at(self, at: QPointF) -> str:
        """The item of the agent whose name is under the mouse."""
        row = self.rows.at(round(at.y()) - self._axis + self.verticalScrollBar().value())
        return row.lane.item if row is not None and row.lane is not None and at.x() < self._gutter else ""

    # ---- where things are

    @property
    def _axis(self) -> int:
        return self.fontMetrics().height() + 12

    @property
    def _gutter(self) -> int:
        return max(_GUTTER[0], min(_GUTTER[1], self._names, self.viewport().width() // 3))

    @property
    def _pixels(self) -> float:
        """Pixels a second."""
        return self._fitting() * self._zoom

    def _fitting(self) -> float:
        line = self._timeline
        return max(20, self.viewport().width() - self._gutter - _RIGHT) / max(line.place(line.end) if line else 0, 1e-3)

    def _x(self, moment: float) -> float:
        assert self._timeline is not None
        return self._gutter + self._timeline.place(moment) * self._pixels - self.horizontalScrollBar().value()

    def _place(self, x: float) -> float:
        return (x - self._gutter + self.horizontalScrollBar().value()) / self._pixels

    def _y(self, row: object) -> int:
        return self._axis + row.top - self.verticalScrollBar().value()  # type: ignore[attr-defined, no-any-return]

    def rect_of(self, place: Place) -> QRect:
        """Where a bar is in the viewport."""
        left, right = self._x(place.bar.start), self._x(place.bar.end)
        return QRectF(left, self._y(place.row), max(3.0, right - left), self.rows.height).toAlignedRect()

    def rect_on_screen(self, place: Place) -> QRect:
        """Where a bar is on the screen."""
        here = self.rect_of(place)
        return QRect(self.viewport().mapToGlobal(here.topLeft()), here.size())

    def _measure(self) -> None:
        view, line = self.viewport(), self._timeline
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        wide = line.place(line.end) * self._pixels if line else 0.0
        across.setPageStep(max(1, view.width() - self._gutter - _RIGHT))
        across.setRange(0, max(0, round(wide) - across.pageStep()))
        across.setSingleStep(30)
        down.setPageStep(max(1, view.height() - self._axis))
        down.setRange(0, max(0, self.rows.total - down.pageStep()))
        down.setSingleStep(self.rows.height)

    # ---- Qt's own

    def paintEvent(self, event: QPaintEvent) -> None:
        view, line, theme = self.viewport(), self._timeline, self._theme
        painter = QPainter(view)
        painter.fillRect(view.rect(), theme.page)
        if line is None:
            return
        look = Look(painter, theme, self._x, self.rows.height)
        width, height, axis, gutter = view.width(), view.height(), self._axis, self._gutter
        top = self.verticalScrollBar().value()
        shown = self.rows.between(top, top + height - axis)
        span = line.moment(self._place(gutter)), line.moment(self._place(width))
        painter.setClipRect(gutter, 0, width - gutter, height)
        look.axis(line, self._pixels, gutter, width, axis, height)
        look.silence(line, axis, height)
        painter.setClipRect(gutter, axis, width - gutter, height - axis)
        for row in shown:
            for bar in row.around(*span, apart=_APART / self._pixels):
                look.bar(bar, self._y(row), gutter, width)
        if self.current is not None:
            look.ring(self.current, self._y(self.current.row), self.hasFocus())
        look.squeezed(line, axis, height)
        painter.setClipRect(0, axis, gutter, height - axis)
        for row in shown:
            if row.first:
                look.name(row, self._y(row), gutter)
        self._frame(painter, gutter, axis)

    def _frame(self, painter: QPainter, gutter: int, axis: int) -> None:
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self._theme.border)
        painter.drawLine(0, axis - 1, self.viewport().width(), axis - 1)
        painter.drawLine(gutter - 1, 0, gutter - 1, self.viewport().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        place = self._hit(event.position())
        if place is not None:
            self.choose(place)
        if item := place.bar.item if place is not None else self._name_at(event.position()):
            self.activated.emit(item)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self._hit(event.position()) is not None or self._name_at(event.position())
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(event.angleDelta().y() / 120, event.position().x())
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._key(event.key(), event.text()):
            super().keyPressEvent(event)

    def _key(self, key: int, text: str) -> bool:
        keys = Qt.Key
        if text in ("+", "-"):
            self.zoom(1 if text == "+" else -1)
        elif text == "0":
            self.fit()
        elif key in (keys.Key_Return, keys.Key_Enter, keys.Key_Space):
            if self.current is not None and self.current.bar.item:
                self.activated.emit(self.current.bar.item)
        elif key in (keys.Key_Left, keys.Key_Right, keys.Key_Up, keys.Key_Down, keys.Key_Home, keys.Key_End):
            if (found := self._next(key)) is not None:
                self.choose(found)
        else:
            return False
        return True

    def _next(self, key: int) -> Place | None:
        places, keys = self.rows.places, Qt.Key
        if not places or self.current is None or key in (keys.Key_Home, keys.Key_End):
            return places[-1 if key == keys.Key_End else 0] if places else None
        if key in (keys.Key_Left, keys.Key_Right):
            return self.rows.beside(self.current, 1 if key == keys.Key_Right else -1)
        return self.rows.below(self.current, 1 if key == keys.Key_Down else -1)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            place = self._hit(QPointF(event.pos()))
            row = self.rows.at(event.pos().y() - self._axis + self.verticalScrollBar().value())
            named = row is not None and event.pos().x() < self._gutter
            tip = self.line(place) if place else lane_name(row.lane) if named and row else ""
            QToolTip.showText(event.globalPos(), literal_tip(tip) if tip else "", self, self._near(event.pos()))
            return True
        return super().viewportEvent(event)

    def _near(self, at: QPoint) -> QRect:
        return QRect(at - QPoint(4, 4), at + QPoint(4, 4))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()
