"""A picture of the screen: by Qt where a program may look, by the desktop's portal on Wayland, where it must ask."""

from __future__ import annotations

import asyncio
import sys

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QScreen,
)
from PySide6.QtWidgets import QWidget

from desktop.core.errors import NotSendable
from desktop.core.language import tr
from desktop.ui.approvals.arguments_view import current_theme

_AWAY = 0.4  # seconds until our own window has left the screen
_LEAST = 4  # pixels of a side: less is a slip of the hand


async def take(window: QWidget, part: bool) -> QImage | bytes | None:
    """The screen that the window is on, or the part that the person marks; None if they did not want it after all.
    Raises NotSendable, in words, where pictures of the screen cannot be taken."""
    if QGuiApplication.platformName().startswith("wayland"):
        from desktop.services.pictures.screenshot import by_portal

        return await by_portal(part)
    screen = window.screen()
    picture = await _behind(window, screen)
    if picture.isNull():
        raise NotSendable(f"{tr('The screen could not be read.')} {_why()}")
    if not part:
        return picture.toImage()
    marker = Marker(screen, picture)
    chosen = await marker.chosen()
    return picture.toImage().copy(chosen) if chosen is not None else None


async def _behind(window: QWidget, screen: QScreen) -> QPixmap:
    """What is on the screen without our own window."""
    window.hide()
    try:
        await asyncio.sleep(_AWAY)
        return screen.grabWindow(0)
    finally:
        window.show()
        window.activateWindow()


def _why() -> str:
    if sys.platform == "darwin":
        return tr("Allow screen recording for Sluice in System Settings, under Privacy and Security.")
    return tr("Use the system's own tool and paste the picture.")


class Marker(QWidget):
    """The frozen screen, on which a part is marked with the mouse. Escape leaves; Return takes all of it.
    Signal `done(QRect or None)`, in the picture's own pixels."""

    done = Signal(object)

    def __init__(self, screen: QScreen, picture: QPixmap) -> None:
        super().__init__(None, Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self.setObjectName("screen_marker")
        self.setAccessibleName(tr("Mark a part of the screen. Return takes all of it, Escape leaves."))
        self.setCursor(QCursor(Qt.CursorShape.CrossCursor))
        self.setGeometry(screen.geometry())
        self._picture = picture
        self._from: QPoint | None = None
        self._marked = QRect()

    async def chosen(self) -> QRect | None:
        """Show it until a part is marked."""
        answer: asyncio.Future[QRect | None] = asyncio.get_running_loop().create_future()
        self.done.connect(lambda rect: answer.done() or answer.set_result(rect))
        self.showFullScreen()
        self.activateWindow()
        try:
            return await answer
        finally:
            self.close()
            self.deleteLater()

    def _finish(self, rect: QRect) -> None:
        if rect.width() < _LEAST or rect.height() < _LEAST:
            self._marked = QRect()
            self.update()
            return
        across, down = self._picture.width() / self.width(), self._picture.height() / self.height()
        self.done.emit(
            QRect(
                round(rect.x() * across), round(rect.y() * down),
                round(rect.width() * across), round(rect.height() * down),
            )
        )  # fmt: skip

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._from = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            self._marked = QRect(self._from, event.position().toPoint()).normalized()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            self._marked = QRect(self._from, event.position().toPoint()).normalized()
            self._from = None
            self._finish(self._marked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.done.emit(None)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish(self.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._picture)
        dark = QColor(0, 0, 0, 110)
        if self._marked.isEmpty():
            painter.fillRect(self.rect(), dark)
            return
        painter.setClipRegion(self.rect())
        for rect in self._outside():
            painter.fillRect(rect, dark)
        painter.setPen(current_theme().accent)
        painter.drawRect(self._marked.adjusted(0, 0, -1, -1))

    def _outside(self) -> tuple[QRect, ...]:
        all_, inside = self.rect(), self._marked
        return (
            QRect(0, 0, all_.width(), inside.top()),
            QRect(0, inside.bottom() + 1, all_.width(), all_.height() - inside.bottom()),
            QRect(0, inside.top(), inside.left(), inside.height()),
            QRect(inside.right() + 1, inside.top(), all_.width() - inside.right(), inside.height()),
        )
