"""What assistive technology sees of a timeline: a list whose entries are the bars, each in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleInterface

from desktop.ui import accessible
from desktop.ui.accessible import Interface

if TYPE_CHECKING:
    from desktop.ui.timeline.canvas import TimelineCanvas


class BarNode(QObject):
    """Stands for a bar where Qt wants an object."""

    def __init__(self, canvas: TimelineCanvas, index: int) -> None:
        super().__init__(canvas)
        self.setObjectName(f"bar_{index}")
        self.canvas = canvas
        self.index = index


class CanvasInterface(Interface):
    """The timeline: a list of its bars, row by row."""

    @property
    def widget(self) -> TimelineCanvas | None:
        return self.object()  # type: ignore[return-value]

    def parent(self) -> QAccessibleInterface | None:
        canvas = self.widget
        above = canvas.parentWidget() if canvas is not None else None
        return QAccessible.queryAccessibleInterface(above) if above is not None else None

    def childCount(self) -> int:
        canvas = self.widget
        return len(canvas.rows.places) if canvas is not None else 0

    def child(self, index: int) -> QAccessibleInterface | None:
        canvas = self.widget
        if canvas is None or not 0 <= index < self.childCount():
            return None
        return QAccessible.queryAccessibleInterface(canvas.node(index))

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        node = child.object() if child is not None else None
        return node.index if isinstance(node, BarNode) else -1

    def focusChild(self) -> QAccessibleInterface | None:
        canvas = self.widget
        at = canvas.rows.index(canvas.current) if canvas is not None and canvas.hasFocus() else None
        return self.child(at) if at is not None else None

    def text(self, kind: QAccessible.Text) -> str:
        canvas = self.widget
        if canvas is None:
            return ""
        return {QAccessible.Text.Name: canvas.accessibleName(), QAccessible.Text.Description: canvas.words()}.get(
            kind, ""
        )

    def rect(self) -> QRect:
        canvas = self.widget
        return QRect(canvas.mapToGlobal(QPoint(0, 0)), canvas.size()) if canvas is not None else QRect()

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.List

    def state(self) -> QAccessible.State:
        made = QAccessible.State()
        canvas = self.widget
        made.readOnly = made.focusable = True
        made.focused = canvas is not None and canvas.hasFocus()
        made.invisible = canvas is None or not canvas.isVisible()
        return made


class BarInterface(Interface):
    """One bar: its words are its name."""

    @property
    def widget(self) -> TimelineCanvas | None:
        node = self.object()
        return node.canvas if isinstance(node, BarNode) else None

    @property
    def _index(self) -> int:
        """The number of the bar; -1 if there is none any more."""
        node, canvas = self.object(), self.widget
        there = canvas is not None and isinstance(node, BarNode) and node.index < len(canvas.rows.places)
        return node.index if there else -1  # type: ignore[union-attr]

    def parent(self) -> QAccessibleInterface | None:
        canvas = self.widget
        return QAccessible.queryAccessibleInterface(canvas) if canvas is not None else None

    def text(self, kind: QAccessible.Text) -> str:
        canvas, index = self.widget, self._index
        if canvas is None or index < 0 or kind != QAccessible.Text.Name:
            return ""
        return canvas.line(canvas.rows.places[index])

    def rect(self) -> QRect:
        canvas, index = self.widget, self._index
        return canvas.rect_on_screen(canvas.rows.places[index]) if canvas is not None and index >= 0 else QRect()

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        made = QAccessible.State()
        canvas, index = self.widget, self._index
        made.readOnly = made.selectable = made.focusable = True
        made.invisible = canvas is None or not canvas.isVisible()
        if canvas is not None and index >= 0:
            made.selected = canvas.rows.index(canvas.current) == index
            made.focused = made.selected and canvas.hasFocus()
            made.offscreen = not canvas.viewport().rect().intersects(canvas.rect_of(canvas.rows.places[index]))
        return made


def install() -> None:
    """Make Qt ask us about our objects."""
    accessible.install(TimelineCanvas=CanvasInterface, BarNode=BarInterface)
